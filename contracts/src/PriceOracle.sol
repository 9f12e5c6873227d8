// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Rate} from "./Types.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {Calendar} from "./lib/Calendar.sol";

/// @title SNM's price, see {IPriceOracle}
contract PriceOracle is IPriceOracle {
    struct Report {
        Rate rate;
        uint40 since;
        uint128 cumulative;
    }

    uint256 private constant SCALE = 1e36;
    uint256 private constant BPS = 10_000;
    /// A millionth of a USD: keeps {cumulativeAt} below 2^128 for 10^14 seconds.
    uint256 private constant RATE_FLOOR = 1e12;

    address public immutable feeder;
    Rate private immutable _rateMin;
    Rate private immutable _rateMax;
    uint16 private immutable _moveMaxBps;
    uint32 private immutable _period;
    uint32 private immutable _staleAfter;
    Report[] private _reports;

    /// @param feeder_ The only account that may report.
    /// @param initial The first report.
    /// @param limits_ Bounds for ever; `rateMin` at least 1e12, `staleAfter` at least `period`.
    constructor(address feeder_, Rate initial, Limits memory limits_) {
        if (
            Rate.unwrap(limits_.rateMin) < RATE_FLOOR
                || Rate.unwrap(limits_.rateMax) < Rate.unwrap(limits_.rateMin) || limits_.moveMaxBps > BPS
                || limits_.staleAfter < limits_.period
        ) revert InvalidLimits();
        feeder = feeder_;
        _rateMin = limits_.rateMin;
        _rateMax = limits_.rateMax;
        _moveMaxBps = limits_.moveMaxBps;
        _period = limits_.period;
        _staleAfter = limits_.staleAfter;
        _checkBounds(initial, Rate.unwrap(limits_.rateMin), Rate.unwrap(limits_.rateMax));
        _push(initial, Calendar.timestamp(), 0);
    }

    /// @inheritdoc IPriceOracle
    function report(Rate rate) external {
        if (msg.sender != feeder) revert NotTheFeeder(msg.sender, feeder);
        Report memory last = _reports[_reports.length - 1];
        // Also keeps the history in order when block time falls back.
        uint256 next = uint256(last.since) + (_period == 0 ? 1 : _period);
        if (block.timestamp < next) revert ReportTooEarly(block.timestamp, next);
        uint256 old = Rate.unwrap(last.rate);
        uint256 move = old * _moveMaxBps / BPS;
        uint256 min = Rate.unwrap(_rateMin);
        uint256 max = Rate.unwrap(_rateMax);
        if (old - move > min) min = old - move;
        if (old + move < max) max = old + move;
        _checkBounds(rate, min, max);
        uint40 time = Calendar.timestamp();
        _push(rate, time, _extrapolate(last, time));
    }

    /// @inheritdoc IPriceOracle
    function latest() external view returns (Rate rate, uint40 since, bool stale) {
        Report memory last = _reports[_reports.length - 1];
        return (last.rate, last.since, block.timestamp > uint256(last.since) + _staleAfter);
    }

    /// @inheritdoc IPriceOracle
    function snmPerUsd() external view returns (uint256) {
        return _inverse(_reports[_reports.length - 1].rate);
    }

    /// @inheritdoc IPriceOracle
    function cumulativeAt(uint256 time) external view returns (uint128) {
        uint256 low = 0;
        uint256 high = _reports.length - 1;
        // The last report is what is nearly always asked for: look there first.
        if (_reports[high].since > time) {
            while (low < high) {
                uint256 middle = (low + high + 1) / 2;
                if (_reports[middle].since <= time) low = middle;
                else high = middle - 1;
            }
        }
        return _extrapolate(_reports[high], time);
    }

    /// @inheritdoc IPriceOracle
    function reachedAt(uint256 cumulative) external view returns (uint40) {
        uint256 low = 0;
        uint256 high = _reports.length - 1;
        while (low < high) {
            uint256 middle = (low + high + 1) / 2;
            if (_reports[middle].cumulative <= cumulative) low = middle;
            else high = middle - 1;
        }
        Report memory from = _reports[low];
        uint256 perSecond = _inverse(from.rate);
        return Calendar.narrow(from.since + (cumulative - from.cumulative + perSecond - 1) / perSecond);
    }

    /// @inheritdoc IPriceOracle
    function reportCount() external view returns (uint256) {
        return _reports.length;
    }

    /// @inheritdoc IPriceOracle
    function reportAt(uint256 index) external view returns (Rate rate, uint40 since, uint128 cumulative) {
        Report memory entry = _reports[index];
        return (entry.rate, entry.since, entry.cumulative);
    }

    /// @inheritdoc IPriceOracle
    function limits() external view returns (Limits memory) {
        return Limits(_rateMin, _rateMax, _moveMaxBps, _period, _staleAfter);
    }

    function _push(Rate rate, uint40 since, uint128 cumulative) private {
        _reports.push(Report(rate, since, cumulative));
        emit RateReported(rate, since, cumulative);
    }

    function _checkBounds(Rate rate, uint256 min, uint256 max) private pure {
        if (Rate.unwrap(rate) < min || Rate.unwrap(rate) > max) revert RateOutOfBounds(rate, min, max);
    }

    function _inverse(Rate rate) private pure returns (uint256) {
        return SCALE / Rate.unwrap(rate);
    }

    /// Saturates at both ends.
    function _extrapolate(Report memory from, uint256 time) private pure returns (uint128) {
        if (time <= from.since) return from.cumulative;
        uint256 sum = from.cumulative + _inverse(from.rate) * (Calendar.narrow(time) - from.since);
        return sum > type(uint128).max ? type(uint128).max : uint128(sum);
    }
}
