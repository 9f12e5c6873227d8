// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {ICoordinator} from "../../src/interfaces/ICoordinator.sol";
import {MerkleSum} from "../../src/lib/MerkleSum.sol";
import {Participants} from "../../src/masternode/Participants.sol";
import {SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {MasternodeSystem} from "./MasternodeSystem.sol";

/// What a vote, a challenge or anybody who closes may not do to a pot. Each pot here has one leaf, 100 for `worker`.
contract PotGuardsTest is MasternodeSystem {
    bytes32 private constant JOB = keccak256("job");

    SignerSet private _set;

    function setUp() public override {
        super.setUp();
        vm.prank(worker);
        participants.register(Participants.Role.Worker, 0);
        advance();
        advance();
        // An emission for the pool.
        execute(emptyProposal(_set), _set);
        advance();
    }

    function advance() private {
        nextEpoch();
        SignerSet memory set = takenSet();
        delete _set.members;
        _set.epoch = set.epoch;
        for (uint256 i = 0; i < set.members.length; ++i) {
            _set.members.push(set.members[i]);
        }
    }

    function claimOf(bytes32 pot, address who) private pure returns (ICoordinator.Claim[] memory claims) {
        claims = new ICoordinator.Claim[](1);
        claims[0] = ICoordinator.Claim(pot, MerkleSum.Leaf(0, who, 100), new MerkleSum.Sibling[](0));
    }

    function votePotFor(address who) private returns (bytes32 pot) {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        pot = coordinator.epochPot(proposal.epoch);
        (proposal.rewardRoot, proposal.rewardSum) = (leafHash(pot, claimOf(pot, who)[0].leaf), 100);
        execute(proposal, _set);
    }

    function award(bytes32 root, uint96 sum) private view returns (ICoordinator.Proposal memory proposal) {
        proposal = emptyProposal(_set);
        proposal.jobs = new ICoordinator.JobRewards[](1);
        proposal.jobs[0] = ICoordinator.JobRewards(JOB, root, sum);
    }

    function jobRoot() private view returns (bytes32) {
        return leafHash(JOB, claimOf(JOB, worker)[0].leaf);
    }

    function refuse(ICoordinator.Proposal memory proposal, bytes memory why) private {
        bytes32 digest = coordinator.digestOf(proposal);
        vm.expectRevert(why);
        coordinator.execute(proposal, _set, signedBy(_set, 4, digest));
    }

    function fundJob() private {
        snm.approve(address(coordinator), 100);
        coordinator.fundJob(JOB, Amount.wrap(100));
    }

    function wrong(bytes32 pot) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICoordinator.WrongPot.selector, pot);
    }

    // ---- awards of a job

    function test_award_of_nothing__refused() public {
        fundJob();
        refuse(award(jobRoot(), 0), abi.encodeWithSelector(ICoordinator.TooMuch.selector, 0, 100));
        refuse(award(0, 100), wrong(JOB));
    }

    function test_award_after_the_payers_30_days__refused_and_the_money_goes_home() public {
        fundJob();
        vm.warp(block.timestamp + 30 days);
        advance();
        refuse(award(jobRoot(), 100), wrong(JOB));
        coordinator.reclaimJob(JOB);
        vm.assertEq(coordinator.owedSnm(), 0, "the payer's again");
    }

    function test_second_award_of_a_job__refused_and_the_first_stands() public {
        fundJob();
        execute(award(jobRoot(), 100), _set);
        advance();
        refuse(award(leafHash(JOB, claimOf(JOB, stranger)[0].leaf), 100), wrong(JOB));
        coordinator.claim(claimOf(JOB, worker));
        vm.assertEq(snm.balanceOf(worker), 100, "paid as it was voted first");
    }

    // ---- closing

    function test_closing_what_is_no_epochs_pot__refused() public {
        vm.expectRevert(wrong("none"));
        coordinator.closePot("none");
        fundJob();
        execute(award(jobRoot(), 100), _set);
        uint256 pool = coordinator.pool();
        vm.warp(block.timestamp + 502 * uint256(EPOCH));
        vm.expectRevert(wrong(JOB));
        coordinator.closePot(JOB);
        vm.assertEq(coordinator.pool(), pool, "a job's SNM are no SNO of the pool");
        coordinator.reclaimJob(JOB);
        vm.assertEq(coordinator.owedSnm(), 0, "they are the payer's");
    }

    function test_time_falls_back_after_a_jobs_end__its_payer_is_told_that_nothing_is_due() public {
        fundJob();
        execute(award(jobRoot(), 100), _set);
        vm.warp(block.timestamp + 501 * uint256(EPOCH));
        coordinator.reclaimJob(JOB);
        vm.warp(block.timestamp - 15);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.NothingDue.selector, address(this)));
        coordinator.reclaimJob(JOB);
    }

    function test_epochs_pot_is_closed_once_and_after_its_end() public {
        bytes32 pot = votePotFor(worker);
        vm.expectRevert(wrong(pot));
        coordinator.closePot(pot);
        vm.warp(block.timestamp + 501 * uint256(EPOCH));
        coordinator.closePot(pot);
        uint256 pool = coordinator.pool();
        vm.expectRevert(wrong(pot));
        coordinator.closePot(pot);
        vm.assertEq(coordinator.pool(), pool, "given back once");
    }

    // ---- challenges

    function test_challenge_with_a_leaf_that_nobody_voted__refused_and_nobody_is_slashed() public {
        bytes32 pot = votePotFor(worker);
        ICoordinator.Claim[] memory forged = claimOf(pot, stranger);
        vm.expectPartialRevert(MerkleSum.NotInTheTree.selector);
        coordinator.challenge(pot, forged, _set);
        vm.assertFalse(coordinator.potOf(pot).isClosed, "stands");
    }

    function test_challenge_of_a_pot_that_never_was__refused() public {
        vm.expectRevert(wrong("none"));
        coordinator.challenge("none", claimOf("none", stranger), _set);
    }

    function test_challenge_of_a_refuted_pot__signers_are_slashed_once() public {
        bytes32 pot = votePotFor(stranger);
        coordinator.challenge(pot, claimOf(pot, stranger), _set);
        vm.expectRevert(wrong(pot));
        coordinator.challenge(pot, claimOf(pot, stranger), _set);
        vm.assertEq(stakeOf(node(0)), MIN * 9 / 10, "a tenth, once");
    }

    // ---- construction

    function test_participants_whose_history_nobody_could_write__refused() public {
        vm.expectPartialRevert(Participants.NotTheCoordinator.selector);
        new Participants(address(0));
    }
}
