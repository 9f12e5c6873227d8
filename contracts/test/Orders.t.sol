// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../src/Types.sol";
import {IMarketBalances} from "../src/interfaces/IMarketBalances.sol";
import {IMarketBook} from "../src/interfaces/IMarketBook.sol";
import {System} from "./base/System.sol";
import {Vm, vm} from "./base/Vm.sol";

/// Placing and cancelling.
contract OrdersTest is System {
    function assertStatus(OrderId id, OrderStatus expected, uint96 escrow) private view {
        (OrderStatus status, Amount frozen) = market.orderState(id);
        vm.assertEq(uint256(status), uint256(expected), "status");
        vm.assertEq(Amount.unwrap(frozen), escrow, "escrow");
    }

    function test_ask_is_placed__event_carries_all_of_it() public {
        Order memory ask = anAsk();
        OrderId id = market.orderId(ask);
        vm.expectEmit(true, true, true, true);
        emit IMarketBook.OrderPlaced(id, worker, ask, Amount.wrap(0), 0);
        vm.prank(worker);
        market.placeAsk(ask);
        assertStatus(id, OrderStatus.Open, 0);
    }

    function test_bid_is_placed__its_escrow_leaves_the_balance() public {
        Order memory bid = aBid();
        OrderId id = market.orderId(bid);
        uint96 escrow = 3600 * PRICE;
        vm.expectEmit(true, true, true, true);
        emit IMarketBook.OrderPlaced(id, consumer, bid, Amount.wrap(escrow), 1_000_000e18 - escrow);
        place(bid);
        assertStatus(id, OrderStatus.Open, escrow);
        assertBalance(consumer, 1_000_000e18 - escrow, "rest");
    }

    function test_bid_with_a_deposit__money_comes_from_the_wallet_in_the_same_call() public {
        address poor = account("poor");
        snm.transfer(poor, 5e18);
        Order memory bid = aBid();
        bid.author = poor;
        vm.startPrank(poor);
        snm.approve(address(market), 5e18);
        market.placeBid(bid, Amount.wrap(3600 * PRICE), Amount.wrap(5e18));
        assertBalance(poor, 5e18 - 3600 * PRICE, "deposit less escrow");
    }

    function test_bid_with_too_little_escrow__refused_with_what_it_needs() public {
        Order memory bid = aBid();
        vm.prank(consumer);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketBook.EscrowTooSmall.selector, 3600 * PRICE - 1, 3600 * PRICE)
        );
        market.placeBid(bid, Amount.wrap(3600 * PRICE - 1), Amount.wrap(0));
    }

    function test_spot_bid__needs_ten_minutes() public {
        Order memory bid = aBid();
        bid.duration = 0;
        vm.prank(consumer);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketBook.EscrowTooSmall.selector, 600 * PRICE - 1, 600 * PRICE)
        );
        market.placeBid(bid, Amount.wrap(600 * PRICE - 1), Amount.wrap(0));
        place(bid, 600 * PRICE);
    }

    function test_bid_beyond_the_balance__refused_with_who_has_needs() public {
        Order memory bid = aBid();
        bid.author = stranger;
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketBalances.BalanceTooSmall.selector, stranger, 0, 3600 * PRICE)
        );
        market.placeBid(bid, Amount.wrap(3600 * PRICE), Amount.wrap(0));
    }

    function test_price_that_overflows_the_escrow__refused_not_wrapped() public {
        Order memory bid = aBid();
        bid.price = Price.wrap(type(uint96).max);
        bid.duration = type(uint32).max;
        vm.prank(consumer);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMarketBook.EscrowTooSmall.selector,
                type(uint96).max,
                uint256(type(uint96).max) * type(uint32).max
            )
        );
        market.placeBid(bid, Amount.wrap(type(uint96).max), Amount.wrap(0));
    }

    function test_price_zero__refused() public {
        Order memory ask = anAsk();
        ask.price = Price.wrap(0);
        vm.prank(worker);
        vm.expectRevert(IMarketBook.PriceIsZero.selector);
        market.placeAsk(ask);
    }

    function test_order_of_somebody_else__refused() public {
        Order memory ask = anAsk();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarketBook.NotTheAuthor.selector, stranger, worker));
        market.placeAsk(ask);
        Order memory bid = aBid();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarketBook.NotTheAuthor.selector, stranger, consumer));
        market.placeBid(bid, Amount.wrap(3600 * PRICE), Amount.wrap(0));
    }

    function test_ask_placed_as_bid_and_the_reverse__refused() public {
        Order memory order = anAsk();
        vm.startPrank(worker);
        vm.expectRevert(IMarketBook.WrongSide.selector);
        market.placeBid(order, Amount.wrap(1e18), Amount.wrap(0));
        order.side = Side.Bid;
        vm.expectRevert(IMarketBook.WrongSide.selector);
        market.placeAsk(order);
    }

    function test_expiry__from_the_next_second_to_ninety_days() public {
        Order memory ask = anAsk();
        uint40 time = uint40(block.timestamp);
        vm.startPrank(worker);
        uint40[3] memory refused = [time, time + 90 days + 1, 0];
        for (uint256 i = 0; i < 3; ++i) {
            ask.expiry = refused[i];
            vm.expectRevert(
                abi.encodeWithSelector(
                    IMarketBook.ExpiryOutOfRange.selector, refused[i], time + 1, time + 90 days
                )
            );
            market.placeAsk(ask);
        }
        ask.expiry = time + 1;
        market.placeAsk(ask);
        ask.expiry = time + 90 days;
        market.placeAsk(ask);
    }

    function test_same_order_twice__refused_while_open_cancelled_or_matched() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        place(ask);
        place(bid);
        expectExists(ask);
        expectExists(bid);
        open(ask, bid);
        expectExists(ask);
        expectExists(bid);

        ask = anAsk();
        place(ask);
        vm.prank(worker);
        market.cancelOrder(ask);
        expectExists(ask);
    }

    function expectExists(Order memory order) private {
        OrderId id = market.orderId(order);
        vm.prank(order.author);
        vm.expectRevert(abi.encodeWithSelector(IMarketBook.OrderExists.selector, id));
        if (order.side == Side.Ask) market.placeAsk(order);
        else market.placeBid(order, Amount.wrap(3600 * PRICE), Amount.wrap(0));
    }

    function test_bid_is_cancelled__escrow_returns_to_the_balance() public {
        Order memory bid = aBid();
        OrderId id = place(bid);
        vm.expectEmit(true, true, true, true);
        emit IMarketBook.OrderCancelled(id, consumer, consumer, Amount.wrap(3600 * PRICE), 1_000_000e18);
        vm.prank(consumer);
        market.cancelOrder(bid);
        assertStatus(id, OrderStatus.Cancelled, 0);
        assertBalance(consumer, 1_000_000e18, "all back");
    }

    function test_cancel_twice__refused_and_pays_once() public {
        Order memory bid = aBid();
        OrderId id = place(bid);
        vm.startPrank(consumer);
        market.cancelOrder(bid);
        vm.expectRevert(abi.encodeWithSelector(IMarketBook.OrderNotOpen.selector, id, OrderStatus.Cancelled));
        market.cancelOrder(bid);
        assertBalance(consumer, 1_000_000e18, "all back, once");
    }

    function test_cancel_of_a_matched_order__refused() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        openNew(ask, bid, 3600 * PRICE);
        OrderId id = market.orderId(bid);
        vm.prank(consumer);
        vm.expectRevert(abi.encodeWithSelector(IMarketBook.OrderNotOpen.selector, id, OrderStatus.Matched));
        market.cancelOrder(bid);
        id = market.orderId(ask);
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(IMarketBook.OrderNotOpen.selector, id, OrderStatus.Matched));
        market.cancelOrder(ask);
    }

    function test_expired_bid__anybody_sends_its_money_home() public {
        Order memory bid = aBid();
        place(bid);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarketBook.NotTheAuthor.selector, stranger, consumer));
        market.cancelOrder(bid);
        vm.warp(bid.expiry);
        market.cancelOrder(bid);
        assertBalance(consumer, 1_000_000e18, "the author's");
        assertBalance(stranger, 0, "not the caller's");
    }

    function test_words_with_bits_outside_their_types__refused() public {
        Order memory ask = anAsk();
        bytes memory call = abi.encodeCall(market.placeAsk, (ask));
        // Every member but nonce and benchmarks has a type narrower than its word; tag is a full word too.
        for (uint256 member = 0; member < 13; ++member) {
            if (member == 9) continue;
            bytes memory dirty = bytes.concat(call);
            dirty[4 + 32 * member] = 0x01;
            vm.prank(worker);
            (bool ok,) = address(market).call(dirty);
            vm.assertFalse(ok, "refused");
        }
    }

    function test_order_id__is_the_eip712_struct_hash() public {
        Order memory o = anAsk();
        bytes32 typehash = keccak256(
            "Order(uint8 side,address author,address counterparty,uint96 price,uint8 currency,uint32 duration,uint64 netflags,uint8 identity,address blacklist,bytes32 tag,uint88 rateMin,uint88 rateMax,uint40 expiry,uint256 nonce,uint256[4] benchmarks)"
        );
        bytes memory head = abi.encode(
            typehash,
            o.side,
            o.author,
            o.counterparty,
            o.price,
            o.currency,
            o.duration,
            o.netflags,
            o.identity
        );
        bytes memory tail = abi.encode(
            o.blacklist,
            o.tag,
            o.rateMin,
            o.rateMax,
            o.expiry,
            o.nonce,
            keccak256(abi.encodePacked(o.benchmarks[0], o.benchmarks[1], o.benchmarks[2], o.benchmarks[3]))
        );
        vm.assertEq(OrderId.unwrap(market.orderId(o)), keccak256(bytes.concat(head, tail)), "hashStruct");
    }

    /// Any change of any member gives another id.
    function testFuzz_order_id__depends_on_every_word(uint256 member, uint256 salt) public {
        member %= 18;
        Order memory ask = anAsk();
        bytes memory words = abi.encode(ask);
        uint256 offset = 32 * member + 31;
        words[offset] = bytes1(uint8(words[offset]) ^ 1);
        salt; // every run takes another member
        Order memory other = abi.decode(words, (Order));
        vm.assertTrue(OrderId.unwrap(market.orderId(ask)) != OrderId.unwrap(market.orderId(other)), "differs");
    }
}
