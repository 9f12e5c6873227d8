// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {DealId} from "../Types.sol";
import {IMarketGate} from "../interfaces/IMarketGate.sol";
import {Calendar} from "../lib/Calendar.sol";

/// @title What new orders and deals have to pass
/// @notice Numbers the deals, too: pause and number share a slot, and opening a deal reads both.
abstract contract Gate is IMarketGate, Ownable2Step {
    struct Passage {
        uint40 pausedUntil;
        uint64 deals;
    }

    uint40 public constant PAUSE_MAX = 7 days;

    Passage private _passage;

    /// @inheritdoc IMarketGate
    function pause(uint40 duration) external onlyOwner {
        if (duration > PAUSE_MAX) revert PauseTooLong(duration, PAUSE_MAX);
        uint256 last = _passage.pausedUntil;
        if (last != 0 && block.timestamp < last + PAUSE_MAX) revert PausedTooRecently(last + PAUSE_MAX);
        _setPausedUntil(Calendar.narrow(block.timestamp + duration));
    }

    /// @inheritdoc IMarketGate
    function unpause() external onlyOwner {
        _setPausedUntil(Calendar.earlier(_passage.pausedUntil, Calendar.timestamp()));
    }

    /// @inheritdoc IMarketGate
    function pausedUntil() external view returns (uint40) {
        return _passage.pausedUntil;
    }

    /// @inheritdoc IMarketGate
    function dealCount() external view returns (uint64) {
        return _passage.deals;
    }

    function _requireOpen() internal view {
        _requireOpen(_passage.pausedUntil);
    }

    /// Lets one deal in and numbers it.
    function _admitDeal() internal returns (DealId) {
        (uint40 until, uint64 deals) = (_passage.pausedUntil, _passage.deals + 1);
        _requireOpen(until);
        _passage = Passage(until, deals);
        return DealId.wrap(deals);
    }

    function _setPausedUntil(uint40 until) private {
        _passage.pausedUntil = until;
        emit PausedUntil(until);
    }

    function _requireOpen(uint40 until) private view {
        if (block.timestamp < until) revert Paused(until);
    }
}
