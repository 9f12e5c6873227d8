// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../src/Types.sol";
import {IMarketBook} from "../src/interfaces/IMarketBook.sol";
import {IMarketDeals} from "../src/interfaces/IMarketDeals.sol";
import {IPriceOracle} from "../src/interfaces/IPriceOracle.sol";
import {PriceOracle} from "../src/PriceOracle.sol";
import {System} from "./base/System.sol";
import {vm} from "./base/Vm.sol";

/// Deals in USD, and the oracle that they lean on. At {RATE} one USD is 20 SNM.
contract DollarsTest is System {
    uint256 private constant START = 1_000_000e18;
    uint96 private constant USD_PRICE = 1e14; // USD per second, 1e-18: 20e14 SNM

    function orders(uint32 duration) private returns (Order memory ask, Order memory bid) {
        ask = anAsk();
        bid = aBid();
        ask.currency = bid.currency = Currency.USD;
        ask.price = bid.price = Price.wrap(USD_PRICE);
        ask.duration = bid.duration = duration;
    }

    function dollarDeal(uint32 duration, uint96 escrow) private returns (Deal memory) {
        (Order memory ask, Order memory bid) = orders(duration);
        return openNew(ask, bid, escrow);
    }

    function report(uint88 rate) private {
        vm.prank(feeder);
        oracle.report(Rate.wrap(rate));
    }

    function test_constant_rate__pays_price_over_rate() public {
        Deal memory deal = dollarDeal(3600, 3600 * 20 * USD_PRICE);
        vm.warp(deal.start + 1800);
        settle(deal);
        assertBalance(worker, 1800 * 20 * USD_PRICE, "20 SNM per USD");
        vm.warp(deal.end + 1000);
        settle(deal);
        assertBalance(worker, 3600 * 20 * USD_PRICE, "up to the end, not beyond");
    }

    function test_escrow_below_todays_price__refused_when_placed_and_when_opened() public {
        (Order memory ask, Order memory bid) = orders(3600);
        uint96 needs = 3600 * 20 * USD_PRICE;
        vm.prank(consumer);
        vm.expectRevert(abi.encodeWithSelector(IMarketBook.EscrowTooSmall.selector, needs - 1, needs));
        market.placeBid(bid, Amount.wrap(needs - 1), Amount.wrap(0));
        place(ask);
        place(bid, needs);
        vm.warp(block.timestamp + 600);
        report(RATE / 2);
        vm.expectRevert(abi.encodeWithSelector(IMarketBook.EscrowTooSmall.selector, needs, 2 * needs));
        market.openDeal(ask, bid);
    }

    function test_surplus_of_a_dollar_bid__stays_in_escrow_and_returns_at_the_end() public {
        Deal memory deal = dollarDeal(3600, 3600 * 30 * USD_PRICE);
        assertBalance(consumer, START - 3600 * 30 * USD_PRICE, "all of it is frozen");
        vm.warp(deal.end);
        settle(deal);
        assertBalance(consumer, START - 3600 * 20 * USD_PRICE, "what is left over");
    }

    function test_rate_falls__deal_ends_when_the_escrow_is_used_up() public {
        Deal memory deal = dollarDeal(3600, 3600 * 20 * USD_PRICE);
        vm.warp(deal.start + 1200);
        report(RATE / 2);
        // 1200 s at 20, then 40 SNM per USD: the other 48000 last 1200 s.
        (, uint40 endsAt, bool ended) = market.dealNow(deal);
        vm.assertEq(endsAt, deal.start + 2400, "ends early");
        vm.assertFalse(ended, "not yet");
        vm.warp(deal.start + 2400);
        (,, ended) = market.dealNow(deal);
        vm.assertTrue(ended, "now");
        settle(deal);
        assertBalance(worker, 3600 * 20 * USD_PRICE, "all of the escrow");
    }

    function test_rate_falls_and_somebody_tops_up__deal_goes_on_to_its_end() public {
        Deal memory deal = dollarDeal(3600, 3600 * 20 * USD_PRICE);
        vm.warp(deal.start + 1200);
        report(RATE / 2);
        vm.prank(consumer);
        market.topUp(deal, Amount.wrap(2400 * 20 * USD_PRICE), Amount.wrap(0));
        (, uint40 endsAt,) = market.dealNow(deal);
        vm.assertEq(endsAt, deal.end, "to the end");
        vm.warp(deal.end);
        settle(deal);
        assertBalance(worker, uint256(1200 * 20 + 2400 * 40) * USD_PRICE, "each second at its own rate");
    }

    function test_oracle_falls_silent__opens_no_deal_but_settles_closes_and_withdraws() public {
        Deal memory deal = dollarDeal(3600, 3600 * 20 * USD_PRICE);
        (Order memory ask, Order memory bid) = orders(3600);
        vm.warp(block.timestamp + 3601);
        place(ask);
        place(bid, 3600 * 20 * USD_PRICE);
        vm.expectRevert(mismatch(ask, bid, Mismatch.RateStale));
        market.openDeal(ask, bid);
        vm.prank(consumer);
        market.cancelOrder(bid);
        close(consumer, deal);
        vm.prank(worker);
        market.withdraw(worker, Amount.wrap(3600 * 20 * USD_PRICE));
        vm.assertEq(snm.balanceOf(worker), 3600 * 20 * USD_PRICE, "paid out");
    }

    function test_rate_bounds_of_an_order__guard_the_opening() public {
        (Order memory ask, Order memory bid) = orders(3600);
        bid.rateMin = Rate.wrap(RATE);
        place(ask);
        place(bid, 3600 * 30 * USD_PRICE);
        vm.warp(block.timestamp + 600);
        report(RATE - 1);
        vm.expectRevert(mismatch(ask, bid, Mismatch.BidRate));
        market.openDeal(ask, bid);
    }

    /// Random rates, random settlements: the sum is that of one settlement at the end, to the unit.
    function testFuzz_how_often_a_dollar_deal_is_settled__changes_nothing(uint256 seed, uint96 price) public {
        price = uint96(1 + price % 1e14);
        (Order memory ask, Order memory bid) = orders(0);
        ask.price = bid.price = Price.wrap(price);
        uint96 escrow = uint96(uint256(price) * 1e7 + 1e9);
        Deal memory deal = openNew(ask, bid, escrow);
        uint256 time = deal.start;
        uint256 expected = 0; // 1e-36 SNM
        uint88 rate = RATE;
        for (uint256 i = 0; i < 12; ++i) {
            uint256 step = 600 + seed % 1000;
            for (uint256 cut = seed % 4; cut > 0; --cut) {
                vm.warp(time + step / (cut + 1));
                settle(deal);
            }
            time += step;
            vm.warp(time);
            expected += uint256(price) * (1e36 / uint256(rate)) * step;
            seed = uint256(keccak256(abi.encode(seed)));
            rate = uint88(uint256(rate) * (50 + seed % 101) / 100);
            if (rate < 1e15) rate = 1e15;
            (Rate last,,) = oracle.latest();
            uint256 old = Rate.unwrap(last);
            if (rate < old - old / 2) rate = uint88(old - old / 2);
            report(rate);
        }
        settle(deal);
        expected /= 1e18;
        if (expected > escrow) expected = escrow;
        assertBalance(worker, expected, "rounded down once");
    }

    // ---- the oracle alone

    function test_report_out_of_bounds_too_early_or_by_a_stranger__refused() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IPriceOracle.NotTheFeeder.selector, stranger, feeder));
        oracle.report(Rate.wrap(RATE));
        vm.startPrank(feeder);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPriceOracle.ReportTooEarly.selector, block.timestamp, block.timestamp + 600
            )
        );
        oracle.report(Rate.wrap(RATE));
        vm.warp(block.timestamp + 600);
        uint88[2] memory absurd = [RATE + RATE / 2 + 1, RATE - RATE / 2 - 1];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPriceOracle.RateOutOfBounds.selector, absurd[i], RATE - RATE / 2, RATE + RATE / 2
                )
            );
            oracle.report(Rate.wrap(absurd[i]));
        }
        oracle.report(Rate.wrap(RATE + RATE / 2));
        vm.warp(block.timestamp - 15);
        vm.expectRevert();
        oracle.report(Rate.wrap(RATE));
    }

    function test_limits_that_contradict_themselves__refused() public {
        IPriceOracle.Limits memory good = oracleLimits();
        IPriceOracle.Limits[4] memory bad = [good, good, good, good];
        for (uint256 i = 1; i < 4; ++i) {
            bad[i] = abi.decode(abi.encode(good), (IPriceOracle.Limits));
        }
        bad[0].rateMin = Rate.wrap(1e12 - 1);
        bad[1].rateMax = Rate.wrap(1e12 - 1);
        bad[2].moveMaxBps = 10_001;
        bad[3].staleAfter = 599;
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(IPriceOracle.InvalidLimits.selector);
            new PriceOracle(feeder, Rate.wrap(RATE), bad[i]);
        }
    }

    /// {cumulativeAt} against a sum over the history; {reachedAt} is its inverse.
    function testFuzz_cumulative__is_the_sum_over_the_history(uint256 seed) public {
        uint256 first = block.timestamp;
        for (uint256 i = 0; i < 20; ++i) {
            vm.warp(block.timestamp + 600 + seed % 5000);
            (Rate last,,) = oracle.latest();
            uint256 rate = Rate.unwrap(last) * (51 + (seed >> 64) % 99) / 100;
            if (rate < 1e12) rate = 1e12;
            report(uint88(rate));
            seed = uint256(keccak256(abi.encode(seed)));
        }
        uint256 time = first - 10 + seed % (block.timestamp - first + 100_000);
        uint256 sum = 0;
        for (uint256 i = 0; i < oracle.reportCount(); ++i) {
            (Rate rate, uint40 since,) = oracle.reportAt(i);
            uint256 until = time;
            if (i + 1 < oracle.reportCount()) (, until,) = next(i + 1, time);
            if (until > since) sum += (until - since) * (1e36 / uint256(Rate.unwrap(rate)));
        }
        vm.assertEq(oracle.cumulativeAt(time), sum, "sum");
        uint40 reached = oracle.reachedAt(sum);
        vm.assertEq(reached, time < first ? first : time, "inverse");
        vm.assertEq(oracle.reachedAt(sum + 1), reached + 1, "the second after");
    }

    function next(uint256 index, uint256 time)
        private
        view
        returns (Rate rate, uint256 until, uint128 cumulative)
    {
        uint40 since;
        (rate, since, cumulative) = oracle.reportAt(index);
        until = since < time ? since : time;
    }

    function test_ten_thousand_years__saturates() public view {
        vm.assertTrue(oracle.cumulativeAt(type(uint256).max) > 0, "no overflow");
        vm.assertEq(oracle.reachedAt(type(uint128).max), type(uint40).max, "no overflow");
    }
}
