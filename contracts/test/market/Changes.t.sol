// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {IMarketBalances} from "../../src/interfaces/IMarketBalances.sol";
import {IMarketBook} from "../../src/interfaces/IMarketBook.sol";
import {IMarketChanges} from "../../src/interfaces/IMarketChanges.sol";
import {IMarketDeals} from "../../src/interfaces/IMarketDeals.sol";
import {System} from "../base/System.sol";
import {vm} from "../base/Vm.sol";

/// Other terms for a living deal: the state machine of offers, and the money of a change.
contract ChangesTest is System {
    uint256 private constant START = 1_000_000e18;

    function to(uint256 price, uint256 end) private view returns (Change memory) {
        return Change(Price.wrap(uint96(price)), uint40(end), uint40(block.timestamp + 1 hours));
    }

    function request(address by, Deal memory deal, Change memory change) private {
        vm.prank(by);
        market.requestChange(deal, change);
    }

    function accept(address by, Deal memory deal, Change memory change) private returns (Deal memory) {
        vm.recordLogs();
        vm.prank(by);
        market.acceptChange(deal, change);
        return lastDeal();
    }

    function expectNone(Deal memory deal) private {
        vm.expectRevert(abi.encodeWithSelector(IMarketChanges.NoSuchChange.selector, deal.id));
    }

    function assertStanding(Deal memory deal, bool byConsumer, bool bySupplier) private view {
        (Change memory a, Change memory b) = market.changesOf(deal);
        vm.assertTrue((Price.unwrap(a.price) != 0) == byConsumer, "consumer's offer");
        vm.assertTrue((Price.unwrap(b.price) != 0) == bySupplier, "supplier's offer");
    }

    // ---- consent

    function test_longer_deal__needs_the_other_sides_consent() public {
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 1000);
        Change memory change = to(PRICE, deal.end + 600);
        vm.expectEmit(true, true, true, true);
        emit IMarketChanges.ChangeRequested(deal.id, worker, true, change);
        request(worker, deal, change);
        vm.assertEq(uint256(market.dealState(deal).status), uint256(DealStatus.Open), "unchanged so far");
        assertStanding(deal, false, true);
        expectNone(deal);
        vm.prank(worker);
        market.acceptChange(deal, change);
        Deal memory next = accept(consumer, deal, change);
        vm.assertEq(next.end, deal.end + 600, "longer");
        vm.assertEq(next.start, block.timestamp, "from now on");
        vm.assertEq(DealId.unwrap(next.id), DealId.unwrap(deal.id), "the same deal");
        assertBalance(worker, 1000 * PRICE, "paid up to now");
        assertBalance(consumer, START - 4200 * PRICE, "the longer deal is covered");
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.DealNotOpen.selector, deal.id));
        market.settle(deal);
        vm.warp(next.end);
        settle(next);
        assertBalance(worker, 4200 * PRICE, "all of it");
        assertBalance(consumer, START - 4200 * PRICE, "conserved");
    }

    function test_better_price_for_the_other_side__holds_at_once() public {
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 600);
        vm.recordLogs();
        request(worker, deal, to(PRICE / 2, deal.end));
        Deal memory next = lastDeal();
        vm.assertEq(Price.unwrap(next.price), PRICE / 2, "cheaper at once");
        assertBalance(consumer, START - 600 * PRICE - 3000 * (PRICE / 2), "what is too much went back");
        vm.recordLogs();
        request(consumer, next, to(PRICE, next.end));
        next = lastDeal();
        assertBalance(consumer, START - 3600 * PRICE, "dearer at once, and covered");
        vm.warp(next.end);
        settle(next);
        assertBalance(worker, 3600 * PRICE, "600 + 3000 seconds");
    }

    function test_better_price_for_oneself_or_with_another_end__waits() public {
        Deal memory deal = forwardDeal();
        request(worker, deal, to(PRICE + 1, deal.end));
        request(consumer, deal, to(PRICE - 1, deal.end));
        assertStanding(deal, true, true);
        request(worker, deal, to(PRICE - 1, deal.end + 1));
        request(consumer, deal, to(PRICE + 1, deal.end - 1));
        assertStanding(deal, true, true);
        vm.assertEq(uint256(market.dealState(deal).status), uint256(DealStatus.Open), "old terms");
    }

    function test_shorter_deal__returns_what_it_no_longer_needs() public {
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 100);
        Change memory change = to(PRICE, block.timestamp + 1);
        request(consumer, deal, change);
        Deal memory next = accept(worker, deal, change);
        assertBalance(consumer, START - 101 * PRICE, "one second is left");
        vm.warp(next.end);
        close(worker, next);
        assertBalance(worker, 101 * PRICE, "paid");
    }

    function test_master__stands_for_its_worker() public {
        address master = account("master");
        bind(worker, master);
        Deal memory deal = forwardDeal();
        Change memory change = to(PRICE / 3, deal.end - 60);
        request(consumer, deal, change);
        Deal memory next = accept(master, deal, change);
        vm.assertEq(Price.unwrap(next.price), PRICE / 3, "agreed");
    }

    function test_spot_deal__changes_its_price_and_keeps_its_escrow() public {
        Deal memory deal = spotDeal(1000 * PRICE);
        vm.warp(block.timestamp + 100);
        Change memory change = to(PRICE * 3, 0);
        request(worker, deal, change);
        Deal memory next = accept(consumer, deal, change);
        (, uint40 endsAt,) = market.dealNow(next);
        vm.assertEq(endsAt, block.timestamp + 300, "900 seconds' worth at three times the price");
        vm.warp(block.timestamp + 10);
        close(consumer, next);
        assertBalance(worker, 130 * PRICE, "100 + 3 * 10");
        assertBalance(consumer, START - 130 * PRICE, "the rest");
    }

    function test_dollar_deal__new_terms_start_at_the_rate_of_the_day() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.currency = bid.currency = Currency.USD;
        Deal memory deal = openNew(ask, bid, 3600 * 40 * PRICE);
        vm.warp(block.timestamp + 600);
        vm.prank(feeder);
        oracle.report(Rate.wrap(RATE / 2));
        Change memory change = to(2 * PRICE, deal.end);
        request(worker, deal, change);
        Deal memory next = accept(consumer, deal, change);
        assertBalance(worker, 600 * 20 * PRICE, "the past at its own rate and price");
        vm.warp(block.timestamp + 10);
        settle(next);
        assertBalance(worker, (600 * 20 + 10 * 40 * 2) * PRICE, "then twice the price at the new rate");
    }

    function test_deal_of_signed_orders__changes_like_any_other() public {
        Deal memory deal = openSigned(anAsk(), aBid());
        Change memory change = to(PRICE * 2, deal.end - 1800);
        request(consumer, deal, change);
        Deal memory next = accept(worker, deal, change);
        assertBalance(consumer, START - 3600 * PRICE, "the same sum");
        vm.warp(block.timestamp + 10);
        close(consumer, next);
        assertBalance(worker, 20 * PRICE, "twice the price");
        assertBalance(consumer, START - 20 * PRICE, "the rest");
    }

    // ---- the predecessor's faults

    function test_accepted_change__cannot_be_relabelled_cancelled_later() public {
        Deal memory deal = forwardDeal();
        Change memory change = to(PRICE, deal.end + 60);
        request(worker, deal, change);
        Deal memory next = accept(consumer, deal, change);
        Deal[2] memory both = [deal, next];
        for (uint256 i = 0; i < 2; ++i) {
            expectNone(deal);
            vm.prank(worker);
            market.withdrawChange(both[i], change);
        }
        vm.assertEq(market.dealState(next).settledUntil, next.start, "it holds");
    }

    function test_withdrawing_an_old_offer__does_not_clear_the_current_one() public {
        Deal memory deal = forwardDeal();
        Change memory old = to(PRICE, deal.end + 60);
        Change memory current = to(PRICE, deal.end + 120);
        request(worker, deal, old);
        request(worker, deal, current);
        expectNone(deal);
        vm.prank(worker);
        market.withdrawChange(deal, old);
        expectNone(deal);
        vm.prank(consumer);
        market.acceptChange(deal, old);
        assertStanding(deal, false, true);
        accept(consumer, deal, current);
    }

    function test_change__cannot_close_a_deal_or_rewrite_its_end_afterwards() public {
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 100);
        uint256[3] memory past = [block.timestamp, block.timestamp - 1, 1];
        for (uint256 i = 0; i < 3; ++i) {
            Change memory bad = to(PRICE, past[i]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IMarketChanges.EndNotPossible.selector, deal.id, uint40(past[i]), block.timestamp
                )
            );
            request(consumer, deal, bad);
        }
        Change memory change = to(PRICE, deal.end + 60);
        change.expiry = uint40(block.timestamp + 2 hours);
        request(worker, deal, change);
        vm.warp(deal.end);
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.DealEnded.selector, deal.id));
        vm.prank(consumer);
        market.acceptChange(deal, change);
        settle(deal);
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.DealNotOpen.selector, deal.id));
        vm.prank(consumer);
        market.acceptChange(deal, change);
        assertBalance(worker, 3600 * PRICE, "closed at its own end");
    }

    function test_standing_offers__die_with_the_terms_even_if_these_come_back_in_the_same_second() public {
        Deal memory deal = forwardDeal();
        Change memory mine = to(PRICE, deal.end + 60);
        Change memory yours = to(PRICE, deal.end + 120);
        request(worker, deal, mine);
        request(consumer, deal, yours);
        Deal memory next = accept(consumer, deal, mine);
        assertStanding(deal, false, false);
        assertStanding(next, false, false);
        Change memory back = to(PRICE, deal.end);
        request(worker, next, back);
        Deal memory same = accept(consumer, next, back);
        vm.assertEq(keccak256(abi.encode(same)), keccak256(abi.encode(deal)), "the first terms again");
        expectNone(deal);
        vm.prank(worker);
        market.acceptChange(same, yours);
    }

    // ---- bad input

    function test_stranger__can_do_nothing() public {
        Deal memory deal = forwardDeal();
        Change memory change = to(PRICE, deal.end + 60);
        request(worker, deal, change);
        bytes memory why = abi.encodeWithSelector(IMarketDeals.NotAParty.selector, deal.id, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(why);
        market.requestChange(deal, change);
        vm.expectRevert(why);
        market.acceptChange(deal, change);
        vm.expectRevert(why);
        market.withdrawChange(deal, change);
    }

    function test_impossible_terms__refused() public {
        Deal memory deal = forwardDeal();
        Deal memory spot = spotDeal(600 * PRICE);
        vm.startPrank(worker);
        vm.expectRevert(IMarketBook.PriceIsZero.selector);
        market.requestChange(deal, to(0, deal.end + 1));
        vm.expectRevert(IMarketBook.PriceIsZero.selector);
        market.requestChange(deal, to(0, deal.end));
        vm.expectRevert(abi.encodeWithSelector(IMarketChanges.NothingToChange.selector, deal.id));
        market.requestChange(deal, to(PRICE, deal.end));
        vm.expectPartialRevert(IMarketChanges.EndNotPossible.selector);
        market.requestChange(deal, to(PRICE, 0));
        vm.expectPartialRevert(IMarketChanges.EndNotPossible.selector);
        market.requestChange(spot, to(PRICE, block.timestamp + 60));
        vm.expectPartialRevert(IMarketChanges.EndNotPossible.selector);
        market.requestChange(deal, to(PRICE, type(uint40).max));
        Change memory change = to(PRICE, deal.end + 60);
        uint256[3] memory expiries = [uint256(0), block.timestamp, block.timestamp + 90 days + 1];
        for (uint256 i = 0; i < 3; ++i) {
            change.expiry = uint40(expiries[i]);
            vm.expectPartialRevert(IMarketBook.ExpiryOutOfRange.selector);
            market.requestChange(deal, change);
        }
    }

    function test_price_that_overflows_the_escrow__refused_not_wrapped() public {
        Deal memory deal = forwardDeal();
        Change memory change = to(type(uint96).max, deal.end);
        vm.expectPartialRevert(IMarketBook.EscrowTooSmall.selector);
        request(consumer, deal, change);
    }

    function test_offer_that_expired__refused() public {
        Deal memory deal = forwardDeal();
        Change memory change = to(PRICE, deal.end + 60);
        change.expiry = uint40(block.timestamp + 10);
        request(worker, deal, change);
        vm.warp(change.expiry);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarketChanges.ChangeExpired.selector, deal.id, block.timestamp, change.expiry
            )
        );
        vm.prank(consumer);
        market.acceptChange(deal, change);
        vm.warp(change.expiry - 1);
        accept(consumer, deal, change);
    }

    function test_accepting_or_withdrawing_twice__refused() public {
        Deal memory deal = forwardDeal();
        Change memory change = to(PRICE, deal.end + 60);
        request(worker, deal, change);
        vm.expectEmit(true, true, true, true);
        emit IMarketChanges.ChangeWithdrawn(deal.id, worker, true, change);
        vm.prank(worker);
        market.withdrawChange(deal, change);
        expectNone(deal);
        vm.prank(worker);
        market.withdrawChange(deal, change);
        expectNone(deal);
        vm.prank(consumer);
        market.acceptChange(deal, change);
        Change memory nothing;
        expectNone(deal);
        vm.prank(consumer);
        market.acceptChange(deal, nothing);
    }

    function test_consumer_without_money__the_change_is_refused_and_the_deal_goes_on() public {
        Deal memory deal = forwardDeal();
        Change memory change = to(PRICE, deal.end + 60);
        request(worker, deal, change);
        uint96 all = uint96(market.balanceOf(consumer));
        vm.prank(consumer);
        market.withdraw(consumer, Amount.wrap(all));
        vm.expectRevert(
            abi.encodeWithSelector(IMarketBalances.BalanceTooSmall.selector, consumer, 0, 60 * PRICE)
        );
        vm.prank(consumer);
        market.acceptChange(deal, change);
        vm.warp(deal.end);
        settle(deal);
        assertBalance(worker, 3600 * PRICE, "as agreed at first");
    }

    function test_block_time_fell_back__paid_seconds_are_not_paid_again() public {
        Deal memory deal = forwardDeal();
        vm.warp(deal.start + 100);
        settle(deal);
        vm.warp(deal.start + 85);
        Change memory change = to(PRICE, deal.end + 60);
        request(worker, deal, change);
        Deal memory next = accept(consumer, deal, change);
        vm.assertEq(next.start, deal.start + 100, "from where it was paid");
        vm.warp(deal.start + 200);
        close(consumer, next);
        assertBalance(worker, 200 * PRICE, "each second once");
    }

    /// Whatever is agreed when, the sum is price times seconds of each piece, and nothing is lost.
    function testFuzz_any_sequence_of_changes__money_is_conserved(uint256 seed) public {
        Deal memory deal = forwardDeal();
        uint256 time = block.timestamp;
        uint256 earned = 0;
        for (uint256 i = 0; i < 6; ++i) {
            uint256 step = seed % 300;
            time += step;
            vm.warp(time);
            earned += step * Price.unwrap(deal.price);
            Change memory change = to(PRICE / 2 + (seed >> 16) % PRICE, time + 400 + (seed >> 80) % 5000);
            if (change.end == deal.end) continue;
            bool byWorker = (seed >> 128) % 2 == 0;
            request(byWorker ? worker : consumer, deal, change);
            deal = accept(byWorker ? consumer : worker, deal, change);
            assertBalance(worker, earned, "paid up to the change");
            uint256 escrow = Amount.unwrap(market.dealState(deal).escrow);
            vm.assertEq(escrow, Price.unwrap(deal.price) * (deal.end - time), "covered to its end");
            assertBalance(consumer, START - earned - escrow, "the rest");
            seed = uint256(keccak256(abi.encode(seed)));
        }
        vm.warp(deal.end);
        settle(deal);
        vm.assertEq(market.balanceOf(worker) + market.balanceOf(consumer), START, "conserved");
    }
}
