// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HubState, JobId, Mark, Units} from "../../src/hub/HubTypes.sol";
import {IHubRatings} from "../../src/interfaces/IHubRatings.sol";
import {IHubWallet} from "../../src/interfaces/IHubWallet.sol";
import {PartStatus} from "../../src/hub/JobTypes.sol";
import {vm} from "../base/Vm.sol";
import {JobSystem} from "./JobSystem.sol";

/// Faults of the predecessors that could be had in hubs and jobs, one test each.
contract HubFaultsTest is JobSystem {
    /// An unlock path that reverts and imprisons stake: the DAO falls silent for ever.
    function test_dao_never_answers_again__wallet_stakes_and_jobs_all_come_out() public {
        give(rater, address(whitelist), 10 * SNM_);
        vm.prank(rater);
        whitelist.rate(address(wallet), Mark.wrap(5), amount_(10 * SNM_));
        JobId id = create(1);
        deliver(id, 10);
        dispute(id, 0);
        suspect();
        wait(150 days);
        vm.startPrank(stranger);
        wallet.rehabilitate();
        escrow.resolve(id, 0);
        wait(60 days);
        vm.startPrank(stranger);
        escrow.resolve(id, 0);
        vm.stopPrank();
        vm.prank(rater);
        whitelist.endRating(address(wallet));
        vm.prank(owner);
        escrow.collect(address(wallet));
        withdraw(free());
        assertAccount(HubState.Idle, 0, 0, 0, "hub");
        vm.assertEq(snm.balanceOf(rater), 10 * SNM_, "rater");
        vm.startPrank(buyer);
        escrow.withdraw(buyer, amount_(escrow.balanceOf(buyer)));
        vm.assertEq(snm.balanceOf(address(escrow)), escrow.balanceOf(dao), "but for the DAO's own fee");
    }

    /// The first caller may set an address: here nothing is set after birth.
    function test_first_caller__finds_nothing_to_initialise() public {
        wallet = newWallet(owner, "fresh");
        string[6] memory tries = [
            "initialize()",
            "initialize(address)",
            "init(address)",
            "setOwner(address)",
            "transferOwnership(address)",
            "setFactory(address)"
        ];
        address[4] memory targets =
            [address(wallet), address(whitelist), address(factory), factory.implementation()];
        for (uint256 i = 0; i < 24; ++i) {
            vm.prank(stranger);
            (bool ok,) = targets[i % 4].call(abi.encodeWithSignature(tries[i / 4], stranger));
            vm.assertFalse(ok, tries[i / 4]);
        }
        vm.assertEq(wallet.owner(), owner, "born with its owner");
    }

    /// Narrow counters that wrap.
    function test_largest_numbers__are_refused_and_never_wrap() public {
        vm.startPrank(owner);
        vm.expectRevert();
        wallet.pay(miner, amount_(type(uint96).max));
        vm.expectRevert();
        wallet.pay(miner, amount_(uint256(type(uint96).max) * 10 / 13));
        vm.stopPrank();
        JobId id = create(0);
        vm.startPrank(owner);
        vm.expectRevert();
        escrow.deliver(id, Units.wrap(type(uint32).max), "root");
        escrow.deliver(id, Units.wrap(9), "root");
        vm.expectRevert();
        escrow.deliver(id, Units.wrap(type(uint32).max), "root");
        vm.expectRevert();
        escrow.deliver(id, Units.wrap(2), "root");
    }

    /// Claim arithmetic that truncates: small stakes get their share to the unit.
    function test_shares_of_small_and_large_stakes__lose_less_than_a_unit() public {
        address[3] memory raters = [rater, stranger, miner];
        uint256[3] memory stakes = [uint256(1e18), 3e18, 399_000_000e18];
        for (uint256 i = 0; i < 3; ++i) {
            give(raters[i], address(whitelist), stakes[i]);
        }
        vm.prank(raters[2]);
        whitelist.rate(address(wallet), Mark.wrap(1), amount_(stakes[2]));
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(raters[i]);
            whitelist.rate(address(wallet), Mark.wrap(-1), amount_(stakes[i]));
        }
        wait(7);
        suspect();
        ban();
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(raters[i]);
            whitelist.endRating(address(wallet));
            vm.assertEq(snm.balanceOf(raters[i]), stakes[i] + stakes[2] * stakes[i] / 4e18, "to the unit");
        }
        vm.assertLe(snm.balanceOf(address(whitelist)), 1, "less than a unit each");
    }

    /// One member stalls for ever: neither buyer nor hub can.
    function test_buyer_disputes_and_disappears__hub_is_paid_by_time_alone() public {
        JobId id = create(1);
        deliver(id, 10);
        dispute(id, 0);
        wait(7 days);
        vm.prank(owner);
        escrow.resolve(id, 0);
        wait(60 days);
        vm.prank(owner);
        escrow.resolve(id, 0);
        vm.assertEq(uint256(escrow.partOf(id, 0).status), uint256(PartStatus.Settled), "settled");
        vm.assertEq(escrow.balanceOf(address(wallet)), 49.5e18, "half, for nobody judged");
    }

    function test_hub_accepts_and_disappears__buyer_is_paid_back_by_time_alone() public {
        JobId id = create(1);
        vm.prank(owner);
        escrow.accept(id);
        wait(1 days + 1);
        vm.startPrank(buyer);
        escrow.reclaim(id);
        escrow.withdraw(buyer, amount_(100 * SNM_));
        vm.assertEq(snm.balanceOf(buyer), 10_000 * SNM_, "all of it");
    }

    /// A wallet emptied just before a suspicion: what miners were allowed is theirs, 30 % of it stays.
    function test_owner_sees_the_suspicion_coming__cannot_take_the_locked_part() public {
        pay(miner, 500 * SNM_);
        suspect();
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.WrongState.selector, HubState.Suspected));
        wallet.withdraw(owner, amount_(1));
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.WrongState.selector, HubState.Suspected));
        wallet.pay(owner, amount_(1));
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.WrongState.selector, HubState.Suspected));
        wallet.payday();
        vm.stopPrank();
        wait(29 days);
        draw(miner, 500 * SNM_);
        assertAccount(HubState.Suspected, 500 * SNM_, 500 * SNM_, 0, "all else is frozen");
    }

    /// A rater cannot turn its coat when the suspicion comes.
    function test_rater_of_a_suspected_hub__cannot_change_sides() public {
        give(rater, address(whitelist), 20 * SNM_);
        vm.prank(rater);
        whitelist.rate(address(wallet), Mark.wrap(5), amount_(10 * SNM_));
        wait(31 days);
        suspect();
        vm.startPrank(rater);
        vm.expectPartialRevert(IHubRatings.HubNotInGoodStanding.selector);
        whitelist.endRating(address(wallet));
        vm.expectPartialRevert(IHubRatings.HubNotInGoodStanding.selector);
        whitelist.rate(address(wallet), Mark.wrap(-5), amount_(10 * SNM_));
    }
}
