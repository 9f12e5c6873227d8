// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../Types.sol";
import {MerkleSum} from "../lib/MerkleSum.sol";
import {Participants} from "../masternode/Participants.sol";
import {Signature, SignerSet} from "../masternode/Signers.sol";

/// @title What the masternodes decide once an epoch, and the rewards that follow from it
/// @notice One proposal is executed for an epoch, after its end, with the signatures of more than two thirds of the stake
/// over every byte of it. For an epoch and a quarter only the three masternodes that chance has selected may propose,
/// then any. Signatures name the epoch and nothing that moves on: none is ever wiped by a change of leader.
///
/// A pot is a sum of money with a Merkle-sum root over who gets what. The epoch's pot pays SNO from the emission; a
/// job's pot pays SNM that was put there for this job, to its own workers. A pot opens one epoch after its root was
/// voted; until then anybody may show one bad leaf, which closes the pot for good and slashes who signed.
interface ICoordinator {
    struct JobRewards {
        bytes32 job;
        bytes32 root;
        uint96 sum;
    }

    /// What is voted. Signed as EIP-712 over all fields.
    struct Proposal {
        uint64 epoch;
        address proposer;
        /// Hash of the proposal executed before this one.
        bytes32 previous;
        uint64 setEpoch;
        /// Root and sum of the epoch's pot; zeros if nobody gets anything.
        bytes32 rewardRoot;
        uint96 rewardSum;
        JobRewards[] jobs;
        Participants.Change[] changes;
        address[] inactive;
    }

    struct Pot {
        bytes32 root;
        uint96 sum;
        uint96 claimed;
        /// Claims are paid from here on, and challenges refused. Unix time.
        uint40 opensAt;
        /// What is not claimed by then goes back. Unix time.
        uint40 closesAt;
        /// Whether it pays SNM (a job's) or SNO (an epoch's).
        bool isJob;
        /// Bad, or closed: pays nothing any more.
        bool isClosed;
    }

    struct Claim {
        bytes32 pot;
        MerkleSum.Leaf leaf;
        MerkleSum.Sibling[] proof;
    }

    /// @notice `hash` is of the proposal; `voters` bit i = member i of the set has signed.
    event Executed(
        uint64 indexed epoch, bytes32 hash, address indexed proposer, uint64 voters, Proposal proposal
    );
    /// @notice A masternode has promised, or told, its part of the seed of `epoch`.
    event Committed(uint64 indexed epoch, address indexed account, bytes32 hash);
    event Revealed(uint64 indexed epoch, address indexed account, bytes32 secret);
    /// @notice SNO came from the emission: to the rewards, the masternodes that signed, the DAO. 1e-18 SNO.
    event Distributed(uint64 indexed epoch, uint256 rewards, uint256 masternodes, uint256 dao);
    /// @notice The full new state of a pot.
    event PotChanged(bytes32 indexed id, Pot pot);
    /// @notice A job's money, and who put it there.
    event JobFunded(bytes32 indexed job, address indexed by, uint96 amount);
    event Claimed(bytes32 indexed pot, address indexed account, uint32 index, uint96 amount);
    /// @notice A pot was shown to be bad; its signers are slashed.
    event PotRefuted(bytes32 indexed pot, address indexed by, address account);
    event Paid(address indexed to, uint256 amount);

    /// @notice Thrown when an epoch is not over, was decided, or lies before one that was.
    error WrongEpoch(uint64 has, uint64 min, uint64 max);
    /// @notice Thrown when somebody proposes that chance has not selected, or that is no member.
    error NotSelected(address account);
    /// @notice Thrown when a proposal does not follow the one executed last.
    error WrongPrevious(bytes32 has, bytes32 needs);
    /// @notice Thrown when a list is longer than this.
    error TooLong(uint256 has, uint256 max);
    /// @notice Thrown when a sum is more than there is.
    error TooMuch(uint256 has, uint256 max);
    /// @notice Thrown when a commitment or secret is not the caller's, or not of that time.
    error WrongSecret();
    /// @notice Thrown when a pot is not in a state that the call needs.
    error WrongPot(bytes32 pot);
    /// @notice Thrown when a leaf was paid before.
    error AlreadyClaimed(bytes32 pot, uint32 index);
    /// @notice Thrown when what is shown is not bad.
    error NothingWrong();
    /// @notice Thrown when nothing, or somebody else's, is asked for.
    error NothingDue(address account);

    /// @notice Promises a secret for the selection of `epoch`, two epochs ahead; by a masternode's account.
    function commit(uint64 epoch, bytes32 hash) external;
    /// @notice Tells it, in the epoch before. Who promised and does not tell is not selected.
    function reveal(uint64 epoch, bytes32 secret) external;
    /// @notice Executes what was voted. By anybody; the proposer is in what was signed.
    function execute(Proposal calldata proposal, SignerSet calldata set, Signature[] calldata signatures)
        external;
    /// @notice Puts money of the caller's up for the workers of `job`; once.
    function fundJob(bytes32 job, Amount amount) external;
    /// @notice Gives what nobody was awarded, or nobody claimed in time, back to whoever put it up; by anybody.
    function reclaimJob(bytes32 job) external;
    /// @notice Pays leaves of pots to their accounts, at most 50; by anybody.
    function claim(Claim[] calldata claims) external;
    /// @notice Returns what was not claimed in time to the rewards; by anybody.
    function closePot(bytes32 pot) external;
    /// @notice Shows, before `pot` opens, a leaf whose account was no worker when the epoch ended; or, with a second leaf
    /// at another index, an account that stands in it twice. `set` is the set that signed.
    function challenge(bytes32 pot, Claim[] calldata evidence, SignerSet calldata set) external;
    /// @notice Pays the caller (a masternode, the DAO) its part of the emission. SNO.
    function collect() external;

    /// @notice What a masternode signs.
    function digestOf(Proposal calldata proposal) external view returns (bytes32);
    /// @notice The three places that chance gives for `epoch`, by stake; the same masternode may come more than once.
    function selected(uint64 epoch, SignerSet calldata set) external view returns (address[3] memory);
    function potOf(bytes32 id) external view returns (Pot memory);
    /// @notice The pot of an epoch's rewards; a job's pot has the job's number.
    function epochPot(uint64 epoch) external pure returns (bytes32);
    function isClaimed(bytes32 pot, uint32 index) external view returns (bool);
    /// @notice SNO that rewards may still be voted from. 1e-18 SNO.
    function pool() external view returns (uint256);
    /// @notice What the contract owes in SNO (pool, pots, parts) and SNM (jobs). Its balances are these, and gifts.
    function owedSno() external view returns (uint256);
    function owedSnm() external view returns (uint256);
}
