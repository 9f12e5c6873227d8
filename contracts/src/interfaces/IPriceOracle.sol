// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rate} from "../Types.sol";

/// @title SNM's price in USD: bounded, dated, with its history
/// @notice A price counts from the second in which it was reported until the next one, never for time before it.
/// Rates are 1e-18 USD per whole SNM. The feeder is one account, or the contract
/// in which the masternodes vote (`masternode/PriceReports.sol`).
interface IPriceOracle {
    /// @notice Bounds that hold for ever.
    struct Limits {
        /// Least rate.
        Rate rateMin;
        /// Largest rate.
        Rate rateMax;
        /// Largest move from one report to the next, in 1/10,000 of the earlier rate.
        uint16 moveMaxBps;
        /// Least time between two reports, seconds.
        uint32 period;
        /// A rate older than this opens no deal, seconds.
        uint32 staleAfter;
    }

    /// @notice From `since` on (Unix time) the rate is `rate`; `cumulative` as {cumulativeAt}(since).
    event RateReported(Rate rate, uint40 since, uint128 cumulative);

    /// @notice Thrown when anybody but the feeder reports.
    error NotTheFeeder(address has, address needs);

    /// @notice Thrown when a rate is outside what may follow the last one.
    error RateOutOfBounds(Rate has, uint256 min, uint256 max);

    /// @notice Thrown when a report comes before the last one is a period old. Unix times.
    error ReportTooEarly(uint256 has, uint256 needs);

    /// @notice Thrown when limits contradict themselves.
    error InvalidLimits();

    /// @notice Reports the rate from now on.
    /// @dev Feeder only. Emits {RateReported}. Errors: {RateOutOfBounds}, {ReportTooEarly}.
    function report(Rate rate) external;

    /// @notice The last rate, since when (Unix time) it counts, and whether it is too old to open deals.
    function latest() external view returns (Rate rate, uint40 since, bool stale);

    /// @notice 1e-18 SNM per whole USD at the last rate: `floor(1e36 / rate)`.
    function snmPerUsd() external view returns (uint256);

    /// @notice Sum over all seconds from the first report to `time` of the then {snmPerUsd}. The last rate counts
    /// for all time after it, the future included. A price of p USD/s from t0 to t1 is
    /// `p × (cumulativeAt(t1) - cumulativeAt(t0)) / 1e18` in SNM, however it is cut into pieces.
    /// @param time Unix time. Before the first report: 0.
    function cumulativeAt(uint256 time) external view returns (uint128);

    /// @notice First second (Unix time) at which {cumulativeAt} is at least `cumulative`, at the last rate for the
    /// future. At most the largest uint40.
    function reachedAt(uint256 cumulative) external view returns (uint40);

    /// @notice Number of reports.
    function reportCount() external view returns (uint256);

    /// @notice Report number `index`, from 0.
    function reportAt(uint256 index) external view returns (Rate rate, uint40 since, uint128 cumulative);

    /// @notice The only account that may report.
    function feeder() external view returns (address);

    /// @notice The bounds.
    function limits() external view returns (Limits memory);
}
