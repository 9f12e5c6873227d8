// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {ProfileRegistry} from "../../src/ProfileRegistry.sol";
import {SNM} from "../../src/SNM.sol";
import {Amount, Level} from "../../src/Types.sol";
import {DAO} from "../../src/dao/DAO.sol";
import {Timelock} from "../../src/dao/Timelock.sol";
import {HubState, HubStatus} from "../../src/hub/HubTypes.sol";
import {HubWallet} from "../../src/hub/HubWallet.sol";
import {JobEscrow} from "../../src/hub/JobEscrow.sol";
import {IHubWallet} from "../../src/interfaces/IHubWallet.sol";
import {vm} from "../base/Vm.sol";
import {HubSystem} from "../hub/HubSystem.sol";

/// A real DAO over real hubs: what it decides happens, after its delays, and nobody else can do it.
contract DAOTest is HubSystem {
    DAO private governor;
    Timelock private timelock;
    JobEscrow private escrow;
    ProfileRegistry private profiles;
    address private whale = account("whale");
    address private shrimp = account("shrimp");

    function setUp() public override {
        vm.warp(NOON);
        snm = SNM(deploy("SNM", type(SNM).creationCode, abi.encode(address(this))));
        governor = DAO(
            payable(deploy(
                    "DAO",
                    type(DAO).creationCode,
                    abi.encode(snm, DAO.Settings(1 days, 7 days, 1000e18, 4, 2 days))
                ))
        );
        timelock = Timelock(payable(governor.timelock()));
        dao = address(timelock);
        deployHubs(snm);
        escrow = new JobEscrow(snm, factory, dao);
        profiles = new ProfileRegistry(dao, address(0));
        wallet = newWallet(owner, "first");
        fund(wallet, 1000 * SNM_);
        snm.transfer(whale, 50_000_000e18);
        snm.transfer(shrimp, 999e18);
        vm.prank(whale);
        SNM(address(snm)).delegate(whale);
        vm.prank(shrimp);
        SNM(address(snm)).delegate(shrimp);
        wait(1);
    }

    struct Motion {
        address[] targets;
        uint256[] values;
        bytes[] calldatas;
        bytes32 description;
        uint256 id;
    }

    uint256 private _count;

    function motion(address target, bytes memory call) private returns (Motion memory m) {
        m.targets = new address[](1);
        m.values = new uint256[](1);
        m.calldatas = new bytes[](1);
        m.targets[0] = target;
        m.calldatas[0] = call;
        string memory text = string(abi.encodePacked("motion ", bytes32(++_count)));
        m.description = keccak256(bytes(text));
        vm.prank(whale);
        m.id = governor.propose(m.targets, m.values, m.calldatas, text);
    }

    function vote(Motion memory m) private {
        wait(1 days + 1);
        vm.prank(whale);
        governor.castVote(m.id, 1);
        wait(7 days);
    }

    function queue(Motion memory m) private {
        governor.queue(m.targets, m.values, m.calldatas, m.description);
    }

    function execute(Motion memory m) private {
        vm.prank(stranger);
        governor.execute(m.targets, m.values, m.calldatas, m.description);
    }

    /// From proposal to deed.
    function decide(address target, bytes memory call) private {
        Motion memory m = motion(target, call);
        vote(m);
        queue(m);
        wait(2 days);
        execute(m);
    }

    function assertState(Motion memory m, IGovernor.ProposalState expected) private view {
        vm.assertEq(uint256(governor.state(m.id)), uint256(expected), "state");
    }

    // ---- what it alone does

    function test_dao__suspects_and_bans_and_the_vault_keeps_the_money_for_180_days() public {
        register();
        decide(address(wallet), abi.encodeCall(wallet.suspect, ("evidence")));
        vm.assertEq(uint256(wallet.account().state), uint256(HubState.Suspected), "suspected");
        wait(120 days);
        decide(address(wallet), abi.encodeCall(wallet.ban, ()));
        vm.assertEq(snm.balanceOf(address(vault)), 1000 * SNM_, "in the vault");
        Motion memory early = motion(address(vault), abi.encodeCall(vault.release, (1, whale, amount_(1))));
        vote(early);
        queue(early);
        wait(2 days);
        vm.expectRevert();
        execute(early);
        wait(180 days);
        execute(early);
        vm.assertEq(snm.balanceOf(whale), 50_000_000e18 + 1, "then it may use it");
    }

    function test_dao__rehabilitates() public {
        register();
        decide(address(wallet), abi.encodeCall(wallet.suspect, ("evidence")));
        decide(address(wallet), abi.encodeCall(wallet.rehabilitate, ()));
        vm.assertEq(uint256(wallet.account().state), uint256(HubState.Idle), "idle");
    }

    function test_dao__appoints_the_first_trusted_hubs_and_kyc_validators() public {
        register();
        decide(address(whitelist), abi.encodeCall(whitelist.setStatus, (address(wallet), HubStatus.Trusted)));
        vm.assertEq(
            uint256(whitelist.hubOf(address(wallet)).status), uint256(HubStatus.Trusted), "a trusted hub"
        );
        decide(address(profiles), abi.encodeCall(profiles.setValidator, (stranger, Level.Identified)));
        vm.assertEq(uint256(profiles.validatorLevel(stranger)), uint256(Level.Identified), "a validator");
    }

    function test_dao__sets_fees_inside_the_hard_bound_only() public {
        decide(address(escrow), abi.encodeCall(escrow.setFee, (300)));
        vm.assertEq(escrow.feeBps(), 300, "set");
        Motion memory m = motion(address(escrow), abi.encodeCall(escrow.setFee, (301)));
        vote(m);
        queue(m);
        wait(2 days);
        vm.expectRevert();
        execute(m);
        vm.assertEq(escrow.feeBps(), 300, "bound");
    }

    function test_dao__spends_what_it_earned() public {
        register();
        wait(30 days);
        wallet.payday();
        vm.assertEq(snm.balanceOf(dao), SNM_ / 200, "a payday's fee");
        decide(address(snm), abi.encodeCall(snm.transfer, (stranger, SNM_ / 200)));
        vm.assertEq(snm.balanceOf(stranger), SNM_ / 200, "spent");
    }

    // ---- how

    function test_votes__are_those_of_the_snapshot() public {
        Motion memory m = motion(address(escrow), abi.encodeCall(escrow.setFee, (1)));
        wait(1 days + 1);
        // Sold after the snapshot: the seller still votes, the buyer does not.
        vm.prank(whale);
        snm.transfer(stranger, 50_000_000e18);
        vm.prank(stranger);
        SNM(address(snm)).delegate(stranger);
        wait(1);
        vm.assertEq(governor.getVotes(stranger, governor.proposalSnapshot(m.id)), 0, "no weight");
        vm.prank(stranger);
        governor.castVote(m.id, 0);
        vm.prank(whale);
        governor.castVote(m.id, 1);
        (uint256 against, uint256 for_,) = governor.proposalVotes(m.id);
        vm.assertEq(against, 0, "against");
        vm.assertEq(for_, 50_000_000e18, "for");
    }

    function test_voting_twice__refused() public {
        Motion memory m = motion(address(escrow), abi.encodeCall(escrow.setFee, (1)));
        wait(1 days + 1);
        vm.startPrank(whale);
        governor.castVote(m.id, 1);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorAlreadyCastVote.selector, whale));
        governor.castVote(m.id, 1);
    }

    function test_too_few_tokens__no_proposal() public {
        Motion memory m;
        m.targets = new address[](1);
        m.values = new uint256[](1);
        m.calldatas = new bytes[](1);
        vm.prank(shrimp);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorInsufficientProposerVotes.selector, shrimp, 999e18, 1000e18
            )
        );
        governor.propose(m.targets, m.values, m.calldatas, "");
    }

    function test_quorum_missed__defeated() public {
        Motion memory m = motion(address(escrow), abi.encodeCall(escrow.setFee, (1)));
        wait(1 days + 1);
        vm.prank(shrimp);
        governor.castVote(m.id, 1);
        wait(7 days);
        assertState(m, IGovernor.ProposalState.Defeated);
        vm.expectPartialRevert(IGovernor.GovernorUnexpectedProposalState.selector);
        queue(m);
        vm.assertEq(governor.quorum(block.timestamp - 1), SNM(address(snm)).SUPPLY() * 4 / 100, "4 %");
    }

    function test_execution__not_before_its_delay_nor_without_a_vote_nor_twice() public {
        Motion memory m = motion(address(escrow), abi.encodeCall(escrow.setFee, (1)));
        vm.expectPartialRevert(IGovernor.GovernorUnexpectedProposalState.selector);
        execute(m);
        vote(m);
        queue(m);
        wait(2 days - 1);
        vm.expectRevert();
        execute(m);
        wait(1);
        execute(m);
        assertState(m, IGovernor.ProposalState.Executed);
        vm.expectPartialRevert(IGovernor.GovernorUnexpectedProposalState.selector);
        execute(m);
    }

    function test_timelock__has_no_admin_and_only_the_dao_proposes() public {
        vm.assertTrue(timelock.hasRole(timelock.PROPOSER_ROLE(), address(governor)), "the DAO proposes");
        vm.assertTrue(timelock.hasRole(timelock.CANCELLER_ROLE(), address(governor)), "and cancels");
        vm.assertTrue(timelock.hasRole(timelock.EXECUTOR_ROLE(), address(0)), "anybody executes");
        vm.assertTrue(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(timelock)), "its own admin");
        address[4] memory others = [address(this), whale, address(governor), address(0)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.assertFalse(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), others[i]), "no other admin");
        }
        vm.prank(whale);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        timelock.schedule(address(escrow), 0, "", 0, 0, 2 days);
    }

    function test_settings__change_by_vote_only() public {
        vm.prank(whale);
        vm.expectPartialRevert(IGovernor.GovernorOnlyExecutor.selector);
        governor.setVotingPeriod(1 days);
        decide(address(governor), abi.encodeCall(governor.setVotingPeriod, (14 days)));
        vm.assertEq(governor.votingPeriod(), 14 days, "changed");
        decide_(address(timelock), abi.encodeCall(timelock.updateDelay, (5 days)));
        vm.assertEq(timelock.getMinDelay(), 5 days, "changed");
    }

    function decide_(address target, bytes memory call) private {
        Motion memory m = motion(target, call);
        vote(m);
        wait(7 days);
        queue(m);
        wait(2 days);
        execute(m);
    }

    function test_proposer__may_cancel_while_it_is_pending() public {
        Motion memory m = motion(address(escrow), abi.encodeCall(escrow.setFee, (1)));
        vm.prank(stranger);
        vm.expectRevert();
        governor.cancel(m.targets, m.values, m.calldatas, m.description);
        vm.prank(whale);
        governor.cancel(m.targets, m.values, m.calldatas, m.description);
        assertState(m, IGovernor.ProposalState.Canceled);
    }

    function test_clock_falls_back__votes_are_still_counted() public {
        vm.assertEq(governor.CLOCK_MODE(), "mode=timestamp", "timestamps");
        Motion memory m = motion(address(escrow), abi.encodeCall(escrow.setFee, (1)));
        wait(1 days + 16);
        vm.warp(block.timestamp - 15);
        vm.prank(whale);
        governor.castVote(m.id, 1);
        wait(10 * 365 days);
        queue(m);
        vm.warp(block.timestamp - 15);
        vm.expectRevert();
        execute(m);
        wait(2 days + 15);
        execute(m);
        vm.assertEq(escrow.feeBps(), 1, "done");
    }
}
