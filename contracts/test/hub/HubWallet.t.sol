// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../../src/Types.sol";
import {HubAccount, HubState, HubStatus} from "../../src/hub/HubTypes.sol";
import {IHubWallet} from "../../src/interfaces/IHubWallet.sol";
import {Amounts} from "../../src/lib/Amounts.sol";
import {vm} from "../base/Vm.sol";
import {HubSystem} from "./HubSystem.sol";

/// One rule of the table each.
contract HubWalletTest is HubSystem {
    function test_register__freezes_exactly_one_snm_and_begins_a_period_now() public {
        wait(5);
        HubAccount memory expected;
        expected.state = HubState.Registered;
        expected.periodEnd = uint40(block.timestamp + 30 days);
        expected.funds = amount_(1000 * SNM_);
        expected.frozen = amount_(SNM_);
        vm.expectEmit(true, true, true, true);
        emit IHubWallet.Registered(expected);
        register();
        assertAccount(HubState.Registered, 1000 * SNM_, SNM_, 0, "registered");
        vm.assertTrue(whitelist.isActive(address(wallet)), "in the whitelist");
        vm.assertEq(whitelist.hubOf(address(wallet)).owner, owner, "as its owner's");
    }

    function test_register_with_less_than_one_snm__refused() public {
        wallet = newWallet(owner, "poor");
        fund(wallet, SNM_ - 1);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.FreeMoneyTooSmall.selector, SNM_ - 1, SNM_));
        wallet.register();
        fund(wallet, 1);
        register();
        vm.assertEq(free(), 0, "all of it");
    }

    function testFuzz_pay__locks_thirty_per_cent_rounded_up(uint96 value) public {
        register();
        value = uint96(1 + value % (700 * SNM_));
        pay(miner, value);
        uint256 lock = (uint256(value) * 3 + 9) / 10;
        assertAccount(HubState.Registered, 1000 * SNM_, SNM_ + lock, value, "paid");
        vm.assertEq(Amount.unwrap(wallet.allowanceOf(miner)), value, "allowed, not pushed");
        vm.assertEq(snm.balanceOf(miner), 0, "not pushed");
    }

    function test_pay_one_unit__locks_one_unit() public {
        register();
        pay(miner, 1);
        assertAccount(HubState.Registered, 1000 * SNM_, SNM_ + 1, 1, "rounded up");
    }

    function test_pay_more_than_free_money_with_its_lock__refused_by_one_unit() public {
        register();
        // 999 SNM are free: 768.46.. + 30 % of that.
        uint256 most = uint256(999 * uint256(SNM_)) * 10 / 13;
        uint256 lock = (most * 3 + 9) / 10;
        vm.assertLe(most + lock, 999 * uint256(SNM_), "fits");
        uint256 needs = most + 1 + ((most + 1) * 3 + 9) / 10;
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(IHubWallet.FreeMoneyTooSmall.selector, 999 * uint256(SNM_), needs)
        );
        wallet.pay(miner, amount_(most + 1));
        pay(miner, most);
    }

    function test_pay_nobody_itself_or_nothing__refused() public {
        register();
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.InvalidReceiver.selector, address(0)));
        wallet.pay(address(0), amount_(1));
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.InvalidReceiver.selector, address(wallet)));
        wallet.pay(address(wallet), amount_(1));
        vm.expectRevert(IHubWallet.NothingToMove.selector);
        wallet.pay(miner, amount_(0));
        vm.expectRevert(
            abi.encodeWithSelector(
                Amounts.AmountTooLarge.selector,
                uint256(type(uint96).max) + (uint256(type(uint96).max) * 3 + 9) / 10,
                type(uint96).max
            )
        );
        wallet.pay(miner, amount_(type(uint96).max));
    }

    function test_pay_twice__adds_up() public {
        register();
        pay(miner, 10);
        pay(miner, 5);
        vm.assertEq(Amount.unwrap(wallet.allowanceOf(miner)), 15, "sum");
    }

    function test_draw__counted_as_spent_only_then() public {
        register();
        pay(miner, 100 * SNM_);
        assertAccount(HubState.Registered, 1000 * SNM_, 31 * SNM_, 100 * SNM_, "before");
        vm.expectEmit(true, true, true, false);
        emit IHubWallet.Drawn(miner, amount_(40 * SNM_), amount_(60 * SNM_), wallet.account());
        draw(miner, 40 * SNM_);
        assertAccount(HubState.Registered, 960 * SNM_, 31 * SNM_, 60 * SNM_, "after");
        vm.assertEq(snm.balanceOf(miner), 40 * SNM_, "in the miner's wallet");
    }

    function test_draw_more_than_allowed_or_twice_or_as_a_stranger__refused() public {
        register();
        pay(miner, 10);
        vm.startPrank(miner);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.AllowanceTooSmall.selector, miner, 10, 11));
        wallet.draw(amount_(11));
        wallet.draw(amount_(10));
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.AllowanceTooSmall.selector, miner, 0, 10));
        wallet.draw(amount_(10));
        vm.expectRevert(IHubWallet.NothingToMove.selector);
        wallet.draw(amount_(0));
        vm.stopPrank();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.AllowanceTooSmall.selector, stranger, 0, 1));
        wallet.draw(amount_(1));
    }

    function test_miner__draws_in_every_later_state_a_ban_included() public {
        register();
        pay(miner, 50);
        draw(miner, 10);
        wait(30 days);
        wallet.payday();
        draw(miner, 10);
        register();
        suspect();
        draw(miner, 10);
        ban();
        draw(miner, 20);
        assertAccount(HubState.Punished, 0, 0, 0, "nothing is left");
        vm.assertEq(snm.balanceOf(miner), 50, "all of it");
    }

    function test_payday__half_a_per_cent_of_the_frozen_funds_rounded_up_to_the_dao() public {
        register();
        pay(miner, 101);
        wait(30 days);
        vm.prank(stranger);
        wallet.payday();
        // Frozen: 1 SNM and 31 (30.3 rounded up).
        uint256 fee = (SNM_ + 31 + 199) / 200;
        vm.assertEq(snm.balanceOf(dao), fee, "fee");
        assertAccount(HubState.Idle, 1000 * SNM_ - fee, 0, 101, "idle");
        vm.assertFalse(whitelist.isActive(address(wallet)), "not active");
    }

    function testFuzz_payday__rounds_up(uint96 value) public {
        register();
        value = uint96(1 + value % (700 * SNM_));
        pay(miner, value);
        uint256 frozen = Amount.unwrap(wallet.account().frozen);
        wait(30 days);
        wallet.payday();
        vm.assertEq(snm.balanceOf(dao), (frozen * 5 + 999) / 1000, "0.5 %");
        vm.assertEq(free(), 1000 * SNM_ - value - snm.balanceOf(dao), "the rest is free");
    }

    function test_payday_one_second_early__refused() public {
        register();
        uint256 end = block.timestamp + 30 days;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.TooEarly.selector, end - 1, end));
        wallet.payday();
        vm.warp(end);
        wallet.payday();
    }

    function test_late_payday__next_period_counts_from_the_scheduled_end() public {
        register();
        wait(30 days + 10 days);
        wallet.payday();
        register();
        vm.assertEq(wallet.account().periodEnd, NOON + 60 days, "not shifted by ten days");
    }

    function test_register_after_a_long_idle_time__a_whole_period_from_now() public {
        register();
        wait(30 days);
        wallet.payday();
        vm.warp(NOON + 60 days);
        register();
        vm.assertEq(wallet.account().periodEnd, NOON + 90 days, "from now");
    }

    function test_rehabilitated__next_period_begins_now() public {
        register();
        wait(10 days);
        suspect();
        wait(5 days);
        vm.prank(dao);
        wallet.rehabilitate();
        register();
        vm.assertEq(wallet.account().periodEnd, NOON + 45 days, "from now");
    }

    function test_idle__owner_takes_all_free_money_and_no_unit_more() public {
        register();
        pay(miner, 100 * SNM_);
        wait(30 days);
        wallet.payday();
        uint256 all = free();
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.FreeMoneyTooSmall.selector, all, all + 1));
        wallet.withdraw(owner, amount_(all + 1));
        withdraw(all);
        vm.assertEq(snm.balanceOf(owner), all, "taken");
        draw(miner, 100 * SNM_);
        assertAccount(HubState.Idle, 0, 0, 0, "empty");
    }

    function test_withdraw_to_nowhere_itself_or_nothing__refused() public {
        reach(HubState.Idle);
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.InvalidReceiver.selector, address(0)));
        wallet.withdraw(address(0), amount_(1));
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.InvalidReceiver.selector, address(wallet)));
        wallet.withdraw(address(wallet), amount_(1));
        vm.expectRevert(IHubWallet.NothingToMove.selector);
        wallet.withdraw(owner, amount_(0));
    }

    function test_suspected__all_that_is_not_a_miners_is_frozen_what_comes_in_later_too() public {
        register();
        pay(miner, 100 * SNM_);
        suspect();
        assertAccount(HubState.Suspected, 1000 * SNM_, 900 * SNM_, 100 * SNM_, "suspected");
        fund(wallet, 7 * SNM_);
        assertAccount(HubState.Suspected, 1007 * SNM_, 907 * SNM_, 100 * SNM_, "funded");
        vm.assertEq(
            uint256(whitelist.hubOf(address(wallet)).status), uint256(HubStatus.Suspected), "listed so"
        );
    }

    function test_second_suspicion__refused_and_does_not_extend() public {
        reach(HubState.Suspected);
        uint256 since = wallet.account().suspectedAt;
        wait(60 days);
        vm.prank(dao);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.WrongState.selector, HubState.Suspected));
        wallet.suspect("again");
        vm.assertEq(wallet.account().suspectedAt, since, "from the first");
        vm.warp(since + 120 days);
        vm.prank(dao);
        wallet.ban();
    }

    function test_ban_one_second_early__refused() public {
        reach(HubState.Suspected);
        uint256 time = block.timestamp + 120 days;
        vm.warp(time - 1);
        vm.prank(dao);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.TooEarly.selector, time - 1, time));
        wallet.ban();
        vm.warp(time);
        vm.prank(dao);
        wallet.ban();
    }

    function test_ban__all_but_the_miners_money_to_the_vault() public {
        register();
        pay(miner, 100 * SNM_);
        suspect();
        ban();
        assertAccount(HubState.Punished, 100 * SNM_, 0, 100 * SNM_, "the miners' is left");
        vm.assertEq(snm.balanceOf(address(vault)), 900 * SNM_, "in the vault");
        vm.assertEq(vault.entryOf(1).former, owner, "taken from the owner");
        vm.assertEq(uint256(whitelist.hubOf(address(wallet)).status), uint256(HubStatus.Banned), "listed so");
    }

    function test_rehabilitate_by_the_dao__at_any_time() public {
        register();
        pay(miner, 100 * SNM_);
        suspect();
        vm.prank(dao);
        wallet.rehabilitate();
        assertAccount(HubState.Idle, 1000 * SNM_, 0, 100 * SNM_, "all freezes lifted");
        vm.assertEq(wallet.account().suspectedAt, 0, "forgotten");
    }

    function test_no_decision_for_150_days__anybody_rehabilitates_not_a_second_earlier() public {
        reach(HubState.Suspected);
        uint256 time = block.timestamp + 150 days;
        vm.warp(time - 1);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.TooEarly.selector, time - 1, time));
        wallet.rehabilitate();
        vm.warp(time);
        vm.prank(stranger);
        wallet.rehabilitate();
        withdraw(1000 * SNM_);
    }

    function test_donations__do_not_disturb_the_accounting() public {
        register();
        snm.transfer(address(wallet), 500 * SNM_);
        assertAccount(HubState.Registered, 1000 * SNM_, SNM_, 0, "not counted");
        vm.assertEq(free(), 999 * SNM_, "not free");
        suspect();
        ban();
        vm.assertEq(snm.balanceOf(address(vault)), 1000 * SNM_, "nor banned");
        vm.assertEq(snm.balanceOf(address(wallet)), 500 * SNM_, "stays");
    }

    function test_fund__nothing_refused_and_everything_told() public {
        vm.expectRevert(IHubWallet.NothingToMove.selector);
        wallet.fund(amount_(0));
        HubAccount memory expected = wallet.account();
        expected.funds = amount_(1001 * SNM_);
        snm.approve(address(wallet), SNM_);
        vm.expectEmit(true, true, true, true);
        emit IHubWallet.Funded(address(this), amount_(SNM_), expected);
        wallet.fund(amount_(SNM_));
    }

    /// The consequence of the table.
    function test_owner_who_pays_himself__leaves_thirty_per_cent_and_one_snm_behind() public {
        address accomplice = account("owner's own miner");
        register();
        uint256 most = uint256(999 * uint256(SNM_)) * 10 / 13;
        pay(accomplice, most);
        draw(accomplice, most);
        suspect();
        ban();
        uint256 left = snm.balanceOf(address(vault));
        vm.assertGe(left, SNM_ + most * 3 / 10, "30 % of what he took and 1 SNM");
        vm.assertEq(left, 1000 * SNM_ - most, "and nothing else is his");
    }

    function test_owner_who_waits__pays_half_a_per_cent() public {
        register();
        wait(30 days);
        wallet.payday();
        withdraw(free());
        vm.assertEq(snm.balanceOf(owner), 1000 * uint256(SNM_) - SNM_ / 200, "half a per cent of 1 SNM");

        setUp();
        address accomplice = account("owner's own miner");
        register();
        uint256 paid = 700 * uint256(SNM_);
        pay(accomplice, paid);
        draw(accomplice, paid);
        wait(30 days);
        wallet.payday();
        withdraw(free());
        uint256 frozen = SNM_ + paid * 3 / 10;
        vm.assertEq(
            snm.balanceOf(owner) + snm.balanceOf(accomplice),
            1000 * uint256(SNM_) - (frozen + 199) / 200,
            "half a per cent of what was frozen"
        );
    }

    function test_clock_falls_back_and_jumps__nobody_gains_or_loses() public {
        register();
        wait(30 days);
        wallet.payday();
        vm.warp(block.timestamp - 15);
        register();
        vm.assertEq(wallet.account().periodEnd, NOON + 60 days, "the schedule holds");
        suspect();
        vm.warp(block.timestamp - 15);
        vm.prank(stranger);
        vm.expectPartialRevert(IHubWallet.TooEarly.selector);
        wallet.rehabilitate();
        wait(10 * 365 days);
        vm.prank(stranger);
        wallet.rehabilitate();
        withdraw(free());
    }

    function test_end_of_time__counts_as_the_largest_time() public {
        vm.warp(type(uint256).max / 2);
        register();
        vm.assertEq(wallet.account().periodEnd, type(uint40).max, "saturates");
        wallet.payday();
        withdraw(free());
    }
}
