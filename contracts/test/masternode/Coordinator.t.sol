// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {ICoordinator} from "../../src/interfaces/ICoordinator.sol";
import {IMasternodes} from "../../src/interfaces/IMasternodes.sol";
import {MerkleSum} from "../../src/lib/MerkleSum.sol";
import {Participants} from "../../src/masternode/Participants.sol";
import {ISigners, Signature, SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {MasternodeSystem} from "./MasternodeSystem.sol";

/// Epochs, votes, selection, and what a vote may do.
contract CoordinatorTest is MasternodeSystem {
    SignerSet private _set;

    function setUp() public override {
        super.setUp();
        nextEpoch();
        nextEpoch();
        refresh();
    }

    /// The running epoch's set.
    function refresh() private {
        SignerSet memory set = takenSet();
        delete _set.members;
        _set.epoch = set.epoch;
        for (uint256 i = 0; i < set.members.length; ++i) {
            _set.members.push(set.members[i]);
        }
    }

    function votes(ICoordinator.Proposal memory proposal, uint256 count)
        private
        view
        returns (Signature[] memory)
    {
        return signedBy(_set, count, coordinator.digestOf(proposal));
    }

    // ---- who decides

    function test_more_than_two_thirds_decide() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        Signature[] memory two = votes(proposal, 2);
        vm.expectPartialRevert(ISigners.NoQuorum.selector);
        coordinator.execute(proposal, _set, two);
        coordinator.execute(proposal, _set, votes(proposal, 3));
        vm.assertEq(coordinator.lastEpoch(), proposal.epoch, "decided");
        vm.assertEq(coordinator.lastHash(), coordinator.digestOf(proposal), "what was decided");
    }

    function test_every_byte_is_under_the_vote() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.rewardRoot = bytes32(uint256(1));
        proposal.rewardSum = 1;
        proposal.jobs = new ICoordinator.JobRewards[](1);
        proposal.changes = new Participants.Change[](1);
        proposal.inactive = new address[](1);
        Signature[] memory good = votes(proposal, 4);
        proposal.rewardSum = 2;
        expectForged(proposal, good);
        proposal.rewardSum = 1;
        proposal.rewardRoot = bytes32(uint256(2));
        expectForged(proposal, good);
        proposal.rewardRoot = bytes32(uint256(1));
        proposal.jobs[0].sum = 1;
        expectForged(proposal, good);
        proposal.jobs[0].sum = 0;
        proposal.changes[0].uptime = 1;
        expectForged(proposal, good);
        proposal.changes[0].uptime = 0;
        proposal.inactive[0] = node(0);
        expectForged(proposal, good);
        proposal.inactive = new address[](0);
        expectForged(proposal, good);
    }

    function expectForged(ICoordinator.Proposal memory proposal, Signature[] memory signatures) private {
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        coordinator.execute(proposal, _set, signatures);
    }

    function test_an_epoch_is_decided_once_and_after_its_end() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        coordinator.execute(proposal, _set, votes(proposal, 4));
        ICoordinator.Proposal memory again = emptyProposal(_set);
        Signature[] memory good = votes(again, 4);
        vm.expectPartialRevert(ICoordinator.WrongEpoch.selector);
        coordinator.execute(again, _set, good);
        again.epoch += 1;
        good = votes(again, 4);
        vm.expectPartialRevert(ICoordinator.WrongEpoch.selector);
        coordinator.execute(again, _set, good);
    }

    function test_proposal_that_does_not_follow_the_last__refused() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.previous = bytes32(uint256(1));
        Signature[] memory good = votes(proposal, 4);
        vm.expectPartialRevert(ICoordinator.WrongPrevious.selector);
        coordinator.execute(proposal, _set, good);
    }

    function test_set_from_before_the_epoch__refused() public {
        SignerSet memory old = _set;
        nextEpoch();
        nextEpoch();
        ICoordinator.Proposal memory proposal = emptyProposal(old);
        Signature[] memory good = signedBy(old, 4, coordinator.digestOf(proposal));
        vm.expectPartialRevert(ICoordinator.WrongEpoch.selector);
        coordinator.execute(proposal, old, good);
        proposal.setEpoch += 1;
        refresh();
        good = votes(proposal, 4);
        vm.expectPartialRevert(ICoordinator.WrongEpoch.selector);
        coordinator.execute(proposal, _set, good);
    }

    function test_lists_longer_than_their_limits__refused() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.changes = new Participants.Change[](64);
        coordinator.execute(proposal, _set, votes(proposal, 4));
        nextEpoch();
        refresh();
        proposal = emptyProposal(_set);
        proposal.changes = new Participants.Change[](65);
        expectTooLong(proposal);
        proposal.changes = new Participants.Change[](0);
        proposal.jobs = new ICoordinator.JobRewards[](17);
        expectTooLong(proposal);
        proposal.jobs = new ICoordinator.JobRewards[](0);
        proposal.inactive = new address[](9);
        expectTooLong(proposal);
        ICoordinator.Claim[] memory claims = new ICoordinator.Claim[](51);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.TooLong.selector, 51, 50));
        coordinator.claim(claims);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.TooLong.selector, 0, 50));
        coordinator.claim(new ICoordinator.Claim[](0));
    }

    function expectTooLong(ICoordinator.Proposal memory proposal) private {
        Signature[] memory good = votes(proposal, 4);
        vm.expectPartialRevert(ICoordinator.TooLong.selector);
        coordinator.execute(proposal, _set, good);
    }

    function test_signatures_for_another_chain__refused() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        Signature[] memory good = votes(proposal, 4);
        vm.chainId(7);
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        coordinator.execute(proposal, _set, good);
    }

    // ---- who proposes

    function notSelected(uint64 epoch) private returns (address) {
        address[3] memory seats = coordinator.selected(epoch, _set);
        for (uint256 i = 0; i < 4; ++i) {
            address one = node(i);
            if (one != seats[0] && one != seats[1] && one != seats[2]) return one;
        }
        return address(0);
    }

    function test_only_the_selected_propose_until_an_epoch_and_a_quarter_has_passed() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.proposer = notSelected(proposal.epoch);
        Signature[] memory good = votes(proposal, 4);
        vm.expectPartialRevert(ICoordinator.NotSelected.selector);
        coordinator.execute(proposal, _set, good);
        vm.warp((uint256(proposal.epoch) + 1) * EPOCH + 750);
        // The same votes: none was wiped by the change of leader.
        coordinator.execute(proposal, _set, good);
    }

    function test_stranger_never_proposes() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.proposer = stranger;
        nextEpoch();
        nextEpoch();
        Signature[] memory good = votes(proposal, 4);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.NotSelected.selector, stranger));
        coordinator.execute(proposal, _set, good);
        proposal.proposer = address(0);
        good = votes(proposal, 4);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.NotSelected.selector, address(0)));
        coordinator.execute(proposal, _set, good);
    }

    function test_one_silent_member_stalls_nothing() public {
        // Whoever was selected says nothing at all; somebody else proposes, three others vote.
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        address silent = proposal.proposer;
        vm.warp((uint256(proposal.epoch) + 1) * EPOCH + 750);
        Signature[] memory three = new Signature[](3);
        uint256 k = 0;
        for (uint8 i = 0; i < 4; ++i) {
            if (_set.members[i].account != silent) proposal.proposer = _set.members[i].account;
        }
        bytes32 digest = coordinator.digestOf(proposal);
        for (uint8 i = 0; i < 4; ++i) {
            if (_set.members[i].account != silent) three[k++] = signed(_set, i, digest);
        }
        coordinator.execute(proposal, _set, three);
        vm.assertEq(coordinator.partOf(silent), 0, "who does not sign gets nothing");
    }

    function promise_(uint64 epoch, address who, bytes32 secret) private {
        vm.prank(who);
        coordinator.commit(epoch, keccak256(abi.encode(epoch, who, secret)));
    }

    function test_secrets_change_the_selection_and_withholding_costs_the_seat() public {
        uint64 epoch = masternodes.epoch() + 2;
        for (uint256 i = 0; i < 4; ++i) {
            promise_(epoch, node(i), bytes32(i));
        }
        nextEpoch();
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(node(i));
            coordinator.reveal(epoch, bytes32(i));
        }
        vm.assertTrue(coordinator.seedOf(epoch) != 0, "a seed");
        for (uint256 k = 0; k < 3; ++k) {
            vm.assertTrue(coordinator.selected(epoch, _set)[k] != node(3), "who withholds is not selected");
        }
    }

    function test_nobody_can_grind__promises_come_early_once_and_are_personal() public {
        uint64 epoch = masternodes.epoch() + 2;
        vm.startPrank(node(0));
        vm.expectPartialRevert(ICoordinator.WrongEpoch.selector);
        coordinator.commit(epoch - 1, bytes32(uint256(1)));
        vm.expectPartialRevert(ICoordinator.WrongEpoch.selector);
        coordinator.commit(epoch + 1, bytes32(uint256(1)));
        vm.expectRevert(ICoordinator.WrongSecret.selector);
        coordinator.commit(epoch, 0);
        vm.stopPrank();
        promise_(epoch, node(0), "a");
        vm.prank(node(0));
        vm.expectRevert(ICoordinator.WrongSecret.selector);
        coordinator.commit(epoch, bytes32(uint256(1)));
        vm.prank(stranger);
        vm.expectRevert(ICoordinator.WrongSecret.selector);
        coordinator.commit(epoch, bytes32(uint256(1)));
        vm.prank(node(0));
        vm.expectPartialRevert(ICoordinator.WrongEpoch.selector);
        coordinator.reveal(epoch, "a");
        nextEpoch();
        vm.prank(node(1));
        vm.expectRevert(ICoordinator.WrongSecret.selector);
        coordinator.reveal(epoch, "a");
        vm.startPrank(node(0));
        vm.expectRevert(ICoordinator.WrongSecret.selector);
        coordinator.reveal(epoch, "b");
        coordinator.reveal(epoch, "a");
        vm.expectRevert(ICoordinator.WrongSecret.selector);
        coordinator.reveal(epoch, "a");
        vm.stopPrank();
    }

    function test_selection_follows_the_stake() public {
        snm.transfer(node(0), MAX - MIN);
        vm.prank(node(0));
        masternodes.addStake(Amount.wrap(MAX - MIN));
        nextEpoch();
        refresh();
        uint256 hits;
        for (uint64 epoch = 0; epoch < 300; ++epoch) {
            if (coordinator.selected(epoch, _set)[0] == node(0)) ++hits;
        }
        // 10 of 13 parts: 231 of 300 expected, deviation 7.
        vm.assertGe(hits, 200, "often");
        vm.assertLe(hits, 262, "not always");
    }

    // ---- what a vote does

    function test_history_is_recorded_and_counters_do_not_wrap() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.changes = new Participants.Change[](2);
        proposal.changes[0] = Participants.Change(worker, 1, 2, 3, 4, 5);
        proposal.changes[1] = Participants.Change(worker, type(uint32).max, 0, 0, 1, 6);
        execute(proposal, _set);
        Participants.Participant memory one = participants.participantOf(worker);
        vm.assertEq(one.jobsDone, uint256(type(uint32).max) + 1, "jobs");
        vm.assertEq(one.failures, 2, "failures");
        vm.assertEq(one.slashes, 3, "slashes");
        vm.assertEq(one.uptime, 5, "uptime");
        vm.assertEq(one.capacity, 6, "capacity");
        Participants.Change[] memory changes = new Participants.Change[](1);
        vm.expectPartialRevert(Participants.NotTheCoordinator.selector);
        participants.record(changes);
    }

    function test_voted_inactive_masternode_unbonds_with_its_money() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.inactive = new address[](2);
        (proposal.inactive[0], proposal.inactive[1]) = (node(3), stranger);
        execute(proposal, _set);
        vm.assertEq(
            uint256(masternodes.nodeOf(node(3)).state), uint256(IMasternodes.State.Unbonding), "retired"
        );
        vm.assertEq(stakeOf(node(3)), MIN, "with its money");
    }

    function test_emission_is_split_85_10_5_and_everything_is_owed() public {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        execute(proposal, _set);
        uint256 minted = sno.totalSupply();
        vm.assertGe(minted, 1, "something was emitted");
        vm.assertEq(coordinator.partOf(dao), minted * 5 / 100, "the DAO's part");
        vm.assertEq(coordinator.partOf(node(0)), minted / 10 / 4, "a masternode's");
        vm.assertGe(coordinator.pool(), minted * 85 / 100, "the workers'");
        uint256 parts = 4 * coordinator.partOf(node(0)) + coordinator.partOf(dao) + coordinator.pool();
        vm.assertEq(parts, minted, "all of it");
        vm.assertEq(coordinator.owedSno(), minted, "owed");
        vm.prank(dao);
        coordinator.collect();
        vm.assertEq(sno.balanceOf(dao), minted * 5 / 100, "collected");
        vm.prank(dao);
        vm.expectRevert(abi.encodeWithSelector(ICoordinator.NothingDue.selector, dao));
        coordinator.collect();
    }

    function test_emission_depends_on_time_not_on_how_often_is_asked() public {
        execute(emptyProposal(_set), _set);
        nextEpoch();
        nextEpoch();
        refresh();
        execute(emptyProposal(_set), _set);
        vm.assertEq(sno.totalSupply(), sno.emittedAfter(block.timestamp - sno.start()), "by elapsed time");
    }

    function test_participants_register_change_and_leave() public {
        vm.startPrank(worker);
        vm.expectRevert(Participants.NotARole.selector);
        participants.resign();
        vm.expectRevert(Participants.NotARole.selector);
        participants.register(Participants.Role.None, 0);
        participants.register(Participants.Role.Worker, "key");
        uint48 then_ = uint48(block.timestamp);
        vm.warp(block.timestamp + 100);
        participants.register(Participants.Role.User, "other");
        vm.warp(block.timestamp - 15);
        participants.resign();
        vm.stopPrank();
        vm.assertEq(uint256(participants.roleAt(worker, then_)), uint256(Participants.Role.Worker), "was");
        vm.assertEq(uint256(participants.roleAt(worker, then_ - 1)), 0, "was not");
        vm.assertEq(uint256(participants.roleAt(worker, then_ + 100)), 0, "is not, time fell back");
        vm.assertEq(participants.participantOf(worker).networkKey, "other", "key");
    }
}
