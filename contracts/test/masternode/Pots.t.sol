// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICoordinator} from "../../src/interfaces/ICoordinator.sol";
import {MerkleSum} from "../../src/lib/MerkleSum.sol";
import {SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {PotSystem} from "./PotSystem.sol";

/// Rewards: trees, claims, bad leaves, cost.
contract PotsTest is PotSystem {
    // ---- claims

    function test_everybody_claims_once_what_was_voted() public {
        fiveLeaves();
        bytes32 pot = votePot();
        ICoordinator.Claim[] memory all = claimsOf(pot, 0, 5);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, pot));
        coordinator.claim(all);
        nextEpoch();
        coordinator.claim(all);
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertEq(sno.balanceOf(rewarded(i)), 100 * (i + 1), "paid");
        }
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.AlreadyClaimed.selector, pot, 0));
        coordinator.claim(all);
        vm.assertEq(coordinator.potOf(pot).claimed, 1500, "all of it");
        vm.assertTrue(coordinator.isClaimed(pot, 4), "marked");
    }

    function test_batch_over_several_epochs() public {
        fiveLeaves();
        bytes32 first = votePot();
        advance();
        bytes32 second = votePot();
        nextEpoch();
        ICoordinator.Claim[] memory claims = new ICoordinator.Claim[](2);
        (claims[0], claims[1]) = (claimOf(first, 2), claimOf(second, 2));
        coordinator.claim(claims);
        vm.assertEq(sno.balanceOf(rewarded(2)), 600, "of both");
    }

    function test_one_leaf_alone_is_a_tree() public {
        addLeaf(rewarded(0), 7);
        bytes32 pot = votePot();
        nextEpoch();
        coordinator.claim(claimsOf(pot, 0, 1));
        vm.assertEq(sno.balanceOf(rewarded(0)), 7, "paid");
    }

    function test_leaf_with_more_money_or_another_account_index_or_pot__not_in_the_tree() public {
        fiveLeaves();
        bytes32 pot = votePot();
        advance();
        bytes32 other = votePot();
        nextEpoch();
        ICoordinator.Claim[] memory claims = claimsOf(pot, 1, 1);
        claims[0].leaf.amount += 1;
        expectNotInTheTree(claims);
        claims[0].leaf.amount -= 1;
        claims[0].leaf.account = stranger;
        expectNotInTheTree(claims);
        claims[0].leaf.account = rewarded(1);
        claims[0].leaf.index = 0;
        expectNotInTheTree(claims);
        claims[0].leaf.index = 1;
        claims[0].pot = other;
        expectNotInTheTree(claims);
        claims[0].pot = pot;
        claims[0].proof[0].sum += 1;
        expectNotInTheTree(claims);
        claims[0].proof[0].sum -= 1;
        coordinator.claim(claims);
    }

    function expectNotInTheTree(ICoordinator.Claim[] memory claims) private {
        vm.expectPartialRevert(MerkleSum.NotInTheTree.selector);
        coordinator.claim(claims);
    }

    function test_proof_of_a_wrong_length__refused() public {
        fiveLeaves();
        bytes32 pot = votePot();
        nextEpoch();
        ICoordinator.Claim[] memory claims = claimsOf(pot, 4, 1);
        claims[0].proof = new MerkleSum.Sibling[](33);
        vm.expectPartialRevert(MerkleSum.WrongProofLength.selector);
        coordinator.claim(claims);
        claims[0].proof = new MerkleSum.Sibling[](2);
        // Index 4 does not fit two levels: else one leaf could be claimed under several numbers.
        vm.expectPartialRevert(MerkleSum.WrongProofLength.selector);
        coordinator.claim(claims);
        claims[0].proof = new MerkleSum.Sibling[](3);
        expectNotInTheTree(claims);
    }

    function test_sums_that_were_voted_too_small__the_surplus_cannot_be_claimed() public {
        // The root is of 1,500, the vote says 1,000: no leaf of this tree has a path with that sum.
        fiveLeaves();
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        bytes32 pot = coordinator.epochPot(proposal.epoch);
        (proposal.rewardRoot,,) = tree(pot, _leaves);
        proposal.rewardSum = 1000;
        execute(proposal, _set);
        nextEpoch();
        ICoordinator.Claim[] memory claims = claimsOf(pot, 0, 1);
        expectNotInTheTree(claims);
    }

    function test_sum_above_the_pool__refused() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.rewardRoot = bytes32(uint256(1));
        proposal.rewardSum = type(uint96).max;
        bytes32 digest = coordinator.digestOf(proposal);
        vm.expectPartialRevert(ICoordinator.TooMuch.selector);
        coordinator.execute(proposal, _set, signedBy(_set, 4, digest));
        proposal.rewardRoot = 0;
        proposal.rewardSum = 1;
        digest = coordinator.digestOf(proposal);
        vm.expectPartialRevert(ICoordinator.WrongPot.selector);
        coordinator.execute(proposal, _set, signedBy(_set, 4, digest));
    }

    function test_unclaimed_money_returns_to_the_pool_after_500_epochs() public {
        fiveLeaves();
        uint256 before = coordinator.pool();
        bytes32 pot = votePot();
        nextEpoch();
        coordinator.claim(claimsOf(pot, 0, 2));
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, pot));
        coordinator.closePot(pot);
        vm.warp(block.timestamp + 500 * uint256(EPOCH));
        ICoordinator.Claim[] memory late = claimsOf(pot, 2, 1);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, pot));
        coordinator.claim(late);
        uint256 pool = coordinator.pool();
        coordinator.closePot(pot);
        vm.assertEq(coordinator.pool() - pool, 1200, "what nobody claimed");
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, pot));
        coordinator.closePot(pot);
        vm.assertGe(coordinator.pool(), before, "never less than before");
    }

    // ---- bad leaves

    function test_account_that_was_no_worker__pot_closed_and_signers_slashed() public {
        fiveLeaves();
        addLeaf(account("nobody"), 1000);
        uint256 pool = coordinator.pool();
        bytes32 pot = votePot();
        ICoordinator.Claim[] memory bad = claimsOf(pot, 5, 1);
        vm.prank(stranger);
        coordinator.challenge(pot, bad, _set);
        vm.assertEq(stakeOf(node(0)), MIN * 9 / 10, "a tenth of each signer's stake");
        vm.assertEq(stakeOf(node(3)), MIN * 9 / 10, "the last one's, too");
        vm.prank(stranger);
        masternodes.collect();
        vm.assertEq(snm.balanceOf(stranger), 4 * uint256(MIN) / 10 / 5, "a fifth to who showed it");
        vm.assertGe(coordinator.pool(), pool, "the money is back in the pool");
        nextEpoch();
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, pot));
        coordinator.claim(bad);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, pot));
        coordinator.challenge(pot, bad, _set);
    }

    function test_account_twice_in_a_pot__closed() public {
        fiveLeaves();
        addLeaf(rewarded(1), 5);
        bytes32 pot = votePot();
        ICoordinator.Claim[] memory both = new ICoordinator.Claim[](2);
        (both[0], both[1]) = (claimOf(pot, 1), claimOf(pot, 5));
        coordinator.challenge(pot, both, _set);
        vm.assertTrue(coordinator.potOf(pot).isClosed, "closed");
    }

    function test_good_leaves_cannot_be_challenged() public {
        fiveLeaves();
        bytes32 pot = votePot();
        ICoordinator.Claim[] memory one = claimsOf(pot, 0, 1);
        expectNothingWrong(pot, one);
        expectNothingWrong(pot, claimsOf(pot, 0, 2));
        ICoordinator.Claim[] memory same = new ICoordinator.Claim[](2);
        (same[0], same[1]) = (one[0], one[0]);
        expectNothingWrong(pot, same);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.TooLong.selector, 0, 2));
        coordinator.challenge(pot, new ICoordinator.Claim[](0), _set);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.TooLong.selector, 3, 2));
        coordinator.challenge(pot, new ICoordinator.Claim[](3), _set);
    }

    function expectNothingWrong(bytes32 pot, ICoordinator.Claim[] memory evidence) private {
        vm.expectRevert(ICoordinator.NothingWrong.selector);
        coordinator.challenge(pot, evidence, _set);
    }

    function test_worker_that_leaves_after_the_epoch__slashes_nobody() public {
        fiveLeaves();
        bytes32 pot = votePot();
        vm.prank(rewarded(0));
        participants.resign();
        ICoordinator.Claim[] memory one = claimsOf(pot, 0, 1);
        vm.prank(rewarded(0));
        expectNothingWrong(pot, one);
    }

    function test_challenge_with_another_pots_leaf_or_another_set_or_too_late__refused() public {
        fiveLeaves();
        addLeaf(account("nobody"), 1000);
        bytes32 pot = votePot();
        ICoordinator.Claim[] memory bad = claimsOf(pot, 5, 1);
        bad[0].pot = JOB;
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, JOB));
        coordinator.challenge(pot, bad, _set);
        bad[0].pot = pot;
        SignerSet memory other = _set;
        other.epoch += 1;
        vm.expectPartialRevert(ICoordinator.WrongEpoch.selector);
        coordinator.challenge(pot, bad, other);
        other.epoch -= 1;
        other.members[0].account = stranger;
        vm.expectRevert();
        coordinator.challenge(pot, bad, other);
        nextEpoch();
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.WrongPot.selector, pot));
        coordinator.challenge(pot, bad, _set);
    }

    // ---- cost

    function test_cost_of_an_epoch_does_not_grow_with_the_workers() public {
        uint256[3] memory gas;
        uint96[3] memory workers = [uint96(10), 1000, 1_000_000];
        for (uint256 i = 0; i < 3; ++i) {
            advance();
            ICoordinator.Proposal memory proposal = emptyProposal(_set);
            proposal.rewardRoot = keccak256(abi.encode("tree of", workers[i]));
            proposal.rewardSum = workers[i];
            bytes32 digest = coordinator.digestOf(proposal);
            uint256 before = gasleft();
            coordinator.execute(proposal, _set, signedBy(_set, 4, digest));
            gas[i] = before - gasleft();
        }
        vm.assertLe(gas[2], gas[1] + gas[1] / 20, "a million costs what a thousand cost");
        vm.assertLe(gas[1], gas[0] + gas[0] / 20, "a thousand what ten cost");
    }

    function testFuzz_claims_never_exceed_the_voted_sum(uint96[8] memory amounts, uint256 order) public {
        for (uint256 i = 0; i < 8; ++i) {
            addLeaf(account(string.concat("fuzzed ", digits(i))), amounts[i] % 1e18);
        }
        bytes32 pot = votePot();
        nextEpoch();
        uint96 sum = coordinator.potOf(pot).sum;
        for (uint256 k = 0; k < 12; ++k) {
            uint256 i = (order >> (4 * k)) % 8;
            try coordinator.claim(claimsOf(pot, i, 1)) {} catch {}
            vm.assertLe(coordinator.potOf(pot).claimed, sum, "claimed");
        }
        uint256 paid;
        for (uint256 i = 0; i < 8; ++i) {
            try coordinator.claim(claimsOf(pot, i, 1)) {} catch {}
            paid += sno.balanceOf(_leaves[i].account);
        }
        vm.assertEq(paid, sum, "everybody has what was voted");
    }
}
