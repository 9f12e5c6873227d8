// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {IMarketBalances} from "../../src/interfaces/IMarketBalances.sol";
import {IMarketBook} from "../../src/interfaces/IMarketBook.sol";
import {IMarketDeals} from "../../src/interfaces/IMarketDeals.sol";
import {System} from "../base/System.sol";
import {vm} from "../base/Vm.sol";

/// Guards that several entries share: each entry has them.
contract MarketGuardsTest is System {
    function test_bid_for_nothing_or_beyond_its_time__refused_with_any_escrow() public {
        Order memory bid = aBid();
        bid.price = Price.wrap(0);
        vm.startPrank(consumer);
        vm.expectRevert(IMarketBook.PriceIsZero.selector);
        market.placeBid(bid, Amount.wrap(3600 * PRICE), Amount.wrap(0));
        bid.price = Price.wrap(PRICE);
        bid.expiry = uint40(NOON);
        vm.expectPartialRevert(IMarketBook.ExpiryOutOfRange.selector);
        market.placeBid(bid, Amount.wrap(3600 * PRICE), Amount.wrap(0));
        bid.expiry = uint40(NOON + 90 days + 1);
        vm.expectPartialRevert(IMarketBook.ExpiryOutOfRange.selector);
        market.placeBid(bid, Amount.wrap(3600 * PRICE), Amount.wrap(0));
        vm.stopPrank();
    }

    function test_top_up_beyond_the_balance__refused() public {
        Deal memory deal = spotDeal(600 * PRICE);
        vm.expectRevert(abi.encodeWithSelector(IMarketBalances.BalanceTooSmall.selector, stranger, 0, 1));
        vm.prank(stranger);
        market.topUp(deal, Amount.wrap(1), Amount.wrap(0));
    }

    function test_closed_deal__changes_are_neither_offered_nor_accepted() public {
        Deal memory deal = forwardDeal();
        Change memory change = Change(Price.wrap(PRICE), deal.end + 1, uint40(NOON + 1 hours));
        Change memory gift = Change(Price.wrap(PRICE + 1), deal.end, uint40(NOON + 1 hours));
        vm.prank(worker);
        market.requestChange(deal, change);
        close(consumer, deal);
        bytes memory notOpen = abi.encodeWithSelector(IMarketDeals.DealNotOpen.selector, deal.id);
        vm.startPrank(consumer);
        vm.expectRevert(notOpen);
        market.requestChange(deal, change);
        vm.expectRevert(notOpen);
        market.requestChange(deal, gift);
        vm.expectRevert(notOpen);
        market.acceptChange(deal, change);
        vm.stopPrank();
    }
}
