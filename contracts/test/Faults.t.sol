// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import "../src/Types.sol";
import {IBlacklist} from "../src/interfaces/IBlacklist.sol";
import {IMarketBook} from "../src/interfaces/IMarketBook.sol";
import {IMarketDeals} from "../src/interfaces/IMarketDeals.sol";
import {IPriceOracle} from "../src/interfaces/IPriceOracle.sol";
import {IProfileRegistry} from "../src/interfaces/IProfileRegistry.sol";
import {System} from "./base/System.sol";
import {Vm, vm} from "./base/Vm.sol";
import {HostileToken, ITokenHook} from "./mocks/HostileToken.sol";

/// What went wrong in the market of SONM 2018-2020, one test each.
/// The faults of change requests and of the bridge wait for those parts.
contract FaultsTest is System, ITokenHook {
    uint256 private constant START = 1_000_000e18;
    Order private _stolen;
    bool private _drained;

    function test_short_netflags__do_not_drop_the_bids_requirements() public {
        for (uint256 flag = 0; flag < 64; ++flag) {
            Order memory ask = anAsk();
            Order memory bid = aBid();
            ask.netflags = type(uint64).max ^ uint64(1 << flag);
            bid.netflags = uint64(1 << flag);
            assertMismatch(ask, bid, Mismatch.Netflags, "the one flag that is missing");
        }
    }

    function test_buyers_wallet_is_empty__supplier_cannot_end_a_forward_deal_early() public {
        Deal memory deal = forwardDeal();
        emptyTheWallet();
        vm.warp(block.timestamp + 100);
        vm.startPrank(worker);
        market.settle(deal);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketDeals.ClosedTooEarly.selector, deal.id, block.timestamp, deal.end)
        );
        market.closeDeal(deal, BlacklistChoice.Nobody);
        vm.assertEq(uint256(market.dealState(deal).status), uint256(DealStatus.Open), "goes on");
    }

    function test_zero_allowance__stops_neither_billing_nor_closing() public {
        Deal memory deal = forwardDeal();
        emptyTheWallet();
        vm.warp(block.timestamp + 100);
        settle(deal);
        assertBalance(worker, 100 * PRICE, "billed");
        vm.warp(block.timestamp + 100);
        close(consumer, deal);
        assertBalance(worker, 200 * PRICE, "closed");
    }

    /// Nothing left outside the market: no free balance, no tokens, no allowance.
    function emptyTheWallet() private {
        vm.startPrank(consumer);
        market.withdraw(stranger, Amount.wrap(uint96(market.balanceOf(consumer))));
        snm.approve(address(market), 0);
        vm.stopPrank();
    }

    function test_billing_every_second__does_not_round_to_zero() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.price = bid.price = Price.wrap(1);
        Deal memory deal = openNew(ask, bid, 3600);
        for (uint256 i = 1; i <= 100; ++i) {
            vm.warp(deal.start + i);
            settle(deal);
        }
        assertBalance(worker, 100, "one unit a second");
    }

    function test_billing_every_second_in_dollars__does_not_round_to_zero() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.currency = bid.currency = Currency.USD;
        ask.price = bid.price = Price.wrap(1);
        vm.warp(block.timestamp + 600);
        vm.prank(feeder);
        oracle.report(Rate.wrap(RATE + RATE / 2)); // 13.33 SNM per USD: a fraction every second
        Deal memory deal = openNew(ask, bid, 3600 * 14);
        for (uint256 i = 1; i <= 100; ++i) {
            vm.warp(deal.start + i);
            settle(deal);
        }
        assertBalance(worker, 1333, "rounded once, over the whole deal");
    }

    function test_new_rate__does_not_apply_to_the_unbilled_past() public {
        Deal memory deal = dollarDeal();
        vm.warp(deal.start + 1000);
        vm.prank(feeder);
        oracle.report(Rate.wrap(RATE / 2));
        settle(deal);
        assertBalance(worker, 1000 * 20 * PRICE, "the past at the rate of the past");
    }

    function test_absurd_rate__is_refused_and_the_worst_allowed_one_freezes_nothing() public {
        Deal memory deal = dollarDeal();
        vm.warp(block.timestamp + 600);
        vm.startPrank(feeder);
        vm.expectRevert();
        oracle.report(Rate.wrap(1));
        vm.expectRevert();
        oracle.report(Rate.wrap(type(uint88).max));
        for (uint256 rate = RATE; rate > 1e12;) {
            rate = rate / 2 < 1e12 ? 1e12 : rate - rate / 2;
            oracle.report(Rate.wrap(uint88(rate)));
            vm.warp(block.timestamp + 600);
        }
        vm.stopPrank();
        close(consumer, deal);
        uint256 free = market.balanceOf(worker) + market.balanceOf(consumer);
        vm.assertEq(free, START, "all escrow is free again");
    }

    function dollarDeal() private returns (Deal memory) {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.currency = bid.currency = Currency.USD;
        return openNew(ask, bid, 3600 * 40 * PRICE);
    }

    function test_owner__cannot_take_escrow_or_balances() public {
        Deal memory deal = forwardDeal();
        Order memory bid = aBid();
        place(bid);
        uint256 held = snm.balanceOf(address(market));
        vm.startPrank(admin);
        bytes[10] memory tries = [
            abi.encodeCall(market.withdraw, (admin, Amount.wrap(1))),
            abi.encodeCall(market.cancelOrder, (bid)),
            abi.encodeCall(market.closeDeal, (deal, BlacklistChoice.Nobody)),
            abi.encodeCall(market.topUp, (deal, Amount.wrap(1), Amount.wrap(0))),
            abi.encodeCall(market.settle, (deal)),
            abi.encodeCall(market.pause, (1 days)),
            abi.encodeCall(market.unpause, ()),
            abi.encodeWithSignature("transferFrom(address,address,uint256)", consumer, admin, 1),
            abi.encodeWithSignature("KillMarket()"),
            abi.encodeWithSignature("renounceOwnership()")
        ];
        for (uint256 i = 0; i < tries.length; ++i) {
            (bool ok,) = address(market).call(tries[i]);
            ok; // pausing and settling may succeed; money is what counts
        }
        vm.stopPrank();
        vm.assertEq(snm.balanceOf(admin) + market.balanceOf(admin), 0, "the owner got nothing");
        vm.assertEq(snm.balanceOf(address(market)), held, "and nothing left");
    }

    function test_cancel__marks_before_it_pays() public {
        vm.warp(NOON);
        HostileToken token = new HostileToken(address(this));
        deploySystem(IERC20(address(token)));
        token.approve(address(market), type(uint256).max);
        market.deposit(Amount.wrap(10e18));
        token.transfer(consumer, 100e18);
        vm.startPrank(consumer);
        token.approve(address(market), type(uint256).max);
        market.deposit(Amount.wrap(100e18));
        vm.stopPrank();

        _stolen = aBid();
        _stolen.author = address(this);
        market.placeBid(_stolen, Amount.wrap(10e18), Amount.wrap(0));
        market.cancelOrder(_stolen);
        token.setMode(HostileToken.Mode.Reentering, this);
        market.withdraw(address(this), Amount.wrap(10e18));
        vm.assertTrue(_drained, "the hook ran");
        vm.assertEq(token.balanceOf(address(market)), 100e18, "only its own came out");
    }

    function onTokenMoved() external {
        _drained = true;
        try market.cancelOrder(_stolen) {} catch {}
        try market.withdraw(address(this), Amount.wrap(10e18)) {} catch {}
        try market.placeBid(_stolen, Amount.wrap(10e18), Amount.wrap(0)) {} catch {}
    }

    function test_benchmark_count__is_fixed_and_orders_that_use_few_match_those_that_use_all() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        for (uint256 i = 0; i < 16; ++i) {
            setBenchmark(ask, i, 5000);
            setBenchmark(bid, i, i < 3 ? 5000 : 0);
        }
        DealId id = openNew(ask, bid, 3600 * PRICE).id;
        vm.assertEq(DealId.unwrap(id), 1, "matched");
    }

    function test_spot_deal__does_not_end_one_second_after_opening() public {
        Deal memory deal = spotDeal(600 * PRICE);
        vm.warp(deal.start + 1);
        settle(deal);
        vm.assertEq(uint256(market.dealState(deal).status), uint256(DealStatus.Open), "goes on");
        vm.warp(deal.start + 599);
        settle(deal);
        vm.assertEq(uint256(market.dealState(deal).status), uint256(DealStatus.Open), "for ten minutes");
    }

    function test_quick_buy_with_duration_0__does_not_turn_a_forward_ask_into_spot() public {
        Order memory ask = anAsk();
        place(ask);
        vm.prank(consumer);
        vm.expectPartialRevert(IMarketDeals.OrdersDoNotMatch.selector);
        market.quickBuy(ask, 0, Amount.wrap(600 * PRICE), Amount.wrap(0), 1);
    }

    function test_old_request_to_another_master__does_not_take_over_the_payouts() public {
        address first = account("first");
        address second = account("second");
        vm.startPrank(worker);
        profiles.requestMaster(first);
        profiles.requestMaster(second);
        vm.stopPrank();
        vm.prank(second);
        profiles.confirmWorker(worker);
        vm.prank(first);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.NotRequested.selector, worker, first));
        profiles.confirmWorker(worker);
        vm.prank(worker);
        profiles.unbind(worker);
        address[2] memory former = [first, second];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(former[i]);
            vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.NotRequested.selector, worker, former[i]));
            profiles.confirmWorker(worker);
        }
        vm.assertEq(profiles.masterOf(worker), worker, "its own again");
    }

    function test_masters__form_no_cycles_and_no_chains() public {
        address a = account("a");
        address b = account("b");
        address c = account("c");
        vm.prank(a);
        profiles.requestMaster(b);
        vm.prank(b);
        profiles.requestMaster(a);
        vm.prank(b);
        profiles.confirmWorker(a);
        // b leads a now, so it cannot become a's worker, although it had asked.
        vm.prank(a);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.CannotBeMaster.selector, a));
        profiles.confirmWorker(b);
        vm.prank(b);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.CannotBeWorker.selector, b, c));
        profiles.requestMaster(c);
        vm.prank(c);
        profiles.requestMaster(a);
        vm.prank(a);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.CannotBeMaster.selector, a));
        profiles.confirmWorker(c);
    }

    function test_order_side_unknown__is_not_accepted() public {
        bytes memory call = abi.encodeCall(market.placeAsk, (anAsk()));
        for (uint256 side = 2; side < 256; side += 23) {
            call[4 + 31] = bytes1(uint8(side));
            vm.prank(worker);
            (bool ok,) = address(market).call(call);
            vm.assertFalse(ok, "refused");
        }
    }

    function test_deal_with_oneself__refused() public {
        fund(worker, 100e18);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bid.author = worker;
        place(ask);
        place(bid);
        vm.expectRevert(mismatch(ask, bid, Mismatch.SameOwner));
        market.openDeal(ask, bid);
    }

    function test_sum_of_bill_events__is_the_sum_paid() public {
        Deal memory deal = forwardDeal();
        vm.recordLogs();
        for (uint256 i = 1; i <= 10; ++i) {
            vm.warp(deal.start + 37 * i);
            settle(deal);
        }
        close(consumer, deal);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 paid = 0;
        uint256 sum = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            (, DealState memory state) = abi.decode(logs[i].data, (Deal, DealState));
            sum += Amount.unwrap(state.paid) - paid;
            paid = Amount.unwrap(state.paid);
        }
        assertBalance(worker, sum, "sum of the events");
    }

    function test_attribute_without_a_level__cannot_be_written_about_somebody_else() public {
        bytes32 key = keccak256("endpoint");
        vm.prank(stranger);
        profiles.setAttribute(key, "tcp://evil");
        vm.assertEq(profiles.attributeOf(worker, key), "", "untouched");
    }

    function test_blacklist__nobody_writes_for_others_but_the_market_for_a_closer() public {
        address[3] memory roots = [admin, stranger, address(this)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(roots[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IBlacklist.NotTheMarket.selector, roots[i], address(market))
            );
            blacklist.addFor(consumer, worker);
        }
    }

    function test_ended_deal__anybody_settles_it() public {
        Deal memory deal = forwardDeal();
        vm.warp(deal.end + 10 * 365 days);
        vm.prank(stranger);
        market.settle(deal);
        assertBalance(worker, 3600 * PRICE, "paid");
        assertBalance(consumer, START - 3600 * PRICE, "conserved");
    }

    function test_identity__is_the_masters_not_the_worker_keys() public {
        address master = account("master");
        bind(worker, master);
        vm.prank(admin);
        profiles.setValidator(stranger, Level.Identified);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bid.identity = Level.Identified;
        vm.prank(stranger);
        profiles.certify(worker, Level.Identified, uint40(block.timestamp + 1), 0, "");
        assertMismatch(ask, bid, Mismatch.SupplierLevel, "the worker's own does not count");
        vm.prank(stranger);
        profiles.certify(master, Level.Identified, uint40(block.timestamp + 1), 0, "");
        assertMismatch(ask, bid, Mismatch.None, "the master's does");
    }

    function test_ask__expires() public {
        Order memory ask = anAsk();
        ask.expiry = type(uint40).max;
        vm.prank(worker);
        vm.expectPartialRevert(IMarketBook.ExpiryOutOfRange.selector);
        market.placeAsk(ask);
        ask = anAsk();
        Order memory bid = aBid();
        place(ask);
        place(bid);
        vm.warp(ask.expiry);
        vm.expectRevert(mismatch(ask, bid, Mismatch.AskExpired));
        market.openDeal(ask, bid);
    }
}
