// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import "../../src/Types.sol";
import {IMarketBook} from "../../src/interfaces/IMarketBook.sol";
import {IMarketDeals} from "../../src/interfaces/IMarketDeals.sol";
import {IMarketSigned} from "../../src/interfaces/IMarketSigned.sol";
import {System} from "../base/System.sol";
import {Vm, vm} from "../base/Vm.sol";
import {Wallet1271} from "../mocks/Wallet1271.sol";

/// Many entries in one call: what is dead is skipped and reported.
contract BatchesTest is System {
    function repeat(bytes memory call, uint256 count) private pure returns (bytes[] memory calls) {
        calls = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            calls[i] = call;
        }
    }

    function test_batch_of_asks__placed_by_the_caller_and_a_dead_one_is_reported() public {
        bytes[] memory calls = new bytes[](3);
        Order memory first = anAsk();
        Order memory dead = anAsk();
        dead.price = Price.wrap(0);
        Order memory last = anAsk();
        calls[0] = abi.encodeCall(market.placeAsk, (first));
        calls[1] = abi.encodeCall(market.placeAsk, (dead));
        calls[2] = abi.encodeCall(market.placeAsk, (last));
        vm.recordLogs();
        vm.prank(worker);
        vm.assertEq(market.batch(calls), 2, "bit 1: the second was skipped");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3, "placed, skipped, placed");
        vm.assertEq(logs[1].topics[0], IMarketDeals.EntrySkipped.selector, "skipped");
        vm.assertEq(uint256(logs[1].topics[1]), 1, "which");
        vm.assertEq(address(uint160(uint256(logs[1].topics[2]))), worker, "whose");
        bytes memory reason = abi.decode(logs[1].data, (bytes));
        vm.assertEq(
            keccak256(reason), keccak256(abi.encodeWithSelector(IMarketBook.PriceIsZero.selector)), "why"
        );
        (OrderStatus status,) = market.orderState(market.orderId(last));
        vm.assertEq(uint256(status), uint256(OrderStatus.Open), "placed");
    }

    function test_batch__gives_nobody_anothers_rights() public {
        Order memory bid = aBid();
        place(bid);
        bytes[] memory calls = new bytes[](4);
        calls[0] = abi.encodeCall(market.cancelOrder, (bid));
        calls[1] = abi.encodeCall(market.pause, (1));
        calls[2] = abi.encodeCall(market.withdraw, (stranger, Amount.wrap(1)));
        calls[3] = abi.encodeCall(market.placeAsk, (anAsk()));
        vm.prank(stranger);
        vm.assertEq(market.batch(calls), 15, "all four");
        calls[0] = abi.encodeCall(market.pause, (1));
        vm.prank(admin);
        vm.assertEq(market.batch(calls) & 1, 0, "the admin's rights stay the admin's");
    }

    function test_batch_of_openings__the_second_for_one_order_is_skipped() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        Order memory rival = aBid();
        place(ask);
        place(bid);
        place(rival);
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(market.openDeal, (ask, bid));
        calls[1] = abi.encodeCall(market.openDeal, (ask, rival));
        (ask, bid) = (anAsk(), aBid());
        calls[2] = abi.encodeCall(market.openWithSignatures, (ask, sign(ask), bid, sign(bid)));
        vm.prank(stranger);
        vm.assertEq(market.batch(calls), 2, "the rival's");
        vm.assertEq(market.dealCount(), 2, "the others opened");
    }

    function test_batch_of_settling_and_closing__closed_deals_are_skipped() public {
        Deal memory first = forwardDeal();
        Deal memory second = spotDeal(600 * PRICE);
        vm.warp(block.timestamp + 60);
        bytes[] memory calls = new bytes[](4);
        calls[0] = abi.encodeCall(market.settle, (first));
        calls[1] = abi.encodeCall(market.closeDeal, (second, BlacklistChoice.Nobody));
        calls[2] = abi.encodeCall(market.settle, (second));
        calls[3] = abi.encodeCall(market.closeDeal, (first, BlacklistChoice.Nobody));
        vm.prank(consumer);
        vm.assertEq(market.batch(calls), 4, "the closed one");
        assertBalance(worker, 120 * PRICE, "both paid");
    }

    function test_settle_many__closed_deals_are_skipped_and_reported() public {
        Deal[] memory deals = new Deal[](3);
        deals[0] = forwardDeal();
        deals[1] = forwardDeal();
        deals[2] = openSigned(anAsk(), aBid());
        close(consumer, deals[1]);
        vm.warp(block.timestamp + 60);
        vm.expectEmit(true, true, true, true);
        emit IMarketDeals.EntrySkipped(
            1, stranger, abi.encodeWithSelector(IMarketDeals.DealNotOpen.selector, deals[1].id)
        );
        vm.prank(stranger);
        vm.assertEq(market.settleMany(deals), 2, "the closed one");
        assertBalance(worker, 120 * PRICE, "the others are paid");
        vm.warp(block.timestamp + 10 * 365 days);
        vm.assertEq(market.settleMany(deals), 2, "what has ended is closed");
        assertBalance(worker, 7200 * PRICE, "whole prices");
        vm.assertEq(market.settleMany(deals), 7, "nothing is left");
    }

    function test_length__0_1_limit_and_one_more() public {
        vm.startPrank(worker);
        vm.assertEq(market.batch(new bytes[](0)), 0, "none");
        bytes memory call = abi.encodeCall(market.cancelNonce, (1));
        vm.assertEq(market.batch(repeat(call, 1)), 0, "one");
        vm.assertEq(market.batch(repeat(call, 64)), 0, "limit");
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.BatchTooLong.selector, 65, 64));
        market.batch(repeat(call, 65));
        vm.assertEq(market.settleMany(new Deal[](0)), 0, "none");
        vm.assertEq(market.settleMany(new Deal[](1)), 1, "one");
        vm.assertEq(market.settleMany(new Deal[](64)), type(uint64).max, "limit");
        vm.expectRevert(abi.encodeWithSelector(IMarketDeals.BatchTooLong.selector, 65, 64));
        market.settleMany(new Deal[](65));
    }

    function test_batch_in_a_batch__refused() public {
        bytes memory inner = abi.encodeCall(market.batch, (new bytes[](0)));
        vm.expectRevert(IMarketSigned.BatchInBatch.selector);
        market.batch(repeat(inner, 1));
    }

    function test_entries_of_noise__skipped() public {
        bytes[] memory calls = new bytes[](3);
        calls[1] = hex"01";
        calls[2] = hex"deadbeef00";
        vm.assertEq(market.batch(calls), 7, "all");
    }

    function test_wallet_that_burns_gas_in_a_batch__only_its_own_entry_fails() public {
        Wallet1271 wallet = new Wallet1271(consumer);
        wallet.setMode(Wallet1271.Mode.Burning);
        bytes[] memory calls = new bytes[](2);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bid.author = address(wallet);
        calls[0] = abi.encodeCall(market.openWithSignatures, (ask, sign(ask), bid, hex"01"));
        (ask, bid) = (anAsk(), aBid());
        calls[1] = abi.encodeCall(market.openWithSignatures, (ask, sign(ask), bid, sign(bid)));
        vm.prank(stranger);
        vm.assertEq(market.batch{gas: 1_500_000}(calls), 1, "the wallet's");
        vm.assertEq(market.dealCount(), 1, "the other opened");
    }

    function test_batch_with_deposits__each_is_counted_once() public {
        snm.transfer(stranger, 10e18);
        vm.startPrank(stranger);
        snm.approve(address(market), 10e18);
        bytes[] memory calls = repeat(abi.encodeCall(market.deposit, (Amount.wrap(4e18))), 3);
        vm.assertEq(market.batch(calls), 4, "the third is beyond the wallet");
        assertBalance(stranger, 8e18, "two");
        calls = repeat(abi.encodeCall(market.withdraw, (stranger, Amount.wrap(5e18))), 2);
        vm.assertEq(market.batch(calls), 2, "the second is beyond the balance");
        vm.assertEq(snm.balanceOf(stranger), 7e18, "in the wallet");
    }
}
