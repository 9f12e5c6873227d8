// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IBlacklist} from "./IBlacklist.sol";
import {IMarketBalances} from "./IMarketBalances.sol";
import {IMarketBook} from "./IMarketBook.sol";
import {IMarketDeals} from "./IMarketDeals.sol";
import {IPriceOracle} from "./IPriceOracle.sol";
import {ITerms} from "./ITerms.sol";

/// @title The market
/// @notice Balances, order book and deals in one contract; the rules of matching are in {ITerms}.
/// The admin (later the DAO) can stop new orders and deals for a bounded time, and nothing else.
interface IMarket is IMarketBalances, IMarketBook, IMarketDeals {
    /// @notice New orders and deals are refused until `until` (Unix time, exclusive); a past time = not paused.
    event PausedUntil(uint40 until);

    /// @notice Thrown by placing and opening while paused.
    error Paused(uint40 until);

    /// @notice Thrown when a pause would be too long. Seconds.
    error PauseTooLong(uint40 has, uint40 max);

    /// @notice Thrown when the admin pauses again before the market was open for {PAUSE_MAX} since the last pause.
    /// @param needs When the next pause may begin, Unix time.
    error PausedTooRecently(uint40 needs);

    /// @notice Longest pause, seconds.
    function PAUSE_MAX() external view returns (uint40);

    /// @notice Refuses new orders and deals for `duration` seconds. Settling, closing, cancelling and withdrawing go on.
    /// @dev Admin only. It expires by itself, and the market is then open for at least {PAUSE_MAX}. Emits {PausedUntil}.
    function pause(uint40 duration) external;

    /// @notice Ends a pause early.
    /// @dev Admin only. Emits {PausedUntil}.
    function unpause() external;

    /// @notice End of the last pause, Unix time; paused while block time is below it.
    function pausedUntil() external view returns (uint40);

    /// @notice The token that is paid.
    function token() external view returns (IERC20);

    /// @notice The rules of matching.
    function terms() external view returns (ITerms);

    /// @notice Where a closer's entry is made.
    function blacklist() external view returns (IBlacklist);

    /// @notice Where USD deals get their rate.
    function oracle() external view returns (IPriceOracle);
}
