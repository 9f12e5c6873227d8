// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../src/Types.sol";
import {IMarketBook} from "../src/interfaces/IMarketBook.sol";
import {IMarketDeals} from "../src/interfaces/IMarketDeals.sol";
import {System} from "./base/System.sol";
import {Vm, vm} from "./base/Vm.sol";

/// Opening, settling, closing, topping up: deals in SNM.
contract DealsTest is System {
    uint256 private constant START = 1_000_000e18;

    function test_deal_opens__event_carries_terms_and_money() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        place(ask);
        place(bid);
        Deal memory deal = Deal({
            id: DealId.wrap(1),
            ask: market.orderId(ask),
            bid: market.orderId(bid),
            supplier: worker,
            master: worker,
            consumer: consumer,
            price: Price.wrap(PRICE),
            currency: Currency.SNM,
            start: uint40(block.timestamp),
            end: uint40(block.timestamp) + 3600,
            rateStart: 0
        });
        DealState memory state =
            DealState(DealStatus.Open, Amount.wrap(3600 * PRICE), Amount.wrap(0), uint40(block.timestamp));
        vm.expectEmit(true, true, true, true);
        emit IMarketDeals.DealOpened(deal.id, consumer, worker, deal, state, Amount.wrap(0), 0);
        vm.prank(stranger);
        DealId id = market.openDeal(ask, bid);
        vm.assertEq(DealId.unwrap(id), 1, "first id");
        vm.assertEq(market.dealCount(), 1, "count");
        vm.assertEq(
            keccak256(abi.encode(market.dealState(deal))), keccak256(abi.encode(state)), "stored state"
        );
    }

    function test_ask_cheaper_than_the_bid__deal_at_the_asks_price_and_the_rest_goes_back_at_once() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.price = Price.wrap(PRICE / 2);
        bid.duration = 1800;
        Deal memory deal = openNew(ask, bid, 1800 * PRICE + 5);
        vm.assertEq(Price.unwrap(deal.price), PRICE / 2, "the ask's price");
        vm.assertEq(deal.end - deal.start, 1800, "the bid's duration");
        assertBalance(consumer, START - 1800 * (PRICE / 2), "only the deal's price is frozen");
        vm.assertEq(Amount.unwrap(market.dealState(deal).escrow), 1800 * (PRICE / 2), "escrow");
        close(consumer, deal);
        assertBalance(consumer, START, "nothing comes back twice");
    }

    function test_orders_that_do_not_match__refused_with_the_reason() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.price = Price.wrap(PRICE + 1);
        place(ask);
        place(bid);
        vm.expectRevert(mismatch(ask, bid, Mismatch.Price));
        market.openDeal(ask, bid);
    }

    function test_orders_not_in_the_book__refused() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        expectNotOpen(bid, OrderStatus.Unknown);
        market.openDeal(ask, bid);
        place(bid);
        expectNotOpen(ask, OrderStatus.Unknown);
        market.openDeal(ask, bid);
        place(ask);
        market.openDeal(ask, bid);
        expectNotOpen(bid, OrderStatus.Matched);
        market.openDeal(ask, bid);
        Order memory second = aBid();
        place(second);
        expectNotOpen(ask, OrderStatus.Matched);
        market.openDeal(ask, second);
    }

    function expectNotOpen(Order memory order, OrderStatus status) private {
        bytes memory refusal =
            abi.encodeWithSelector(IMarketBook.OrderNotOpen.selector, market.orderId(order), status);
        vm.expectRevert(refusal);
    }

    function test_ask_given_as_bid__refused() public {
        Order memory ask = anAsk();
        place(ask);
        // An ask is never in the book of bids.
        expectNotOpen(ask, OrderStatus.Open);
        market.openDeal(ask, ask);
    }

    function test_settled_halfway__master_is_paid_half() public {
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 1800);
        (Amount owed, uint40 endsAt, bool ended) = market.dealNow(deal);
        vm.assertEq(Amount.unwrap(owed), 1800 * PRICE, "owed");
        vm.assertEq(endsAt, deal.end, "ends at");
        vm.assertFalse(ended, "goes on");
        DealState memory state = DealState(
            DealStatus.Open, Amount.wrap(3600 * PRICE), Amount.wrap(1800 * PRICE), uint40(block.timestamp)
        );
        vm.expectEmit(true, true, true, true);
        emit IMarketDeals.DealSettled(deal.id, consumer, worker, deal, state, 1800 * PRICE);
        settle(deal);
        settle(deal);
        assertBalance(worker, 1800 * PRICE, "half, once");
    }

    function test_consumer_closes_early__time_used_is_paid_the_rest_returns() public {
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 1000);
        DealState memory state = DealState(
            DealStatus.Closed, Amount.wrap(1000 * PRICE), Amount.wrap(1000 * PRICE), uint40(block.timestamp)
        );
        vm.expectEmit(true, true, true, true);
        emit IMarketDeals.DealClosed(
            deal.id,
            consumer,
            worker,
            deal,
            state,
            Amount.wrap(2600 * PRICE),
            1000 * PRICE,
            START - 1000 * PRICE,
            consumer
        );
        close(consumer, deal);
        assertGone(deal);
    }

    function assertGone(Deal memory deal) private {
        bytes memory refusal = abi.encodeWithSelector(IMarketDeals.DealNotOpen.selector, deal.id);
        vm.expectRevert(refusal);
        market.settle(deal);
        vm.expectRevert(refusal);
        market.closeDeal(deal, BlacklistChoice.Nobody);
        vm.expectRevert(refusal);
        market.topUp(deal, Amount.wrap(1), Amount.wrap(0));
        vm.expectRevert(refusal);
        market.dealState(deal);
        vm.expectRevert(refusal);
        market.dealNow(deal);
        (OrderStatus ask,) = market.orderState(deal.ask);
        (OrderStatus bid,) = market.orderState(deal.bid);
        vm.assertEq(uint256(ask) + uint256(bid), 0, "nothing is left of the orders");
    }

    function test_closed_in_the_second_of_opening__everything_returns() public {
        Deal memory deal = forwardDeal();
        close(consumer, deal);
        assertBalance(consumer, START, "all back");
    }

    function test_supplier_closes_forward_deal__only_after_its_end() public {
        Deal memory deal = forwardDeal();
        vm.warp(deal.end - 1);
        bytes memory refusal =
            abi.encodeWithSelector(IMarketDeals.ClosedTooEarly.selector, deal.id, deal.end - 1, deal.end);
        vm.prank(worker);
        vm.expectRevert(refusal);
        market.closeDeal(deal, BlacklistChoice.Nobody);
        vm.warp(deal.end);
        close(worker, deal);
        assertBalance(worker, 3600 * PRICE, "the whole price");
    }

    function test_stranger_closes_living_deal__refused() public {
        Deal memory deal = forwardDeal();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.NotAParty.selector, deal.id, stranger));
        market.closeDeal(deal, BlacklistChoice.Nobody);
    }

    function test_spot_deal__either_side_ends_it_at_any_time() public {
        Deal memory first = spotDeal(1000 * PRICE);
        vm.assertEq(first.end, 0, "spot has no end");
        vm.warp(block.timestamp + 10);
        close(worker, first);
        assertBalance(worker, 10 * PRICE, "ten seconds");
        Deal memory second = spotDeal(1000 * PRICE);
        vm.warp(block.timestamp + 5);
        close(consumer, second);
        assertBalance(worker, 15 * PRICE, "five more");
        assertBalance(consumer, START - 15 * PRICE, "the rest is home");
    }

    function test_spot_escrow_used_up__deal_has_ended_in_that_second() public {
        Deal memory deal = spotDeal(1000 * PRICE + 1);
        uint256 start = block.timestamp;
        vm.warp(start + 1000);
        (, uint40 endsAt, bool ended) = market.dealNow(deal);
        vm.assertEq(endsAt, start + 1001, "the incomplete second counts");
        vm.assertFalse(ended, "one unit is left");
        vm.warp(start + 365 days);
        vm.recordLogs();
        settle(deal);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (, DealState memory state) = abi.decode(logs[0].data, (Deal, DealState));
        vm.assertEq(state.settledUntil, start + 1001, "ended long ago");
        assertBalance(worker, 1000 * PRICE + 1, "all of the escrow, not more");
    }

    function test_top_up__prolongs_spot_and_anyone_may() public {
        Deal memory deal = spotDeal(600 * PRICE);
        fund(stranger, 1e18);
        vm.warp(block.timestamp + 500);
        vm.prank(stranger);
        market.topUp(deal, Amount.wrap(100 * PRICE), Amount.wrap(0));
        (, uint40 endsAt,) = market.dealNow(deal);
        vm.assertEq(endsAt, deal.start + 700, "700 seconds in all");
        vm.warp(deal.start + 650);
        close(consumer, deal);
        assertBalance(worker, 650 * PRICE, "time used");
        assertBalance(consumer, START - 550 * PRICE, "what is left over is the consumer's");
    }

    function test_top_up_with_a_deposit__money_comes_from_the_wallet_in_the_same_call() public {
        Deal memory deal = spotDeal(600 * PRICE);
        snm.transfer(stranger, 1e18);
        vm.startPrank(stranger);
        snm.approve(address(market), 1e18);
        market.topUp(deal, Amount.wrap(PRICE), Amount.wrap(1e18));
        assertBalance(stranger, 1e18 - PRICE, "deposit less top up");
    }

    function test_top_up_of_an_ended_deal__refused() public {
        Deal memory deal = spotDeal(600 * PRICE);
        vm.warp(block.timestamp + 600);
        vm.prank(consumer);
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.DealEnded.selector, deal.id));
        market.topUp(deal, Amount.wrap(PRICE), Amount.wrap(0));
    }

    function test_top_up_of_what_is_paid_already_or_with_nothing__refused() public {
        Deal memory forward = forwardDeal();
        vm.startPrank(consumer);
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.NothingToTopUp.selector, forward.id));
        market.topUp(forward, Amount.wrap(1), Amount.wrap(0));
        vm.stopPrank();
        Deal memory spot = spotDeal(600 * PRICE);
        vm.prank(consumer);
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.NothingToTopUp.selector, spot.id));
        market.topUp(spot, Amount.wrap(0), Amount.wrap(0));
    }

    function test_worker_with_a_master__the_master_of_the_opening_is_paid() public {
        address master = account("master");
        bind(worker, master);
        Deal memory deal = forwardDeal();
        vm.assertEq(deal.master, master, "master");
        vm.prank(worker);
        profiles.unbind(worker);
        vm.warp(deal.end);
        settle(deal);
        assertBalance(master, 3600 * PRICE, "paid");
        assertBalance(worker, 0, "not the worker");
    }

    function test_forged_terms__are_no_deal() public {
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 100);
        bytes memory words = abi.encode(deal);
        for (uint256 member = 0; member < 11; ++member) {
            bytes memory forged = bytes.concat(words);
            uint256 offset = 32 * member + 31;
            forged[offset] = bytes1(uint8(forged[offset]) ^ 1);
            (bool ok,) = address(market).call(bytes.concat(market.settle.selector, forged));
            vm.assertFalse(ok, "settle");
            vm.prank(consumer);
            (ok,) = address(market).call(bytes.concat(market.closeDeal.selector, forged, abi.encode(0)));
            vm.assertFalse(ok, "close");
        }
    }

    function test_quick_buy__takes_the_ask_as_it_is() public {
        Order memory ask = anAsk();
        ask.tag = keccak256("tag");
        place(ask);
        vm.recordLogs();
        vm.prank(consumer);
        DealId id = market.quickBuy(ask, 1800, Amount.wrap(1800 * PRICE), Amount.wrap(0), 77);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2, "a bid and a deal");
        Order memory bid = abi.decode(logs[0].data, (Order));
        vm.assertEq(OrderId.unwrap(market.orderId(bid)), logs[0].topics[1], "its id is its hash");
        vm.assertEq(bid.author, consumer, "author");
        vm.assertEq(bid.counterparty, worker, "counterparty");
        vm.assertEq(bid.nonce, 77, "nonce");
        Deal memory deal = abi.decode(logs[1].data, (Deal));
        vm.assertEq(DealId.unwrap(deal.id), DealId.unwrap(id), "id");
        vm.assertEq(deal.end - deal.start, 1800, "duration");
        close(consumer, deal);
        assertBalance(consumer, START, "all back");
    }

    function test_quick_buy_of_a_taken_ask__refused_and_costs_nothing() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        openNew(ask, bid, 3600 * PRICE);
        uint256 before = market.balanceOf(consumer);
        expectNotOpen(ask, OrderStatus.Matched);
        vm.prank(consumer);
        market.quickBuy(ask, 1800, Amount.wrap(1800 * PRICE), Amount.wrap(0), 78);
        assertBalance(consumer, before, "untouched");
    }

    /// However time is cut into settlements, the sum is the same to the unit.
    function testFuzz_how_often_a_deal_is_settled__changes_nothing(uint96 price, uint32[8] memory steps)
        public
    {
        price = uint96(1 + price % 1e19);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.price = bid.price = Price.wrap(price);
        Deal memory deal = openNew(ask, bid, price * 3600);
        uint256 time = block.timestamp;
        for (uint256 i = 0; i < 8; ++i) {
            time += steps[i] % 400;
            vm.warp(time);
            settle(deal);
        }
        assertBalance(worker, uint256(price) * (time - deal.start), "price times seconds");
        close(consumer, deal);
        assertBalance(worker, uint256(price) * (time - deal.start), "closing adds nothing");
        assertBalance(consumer, START - uint256(price) * (time - deal.start), "conserved");
    }

    function test_block_time_falls_back__nothing_is_paid_twice_or_taken_back() public {
        Deal memory deal = forwardDeal();
        vm.warp(deal.start + 100);
        settle(deal);
        vm.warp(deal.start + 85);
        settle(deal);
        assertBalance(worker, 100 * PRICE, "kept");
        vm.assertEq(market.dealState(deal).settledUntil, deal.start + 100, "settled until does not fall");
        close(consumer, deal);
        assertBalance(worker, 100 * PRICE, "still kept");
        assertBalance(consumer, START - 100 * PRICE, "the rest");
    }

    function test_block_time_before_the_start__costs_nothing() public {
        Deal memory deal = forwardDeal();
        vm.warp(deal.start - 15);
        settle(deal);
        close(consumer, deal);
        assertBalance(consumer, START, "all back");
    }
}
