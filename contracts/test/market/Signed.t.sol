// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {IMarketBalances} from "../../src/interfaces/IMarketBalances.sol";
import {IMarketBook} from "../../src/interfaces/IMarketBook.sol";
import {IMarketDeals} from "../../src/interfaces/IMarketDeals.sol";
import {IMarketGate} from "../../src/interfaces/IMarketGate.sol";
import {IMarketSigned} from "../../src/interfaces/IMarketSigned.sol";
import {System} from "../base/System.sol";
import {Vm, vm} from "../base/Vm.sol";

/// Orders that are signed off chain.
contract SignedTest is System {
    uint256 private constant START = 1_000_000e18;
    uint256 private constant NO_NONCE = type(uint256).max;
    uint256 private constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function refuse(Order memory ask, bytes memory a, Order memory bid, bytes memory b, bytes memory why)
        private
    {
        vm.expectRevert(why);
        market.openWithSignatures(ask, a, bid, b);
    }

    function notSigned(Order memory order) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketSigned.NotSigned.selector, market.orderId(order), order.author);
    }

    function used(Order memory order) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarketSigned.NonceUsed.selector, order.author, order.nonce);
    }

    function assertNonces(Vm.Log memory log, uint256 ask, uint256 bid) private pure {
        vm.assertEq(log.topics[0], IMarketDeals.SignaturesUsed.selector, "signatures used");
        (uint256 askNonce, uint256 bidNonce) = abi.decode(log.data, (uint256, uint256));
        vm.assertEq(askNonce, ask, "ask's nonce");
        vm.assertEq(bidNonce, bid, "bid's nonce");
    }

    function assertOpened(Vm.Log memory log, uint256 escrow) private view {
        vm.assertEq(log.topics[0], IMarketDeals.DealOpened.selector, "opened");
        (Deal memory deal, DealState memory state, uint96 refund, uint256 balance) =
            abi.decode(log.data, (Deal, DealState, uint96, uint256));
        vm.assertEq(Amount.unwrap(state.escrow), escrow, "exactly the deal's price");
        vm.assertEq(refund, 0, "nothing back");
        vm.assertEq(balance, START - escrow, "balance in the event");
        vm.assertEq(keccak256(abi.encode(market.dealState(deal))), keccak256(abi.encode(state)), "stored");
    }

    function test_two_signed_orders__deal_opens_and_the_escrow_comes_from_the_balance() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.price = Price.wrap(PRICE / 2);
        (bytes memory a, bytes memory b) = (sign(ask), sign(bid));
        vm.recordLogs();
        vm.prank(stranger);
        market.openWithSignatures(ask, a, bid, b);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2, "opened, signatures used");
        assertOpened(logs[0], 3600 * (PRICE / 2));
        assertNonces(logs[1], ask.nonce, bid.nonce);
        assertBalance(consumer, START - 3600 * (PRICE / 2), "taken");
        vm.assertTrue(market.isNonceUsed(worker, ask.nonce), "ask's nonce is used up");
        vm.assertTrue(market.isNonceUsed(consumer, bid.nonce), "bid's nonce is used up");
    }

    function test_deal_of_signed_orders__lives_and_dies_like_any_other() public {
        Deal memory deal = openSigned(anAsk(), aBid());
        vm.warp(block.timestamp + 100);
        settle(deal);
        assertBalance(worker, 100 * PRICE, "settled");
        vm.warp(block.timestamp + 100);
        close(consumer, deal);
        assertBalance(worker, 200 * PRICE, "closed");
        assertBalance(consumer, START - 200 * PRICE, "the rest is home");
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.DealNotOpen.selector, deal.id));
        market.settle(deal);
    }

    function test_spot_deal_of_signed_orders__freezes_ten_minutes_and_can_be_topped_up() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.duration = bid.duration = 0;
        Deal memory deal = openSigned(ask, bid);
        vm.assertEq(Amount.unwrap(market.dealState(deal).escrow), 600 * PRICE, "ten minutes");
        vm.prank(consumer);
        market.topUp(deal, Amount.wrap(60 * PRICE), Amount.wrap(0));
        (, uint40 endsAt,) = market.dealNow(deal);
        vm.assertEq(endsAt, deal.start + 660, "one more");
    }

    function test_dollar_deal_of_signed_orders__each_sides_rate_bounds_hold() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.currency = bid.currency = Currency.USD;
        ask.rateMax = Rate.wrap(RATE);
        bid.rateMin = Rate.wrap(RATE);
        Deal memory deal = openSigned(ask, bid);
        vm.assertEq(Amount.unwrap(market.dealState(deal).escrow), 3600 * 20 * PRICE, "at today's rate");
        (ask, bid) = (anAsk(), aBid());
        ask.currency = bid.currency = Currency.USD;
        ask.rateMax = Rate.wrap(RATE - 1);
        refuse(ask, sign(ask), bid, sign(bid), mismatch(ask, bid, Mismatch.AskRate));
        ask.rateMax = Rate.wrap(0);
        bid.rateMin = Rate.wrap(RATE + 1);
        refuse(ask, sign(ask), bid, sign(bid), mismatch(ask, bid, Mismatch.BidRate));
    }

    function test_signed_bid_with_an_ask_from_the_book__takes_it_out() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        place(ask);
        bytes memory signature = sign(bid);
        vm.recordLogs();
        market.openWithSignatures(ask, "", bid, signature);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertNonces(logs[1], NO_NONCE, bid.nonce);
        (OrderStatus status,) = market.orderState(market.orderId(ask));
        vm.assertEq(uint256(status), uint256(OrderStatus.Matched), "taken out of the book");
        vm.warp(block.timestamp + 10);
        close(consumer, abi.decode(logs[0].data, (Deal)));
        assertBalance(worker, 10 * PRICE, "paid");
        assertBalance(consumer, START - 10 * PRICE, "the rest is home");
    }

    function test_signed_ask_with_a_bid_from_the_book__takes_it_out() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        place(bid, 5000 * PRICE);
        bytes memory signature = sign(ask);
        vm.recordLogs();
        market.openWithSignatures(ask, signature, bid, "");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertNonces(logs[1], ask.nonce, NO_NONCE);
        (OrderStatus status,) = market.orderState(market.orderId(bid));
        vm.assertEq(uint256(status), uint256(OrderStatus.Matched), "taken out of the book");
        close(consumer, abi.decode(logs[0].data, (Deal)));
        assertBalance(consumer, START, "all is home");
    }

    function test_no_signature_and_not_in_the_book__refused() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bytes4 notOpen = IMarketBook.OrderNotOpen.selector;
        refuse(ask, sign(ask), bid, "", abi.encodeWithSelector(notOpen, market.orderId(bid), 0));
        refuse(ask, "", bid, sign(bid), abi.encodeWithSelector(notOpen, market.orderId(ask), 0));
    }

    function test_same_signatures_again__refused() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        (bytes memory a, bytes memory b) = (sign(ask), sign(bid));
        Deal memory deal = openSigned(ask, bid);
        refuse(ask, a, bid, b, used(ask));
        close(consumer, deal);
        refuse(ask, a, bid, b, used(ask));
        Order memory fresh = anAsk();
        refuse(fresh, sign(fresh), bid, b, used(bid));
    }

    function test_cancelled_nonce__alone_or_in_a_word__kills_the_order() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        vm.expectEmit(true, true, true, true);
        emit IMarketSigned.NoncesCancelled(worker, ask.nonce >> 8, 1 << (ask.nonce & 255));
        vm.prank(worker);
        market.cancelNonce(ask.nonce);
        refuse(ask, sign(ask), bid, sign(bid), used(ask));
        vm.startPrank(consumer);
        market.cancelNonces(bid.nonce >> 8, type(uint256).max);
        market.cancelNonces(bid.nonce >> 8, type(uint256).max);
        vm.stopPrank();
        Order memory other = anAsk();
        refuse(other, sign(other), bid, sign(bid), used(bid));
        vm.assertFalse(market.isNonceUsed(consumer, 256), "the next word is not touched");
        vm.assertFalse(market.isNonceUsed(stranger, bid.nonce), "nor anybody else's");
        bid.nonce = 256;
        openSigned(other, bid);
    }

    function test_nonces__have_no_order() public {
        uint256[4] memory nonces = [type(uint256).max - 1, uint256(0), 1 << 200, 255];
        for (uint256 i = 0; i < 4; ++i) {
            Order memory ask = anAsk();
            Order memory bid = aBid();
            bid.nonce = nonces[i];
            openSigned(ask, bid);
            vm.assertTrue(market.isNonceUsed(consumer, nonces[i]), "used");
        }
        Order memory last = anAsk();
        last.nonce = NO_NONCE;
        Order memory another = aBid();
        refuse(last, sign(last), another, sign(another), used(last));
    }

    function test_signature_of_somebody_else_or_of_another_order__refused() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bytes memory good = sign(bid);
        bytes32 digest = market.digestOf(market.orderId(ask));
        refuse(ask, signDigest(stranger, digest), bid, good, notSigned(ask));
        refuse(ask, signDigest(worker, OrderId.unwrap(market.orderId(ask))), bid, good, notSigned(ask));
        bytes memory forAnother = sign(anAsk());
        refuse(ask, forAnother, bid, good, notSigned(ask));
        bytes memory a = sign(ask);
        refuse(ask, a, bid, a, notSigned(bid));
    }

    function test_signature_for_another_chain_or_contract__refused() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bytes memory b = sign(bid);
        refuse(ask, signDigest(worker, digestFor(ask, 1, address(market))), bid, b, notSigned(ask));
        refuse(ask, signDigest(worker, digestFor(ask, 31337, stranger)), bid, b, notSigned(ask));
        bytes32 right = digestFor(ask, 31337, address(market));
        vm.assertEq(right, market.digestOf(market.orderId(ask)), "the rest of the domain is as documented");
    }

    function digestFor(Order memory order, uint256 chain, address verifier) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("SONM Market"),
                keccak256("1"),
                chain,
                verifier
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, market.orderId(order)));
    }

    function test_high_s_compact_and_odd_signatures__refused() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bytes memory b = sign(bid);
        bytes memory good = sign(ask);
        (bytes32 r, bytes32 s, uint8 v) = split(good);
        bytes32 high = bytes32(CURVE_ORDER - uint256(s));
        bytes[9] memory bad = [
            abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27)),
            abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255))),
            abi.encodePacked(r, s, v - 27),
            abi.encodePacked(r, s, v, uint8(0)),
            abi.encodePacked(r, s),
            abi.encodePacked(r, bytes32(0), v),
            abi.encodePacked(bytes32(0), s, v),
            abi.encodePacked(uint8(1)),
            new bytes(65)
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            refuse(ask, bad[i], bid, b, notSigned(ask));
        }
        market.openWithSignatures(ask, good, bid, b);
    }

    function split(bytes memory signature) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }

    function test_order_of_nobody__nobody_signs_for_it() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.author = address(0);
        refuse(ask, new bytes(65), bid, sign(bid), notSigned(ask));
    }

    function test_signed_order_that_expired__refused() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        (bytes memory a, bytes memory b) = (sign(ask), sign(bid));
        vm.warp(ask.expiry - 1);
        uint256 expiry = ask.expiry;
        market.openWithSignatures(ask, a, bid, b);
        (ask, bid) = (anAsk(), aBid());
        ask.expiry = uint40(expiry);
        bid.expiry = uint40(expiry);
        (a, b) = (sign(ask), sign(bid));
        vm.warp(expiry);
        refuse(ask, a, bid, b, mismatch(ask, bid, Mismatch.AskExpired));
        vm.warp(expiry + 10 * 365 days);
        refuse(ask, a, bid, b, mismatch(ask, bid, Mismatch.AskExpired));
        vm.warp(expiry - 15);
        market.openWithSignatures(ask, a, bid, b);
    }

    function test_signed_bid_beyond_the_balance__refused_and_nothing_is_used_up() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bid.author = stranger;
        bytes memory why =
            abi.encodeWithSelector(IMarketBalances.BalanceTooSmall.selector, stranger, 0, 3600 * PRICE);
        refuse(ask, sign(ask), bid, sign(bid), why);
        vm.assertFalse(market.isNonceUsed(worker, ask.nonce), "the ask's nonce is free");
        fund(stranger, 3600 * PRICE);
        openSigned(ask, bid);
        assertBalance(stranger, 0, "all of it");
    }

    function test_signed_ask_at_price_0__refused() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.price = Price.wrap(0);
        refuse(ask, sign(ask), bid, sign(bid), abi.encodeWithSelector(IMarketBook.PriceIsZero.selector));
    }

    function test_signed_bid_at_an_absurd_price__refused_not_wrapped() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.price = bid.price = Price.wrap(type(uint96).max);
        ask.duration = bid.duration = type(uint32).max;
        uint256 needs = uint256(type(uint96).max) * type(uint32).max;
        bytes memory why =
            abi.encodeWithSelector(IMarketBalances.BalanceTooSmall.selector, consumer, START, needs);
        refuse(ask, sign(ask), bid, sign(bid), why);
    }

    function test_same_order_in_the_book_and_signed__are_two_offers() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        place(ask);
        bytes memory b = sign(bid);
        refuse(ask, sign(ask), placed(aBid()), "", exists(ask));
        refuse(placed(anAsk()), "", placed(bid), b, exists(bid));
        openSigned(ask, bid);
        (OrderStatus status,) = market.orderState(market.orderId(ask));
        vm.assertEq(uint256(status), uint256(OrderStatus.Open), "the one in the book still stands");
    }

    function placed(Order memory order) private returns (Order memory) {
        place(order);
        return order;
    }

    function exists(Order memory order) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketBook.OrderExists.selector, market.orderId(order));
    }

    function test_paused__no_signed_order_opens_but_nonces_can_be_cancelled() public {
        vm.prank(admin);
        market.pause(1 days);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bytes memory why = abi.encodeWithSelector(IMarketGate.Paused.selector, block.timestamp + 1 days);
        refuse(ask, sign(ask), bid, sign(bid), why);
        vm.prank(worker);
        market.cancelNonce(ask.nonce);
    }

    /// However orders and signatures are mixed, only the author's own spelling opens a deal.
    function testFuzz_any_other_bytes__are_no_signature(bytes memory noise, uint256 flip) public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bytes memory b = sign(bid);
        if (noise.length != 0) refuse(ask, noise, bid, b, notSigned(ask));
        bytes memory a = sign(ask);
        a[flip % 65] = bytes1(uint8(a[flip % 65]) ^ uint8(1 + (flip >> 8) % 255));
        refuse(ask, a, bid, b, notSigned(ask));
    }
}
