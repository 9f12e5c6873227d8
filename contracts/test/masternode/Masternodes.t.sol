// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import "../../src/Types.sol";
import {IMasternodes} from "../../src/interfaces/IMasternodes.sol";
import {IVault} from "../../src/interfaces/IVault.sol";
import {ISigners, Signature, SignerSet} from "../../src/masternode/Signers.sol";
import {Masternodes} from "../../src/masternode/Masternodes.sol";
import {vm} from "../base/Vm.sol";
import {HostileToken, ITokenHook} from "../mocks/HostileToken.sol";
import {MasternodeSystem} from "./MasternodeSystem.sol";

/// Stakes, sets, and whose signature counts.
contract MasternodesTest is MasternodeSystem {
    bytes32 private constant DIGEST = keccak256("something");

    function assertState(address who, IMasternodes.State expected, string memory what) private view {
        vm.assertEq(uint256(masternodes.nodeOf(who).state), uint256(expected), what);
    }

    // ---- stakes

    function test_stake_below_the_least__refused() public {
        snm.transfer(stranger, MIN);
        vm.startPrank(stranger);
        snm.approve(address(masternodes), MIN);
        vm.expectRevert(abi.encodeWithSelector(IMasternodes.StakeTooSmall.selector, MIN - 1, MIN));
        masternodes.join(Amount.wrap(MIN - 1), stranger, 0);
        vm.expectRevert(abi.encodeWithSelector(IMasternodes.SignerTaken.selector, address(0)));
        masternodes.join(Amount.wrap(MIN), address(0), 0);
        address taken = masternodes.nodeOf(node(0)).signer;
        vm.expectRevert(abi.encodeWithSelector(IMasternodes.SignerTaken.selector, taken));
        masternodes.join(Amount.wrap(MIN), taken, 0);
        masternodes.join(Amount.wrap(MIN), stranger, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IMasternodes.WrongState.selector, stranger, IMasternodes.State.Active)
        );
        masternodes.join(Amount.wrap(MIN), stranger, 0);
        vm.stopPrank();
    }

    function test_stake_returns_after_seven_days_whole() public {
        address who = node(0);
        vm.prank(who);
        masternodes.resign();
        assertState(who, IMasternodes.State.Unbonding, "resigned");
        vm.warp(NOON + 7 days - 1);
        vm.prank(who);
        vm.expectRevert(
            abi.encodeWithSelector(IMasternodes.StillBonded.selector, NOON + 7 days - 1, NOON + 7 days)
        );
        masternodes.withdraw();
        vm.warp(NOON + 7 days);
        vm.prank(who);
        masternodes.withdraw();
        vm.assertEq(snm.balanceOf(who), MIN, "the stake is back");
        assertState(who, IMasternodes.State.Withdrawn, "withdrawn");
        vm.prank(who);
        vm.expectRevert();
        masternodes.withdraw();
        joins(who, MIN);
        assertState(who, IMasternodes.State.Active, "may come again");
    }

    function test_withdraw_or_more_stake_in_the_wrong_state__refused() public {
        vm.prank(node(0));
        vm.expectRevert(
            abi.encodeWithSelector(IMasternodes.WrongState.selector, node(0), IMasternodes.State.Active)
        );
        masternodes.withdraw();
        vm.startPrank(stranger);
        bytes memory none =
            abi.encodeWithSelector(IMasternodes.WrongState.selector, stranger, IMasternodes.State.None);
        vm.expectRevert(none);
        masternodes.withdraw();
        vm.expectRevert(none);
        masternodes.resign();
        vm.expectRevert(none);
        masternodes.addStake(Amount.wrap(1));
        vm.expectRevert(none);
        masternodes.changeSigner(stranger);
        vm.expectRevert(IMasternodes.InvalidAmount.selector);
        masternodes.collect();
        vm.expectRevert(IMasternodes.InvalidAmount.selector);
        masternodes.sweep(stranger);
        vm.stopPrank();
        vm.prank(node(0));
        vm.expectRevert(IMasternodes.InvalidAmount.selector);
        masternodes.addStake(Amount.wrap(0));
    }

    function test_more_stake_counts_in_the_next_set_up_to_the_cap() public {
        takenSet();
        snm.transfer(node(0), MAX);
        vm.prank(node(0));
        masternodes.addStake(Amount.wrap(MAX));
        nextEpoch();
        SignerSet memory set = takenSet();
        vm.assertEq(set.members[0].weight, MAX, "capped");
        vm.assertEq(stakeOf(node(0)), MIN + MAX, "staked");
        vm.assertEq(set.members[1].weight, MIN, "the others' weight");
        masternodes.requireSet(set);
    }

    function test_full_set__a_larger_stake_takes_the_smallest_ones_seat() public {
        for (uint256 i = 4; i < 64; ++i) {
            joins(node(i), uint96(MIN + i));
        }
        vm.assertEq(masternodes.active().length, 64, "all seats");
        snm.transfer(stranger, MAX);
        vm.startPrank(stranger);
        snm.approve(address(masternodes), MAX);
        vm.expectRevert(abi.encodeWithSelector(IMasternodes.StakeTooSmall.selector, MIN, MIN + 1));
        masternodes.join(Amount.wrap(MIN), stranger, 0);
        masternodes.join(Amount.wrap(MIN + 1), stranger, 0);
        vm.stopPrank();
        vm.assertEq(masternodes.active().length, 64, "still all seats");
        assertState(node(0), IMasternodes.State.Unbonding, "the smallest has to go");
        vm.warp(NOON + 7 days);
        vm.prank(node(0));
        masternodes.withdraw();
        vm.assertEq(snm.balanceOf(node(0)), MIN, "with all its money");
    }

    // ---- slashing

    function test_only_the_coordinator_slashes_and_retires() public {
        bytes memory refusal = abi.encodeWithSelector(
            IMasternodes.NotTheCoordinator.selector, address(this), address(coordinator)
        );
        vm.expectRevert(refusal);
        masternodes.slash(node(0), 100, address(0), 0);
        vm.expectRevert(refusal);
        masternodes.retire(node(0));
    }

    function test_slashed_money_goes_to_vault_and_informer() public {
        vm.prank(address(coordinator));
        masternodes.slash(node(0), 1000, stranger, 0);
        vm.assertEq(stakeOf(node(0)), 900e18, "a tenth is gone");
        assertState(node(0), IMasternodes.State.Unbonding, "below the least stake");
        vm.prank(stranger);
        masternodes.collect();
        vm.assertEq(snm.balanceOf(stranger), 20e18, "a fifth of it");
        masternodes.sweep(node(0));
        vm.assertEq(vault.total(), 80e18, "the rest, in the account's name");
        vm.assertEq(masternodes.owed(), 3900e18, "what is owed");
        vm.assertEq(snm.balanceOf(address(masternodes)), 3900e18, "what is there");
    }

    function test_slashing_is_rounded_up_and_reaches_the_unbonding() public {
        vm.prank(node(0));
        masternodes.resign();
        vm.startPrank(address(coordinator));
        masternodes.slash(node(0), 1, address(0), 0);
        vm.assertEq(stakeOf(node(0)), MIN - MIN / 10_000, "exact");
        masternodes.slash(node(0), 10_000, address(0), 0);
        vm.assertEq(stakeOf(node(0)), 0, "all");
        masternodes.slash(node(0), 10_000, address(0), 0);
        vm.expectRevert(IMasternodes.InvalidAmount.selector);
        masternodes.slash(node(1), 10_001, address(0), 0);
        vm.stopPrank();
        vm.warp(NOON + 7 days);
        vm.prank(node(0));
        masternodes.withdraw();
        assertState(node(0), IMasternodes.State.Withdrawn, "an empty stake imprisons nobody");
    }

    function test_retired_masternode_keeps_its_money() public {
        vm.startPrank(address(coordinator));
        masternodes.retire(node(0));
        masternodes.retire(node(0));
        vm.stopPrank();
        assertState(node(0), IMasternodes.State.Unbonding, "retired");
        vm.assertEq(stakeOf(node(0)), MIN, "nothing is taken");
    }

    // ---- sets

    function test_set_is_taken_once_an_epoch() public {
        masternodes.takeSet();
        uint64 epoch = masternodes.epoch();
        vm.expectRevert(abi.encodeWithSelector(IMasternodes.SetAlreadyTaken.selector, epoch));
        masternodes.takeSet();
        vm.warp(block.timestamp - 2 * EPOCH);
        vm.expectRevert(abi.encodeWithSelector(IMasternodes.SetAlreadyTaken.selector, epoch));
        masternodes.takeSet();
        vm.warp(block.timestamp + 3 * EPOCH);
        masternodes.takeSet();
    }

    function test_set_that_was_never_taken_or_is_changed__unknown() public {
        SignerSet memory set = takenSet();
        Signature[] memory signatures = signedBy(set, 4, DIGEST);
        masternodes.requireQuorum(set, DIGEST, signatures);
        set.members[0].weight += 1;
        vm.expectPartialRevert(ISigners.UnknownSet.selector);
        masternodes.requireQuorum(set, DIGEST, signatures);
        set.members[0].weight -= 1;
        set.epoch += 1;
        vm.expectPartialRevert(ISigners.UnknownSet.selector);
        masternodes.requireQuorum(set, DIGEST, signatures);
    }

    function test_set_older_than_a_day__speaks_no_more() public {
        SignerSet memory set = takenSet();
        Signature[] memory signatures = signedBy(set, 4, DIGEST);
        vm.warp(block.timestamp + 144 * EPOCH);
        masternodes.requireQuorum(set, DIGEST, signatures);
        nextEpoch();
        vm.expectPartialRevert(ISigners.UnknownSet.selector);
        masternodes.requireQuorum(set, DIGEST, signatures);
    }

    // ---- signatures

    function test_two_thirds_are_not_enough_one_unit_more_is() public {
        // Weights 1000, 1000, 1000, 1000: three of four are 3/4, more than 2/3; two are not.
        SignerSet memory set = takenSet();
        vm.expectRevert(abi.encodeWithSelector(ISigners.NoQuorum.selector, 2 * MIN, 4 * uint256(MIN)));
        masternodes.requireQuorum(set, DIGEST, signedBy(set, 2, DIGEST));
        uint64 voters = masternodes.requireQuorum(set, DIGEST, signedBy(set, 3, DIGEST));
        vm.assertEq(voters, 7, "the first three");
    }

    function test_exactly_two_thirds__no_quorum() public {
        vm.prank(node(3));
        masternodes.resign();
        SignerSet memory set = takenSet();
        vm.expectPartialRevert(ISigners.NoQuorum.selector);
        masternodes.requireQuorum(set, DIGEST, signedBy(set, 2, DIGEST));
        masternodes.requireQuorum(set, DIGEST, signedBy(set, 3, DIGEST));
    }

    function test_unbonding_members_vote_does_not_count() public {
        SignerSet memory set = takenSet();
        Signature[] memory signatures = signedBy(set, 3, DIGEST);
        vm.prank(node(1));
        masternodes.resign();
        vm.expectPartialRevert(ISigners.NoQuorum.selector);
        masternodes.requireQuorum(set, DIGEST, signatures);
    }

    function test_slashed_out_members_vote_does_not_count() public {
        SignerSet memory set = takenSet();
        Signature[] memory signatures = signedBy(set, 3, DIGEST);
        vm.prank(address(coordinator));
        masternodes.slash(node(1), 1, address(0), 0);
        vm.expectPartialRevert(ISigners.NoQuorum.selector);
        masternodes.requireQuorum(set, DIGEST, signatures);
    }

    function test_old_key_of_a_member_does_not_count_any_more() public {
        SignerSet memory set = takenSet();
        Signature[] memory signatures = signedBy(set, 3, DIGEST);
        vm.prank(node(1));
        masternodes.changeSigner(stranger);
        vm.expectPartialRevert(ISigners.NoQuorum.selector);
        masternodes.requireQuorum(set, DIGEST, signatures);
        joins(account("late"), MIN);
    }

    function test_signature_that_is_wrong_in_any_way__refused() public {
        SignerSet memory set = takenSet();
        Signature[] memory good = signedBy(set, 3, DIGEST);
        // Another digest, another member, twice, out of range.
        expectBad(set, signedBy(set, 3, keccak256("else")), 0);
        Signature[] memory bad = copy(good);
        bad[0].member = 1;
        expectBad(set, bad, 0);
        bad = copy(good);
        bad[2] = good[1];
        expectBad(set, bad, 2);
        bad = copy(good);
        bad[0].member = 4;
        expectBad(set, bad, 0);
        bad[0].member = 255;
        expectBad(set, bad, 0);
        // The other root of the same signature (high s), and v that no compact form unpacks to.
        bad = copy(good);
        bad[1].s =
            bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(good[1].s));
        bad[1].v = good[1].v == 27 ? 28 : 27;
        expectBad(set, bad, 1);
        bad = copy(good);
        bad[1].v -= 27;
        expectBad(set, bad, 1);
        bad[1].v = 255;
        expectBad(set, bad, 1);
        bad = copy(good);
        (bad[0].r, bad[0].s) = (0, 0);
        expectBad(set, bad, 0);
    }

    function test_number_of_signatures_and_digests__bounded() public {
        SignerSet memory set = takenSet();
        vm.expectRevert(abi.encodeWithSelector(ISigners.WrongNumber.selector, 0, 4));
        masternodes.requireQuorum(set, DIGEST, new Signature[](0));
        vm.expectRevert(abi.encodeWithSelector(ISigners.WrongNumber.selector, 5, 4));
        masternodes.requireQuorum(set, DIGEST, new Signature[](5));
        vm.expectRevert(abi.encodeWithSelector(ISigners.WrongNumber.selector, 2, 3));
        masternodes.weigh(set, new bytes32[](2), signedBy(set, 3, DIGEST));
        vm.expectRevert(abi.encodeWithSelector(ISigners.WrongNumber.selector, 0, 3));
        masternodes.weigh(set, new bytes32[](0), signedBy(set, 3, DIGEST));
    }

    function copy(Signature[] memory from) private pure returns (Signature[] memory to) {
        to = new Signature[](from.length);
        for (uint256 i = 0; i < from.length; ++i) {
            to[i] = Signature(from[i].member, from[i].v, from[i].r, from[i].s);
        }
    }

    function expectBad(SignerSet memory set, Signature[] memory signatures, uint256 index) private {
        vm.expectRevert(
            abi.encodeWithSelector(ISigners.InvalidSignature.selector, index, signatures[index].member)
        );
        masternodes.requireQuorum(set, DIGEST, signatures);
    }

    // ---- construction, hostile tokens

    function test_parameters_that_contradict_themselves__refused() public {
        IMasternodes.Params[4] memory wrong = [
            nodeParams(0, MAX, EPOCH),
            nodeParams(MAX, MIN, EPOCH),
            nodeParams(MIN, MAX, 0),
            // A set that may speak as long as the unbonding lasts.
            nodeParams(MIN, MAX, 4200)
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(IMasternodes.InvalidAmount.selector);
            new Masternodes(snm, address(coordinator), vault, wrong[i]);
        }
        IMasternodes.Params memory right = nodeParams(MIN, MAX, EPOCH);
        vm.expectRevert(IMasternodes.InvalidAmount.selector);
        new Masternodes(snm, address(0), vault, right);
        vm.expectRevert(IMasternodes.InvalidAmount.selector);
        new Masternodes(snm, address(coordinator), IVault(address(0)), right);
    }

    function test_token_that_takes_a_fee_or_lies__no_stake() public {
        HostileToken token = new HostileToken(address(this));
        deployMasternodes(IERC20(address(token)));
        token.transfer(stranger, 2 * MIN);
        vm.prank(stranger);
        token.approve(address(masternodes), type(uint256).max);
        HostileToken.Mode[3] memory modes =
            [HostileToken.Mode.FeeTaking, HostileToken.Mode.Lying, HostileToken.Mode.Reverting];
        for (uint256 i = 0; i < 3; ++i) {
            token.setMode(modes[i], ITokenHook(address(0)));
            vm.prank(stranger);
            vm.expectRevert();
            masternodes.join(Amount.wrap(MIN), stranger, 0);
        }
        vm.assertEq(masternodes.owed(), 0, "nothing is owed");
    }

    function test_token_that_calls_back__cannot_withdraw_twice() public {
        HostileToken token = new HostileToken(address(this));
        deployMasternodes(IERC20(address(token)));
        token.approve(address(masternodes), type(uint256).max);
        masternodes.join(Amount.wrap(MIN), address(1), 0);
        joins(node(9), MIN);
        masternodes.resign();
        vm.warp(block.timestamp + 7 days);
        token.setMode(HostileToken.Mode.Reentering, ITokenHook(address(this)));
        uint256 before = token.balanceOf(address(this));
        masternodes.withdraw();
        vm.assertEq(token.balanceOf(address(this)) - before, MIN, "once");
        vm.assertTrue(_wasCalled, "the token called back");
        vm.assertEq(token.balanceOf(address(masternodes)), masternodes.owed(), "the other's stake is there");
    }

    bool private _wasCalled;

    function onTokenMoved() external {
        _wasCalled = true;
        try masternodes.withdraw() {
            revert("withdrawn twice");
        } catch {}
    }

    function test_time_falls_back_or_jumps__the_stake_still_comes_out() public {
        vm.prank(node(0));
        masternodes.resign();
        vm.warp(NOON - 15);
        vm.prank(node(0));
        vm.expectRevert();
        masternodes.withdraw();
        vm.warp(NOON + 3650 days);
        vm.prank(node(0));
        masternodes.withdraw();
        takenSet();
        vm.assertEq(snm.balanceOf(node(0)), MIN, "whole");
    }
}
