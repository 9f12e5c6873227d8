// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Currency, Level, Mismatch, Order, Price, Rate, Side} from "./Types.sol";
import {IBlacklist} from "./interfaces/IBlacklist.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IProfileRegistry} from "./interfaces/IProfileRegistry.sol";
import {ITerms} from "./interfaces/ITerms.sol";

/// @title The rules of matching, see {ITerms}
contract Terms is ITerms {
    IProfileRegistry public immutable profiles;
    IBlacklist public immutable blacklist;
    IPriceOracle public immutable oracle;

    constructor(IProfileRegistry profiles_, IBlacklist blacklist_, IPriceOracle oracle_) {
        profiles = profiles_;
        blacklist = blacklist_;
        oracle = oracle_;
    }

    /// @inheritdoc ITerms
    function matches(Order calldata ask, Order calldata bid) external view returns (Mismatch reason) {
        (reason,) = _judge(ask, bid);
    }

    /// @inheritdoc ITerms
    function matchesMany(Order[] calldata asks, Order[] calldata bids)
        external
        view
        returns (Mismatch[] memory reasons)
    {
        if (asks.length != bids.length) revert LengthsDiffer(asks.length, bids.length);
        reasons = new Mismatch[](asks.length);
        for (uint256 i = 0; i < asks.length; ++i) {
            (reasons[i],) = _judge(asks[i], bids[i]);
        }
    }

    /// @inheritdoc ITerms
    function judge(Order calldata ask, Order calldata bid)
        external
        view
        returns (Mismatch reason, address master)
    {
        return _judge(ask, bid);
    }

    /// The order of the checks is that of {Mismatch}: a documented part of the interface.
    function _judge(Order calldata ask, Order calldata bid)
        private
        view
        returns (Mismatch reason, address master)
    {
        reason = _judgeTerms(ask, bid);
        if (reason == Mismatch.None) (reason, master) = _judgePeople(ask, bid);
        if (reason == Mismatch.None && ask.currency == Currency.USD) reason = _judgeRate(ask, bid);
    }

    /// What the two orders alone decide.
    function _judgeTerms(Order calldata ask, Order calldata bid) private view returns (Mismatch) {
        if (ask.side != Side.Ask) return Mismatch.NotAnAsk;
        if (bid.side != Side.Bid) return Mismatch.NotABid;
        if (block.timestamp >= ask.expiry) return Mismatch.AskExpired;
        if (block.timestamp >= bid.expiry) return Mismatch.BidExpired;
        if (ask.currency != bid.currency) return Mismatch.Currency;
        if (Price.unwrap(ask.price) > Price.unwrap(bid.price)) return Mismatch.Price;
        (uint32 offered, uint32 wanted) = (ask.duration, bid.duration);
        if (offered < wanted || (wanted == 0 && offered != 0)) return Mismatch.Duration;
        if (bid.netflags & ~ask.netflags != 0) return Mismatch.Netflags;
        if (!_reaches(ask.benchmarks, bid.benchmarks)) return Mismatch.Benchmark;
        return Mismatch.None;
    }

    /// What depends on who stands behind the orders.
    function _judgePeople(Order calldata ask, Order calldata bid)
        private
        view
        returns (Mismatch, address master)
    {
        address buyer;
        bool keepLists;
        (master, buyer, keepLists) = profiles.standing(ask.author, bid.author);
        if (master == buyer) return (Mismatch.SameOwner, master);
        if (!_accepts(ask.counterparty, bid.author, buyer)) return (Mismatch.AskCounterparty, master);
        if (!_accepts(bid.counterparty, ask.author, master)) return (Mismatch.BidCounterparty, master);
        if (!_isKnown(buyer, ask.identity)) return (Mismatch.ConsumerLevel, master);
        if (!_isKnown(master, bid.identity)) return (Mismatch.SupplierLevel, master);
        if (keepLists || ask.blacklist != address(0) || bid.blacklist != address(0)) {
            (bool supplierListed, bool buyerListed) =
                blacklist.between(ask.author, master, bid.author, ask.blacklist, bid.blacklist);
            if (supplierListed) return (Mismatch.SupplierBlacklisted, master);
            if (buyerListed) return (Mismatch.ConsumerBlacklisted, master);
        }
        return (Mismatch.None, master);
    }

    function _judgeRate(Order calldata ask, Order calldata bid) private view returns (Mismatch) {
        (Rate rate,, bool stale) = oracle.latest();
        if (stale) return Mismatch.RateStale;
        if (!_isWithin(rate, ask.rateMin, ask.rateMax)) return Mismatch.AskRate;
        if (!_isWithin(rate, bid.rateMin, bid.rateMax)) return Mismatch.BidRate;
        return Mismatch.None;
    }

    function _isKnown(address owner, Level needs) private view returns (bool) {
        return needs == Level.Anonymous || profiles.levelOf(owner) >= needs;
    }

    /// Whether every one of the 16 values of `has` is at least that of `needs`.
    function _reaches(uint256[4] calldata has, uint256[4] calldata needs) private pure returns (bool) {
        return _wordReaches(has[0], needs[0]) && _wordReaches(has[1], needs[1])
            && _wordReaches(has[2], needs[2]) && _wordReaches(has[3], needs[3]);
    }

    /// Equal words are common: a quick buy asks for exactly what it gets. Else each cast drops the values above one of the
    /// four; once the lower ones are known to reach, comparing what is left compares its topmost value.
    function _wordReaches(uint256 has, uint256 needs) private pure returns (bool) {
        return has == needs
            || (has >= needs
                && uint64(has) >= uint64(needs)
                && uint128(has) >= uint128(needs)
                && uint192(has) >= uint192(needs));
    }

    function _accepts(address wanted, address author, address owner) private pure returns (bool) {
        return wanted == address(0) || wanted == author || wanted == owner;
    }

    /// 0 = no bound.
    function _isWithin(Rate rate, Rate min, Rate max) private pure returns (bool) {
        return Rate.unwrap(rate) >= Rate.unwrap(min)
            && (Rate.unwrap(max) == 0 || Rate.unwrap(rate) <= Rate.unwrap(max));
    }
}
