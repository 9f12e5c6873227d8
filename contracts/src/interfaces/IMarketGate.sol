// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What new orders and deals have to pass
/// @notice The admin (later the DAO) can stop new orders and deals for a bounded time, and nothing else.
interface IMarketGate {
    /// @notice New orders and deals are refused until `until` (Unix time, exclusive); a past time = not paused.
    event PausedUntil(uint40 until);

    /// @notice Thrown by placing and opening while paused.
    error Paused(uint40 until);

    /// @notice Thrown when a pause would be too long. Seconds.
    error PauseTooLong(uint40 has, uint40 max);

    /// @notice Thrown when the admin pauses again before the market was open for {PAUSE_MAX} since the last pause.
    /// @param needs When the next pause may begin, Unix time.
    error PausedTooRecently(uint256 needs);

    /// @notice Longest pause, seconds.
    function PAUSE_MAX() external view returns (uint40);

    /// @notice Refuses new orders and deals for `duration` seconds. Settling, closing, cancelling, topping up and
    /// withdrawing go on.
    /// @dev Admin only. It expires by itself, and the market is then open for at least {PAUSE_MAX}. Emits {PausedUntil}.
    function pause(uint40 duration) external;

    /// @notice Ends a pause early.
    /// @dev Admin only. Emits {PausedUntil}.
    function unpause() external;

    /// @notice End of the last pause, Unix time; paused while block time is below it.
    function pausedUntil() external view returns (uint40);

    /// @notice Number of deals ever opened: the newest deal's id.
    function dealCount() external view returns (uint64);
}
