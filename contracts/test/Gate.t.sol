// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import "../src/Types.sol";
import {IMarketGate} from "../src/interfaces/IMarketGate.sol";
import {System} from "./base/System.sol";
import {vm} from "./base/Vm.sol";

/// What the admin can do, and that it is nothing else.
contract GateTest is System {
    function pause(uint40 duration) private {
        vm.prank(admin);
        market.pause(duration);
    }

    function test_paused__no_new_orders_and_deals() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        place(ask);
        place(bid);
        pause(1 days);
        bytes memory paused = abi.encodeWithSelector(IMarketGate.Paused.selector, block.timestamp + 1 days);
        vm.expectRevert(paused);
        market.openDeal(ask, bid);
        vm.prank(consumer);
        vm.expectRevert(paused);
        market.quickBuy(ask, 60, Amount.wrap(60 * PRICE), Amount.wrap(0), 1);
        Order memory another = anAsk();
        vm.prank(worker);
        vm.expectRevert(paused);
        market.placeAsk(another);
        another = aBid();
        vm.prank(consumer);
        vm.expectRevert(paused);
        market.placeBid(another, Amount.wrap(3600 * PRICE), Amount.wrap(0));
    }

    function test_paused__everything_that_returns_money_goes_on() public {
        Deal memory deal = forwardDeal();
        Deal memory spot = spotDeal(600 * PRICE);
        Order memory bid = aBid();
        place(bid);
        pause(1 days);
        vm.warp(block.timestamp + 100);
        settle(deal);
        vm.startPrank(consumer);
        market.topUp(spot, Amount.wrap(PRICE), Amount.wrap(0));
        market.closeDeal(deal, BlacklistChoice.Nobody);
        market.closeDeal(spot, BlacklistChoice.Counterparty);
        market.cancelOrder(bid);
        market.deposit(Amount.wrap(0));
        market.withdraw(consumer, Amount.wrap(uint96(market.balanceOf(consumer))));
        vm.stopPrank();
        vm.assertEq(snm.balanceOf(consumer), 1_000_000e18 - 200 * PRICE, "all but the time used");
    }

    function test_pause__expires_by_itself() public {
        pause(1 hours);
        vm.warp(block.timestamp + 1 hours - 1);
        vm.assertTrue(block.timestamp < market.pausedUntil(), "paused");
        vm.warp(block.timestamp + 1);
        place(anAsk());
    }

    function test_pause_too_long_or_too_soon_after_the_last__refused() public {
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IMarketGate.PauseTooLong.selector, 7 days + 1, 7 days));
        market.pause(7 days + 1);
        market.pause(7 days);
        uint256 until = block.timestamp + 7 days;
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IMarketGate.PausedTooRecently.selector, until + 7 days));
            market.pause(1);
            vm.warp(block.timestamp + 4 days);
        }
        vm.warp(until + 7 days);
        market.pause(7 days);
    }

    function test_unpause__opens_at_once_but_does_not_allow_a_new_pause() public {
        pause(1 days);
        vm.startPrank(admin);
        market.unpause();
        vm.expectRevert(
            abi.encodeWithSelector(IMarketGate.PausedTooRecently.selector, block.timestamp + 7 days)
        );
        market.pause(1);
        vm.stopPrank();
        place(anAsk());
    }

    function test_anybody_but_the_admin__cannot_pause() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        market.pause(1);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        market.unpause();
    }

    function test_admin_moves_to_the_dao__in_two_steps() public {
        vm.prank(admin);
        market.transferOwnership(stranger);
        vm.assertEq(market.owner(), admin, "not yet");
        vm.prank(stranger);
        market.acceptOwnership();
        vm.assertEq(market.owner(), stranger, "now");
    }
}
