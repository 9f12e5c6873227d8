// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../../src/Types.sol";
import {JobId, Units} from "../../src/hub/HubTypes.sol";
import {JobOrder, PartStatus} from "../../src/hub/JobTypes.sol";
import {IJobEscrow} from "../../src/interfaces/IJobEscrow.sol";
import {vm} from "../base/Vm.sol";
import {JobSystem} from "./JobSystem.sol";

/// Parts that the buyer doubts. A part of 8 units for 80 SNM; the bond is 8 SNM; the fee 1 %.
contract JobDisputesTest is JobSystem {
    JobId private _id;
    uint256 private constant BOND = 8e18;

    function disputed(uint8 verification) private {
        _id = create(verification);
        deliver(_id, 8);
        dispute(_id, 0);
        // The rest is out of the way.
        vm.prank(owner);
        escrow.reclaim(_id);
        vm.prank(buyer);
        escrow.withdraw(buyer, amount_(20 * SNM_));
    }

    /// `good` units paid, and these bonds.
    function assertSettled(uint256 good, uint256 bondsToHub, uint256 bondsToBuyer) private view {
        assertStatus(_id, 0, PartStatus.Settled);
        assertBalances(
            good * 9.9e18 + bondsToHub, (8 - good) * PRICE + bondsToBuyer, good * 0.1e18, "settled"
        );
        uint256 sum = escrow.balanceOf(address(wallet)) + escrow.balanceOf(buyer) + escrow.balanceOf(dao);
        vm.assertEq(snm.balanceOf(address(escrow)), sum, "nothing is left behind");
    }

    function test_dispute__takes_a_tenth_as_bond_and_at_least_one_snm() public {
        uint256 before = snm.balanceOf(buyer);
        disputed(1);
        vm.assertEq(before - snm.balanceOf(buyer), 80 * SNM_ + BOND, "a tenth");
        assertStatus(_id, 0, PartStatus.Disputed);
        JobOrder memory order = anOrder(1);
        order.price = amount_(11);
        vm.prank(buyer);
        JobId cheap = escrow.create(order);
        deliver(cheap, 1);
        vm.assertEq(Amount.unwrap(escrow.bondFor(cheap, 0)), 1e18, "at least 1 SNM");
        order.price = amount_(10e18 + 1);
        vm.prank(buyer);
        cheap = escrow.create(order);
        deliver(cheap, 1);
        vm.assertEq(Amount.unwrap(escrow.bondFor(cheap, 0)), 1e18 + 1, "rounded up");
    }

    function test_disputed_part__is_neither_confirmed_nor_disputed_again_nor_settled_early() public {
        disputed(1);
        vm.startPrank(buyer);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.confirm(_id, 0);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.dispute(_id, 0, 0);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.resolve(_id, 0);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.appeal(_id, 0, 0);
        vm.stopPrank();
        vm.prank(dao);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.judge(_id, 0, Units.wrap(8));
    }

    function test_referee_finds_all_good__hub_gets_price_and_bond() public {
        disputed(1);
        rule(_id, 0, 8);
        wait(3 days);
        resolve(_id, 0);
        assertSettled(8, BOND, 0);
    }

    function test_referee_finds_some_bad__buyer_gets_their_price_and_the_bond_back() public {
        disputed(1);
        rule(_id, 0, 5);
        wait(3 days);
        resolve(_id, 0);
        assertSettled(5, 0, BOND);
    }

    function test_ruling__is_not_carried_out_while_it_can_be_appealed() public {
        disputed(1);
        rule(_id, 0, 5);
        wait(3 days - 1);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.resolve(_id, 0);
        wait(1);
        vm.prank(buyer);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.appeal(_id, 0, 0);
        resolve(_id, 0);
    }

    function test_referee__cannot_rule_twice_nor_too_late_nor_more_than_there_is() public {
        disputed(1);
        vm.prank(referee);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.TooManyUnits.selector, 9, 8));
        escrow.rule(_id, 0, Units.wrap(9));
        rule(_id, 0, 5);
        vm.prank(referee);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.rule(_id, 0, Units.wrap(6));
        disputed(1);
        wait(7 days);
        vm.prank(referee);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.rule(_id, 0, Units.wrap(6));
    }

    function test_buyer_appeals_and_wins__both_its_bonds_come_back() public {
        disputed(1);
        rule(_id, 0, 8);
        appeal(buyer, _id, 0);
        judge(_id, 0, 3);
        assertSettled(3, 0, 2 * BOND);
    }

    function test_buyer_appeals_for_nothing__hub_gets_the_appeals_bond() public {
        disputed(1);
        rule(_id, 0, 3);
        appeal(buyer, _id, 0);
        judge(_id, 0, 3);
        assertSettled(3, BOND, BOND);
    }

    function test_hub_appeals_and_wins__its_bond_comes_back_and_the_buyers_too() public {
        disputed(1);
        rule(_id, 0, 3);
        appeal(owner, _id, 0);
        judge(_id, 0, 8);
        assertSettled(8, 2 * BOND, 0);
    }

    function test_hub_appeals_for_nothing__buyer_gets_the_appeals_bond() public {
        disputed(1);
        rule(_id, 0, 3);
        appeal(owner, _id, 0);
        judge(_id, 0, 3);
        assertSettled(3, 0, 2 * BOND);
    }

    function test_class_without_referee__goes_to_the_court_at_once() public {
        disputed(0);
        assertStatus(_id, 0, PartStatus.Appealed);
        vm.prank(dao);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.TooManyUnits.selector, 9, 8));
        escrow.judge(_id, 0, Units.wrap(9));
        judge(_id, 0, 0);
        assertSettled(0, 0, BOND);
        vm.prank(dao);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.judge(_id, 0, Units.wrap(8));
    }

    function test_silent_referee__the_court_decides() public {
        disputed(1);
        wait(7 days);
        resolve(_id, 0);
        assertStatus(_id, 0, PartStatus.Appealed);
        judge(_id, 0, 8);
        assertSettled(8, BOND, 0);
    }

    function test_silent_referee_and_silent_court__half_each_and_the_bond_back() public {
        disputed(1);
        wait(7 days);
        resolve(_id, 0);
        wait(60 days - 1);
        vm.expectPartialRevert(IJobEscrow.WrongMoment.selector);
        escrow.resolve(_id, 0);
        wait(1);
        resolve(_id, 0);
        assertSettled(4, 0, BOND);
    }

    function test_silent_court_after_a_ruling__the_ruling_stands_and_appeals_cost_nothing() public {
        for (uint256 i = 0; i < 4; ++i) {
            setUp();
            disputed(1);
            rule(_id, 0, i < 2 ? 8 : 3);
            appeal(i % 2 == 0 ? buyer : owner, _id, 0);
            wait(60 days);
            resolve(_id, 0);
            // The first bond follows the ruling, the second goes back.
            uint256 toHub = (i < 2 ? BOND : 0) + (i % 2 == 1 ? BOND : 0);
            assertSettled(i < 2 ? 8 : 3, toHub, 2 * BOND - toHub);
        }
    }

    function test_late_court__may_judge_until_somebody_resolves() public {
        disputed(0);
        wait(61 days);
        judge(_id, 0, 1);
        assertSettled(1, 0, BOND);
    }

    function test_clock_falls_back_and_jumps__a_dispute_still_ends() public {
        disputed(1);
        vm.warp(block.timestamp - 15);
        rule(_id, 0, 8);
        vm.warp(block.timestamp - 15);
        appeal(buyer, _id, 0);
        wait(10 * 365 days);
        resolve(_id, 0);
        assertStatus(_id, 0, PartStatus.Settled);
    }

    function testFuzz_any_ruling_appeal_and_verdict__money_is_conserved(
        uint8 ruled,
        uint8 verdict,
        bool byHub,
        bool silent
    ) public {
        disputed(1);
        rule(_id, 0, ruled % 9);
        appeal(byHub ? owner : buyer, _id, 0);
        if (silent) {
            wait(60 days);
            resolve(_id, 0);
        } else {
            judge(_id, 0, verdict % 9);
        }
        uint256 sum = escrow.balanceOf(address(wallet)) + escrow.balanceOf(buyer) + escrow.balanceOf(dao);
        vm.assertEq(sum, 80 * SNM_ + 2 * BOND, "price and bonds");
    }
}
