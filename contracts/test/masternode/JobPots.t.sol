// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {ICoordinator} from "../../src/interfaces/ICoordinator.sol";
import {vm} from "../base/Vm.sol";
import {PotSystem} from "./PotSystem.sol";

/// Money that a payer puts up for a job's workers.
contract JobPotsTest is PotSystem {
    function test_jobs_money_goes_to_its_workers_and_the_rest_back() public {
        fundJob(2000);
        fiveLeaves();
        voteJob(0);
        nextEpoch();
        coordinator.claim(claimsOf(JOB, 0, 4));
        vm.assertEq(snm.balanceOf(rewarded(3)), 400, "in SNM");
        coordinator.reclaimJob(JOB);
        vm.assertEq(snm.balanceOf(stranger), 500, "what was not awarded");
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.NothingDue.selector, stranger));
        coordinator.reclaimJob(JOB);
        coordinator.claim(claimsOf(JOB, 4, 1));
        vm.assertEq(snm.balanceOf(rewarded(4)), 500, "the last one's is still there");
        vm.assertEq(coordinator.owedSnm(), 0, "nothing left");
    }

    function test_nobody_awards_a_job__its_payer_has_the_money_back_after_30_days() public {
        fundJob(2000);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, JOB));
        coordinator.reclaimJob(JOB);
        vm.warp(block.timestamp + 30 days);
        coordinator.reclaimJob(JOB);
        vm.assertEq(snm.balanceOf(stranger), 2000, "back");
        advance();
        fiveLeaves();
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.jobs = new ICoordinator.JobRewards[](1);
        (bytes32 root, uint96 sum,) = tree(JOB, _leaves);
        proposal.jobs[0] = ICoordinator.JobRewards(JOB, root, sum);
        bytes32 digest = coordinator.digestOf(proposal);
        vm.expectPartialRevert(ICoordinator.TooMuch.selector);
        coordinator.execute(proposal, _set, signedBy(_set, 4, digest));
    }

    function test_job_awarded_more_than_it_has__refused() public {
        fundJob(1500);
        fiveLeaves();
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.jobs = new ICoordinator.JobRewards[](1);
        (bytes32 root, uint96 sum,) = tree(JOB, _leaves);
        proposal.jobs[0] = ICoordinator.JobRewards(JOB, root, sum + 1);
        bytes32 digest = coordinator.digestOf(proposal);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.TooMuch.selector, 1501, 1500));
        coordinator.execute(proposal, _set, signedBy(_set, 4, digest));
    }

    function test_job_funded_twice_or_with_nothing__refused() public {
        fundJob(1);
        snm.approve(address(coordinator), 10);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, JOB));
        coordinator.fundJob(JOB, Amount.wrap(1));
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, bytes32("other")));
        coordinator.fundJob("other", Amount.wrap(0));
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.NothingDue.selector, address(0)));
        coordinator.reclaimJob("other");
    }

    function test_jobs_bad_award_is_refuted_and_voted_anew() public {
        fundJob(2000);
        fiveLeaves();
        addLeaf(account("nobody"), 10);
        voteJob(0);
        coordinator.challenge(JOB, claimsOf(JOB, 5, 1), _set);
        vm.assertEq(coordinator.potOf(JOB).sum, 0, "no award stands");
        _leaves.pop();
        for (uint256 i = 0; i < 4; ++i) {
            joins(account(string.concat("new masternode ", digits(i))), MIN);
        }
        advance();
        voteJob(0);
        nextEpoch();
        coordinator.claim(claimsOf(JOB, 0, 5));
        vm.assertEq(snm.balanceOf(rewarded(4)), 500, "its workers have it");
    }

    function test_claims_of_a_job_end__the_rest_is_the_payers() public {
        fundJob(1500);
        fiveLeaves();
        voteJob(0);
        vm.warp(block.timestamp + 501 * uint256(EPOCH));
        coordinator.reclaimJob(JOB);
        vm.assertEq(snm.balanceOf(stranger), 1500, "nobody came");
        ICoordinator.Claim[] memory late = claimsOf(JOB, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, JOB));
        coordinator.claim(late);
        vm.warp(block.timestamp - 15);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, JOB));
        coordinator.claim(late);
    }
}
