// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../Types.sol";

/// @title Where expropriated money waits
/// @notice Whatever comes in stays frozen for {FREEZE}: nobody profits quickly from a wrong ban. During that time the
/// DAO can only give it back to the one from whom it was taken; afterwards to anybody.
interface IVault {
    /// @notice One sum.
    struct Entry {
        /// From whom it was taken.
        address former;
        /// What is left of it, 1e-18 SNM.
        Amount amount;
        /// First second (Unix time) at which the DAO may use it.
        uint40 frozenUntil;
    }

    /// @notice Entry `id` was made by `by`.
    event Locked(uint256 indexed id, address indexed by, Entry entry);

    /// @notice `amount` of entry `id` went to `to`; `entry` is what is left.
    event Released(uint256 indexed id, address indexed to, Amount amount, Entry entry);

    /// @notice Thrown when anybody but the DAO releases.
    error NotTheDao(address has, address needs);

    /// @notice Thrown when frozen money is to go to somebody else. Unix times.
    error Frozen(uint256 id, uint256 has, uint40 needs);

    /// @notice Thrown when more is asked for than an entry has. 1e-18 SNM.
    error EntryTooSmall(uint256 id, uint256 has, uint256 needs);

    /// @notice Thrown for nothing, for address 0 and for the vault itself.
    error InvalidEntry(address account, Amount amount);

    /// @notice Thrown when the vault is made with a freeze outside 90 days to 2 years. Seconds.
    error InvalidFreeze(uint40 has, uint40 min, uint40 max);

    /// @notice Takes `amount` from the caller's wallet as taken from `former`. Anybody may: it is a gift to the DAO.
    /// @dev Not re-entrant. Emits {Locked}.
    /// @return id Counted from 1.
    function lock(address former, Amount amount) external returns (uint256 id);

    /// @notice Sends `amount` of entry `id` to `to`.
    /// @dev DAO only. Not re-entrant. Emits {Released}. Errors: {Frozen}, {EntryTooSmall}.
    function release(uint256 id, address to, Amount amount) external;

    /// @notice What is left of entry `id`.
    function entryOf(uint256 id) external view returns (Entry memory);

    /// @notice Number of entries ever made: the newest one's id.
    function entryCount() external view returns (uint256);

    /// @notice All that lies in entries, 1e-18 SNM. What was sent past {lock} is not in it and stays for ever.
    function total() external view returns (uint256);

    /// @notice How long an entry is frozen, seconds.
    function FREEZE() external view returns (uint40);

    /// @notice Who may release.
    function dao() external view returns (address);

    /// @notice What lies here.
    function token() external view returns (IERC20);
}
