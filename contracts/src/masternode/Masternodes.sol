// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../Types.sol";
import {IMasternodes} from "../interfaces/IMasternodes.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Amounts} from "../lib/Amounts.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Purse} from "../lib/Purse.sol";
import {ISigners, Member, SignerSet, Signers} from "./Signers.sol";

/// @title The masternodes' stakes, see {IMasternodes}
contract Masternodes is IMasternodes, Signers, ReentrancyGuardTransient {
    using Purse for IERC20;
    using Amounts for Amount;

    uint40 public constant UNBONDING = 7 days;
    /// A set older than this many epochs may not speak: always shorter than the unbonding, so that whoever votes can
    /// be slashed. Anybody may take a new one.
    uint64 public constant SET_AGE_MAX = 144;
    uint256 private constant BPS = 10_000;

    IERC20 public immutable token;
    address public immutable coordinator;
    IVault public immutable vault;
    Amount public immutable stakeMin;
    Amount public immutable weightMax;
    uint40 public immutable epochLength;

    mapping(address account => Node) private _nodes;
    mapping(address signer => address account) public accountOf;
    mapping(uint64 epoch => bytes32) public setHash;
    mapping(address informer => uint256) public rewardOf;
    address[] private _active;
    uint64 public latestSet;
    /// What was slashed of an account and is not in the vault yet.
    mapping(address account => Amount) public slashedOf;
    uint256 public owed;

    /// @param coordinator_ The only one that slashes; its address is known before it is deployed.
    /// @param vault_ Gets what is slashed, and keeps it for a while.
    constructor(IERC20 token_, address coordinator_, IVault vault_, Params memory params) {
        if (
            coordinator_ == address(0) || address(vault_) == address(0) || params.stakeMin.isZero()
                || params.weightMax.raw() < params.stakeMin.raw() || params.epochLength == 0
                || params.epochLength * SET_AGE_MAX >= UNBONDING
        ) revert InvalidAmount();
        token = token_;
        coordinator = coordinator_;
        vault = vault_;
        stakeMin = params.stakeMin;
        weightMax = params.weightMax;
        epochLength = params.epochLength;
    }

    modifier onlyCoordinator() {
        if (msg.sender != coordinator) revert NotTheCoordinator(msg.sender, coordinator);
        _;
    }

    /// @inheritdoc IMasternodes
    function join(Amount amount, address signer, bytes32 networkKey) external nonReentrant {
        Node storage node = _nodes[msg.sender];
        if (node.state == State.Active || node.state == State.Unbonding) {
            revert WrongState(msg.sender, node.state);
        }
        if (amount.raw() < stakeMin.raw()) revert StakeTooSmall(amount.raw(), stakeMin.raw());
        if (_active.length == MEMBERS_MAX) {
            address smallest = _smallest();
            uint256 least = _nodes[smallest].stake.raw();
            if (amount.raw() <= least) revert StakeTooSmall(amount.raw(), least + 1);
            _unbond(smallest);
        }
        _take(amount);
        node.state = State.Active;
        node.stake = amount;
        node.freeAt = 0;
        node.networkKey = networkKey;
        _active.push(msg.sender);
        _setSigner(node, signer);
        emit NodeChanged(msg.sender, node);
    }

    /// @inheritdoc IMasternodes
    function addStake(Amount amount) external nonReentrant {
        Node storage node = _activeNode(msg.sender);
        if (amount.isZero()) revert InvalidAmount();
        _take(amount);
        node.stake = node.stake.plus(amount);
        emit NodeChanged(msg.sender, node);
    }

    /// @inheritdoc IMasternodes
    function changeSigner(address signer) external {
        Node storage node = _activeNode(msg.sender);
        delete accountOf[node.signer];
        _setSigner(node, signer);
        emit NodeChanged(msg.sender, node);
    }

    /// @inheritdoc IMasternodes
    function resign() external {
        _activeNode(msg.sender);
        _unbond(msg.sender);
    }

    /// @inheritdoc IMasternodes
    function withdraw() external nonReentrant {
        Node storage node = _nodes[msg.sender];
        if (node.state != State.Unbonding) revert WrongState(msg.sender, node.state);
        if (block.timestamp < node.freeAt) revert StillBonded(block.timestamp, node.freeAt);
        Amount amount = node.stake;
        node.state = State.Withdrawn;
        node.stake = Amount.wrap(0);
        emit NodeChanged(msg.sender, node);
        _pay(msg.sender, amount);
    }

    /// @inheritdoc IMasternodes
    function takeSet() external returns (uint64 now_) {
        now_ = epoch();
        if (now_ <= latestSet) revert SetAlreadyTaken(latestSet);
        uint256 count = _active.length;
        SignerSet memory set = SignerSet(now_, new Member[](count));
        address[] memory signers = new address[](count);
        uint96[] memory weights = new uint96[](count);
        for (uint256 i = 0; i < count; ++i) {
            Node storage node = _nodes[_active[i]];
            signers[i] = node.signer;
            weights[i] = Amount.unwrap(node.stake.raw() < weightMax.raw() ? node.stake : weightMax);
            set.members[i] = Member(_active[i], signers[i], weights[i]);
        }
        latestSet = now_;
        setHash[now_] = keccak256(abi.encode(set));
        emit SetTaken(now_, setHash[now_], _active, signers, weights);
    }

    /// @inheritdoc IMasternodes
    function slash(address account, uint16 bps, address informer, bytes32 evidence) external onlyCoordinator {
        Node storage node = _nodes[account];
        if (bps > BPS) revert InvalidAmount();
        // Nothing of a withdrawn stake is left to take: not an error, or one such signer would shield the others.
        Amount amount = node.stake.shareUp(bps);
        Amount reward = Amount.wrap(informer == address(0) ? 0 : Amount.unwrap(amount) / 5);
        node.stake = node.stake.minus(amount);
        rewardOf[informer] += reward.raw();
        slashedOf[account] = slashedOf[account].plus(amount.minus(reward));
        emit Slashed(account, informer, amount, reward, evidence);
        if (node.state == State.Active && node.stake.raw() < stakeMin.raw()) _unbond(account);
        else emit NodeChanged(account, node);
    }

    /// @inheritdoc IMasternodes
    function retire(address account) external onlyCoordinator {
        if (_nodes[account].state == State.Active) _unbond(account);
    }

    /// @inheritdoc IMasternodes
    function collect() external nonReentrant {
        uint256 amount = rewardOf[msg.sender];
        if (amount == 0) revert InvalidAmount();
        delete rewardOf[msg.sender];
        emit Paid(msg.sender, amount);
        _pay(msg.sender, Amounts.make(amount));
    }

    /// @inheritdoc IMasternodes
    function sweep(address account) external nonReentrant {
        Amount amount = slashedOf[account];
        if (amount.isZero()) revert InvalidAmount();
        slashedOf[account] = Amount.wrap(0);
        owed -= amount.raw();
        emit Paid(account, amount.raw());
        token.approve(address(vault), amount.raw());
        vault.lock(account, amount);
    }

    /// @inheritdoc IMasternodes
    function nodeOf(address account) external view returns (Node memory) {
        return _nodes[account];
    }

    /// @inheritdoc IMasternodes
    function active() external view returns (address[] memory) {
        return _active;
    }

    /// @inheritdoc IMasternodes
    function epoch() public view returns (uint64) {
        return uint64(block.timestamp / epochLength);
    }

    /// @inheritdoc ISigners
    function mayVote(Member calldata member) public view override(ISigners, Signers) returns (bool) {
        Node storage node = _nodes[member.account];
        return node.state == State.Active && node.signer == member.signer;
    }

    function _setHash(uint64 epoch_) internal view override returns (bytes32) {
        return uint256(epoch_) + SET_AGE_MAX < epoch() ? bytes32(0) : setHash[epoch_];
    }

    function _activeNode(address account) private view returns (Node storage node) {
        node = _nodes[account];
        if (node.state != State.Active) revert WrongState(account, node.state);
    }

    function _setSigner(Node storage node, address signer) private {
        if (signer == address(0) || accountOf[signer] != address(0)) revert SignerTaken(signer);
        accountOf[signer] = msg.sender;
        node.signer = signer;
    }

    function _unbond(address account) private {
        Node storage node = _nodes[account];
        delete accountOf[node.signer];
        node.state = State.Unbonding;
        node.freeAt = Calendar.narrow(block.timestamp + UNBONDING);
        for (uint256 i = 0; i < _active.length; ++i) {
            if (_active[i] != account) continue;
            _active[i] = _active[_active.length - 1];
            _active.pop();
            break;
        }
        emit NodeChanged(account, node);
    }

    function _smallest() private view returns (address result) {
        uint256 least = type(uint96).max;
        for (uint256 i = 0; i < _active.length; ++i) {
            uint256 stake = _nodes[_active[i]].stake.raw();
            if (result == address(0) || stake < least) (result, least) = (_active[i], stake);
        }
    }

    function _take(Amount amount) private {
        token.take(amount);
        owed += amount.raw();
    }

    function _pay(address to, Amount amount) private {
        owed -= amount.raw();
        token.pay(to, amount);
    }
}
