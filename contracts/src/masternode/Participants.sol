// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @title Who takes part, and what is known of them
/// @notice Users, workers and masternodes register with the hash of their key in the network of nodes. Their history is
/// written by the coordinator alone, from what the masternodes have voted; counters stand still at their largest value.
contract Participants {
    enum Role {
        None,
        User,
        Worker,
        Masternode
    }

    using Checkpoints for Checkpoints.Trace208;

    struct Participant {
        Role role;
        uint64 jobsDone;
        uint64 failures;
        uint64 slashes;
        /// Seconds.
        uint64 uptime;
        /// What the account says it can do, in the unit of the jobs it takes.
        uint64 capacity;
        bytes32 networkKey;
    }

    /// @notice A change that was voted: added to the counters, except `capacity`, which replaces.
    struct Change {
        address account;
        uint32 jobsDone;
        uint32 failures;
        uint32 slashes;
        uint32 uptime;
        uint64 capacity;
    }

    /// @notice The full new state of an account.
    event ParticipantChanged(address indexed account, Participant participant);

    /// @notice Thrown when somebody registers as nothing, or leaves without having registered.
    error NotARole();
    /// @notice Thrown when anybody but the coordinator writes history.
    error NotTheCoordinator(address has, address needs);

    address public immutable coordinator;
    mapping(address account => Participant) private _participants;
    /// Roles by time: what somebody was when an epoch ended does not change by what he does afterwards.
    mapping(address account => Checkpoints.Trace208) private _roles;

    /// @param coordinator_ Its address is known before it is deployed.
    constructor(address coordinator_) {
        if (coordinator_ == address(0)) revert NotTheCoordinator(coordinator_, coordinator_);
        coordinator = coordinator_;
    }

    /// @notice Registers the caller; again, to change the role or the key. What is known of it stays.
    function register(Role role, bytes32 networkKey) external {
        if (role == Role.None) revert NotARole();
        _participants[msg.sender].networkKey = networkKey;
        _become(role);
    }

    /// @notice Takes the caller's role away. What is known of it stays.
    function resign() external {
        if (_participants[msg.sender].role == Role.None) revert NotARole();
        _become(Role.None);
    }

    /// @notice Writes what was voted. Coordinator only.
    function record(Change[] calldata changes) external {
        if (msg.sender != coordinator) revert NotTheCoordinator(msg.sender, coordinator);
        for (uint256 i = 0; i < changes.length; ++i) {
            Change calldata change = changes[i];
            Participant storage participant = _participants[change.account];
            participant.jobsDone = _sum(participant.jobsDone, change.jobsDone);
            participant.failures = _sum(participant.failures, change.failures);
            participant.slashes = _sum(participant.slashes, change.slashes);
            participant.uptime = _sum(participant.uptime, change.uptime);
            participant.capacity = change.capacity;
            emit ParticipantChanged(change.account, participant);
        }
    }

    /// @notice What is known of an account.
    function participantOf(address account) external view returns (Participant memory) {
        return _participants[account];
    }

    /// @notice What `account` was at `time` (Unix time).
    function roleAt(address account, uint48 time) external view returns (Role) {
        return Role(_roles[account].upperLookupRecent(time));
    }

    function _become(Role role) private {
        Participant storage participant = _participants[msg.sender];
        participant.role = role;
        (bool some, uint48 last,) = _roles[msg.sender].latestCheckpoint();
        uint48 now_ = uint48(block.timestamp);
        // Block time may have fallen back: the later entry counts then.
        _roles[msg.sender].push(some && last > now_ ? last : now_, uint208(role));
        emit ParticipantChanged(msg.sender, participant);
    }

    function _sum(uint64 a, uint64 b) private pure returns (uint64) {
        unchecked {
            uint64 sum = a + b;
            return sum < a ? type(uint64).max : sum;
        }
    }
}
