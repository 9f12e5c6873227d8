// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount, Currency, Deal, Price} from "../Types.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";
import {BidSlot} from "./BidSlots.sol";
import {Calendar} from "./Calendar.sol";

/// @title What a deal costs by when, and when it ends
/// @notice Costs are reckoned from the deal's start, always: cutting time into pieces changes nothing. Rounding: what
/// the master gets is rounded down once over the whole deal; what a bid must bring is rounded up.
library Billing {
    uint256 private constant WAD = 1e18;

    /// The bill of an open deal at `time`: what is earned and not yet paid, and whether the deal has ended by then. Never
    /// asks for more than is there.
    function billAt(Deal calldata deal, BidSlot money, uint256 time, IPriceOracle oracle)
        internal
        view
        returns (uint96 owed, bool ended)
    {
        uint256 end = deal.end;
        bool over = end != 0 && time >= end;
        uint256 cost = costAt(deal, over ? end : time, oracle);
        uint256 escrow = Amount.unwrap(money.escrow());
        uint256 paid = money.paid();
        ended = over || cost >= escrow;
        uint256 earned = cost < escrow ? cost : escrow;
        // Less than what was paid is possible when block time fell back: then nothing is owed.
        owed = earned > paid ? uint96(earned - paid) : 0;
    }

    /// All that `deal` has cost by `time`, which is not after its end, whatever its escrow; rounded down. In 1e-18 SNM.
    function costAt(Deal calldata deal, uint256 time, IPriceOracle oracle) private view returns (uint256) {
        uint256 start = deal.start;
        if (time <= start) return 0;
        uint256 price = Price.unwrap(deal.price);
        if (deal.currency == Currency.SNM) return price * (Calendar.narrow(time) - start);
        uint256 cumulative = oracle.cumulativeAt(time);
        return cumulative <= deal.rateStart ? 0 : price * (cumulative - deal.rateStart) / WAD;
    }

    /// When an open deal ends if nothing changes: at its end, or in the first second in which its cost reaches its
    /// escrow. What is left of the escrow for a last, incomplete second is the master's.
    function endOf(Deal calldata deal, BidSlot money, IPriceOracle oracle)
        internal
        view
        returns (uint40 result)
    {
        uint256 escrow = Amount.unwrap(money.escrow());
        uint256 price = Price.unwrap(deal.price);
        if (deal.currency == Currency.SNM) result = Calendar.narrow(deal.start + _divideUp(escrow, price));
        else result = oracle.reachedAt(deal.rateStart + _divideUp(escrow * WAD, price));
        if (deal.end != 0) result = Calendar.earlier(result, deal.end);
    }

    /// What `duration` seconds cost at the last known rate, rounded up. In 1e-18 SNM.
    function priceOf(Price perSecond, Currency currency, uint256 duration, IPriceOracle oracle)
        internal
        view
        returns (uint256)
    {
        uint256 total = Price.unwrap(perSecond) * duration;
        return currency == Currency.SNM ? total : _divideUp(total * oracle.snmPerUsd(), WAD);
    }

    function _divideUp(uint256 a, uint256 b) private pure returns (uint256) {
        return (a + b - 1) / b;
    }
}
