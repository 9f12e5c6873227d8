// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../../src/Types.sol";
import {HubState, HubStatus, Mark} from "../../src/hub/HubTypes.sol";
import {IHubRatings} from "../../src/interfaces/IHubRatings.sol";
import {IWhitelist} from "../../src/interfaces/IWhitelist.sol";
import {vm} from "../base/Vm.sol";
import {HubSystem} from "./HubSystem.sol";

/// Money on marks.
contract RatingsTest is HubSystem {
    address private second = account("second rater");
    address private third = account("third rater");

    function setUp() public override {
        super.setUp();
        address[3] memory raters = [rater, second, third];
        for (uint256 i = 0; i < 3; ++i) {
            give(raters[i], address(whitelist), 1000 * SNM_);
        }
    }

    function rate(address by, int8 mark, uint256 stake) private {
        vm.prank(by);
        whitelist.rate(address(wallet), Mark.wrap(mark), amount_(stake));
    }

    function end(address by) private {
        vm.prank(by);
        whitelist.endRating(address(wallet));
    }

    function score() private view returns (int256) {
        return whitelist.scoreOf(address(wallet));
    }

    function test_rate__takes_the_stake_and_returns_it_after_the_lock() public {
        register();
        rate(rater, 5, 10 * SNM_);
        vm.assertEq(snm.balanceOf(rater), 990 * SNM_, "staked");
        uint256 time = NOON + 30 days;
        vm.warp(time - 1);
        vm.prank(rater);
        vm.expectRevert(abi.encodeWithSelector(IHubRatings.StakeLocked.selector, time - 1, time));
        whitelist.endRating(address(wallet));
        vm.warp(time);
        end(rater);
        vm.assertEq(snm.balanceOf(rater), 1000 * SNM_, "back");
        vm.prank(rater);
        vm.expectRevert(abi.encodeWithSelector(IHubRatings.NotRated.selector, address(wallet), rater));
        whitelist.endRating(address(wallet));
        IHubRatings.Tally memory tally = whitelist.tallyOf(address(wallet));
        vm.assertEq(tally.positiveTimes + Amount.unwrap(tally.positive), 0, "nothing is left of it");
        vm.assertEq(tally.marks, int256(0), "nor of its mark");
    }

    function test_mark__weighs_stake_and_age() public {
        register();
        vm.assertEq(score(), int256(0), "nobody");
        rate(rater, 5, 30 * SNM_);
        vm.assertEq(score(), int256(0), "no age yet");
        wait(10 days);
        vm.assertEq(score(), int256(5000), "one mark");
        rate(second, -5, 10 * SNM_);
        vm.assertEq(score(), int256(5000), "a new one weighs nothing");
        wait(10 days);
        // 5 × 30 × 20 days and -5 × 10 × 10 days, by 700.
        vm.assertEq(score(), int256(2500000) / 700, "3.571");
    }

    function test_rating_ended__its_weight_is_gone() public {
        register();
        rate(rater, 5, 30 * SNM_);
        rate(second, -2, 10 * SNM_);
        wait(30 days);
        end(rater);
        vm.assertEq(score(), int256(-2000), "only the other");
    }

    function testFuzz_scores__stay_between_the_marks(int8 a, int8 b, uint96 x, uint96 y, uint32 t, uint32 u)
        public
    {
        register();
        a = a % 6 == 0 ? int8(1) : a % 6;
        b = b % 6 == 0 ? int8(-1) : b % 6;
        rate(rater, a, SNM_ + x % (900 * SNM_));
        wait(t % 1000 days);
        rate(second, b, SNM_ + y % (900 * SNM_));
        wait(u % 1000 days);
        (int8 low, int8 high) = a < b ? (a, b) : (b, a);
        int256 s = score();
        if (t % 1000 days + u % 1000 days == 0) return;
        vm.assertTrue(s >= int256(low) * 1000 && s <= int256(high) * 1000, "between");
    }

    function test_marks_and_stakes_out_of_bounds__refused() public {
        register();
        int8[5] memory marks = [int8(0), 6, -6, 127, -128];
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(rater);
            vm.expectRevert(abi.encodeWithSelector(IHubRatings.InvalidMark.selector, marks[i]));
            whitelist.rate(address(wallet), Mark.wrap(marks[i]), amount_(SNM_));
        }
        vm.prank(rater);
        vm.expectRevert(abi.encodeWithSelector(IHubRatings.StakeTooSmall.selector, SNM_ - 1, SNM_));
        whitelist.rate(address(wallet), Mark.wrap(1), amount_(SNM_ - 1));
        rate(rater, -5, SNM_);
        vm.prank(rater);
        vm.expectRevert(abi.encodeWithSelector(IHubRatings.AlreadyRated.selector, address(wallet), rater));
        whitelist.rate(address(wallet), Mark.wrap(5), amount_(SNM_));
    }

    function test_unlisted_suspected_or_banned_hub__is_not_rated() public {
        vm.prank(rater);
        vm.expectRevert(abi.encodeWithSelector(IWhitelist.HubUnknown.selector, address(wallet)));
        whitelist.rate(address(wallet), Mark.wrap(1), amount_(SNM_));
        reach(HubState.Suspected);
        HubStatus[2] memory statuses = [HubStatus.Suspected, HubStatus.Banned];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(rater);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IHubRatings.HubNotInGoodStanding.selector, address(wallet), statuses[i]
                )
            );
            whitelist.rate(address(wallet), Mark.wrap(-1), amount_(SNM_));
            if (i == 0) ban();
        }
    }

    function test_suspicion__nobody_takes_a_stake_back_until_it_is_decided() public {
        register();
        rate(rater, 5, 10 * SNM_);
        wait(31 days);
        int256 before = score();
        suspect();
        wait(150 days);
        vm.prank(rater);
        vm.expectPartialRevert(IHubRatings.HubNotInGoodStanding.selector);
        whitelist.endRating(address(wallet));
        vm.assertEq(score(), before, "as it was");
        // Nobody decided: the rater ends the suspicion itself.
        vm.prank(rater);
        wallet.rehabilitate();
        end(rater);
        vm.assertEq(snm.balanceOf(rater), 1000 * SNM_, "back");
    }

    function test_ban__good_marks_lose_their_stake_to_bad_ones_by_their_weight() public {
        register();
        rate(rater, 3, 100 * SNM_);
        rate(second, -1, 10 * SNM_);
        wait(20 days);
        rate(third, -5, 20 * SNM_);
        wait(20 days);
        suspect();
        ban();
        vm.prank(rater);
        vm.expectRevert(abi.encodeWithSelector(IHubRatings.StakeLost.selector, address(wallet), rater));
        whitelist.endRating(address(wallet));
        // 10 × 40 days against 20 × 20 days: half each. The time under suspicion does not count.
        end(second);
        vm.assertEq(snm.balanceOf(second), 1050 * SNM_, "stake and half");
        wait(1000 days);
        end(third);
        vm.assertEq(snm.balanceOf(third), 1050 * SNM_, "stake and half, whenever it comes");
        vm.assertEq(snm.balanceOf(address(whitelist)), 0, "nothing is left");
        vm.assertEq(score(), int256(-5000), "the worst");
    }

    function test_ban_of_a_hub_that_nobody_disliked__lost_stakes_to_the_vault() public {
        register();
        rate(rater, 3, 100 * SNM_);
        wait(1 days);
        suspect();
        ban();
        vm.assertEq(snm.balanceOf(address(vault)), 1100 * SNM_, "stake and wallet");
        vm.assertEq(vault.entryOf(2).former, address(vault), "to be given back to nobody");
        vm.assertEq(score(), int256(-5000), "the worst");
    }

    function test_bad_mark_of_the_second_of_the_suspicion__earns_nothing_and_loses_nothing() public {
        register();
        rate(rater, 3, 100 * SNM_);
        wait(1 days);
        rate(second, -5, 1000 * SNM_);
        suspect();
        ban();
        end(second);
        vm.assertEq(snm.balanceOf(second), 1000 * SNM_, "its stake");
    }

    function testFuzz_shares__never_exceed_what_was_lost(uint96 lost, uint96 x, uint96 y, uint32 t, uint32 u)
        public
    {
        register();
        rate(rater, 1, SNM_ + lost % (999 * SNM_));
        rate(second, -1, SNM_ + x % (999 * SNM_));
        wait(t % 100 days);
        rate(third, -1, SNM_ + y % (999 * SNM_));
        wait(u % 100 days + 1);
        suspect();
        ban();
        end(second);
        end(third);
        vm.assertLe(snm.balanceOf(address(whitelist)), 2, "all but rounding");
    }

    function test_clock_falls_back_between_ratings__shares_still_fit() public {
        register();
        vm.warp(NOON + 1000);
        rate(rater, 1, 100 * SNM_);
        rate(second, -1, 10 * SNM_);
        vm.warp(NOON + 985);
        rate(third, -1, 10 * SNM_);
        vm.assertEq(score(), int256(0), "no weight, no revert");
        suspect();
        vm.warp(NOON + 10 * 365 days);
        vm.prank(dao);
        wallet.ban();
        end(second);
        end(third);
        // Nobody's mark had any age: the lost stake went to the vault.
        vm.assertEq(snm.balanceOf(address(whitelist)), 0, "fits");
    }

    function test_clock_falls_back_behind_the_suspicion__ages_stay() public {
        register();
        rate(rater, 1, 100 * SNM_);
        rate(second, -1, 10 * SNM_);
        wait(100);
        rate(third, -1, 10 * SNM_);
        vm.warp(block.timestamp - 50);
        suspect();
        ban();
        end(second);
        end(third);
        vm.assertEq(snm.balanceOf(second), 1100 * SNM_, "100 s against none");
    }

    function test_rating_of_two_hubs__do_not_mix() public {
        register();
        rate(rater, 5, 10 * SNM_);
        wait(1 days);
        wallet = newWallet(owner, "another");
        fund(wallet, 10 * SNM_);
        register();
        vm.assertEq(score(), int256(0), "the other hub has none");
        rate(rater, -5, 10 * SNM_);
        wait(1 days);
        vm.assertEq(score(), int256(-5000), "its own");
    }
}
