// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../Types.sol";
import {ISigners} from "../masternode/Signers.sol";

/// @title The masternodes' stakes
/// @notice At most 64 masternodes. Each stakes SNM and votes with its stake, capped. States:
/// None → Active → Unbonding (seven days, still slashable) → Withdrawn → Active again.
/// Once in an epoch anybody may take the set down; what is voted on refers to a set that was taken, and only members
/// that are active at the moment of counting count.
interface IMasternodes is ISigners {
    enum State {
        None,
        Active,
        Unbonding,
        Withdrawn
    }

    struct Node {
        State state;
        /// 1e-18 SNM.
        Amount stake;
        /// From when on the stake may be withdrawn; 0 while active. Unix time.
        uint40 freeAt;
        address signer;
        /// Hash of its key in the network of nodes.
        bytes32 networkKey;
    }

    struct Params {
        /// Least stake of an active masternode, 1e-18 SNM.
        Amount stakeMin;
        /// Stake above this gives no weight, 1e-18 SNM.
        Amount weightMax;
        /// Seconds.
        uint40 epochLength;
    }

    /// @notice The full new state of a masternode.
    event NodeChanged(address indexed account, Node node);
    /// @notice A set was taken; `hash` is of the encoded {SignerSet}.
    event SetTaken(
        uint64 indexed epoch, bytes32 hash, address[] accounts, address[] signers, uint96[] weights
    );
    /// @notice `amount` was taken from a stake; of it `reward` belongs to `informer` now. 1e-18 SNM.
    event Slashed(
        address indexed account, address indexed informer, Amount amount, Amount reward, bytes32 evidence
    );
    /// @notice An informer's reward went out, or what was slashed of `to` into the vault.
    event Paid(address indexed to, uint256 amount);

    /// @notice Thrown when a masternode is not in a state that the call needs.
    error WrongState(address account, State has);
    /// @notice Thrown when a stake is too small, or no larger than the smallest one of a full set.
    error StakeTooSmall(uint256 has, uint256 needs);
    /// @notice Thrown when a signing key is taken, or zero.
    error SignerTaken(address signer);
    /// @notice Thrown before the end of the unbonding. Unix times.
    error StillBonded(uint256 has, uint256 needs);
    /// @notice Thrown when anybody but the coordinator asks.
    error NotTheCoordinator(address has, address needs);
    /// @notice Thrown when this epoch's set, or a later one, was taken already.
    error SetAlreadyTaken(uint64 epoch);
    /// @notice Thrown when parameters contradict themselves or an amount is zero.
    error InvalidAmount();

    /// @notice Becomes a masternode with `amount` of the caller's SNM. When all 64 seats are taken it must be more than
    /// the smallest stake, whose owner begins to unbond.
    function join(Amount amount, address signer, bytes32 networkKey) external;
    /// @notice Adds to the caller's stake.
    function addStake(Amount amount) external;
    /// @notice Takes another signing key. It votes from the next set on; the old one never again.
    function changeSigner(address signer) external;
    /// @notice Ends being a masternode; the stake can be withdrawn seven days later.
    function resign() external;
    /// @notice Takes the caller's stake out after the unbonding. Nothing and nobody else is needed for it.
    function withdraw() external;
    /// @notice Takes the set of this epoch down; by anybody, once an epoch.
    function takeSet() external returns (uint64 epoch);
    /// @notice Takes `bps`/10,000 of a stake, rounded up; a fifth of that, rounded down, belongs to the informer, the
    /// rest to the vault. Below the least stake the masternode begins to unbond. Coordinator only.
    function slash(address account, uint16 bps, address informer, bytes32 evidence) external;
    /// @notice Makes an inactive masternode unbond. Coordinator only.
    function retire(address account) external;
    /// @notice Pays the caller what it has earned by informing.
    function collect() external;
    /// @notice Locks what was slashed of `account` in the vault, where it stays frozen in that account's name; by anybody.
    function sweep(address account) external;

    /// @notice A masternode.
    function nodeOf(address account) external view returns (Node memory);
    /// @notice The active ones, in no particular order.
    function active() external view returns (address[] memory);
    /// @notice The epoch of the set taken last.
    function latestSet() external view returns (uint64);
    /// @notice The hash of a set; 0 if none was taken in that epoch.
    function setHash(uint64 epoch) external view returns (bytes32);
    /// @notice The running epoch: Unix time / epoch length.
    function epoch() external view returns (uint64);
    /// @notice What the contract owes: stakes, informers' rewards, the vault's part. Its balance is this, and gifts.
    function owed() external view returns (uint256);
}
