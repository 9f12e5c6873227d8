// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../Types.sol";
import {ICoordinator} from "../interfaces/ICoordinator.sol";
import {IMasternodes} from "../interfaces/IMasternodes.sol";
import {ISNO} from "../interfaces/ISNO.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Purse} from "../lib/Purse.sol";
import {Participants} from "./Participants.sol";
import {Pots} from "./Pots.sol";
import {ProposalHash} from "./ProposalHash.sol";
import {Selection} from "./Selection.sol";
import {Signature, SignerSet} from "./Signers.sol";

/// @title Epochs and their decisions, see {ICoordinator}
contract Coordinator is ICoordinator, Selection, ProposalHash, Pots, ReentrancyGuardTransient {
    using Purse for IERC20;

    uint256 public constant JOBS_MAX = 16;
    uint256 public constant CHANGES_MAX = 64;
    uint256 public constant INACTIVE_MAX = 8;
    uint256 public constant CLAIMS_MAX = 50;
    /// Claims are paid for this long.
    uint256 public constant CLAIM_EPOCHS = 500;
    /// What each signer of a bad pot loses, in 1/10,000 of its stake.
    uint16 public constant SLASH_BPS = 1000;
    uint256 private constant WORKERS_PERCENT = 85;
    uint256 private constant MASTERNODES_PERCENT = 10;

    Participants public immutable participants;
    address public immutable dao;
    uint64 public lastEpoch;
    bytes32 public lastHash;
    mapping(address account => uint256) public partOf;
    /// Who signed the proposal that a pot came from: the set, and bits of its members.
    mapping(bytes32 pot => uint64) public votersOf;
    mapping(bytes32 pot => uint64) private _setEpochOf;
    mapping(bytes32 pot => uint64) private _epochOf;

    constructor(
        IMasternodes masternodes_,
        Participants participants_,
        ISNO sno_,
        IERC20 snm_,
        address dao_,
        uint40 epochLength_
    ) Selection(masternodes_, epochLength_) Pots(sno_, snm_) {
        participants = participants_;
        dao = dao_;
        // Nothing that ended before this contract stood is decided.
        lastEpoch = _epochNow();
    }

    /// @inheritdoc ICoordinator
    function execute(Proposal calldata proposal, SignerSet calldata set, Signature[] calldata signatures)
        external
        nonReentrant
    {
        _requireTurn(proposal, set);
        bytes32 hash = digestOf(proposal);
        uint64 voters = masternodes.requireQuorum(set, hash, signatures);
        lastEpoch = proposal.epoch;
        lastHash = hash;
        emit Executed(proposal.epoch, hash, proposal.proposer, voters, proposal);

        _distribute(proposal.epoch, set, voters);
        uint40 opensAt = Calendar.narrow(block.timestamp + epochLength);
        uint40 closesAt = Calendar.narrow(opensAt + CLAIM_EPOCHS * epochLength);
        if (proposal.rewardSum != 0) {
            bytes32 pot = epochPot(proposal.epoch);
            _openEpochPot(pot, proposal.rewardRoot, proposal.rewardSum, opensAt, closesAt);
            _remember(pot, proposal, voters);
        }
        for (uint256 i = 0; i < proposal.jobs.length; ++i) {
            JobRewards calldata job = proposal.jobs[i];
            _openJobPot(job.job, job.root, job.sum, opensAt, closesAt);
            _remember(job.job, proposal, voters);
        }
        participants.record(proposal.changes);
        for (uint256 i = 0; i < proposal.inactive.length; ++i) {
            masternodes.retire(proposal.inactive[i]);
        }
    }

    /// @inheritdoc ICoordinator
    function fundJob(bytes32 job, Amount amount) external nonReentrant {
        _fundJob(job, amount);
    }

    /// @inheritdoc ICoordinator
    function reclaimJob(bytes32 job) external nonReentrant {
        _reclaimJob(job);
    }

    /// @inheritdoc ICoordinator
    function claim(Claim[] calldata claims) external nonReentrant {
        if (claims.length == 0 || claims.length > CLAIMS_MAX) revert TooLong(claims.length, CLAIMS_MAX);
        for (uint256 i = 0; i < claims.length; ++i) {
            _claim(claims[i]);
        }
    }

    /// @inheritdoc ICoordinator
    function closePot(bytes32 pot) external nonReentrant {
        _closeEpochPot(pot);
    }

    /// @inheritdoc ICoordinator
    function challenge(bytes32 pot, Claim[] calldata evidence, SignerSet calldata set) external nonReentrant {
        if (evidence.length == 0 || evidence.length > 2) revert TooLong(evidence.length, 2);
        _requireUnopened(pot);
        for (uint256 i = 0; i < evidence.length; ++i) {
            if (evidence[i].pot != pot) revert WrongPot(evidence[i].pot);
            _requireLeaf(evidence[i]);
        }
        address account = evidence[0].leaf.account;
        bool twice = evidence.length == 2 && evidence[1].leaf.account == account
            && evidence[1].leaf.index != evidence[0].leaf.index;
        // What counts is the epoch's last second: what anybody does later, the vote included, changes nothing.
        bool stranger = evidence.length == 1
            && participants.roleAt(account, uint48((uint256(_epochOf[pot]) + 1) * epochLength - 1))
                != Participants.Role.Worker;
        if (!twice && !stranger) revert NothingWrong();
        emit PotRefuted(pot, msg.sender, account);
        _refute(pot);
        _slash(pot, set);
    }

    /// @inheritdoc ICoordinator
    function collect() external nonReentrant {
        uint256 amount = partOf[msg.sender];
        if (amount == 0) revert NothingDue(msg.sender);
        delete partOf[msg.sender];
        emit Paid(msg.sender, amount);
        _paySno(msg.sender, amount);
    }

    /// @inheritdoc ICoordinator
    function digestOf(Proposal calldata proposal) public view returns (bytes32) {
        return _hashTypedDataV4(_hash(proposal));
    }

    /// @inheritdoc ICoordinator
    function epochPot(uint64 epoch) public pure returns (bytes32) {
        return keccak256(abi.encode("SONM epoch pot", epoch));
    }

    function _requireTurn(Proposal calldata proposal, SignerSet calldata set) private view {
        uint64 epoch = proposal.epoch;
        // An epoch is decided when it is over, and once; those before it that were not are skipped for ever.
        uint64 now_ = _epochNow();
        if (epoch <= lastEpoch || epoch >= now_) revert WrongEpoch(epoch, lastEpoch + 1, now_ - 1);
        if (proposal.previous != lastHash) revert WrongPrevious(proposal.previous, lastHash);
        // A set from before the epoch might leave out who has joined since.
        if (set.epoch < epoch) revert WrongEpoch(set.epoch, epoch, now_);
        if (proposal.setEpoch != set.epoch) revert WrongEpoch(proposal.setEpoch, set.epoch, set.epoch);
        if (proposal.jobs.length > JOBS_MAX) revert TooLong(proposal.jobs.length, JOBS_MAX);
        if (proposal.changes.length > CHANGES_MAX) revert TooLong(proposal.changes.length, CHANGES_MAX);
        if (proposal.inactive.length > INACTIVE_MAX) revert TooLong(proposal.inactive.length, INACTIVE_MAX);
        _requireProposer(epoch, proposal.proposer, set);
    }

    /// Splits what the emission has brought. What a division leaves over stays in the pool.
    function _distribute(uint64 epoch, SignerSet calldata set, uint64 voters) private {
        uint256 minted = sno.mintDue(address(this));
        uint256 share = minted * MASTERNODES_PERCENT / 100;
        uint256 daoShare = minted * (100 - WORKERS_PERCENT - MASTERNODES_PERCENT) / 100;
        uint256 weight;
        for (uint256 i = 0; i < set.members.length; ++i) {
            if (voters >> i & 1 == 1) weight += set.members[i].weight;
        }
        uint256 paid;
        for (uint256 i = 0; i < set.members.length; ++i) {
            if (voters >> i & 1 == 0) continue;
            uint256 part = share * set.members[i].weight / weight;
            partOf[set.members[i].account] += part;
            paid += part;
        }
        partOf[dao] += daoShare;
        _receive(minted, minted - paid - daoShare);
        emit Distributed(epoch, minted - paid - daoShare, paid, daoShare);
    }

    function _remember(bytes32 pot, Proposal calldata proposal, uint64 voters) private {
        votersOf[pot] = voters;
        _setEpochOf[pot] = proposal.setEpoch;
        _epochOf[pot] = proposal.epoch;
    }

    function _slash(bytes32 pot, SignerSet calldata set) private {
        if (set.epoch != _setEpochOf[pot]) revert WrongEpoch(set.epoch, _setEpochOf[pot], _setEpochOf[pot]);
        masternodes.requireSet(set);
        uint64 voters = votersOf[pot];
        for (uint256 i = 0; i < set.members.length; ++i) {
            if (voters >> i & 1 == 1) masternodes.slash(set.members[i].account, SLASH_BPS, msg.sender, pot);
        }
    }
}
