// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../../src/Types.sol";
import {HubState, JobId, Units} from "../../src/hub/HubTypes.sol";
import {Job, JobOrder, Part, PartStatus} from "../../src/hub/JobTypes.sol";
import {IJobEscrow} from "../../src/interfaces/IJobEscrow.sol";
import {Amounts} from "../../src/lib/Amounts.sol";
import {vm} from "../base/Vm.sol";
import {JobSystem} from "./JobSystem.sol";

/// Jobs that nobody quarrels about, and the money.
contract JobEscrowTest is JobSystem {
    function test_create__whole_price_is_paid_in() public {
        JobId id = create(0);
        vm.assertEq(JobId.unwrap(id), 1, "first");
        vm.assertEq(snm.balanceOf(address(escrow)), 100 * SNM_, "escrow");
        Job memory job = escrow.jobOf(id);
        vm.assertEq(job.buyer, buyer, "buyer");
        vm.assertEq(job.operator, owner, "operator");
        vm.assertEq(job.feeBps, 100, "fee of that day");
    }

    function test_orders_with_nothing_in_them_or_impossible_times__refused() public {
        JobOrder[9] memory orders;
        for (uint256 i = 0; i < 9; ++i) {
            orders[i] = anOrder(0);
        }
        orders[0].units = Units.wrap(0);
        orders[1].price = amount_(0);
        orders[2].partsMax = 0;
        orders[3].deadline = uint40(block.timestamp);
        orders[4].deadline = uint40(block.timestamp + 365 days + 1);
        orders[5].review = 1 hours - 1;
        orders[6].review = 30 days + 1;
        orders[7].deadline = type(uint40).max;
        orders[8].deadline = 0;
        for (uint256 i = 0; i < 9; ++i) {
            vm.prank(buyer);
            vm.expectRevert(IJobEscrow.InvalidOrder.selector);
            escrow.create(orders[i]);
        }
        JobOrder memory order = anOrder(0);
        order.price = amount_(type(uint96).max);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                Amounts.AmountTooLarge.selector, 10 * uint256(type(uint96).max), type(uint96).max
            )
        );
        escrow.create(order);
    }

    function test_orders_at_the_limits__accepted() public {
        JobOrder memory order = anOrder(255);
        order.deadline = uint40(block.timestamp + 365 days);
        order.review = 30 days;
        order.partsMax = type(uint16).max;
        vm.startPrank(buyer);
        escrow.create(order);
        order.deadline = uint40(block.timestamp + 1);
        order.review = 1 hours;
        order.partsMax = 1;
        order.units = Units.wrap(type(uint32).max);
        order.price = amount_(1);
        escrow.create(order);
    }

    function test_hub_that_is_not_active__gets_no_jobs() public {
        JobOrder memory order = anOrder(0);
        suspect();
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.HubNotActive.selector, address(wallet)));
        escrow.create(order);
        order.hub = stranger;
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.HubNotActive.selector, stranger));
        escrow.create(order);
    }

    function test_two_of_two__delivered_and_confirmed_is_paid_at_once() public {
        JobId id = create(0);
        uint16 index = deliver(id, 4);
        vm.prank(buyer);
        escrow.confirm(id, index);
        assertBalances(39.6e18, 0, 0.4e18, "4 units less 1 %");
        assertStatus(id, index, PartStatus.Settled);
        vm.prank(buyer);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.confirm(id, index);
    }

    function test_silence__ends_in_the_hubs_favour_when_the_review_is_over() public {
        JobId id = create(0);
        uint16 index = deliver(id, 4);
        uint256 due = block.timestamp + 1 hours;
        vm.warp(due - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IJobEscrow.WrongMoment.selector, escrow.partOf(id, index), due - 1)
        );
        escrow.resolve(id, index);
        vm.warp(due);
        resolve(id, index);
        assertBalances(39.6e18, 0, 0.4e18, "paid");
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.resolve(id, index);
    }

    function test_dispute_when_the_review_is_over__refused() public {
        JobId id = create(0);
        uint16 index = deliver(id, 4);
        wait(1 hours);
        vm.prank(buyer);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.dispute(id, index, 0);
    }

    function test_undelivered_by_the_deadline__the_rest_returns() public {
        JobId id = create(0);
        deliver(id, 4);
        vm.warp(NOON + 1 days);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.NothingToReclaim.selector, id, stranger));
        escrow.reclaim(id);
        vm.warp(NOON + 1 days + 1);
        vm.prank(stranger);
        escrow.reclaim(id);
        assertBalances(0, 60 * SNM_, 0, "6 units");
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.NothingToReclaim.selector, id, address(this)));
        escrow.reclaim(id);
        resolve(id, 0);
        assertBalances(39.6e18, 60 * SNM_, 0.4e18, "what was delivered is paid all the same");
    }

    function test_delivery_after_the_deadline__refused() public {
        JobId id = create(0);
        vm.warp(NOON + 1 days);
        deliver(id, 1);
        vm.warp(NOON + 1 days + 1);
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(IJobEscrow.DeadlineOver.selector, NOON + 1 days + 1, NOON + 1 days)
        );
        escrow.deliver(id, Units.wrap(1), "root");
    }

    function test_buyer__takes_a_job_back_until_the_hub_has_accepted() public {
        JobId id = create(0);
        vm.prank(buyer);
        escrow.reclaim(id);
        assertBalances(0, 100 * SNM_, 0, "all");
        id = create(0);
        vm.prank(owner);
        escrow.accept(id);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.NothingToReclaim.selector, id, buyer));
        escrow.reclaim(id);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.AlreadyAccepted.selector, id));
        escrow.accept(id);
    }

    function test_delivering__accepts() public {
        JobId id = create(0);
        deliver(id, 1);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.NothingToReclaim.selector, id, buyer));
        escrow.reclaim(id);
    }

    function test_hub__may_give_up_at_any_time() public {
        JobId id = create(0);
        deliver(id, 1);
        vm.prank(owner);
        escrow.reclaim(id);
        assertBalances(0, 90 * SNM_, 0, "9 units");
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.TooManyUnits.selector, 1, 0));
        escrow.deliver(id, Units.wrap(1), "root");
    }

    function test_units_and_parts__no_more_than_ordered() public {
        JobId id = create(0);
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.TooManyUnits.selector, 0, 10));
        escrow.deliver(id, Units.wrap(0), "root");
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.TooManyUnits.selector, 11, 10));
        escrow.deliver(id, Units.wrap(11), "root");
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.TooManyUnits.selector, type(uint32).max, 10));
        escrow.deliver(id, Units.wrap(type(uint32).max), "root");
        for (uint256 i = 0; i < 5; ++i) {
            escrow.deliver(id, Units.wrap(1), "root");
        }
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.TooManyParts.selector, 5));
        escrow.deliver(id, Units.wrap(5), "root");
    }

    function test_calls_of_the_other_side_or_a_stranger__refused() public {
        JobId id = create(1);
        deliver(id, 1);
        expectNotYours(buyer, owner, abi.encodeCall(escrow.accept, (id)));
        expectNotYours(stranger, owner, abi.encodeCall(escrow.accept, (id)));
        expectNotYours(buyer, owner, abi.encodeCall(escrow.deliver, (id, Units.wrap(1), "root")));
        expectNotYours(owner, buyer, abi.encodeCall(escrow.confirm, (id, 0)));
        expectNotYours(owner, buyer, abi.encodeCall(escrow.dispute, (id, 0, 0)));
        expectNotYours(stranger, buyer, abi.encodeCall(escrow.dispute, (id, 0, 0)));
        dispute(id, 0);
        expectNotYours(dao, referee, abi.encodeCall(escrow.rule, (id, 0, Units.wrap(0))));
        expectNotYours(buyer, referee, abi.encodeCall(escrow.rule, (id, 0, Units.wrap(0))));
        expectNotYours(referee, dao, abi.encodeCall(escrow.judge, (id, 0, Units.wrap(0))));
        rule(id, 0, 1);
        expectNotYours(stranger, owner, abi.encodeCall(escrow.appeal, (id, 0, 0)));
        expectNotYours(stranger, dao, abi.encodeCall(escrow.setFee, (1)));
        expectNotYours(stranger, dao, abi.encodeCall(escrow.setReferee, (1, stranger)));
        expectNotYours(stranger, dao, abi.encodeCall(escrow.setCourt, (stranger)));
        expectNotYours(stranger, owner, abi.encodeCall(escrow.collect, (address(wallet))));
    }

    function expectNotYours(address by, address needs, bytes memory call) private {
        vm.prank(by);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.NotYours.selector, by, needs));
        (bool ok,) = address(escrow).call(call);
        vm.assertTrue(ok, "reverted as expected");
    }

    function test_jobs_that_do_not_exist__refused() public {
        JobId id = JobId.wrap(7);
        bytes[9] memory calls = [
            abi.encodeCall(escrow.accept, (id)),
            abi.encodeCall(escrow.deliver, (id, Units.wrap(1), "root")),
            abi.encodeCall(escrow.reclaim, (id)),
            abi.encodeCall(escrow.confirm, (id, 0)),
            abi.encodeCall(escrow.dispute, (id, 0, 0)),
            abi.encodeCall(escrow.rule, (id, 0, Units.wrap(0))),
            abi.encodeCall(escrow.appeal, (id, 0, 0)),
            abi.encodeCall(escrow.judge, (id, 0, Units.wrap(0))),
            abi.encodeCall(escrow.resolve, (id, 0))
        ];
        for (uint256 i = 0; i < 9; ++i) {
            vm.prank(dao);
            vm.expectRevert(abi.encodeWithSelector(IJobEscrow.JobUnknown.selector, id));
            (bool ok,) = address(escrow).call(calls[i]);
            vm.assertTrue(ok, "reverted as expected");
        }
    }

    function test_parts_that_do_not_exist__refused() public {
        JobId id = create(1);
        vm.prank(buyer);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.confirm(id, 0);
        vm.prank(buyer);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.dispute(id, 0, 0);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.resolve(id, 0);
        vm.prank(referee);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.rule(id, 0, Units.wrap(0));
        vm.prank(dao);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.judge(id, 0, Units.wrap(0));
    }

    // ---- money out

    function test_collect__moves_the_hubs_balance_into_its_wallet() public {
        JobId id = create(0);
        deliver(id, 10);
        vm.prank(buyer);
        escrow.confirm(id, 0);
        vm.prank(owner);
        escrow.collect(address(wallet));
        assertAccount(HubState.Registered, 1099 * SNM_, SNM_, 0, "funded");
        assertBalances(0, 0, SNM_, "collected");
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.BalanceTooSmall.selector, address(wallet), 0, 1));
        escrow.collect(address(wallet));
    }

    function test_collect_of_a_banned_hub__goes_to_its_owner() public {
        JobId id = create(0);
        deliver(id, 10);
        vm.prank(buyer);
        escrow.confirm(id, 0);
        suspect();
        ban();
        uint256 before = snm.balanceOf(owner);
        vm.prank(owner);
        escrow.collect(address(wallet));
        vm.assertEq(snm.balanceOf(owner) - before, 99 * SNM_, "work that was accepted is paid");
    }

    function test_collect_of_a_suspected_hub__is_frozen_with_the_rest() public {
        JobId id = create(0);
        deliver(id, 10);
        vm.prank(buyer);
        escrow.confirm(id, 0);
        suspect();
        vm.prank(owner);
        escrow.collect(address(wallet));
        assertAccount(HubState.Suspected, 1099 * SNM_, 1099 * SNM_, 0, "frozen");
    }

    function test_collect_of_what_is_no_wallet__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.HubNotActive.selector, address(this)));
        escrow.collect(address(this));
    }

    function test_withdraw__own_balance_only_and_somewhere() public {
        JobId id = create(0);
        vm.startPrank(buyer);
        escrow.reclaim(id);
        vm.expectRevert(
            abi.encodeWithSelector(IJobEscrow.BalanceTooSmall.selector, buyer, 100 * SNM_, 100 * SNM_ + 1)
        );
        escrow.withdraw(buyer, amount_(100 * SNM_ + 1));
        address[2] memory nowhere = [address(0), address(escrow)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IJobEscrow.InvalidReceiver.selector, nowhere[i], 1));
            escrow.withdraw(nowhere[i], amount_(1));
        }
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.InvalidReceiver.selector, buyer, 0));
        escrow.withdraw(buyer, amount_(0));
        vm.expectEmit(true, true, true, true);
        emit IJobEscrow.Withdrawn(buyer, stranger, amount_(40 * SNM_), 60 * SNM_);
        escrow.withdraw(stranger, amount_(40 * SNM_));
        vm.stopPrank();
        vm.assertEq(snm.balanceOf(stranger), 40 * SNM_, "there");
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.BalanceTooSmall.selector, stranger, 0, 1));
        escrow.withdraw(stranger, amount_(1));
    }

    // ---- what the DAO sets

    function test_fee__has_a_hard_bound_and_changes_later_jobs_only() public {
        JobId id = create(0);
        vm.startPrank(dao);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.FeeTooHigh.selector, 301, 300));
        escrow.setFee(301);
        escrow.setFee(300);
        vm.stopPrank();
        JobId second = create(0);
        deliver(id, 10);
        deliver(second, 10);
        vm.startPrank(buyer);
        escrow.confirm(id, 0);
        assertBalances(99 * SNM_, 0, SNM_, "1 %");
        escrow.confirm(second, 0);
        assertBalances(196 * SNM_, 0, 4 * SNM_, "3 %");
    }

    function test_court__is_the_dao_until_it_names_another() public {
        vm.assertEq(escrow.court(), dao, "the DAO");
        vm.prank(dao);
        escrow.setCourt(stranger);
        JobId id = create(0);
        deliver(id, 10);
        dispute(id, 0);
        vm.prank(stranger);
        escrow.judge(id, 0, Units.wrap(5));
        assertStatus(id, 0, PartStatus.Settled);
    }

    function test_donations__are_nobodys() public {
        snm.transfer(address(escrow), 5 * SNM_);
        JobId id = create(0);
        vm.startPrank(buyer);
        escrow.reclaim(id);
        escrow.withdraw(buyer, amount_(100 * SNM_));
        vm.assertEq(snm.balanceOf(address(escrow)), 5 * SNM_, "stays");
    }

    function testFuzz_confirmed_parts__every_unit_of_money_is_somebodys(
        uint96 price,
        uint32 units,
        uint32 part,
        uint16 fee
    ) public {
        JobOrder memory order = anOrder(0);
        order.units = Units.wrap(1 + units % 1000);
        order.price = amount_(1 + price % (10 * SNM_));
        vm.prank(dao);
        escrow.setFee(fee % 301);
        vm.prank(buyer);
        JobId id = escrow.create(order);
        uint256 held = snm.balanceOf(address(escrow));
        deliver(id, 1 + part % Units.unwrap(order.units));
        vm.startPrank(buyer);
        escrow.confirm(id, 0);
        wait(2 days);
        if (Units.unwrap(escrow.jobOf(id).delivered) != Units.unwrap(order.units)) escrow.reclaim(id);
        uint256 sum = escrow.balanceOf(address(wallet)) + escrow.balanceOf(buyer) + escrow.balanceOf(dao);
        vm.assertEq(sum, held, "conserved");
    }
}
