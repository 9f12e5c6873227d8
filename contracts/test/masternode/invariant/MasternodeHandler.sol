// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../../src/Types.sol";
import {ICoordinator} from "../../../src/interfaces/ICoordinator.sol";
import {IGatekeeper} from "../../../src/interfaces/IGatekeeper.sol";
import {IMasternodes} from "../../../src/interfaces/IMasternodes.sol";
import {MerkleSum} from "../../../src/lib/MerkleSum.sol";
import {Signature} from "../../../src/masternode/Signers.sol";
import {vm} from "../../base/Vm.sol";
import {HostileToken} from "../../mocks/HostileToken.sol";
import {MasternodeCalls} from "./MasternodeCalls.sol";

/// The calls of {MasternodeCalls}, votes and pots; what all of it must come to; and the way home.
contract MasternodeHandler is MasternodeCalls {
    bytes32[] public pots;
    bytes32[] public jobs;
    mapping(bytes32 pot => MerkleSum.Leaf[]) private _leaves;

    // ---- epochs and pots

    function takeSet() external timed {
        try masternodes.takeSet() {
            keep(currentSet());
            ++succeeded["takeSet"];
        } catch {}
    }

    function vote(uint256 seed, uint96 sum, bool bad, bool aJob) external timed {
        if (_set.members.length == 0 || masternodes.epoch() == 0) return;
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        bytes32 pot = coordinator.epochPot(proposal.epoch);
        if (aJob && jobs.length != 0) pot = jobs[seed % jobs.length];
        else aJob = false;
        if (_leaves[pot].length == 0) {
            uint256 count = 1 + seed % 5;
            for (uint256 i = 0; i < count; ++i) {
                address one = bad && i == 0 ? address(uint160(seed | 1)) : actor(i);
                _leaves[pot].push(MerkleSum.Leaf(uint32(i), one, uint96((sum % 1e18) / (i + 1))));
            }
        }
        (bytes32 root, uint96 total,) = tree(pot, _leaves[pot]);
        if (aJob) {
            proposal.jobs = new ICoordinator.JobRewards[](1);
            proposal.jobs[0] = ICoordinator.JobRewards(pot, root, total);
        } else {
            (proposal.rewardRoot, proposal.rewardSum) = (root, total);
        }
        Signature[] memory signatures =
            signedBy(_set, _set.members.length - (seed >> 8) % 2, coordinator.digestOf(proposal));
        try coordinator.execute(proposal, _set, signatures) {
            ++succeeded["vote"];
            pots.push(pot);
        } catch {}
    }

    function claim(uint256 seed, uint256 which) external timed {
        if (pots.length == 0) return;
        bytes32 pot = pots[seed % pots.length];
        (,, MerkleSum.Sibling[][] memory proofs) = tree(pot, _leaves[pot]);
        uint256 i = which % proofs.length;
        ICoordinator.Claim[] memory claims = new ICoordinator.Claim[](1);
        claims[0] = ICoordinator.Claim(pot, _leaves[pot][i], proofs[i]);
        // A hostile claimer asks for more than its leaf says.
        if (which >> 128 == 0) claims[0].leaf.amount += 1;
        try coordinator.claim(claims) {
            if (which >> 128 == 0) ++violations["a forged leaf was paid"];
            ++succeeded["claim"];
        } catch {}
    }

    function challenge(uint256 seed) external timed {
        if (pots.length == 0) return;
        bytes32 pot = pots[seed % pots.length];
        (,, MerkleSum.Sibling[][] memory proofs) = tree(pot, _leaves[pot]);
        ICoordinator.Claim[] memory claims = new ICoordinator.Claim[](1);
        claims[0] = ICoordinator.Claim(pot, _leaves[pot][0], proofs[0]);
        vm.prank(actor(seed >> 8));
        try coordinator.challenge(pot, claims, _set) {
            ++succeeded["challenge"];
            delete _leaves[pot];
        } catch {}
    }

    function closePot(uint256 seed) external timed {
        if (pots.length == 0) return;
        try coordinator.closePot(pots[seed % pots.length]) {
            ++succeeded["closePot"];
        } catch {}
    }

    function fundJob(uint256 who, uint96 amount) external timed {
        bytes32 job = keccak256(abi.encode("job", jobs.length));
        vm.prank(actor(who));
        try coordinator.fundJob(job, Amount.wrap(amount % 1000e18)) {
            jobs.push(job);
            ++succeeded["fundJob"];
        } catch {}
    }

    function reclaimJob(uint256 seed) external timed {
        if (jobs.length == 0) return;
        try coordinator.reclaimJob(jobs[seed % jobs.length]) {
            ++succeeded["reclaimJob"];
        } catch {}
    }

    // ---- what must hold

    function theMasternodes() external view returns (IMasternodes) {
        return masternodes;
    }

    function theCoordinator() external view returns (ICoordinator) {
        return coordinator;
    }

    function theSno() external view returns (address) {
        return address(sno);
    }

    function stakesAndMore() external view returns (uint256 sum) {
        for (uint256 i = 0; i < actors.length; ++i) {
            sum += Amount.unwrap(masternodes.nodeOf(actors[i]).stake) + masternodes.rewardOf(actors[i]);
            sum += Amount.unwrap(masternodes.slashedOf(actors[i]));
        }
    }

    function partsAndPots() external view returns (uint256 sum) {
        for (uint256 i = 0; i < actors.length; ++i) {
            sum += coordinator.partOf(actors[i]);
        }
        sum += coordinator.partOf(dao) + coordinator.pool();
        for (uint256 i = 0; i < pots.length; ++i) {
            ICoordinator.Pot memory pot = coordinator.potOf(pots[i]);
            if (!pot.isJob && !pot.isClosed) sum += pot.sum - pot.claimed;
        }
    }

    function jobsMoney() external view returns (uint256 sum) {
        for (uint256 i = 0; i < jobs.length; ++i) {
            (, uint96 amount,) = coordinator.jobOf(jobs[i]);
            sum += amount;
        }
    }

    /// From wherever the calls have led: everybody takes out what is his by his own calls alone.
    function everybodyGoesHome() external {
        token.setMode(HostileToken.Mode.Honest, this);
        lastVotes();
        // A pot whose money was voted opens within an epoch.
        pass(EPOCH + 30);
        for (uint256 i = 0; i < pots.length; ++i) {
            claimAll(pots[i]);
        }
        for (uint256 i = 0; i < actors.length; ++i) {
            if (masternodes.nodeOf(actors[i]).state != IMasternodes.State.Active) continue;
            vm.prank(actors[i]);
            masternodes.resign();
        }
        pass(501 * uint256(EPOCH) + 31 days);
        for (uint256 i = 0; i < actors.length; ++i) {
            takeAll(actors[i]);
        }
        takeAll(dao);
        for (uint256 i = 0; i < pots.length; ++i) {
            ICoordinator.Pot memory pot = coordinator.potOf(pots[i]);
            if (pot.root != 0 && !pot.isJob && !pot.isClosed) coordinator.closePot(pots[i]);
        }
        for (uint256 i = 0; i < jobs.length; ++i) {
            (address payer, uint96 amount,) = coordinator.jobOf(jobs[i]);
            if (amount == 0) continue;
            vm.prank(payer);
            coordinator.reclaimJob(jobs[i]);
        }
        for (uint256 id = 1; id <= 40; ++id) {
            finishOne(id);
        }
        vm.assertEq(masternodes.owed(), 0, "no stake is left behind");
        vm.assertEq(coordinator.owedSnm(), 0, "no job's money is left behind");
        vm.assertEq(coordinator.owedSno(), coordinator.pool(), "no reward is left behind");
    }

    /// The walk ends with two new pots beside those that stand open, if there are masternodes to vote for them.
    function lastVotes() private {
        if (masternodes.active().length == 0) return;
        this.fundJob(7, 50e18);
        for (uint256 i = 0; i < 2; ++i) {
            pass(EPOCH);
            this.takeSet();
            pass(EPOCH);
            try this.vote(jobs.length - 1, 1e17, false, i == 0) {} catch {}
        }
    }

    /// Every leaf of a pot that may still be claimed, by its account: none is refused.
    function claimAll(bytes32 id) private {
        ICoordinator.Pot memory pot = coordinator.potOf(id);
        if (pot.root == 0 || pot.isClosed || time < pot.opensAt || time >= pot.closesAt) return;
        (,, MerkleSum.Sibling[][] memory proofs) = tree(id, _leaves[id]);
        for (uint256 i = 0; i < proofs.length; ++i) {
            MerkleSum.Leaf memory leaf = _leaves[id][i];
            if (coordinator.isClaimed(id, leaf.index)) continue;
            ICoordinator.Claim[] memory claims = new ICoordinator.Claim[](1);
            claims[0] = ICoordinator.Claim(id, leaf, proofs[i]);
            vm.prank(leaf.account);
            coordinator.claim(claims);
            ++succeeded["claimed at last"];
        }
        pot = coordinator.potOf(id);
        vm.assertEq(pot.claimed, pot.sum, "the pot is empty");
    }

    /// Stake, informer's reward, part of the emission; and what was slashed goes where it belongs.
    function takeAll(address one) private {
        vm.startPrank(one);
        if (masternodes.nodeOf(one).state == IMasternodes.State.Unbonding) masternodes.withdraw();
        if (masternodes.rewardOf(one) != 0) masternodes.collect();
        if (coordinator.partOf(one) != 0) coordinator.collect();
        vm.stopPrank();
        if (Amount.unwrap(masternodes.slashedOf(one)) != 0) masternodes.sweep(one);
    }

    /// A release that was signed is paid in the end; if the tokens are not there, when somebody brings them.
    function finishOne(uint256 id) private {
        if (gate.stateOf(id) != IGatekeeper.State.Waiting) return;
        (address to, Amount amount,) = gate.waiting(id);
        if (gate.free() < Amount.unwrap(amount)) {
            token.approve(address(gate), Amount.unwrap(amount));
            gate.fund(amount);
        }
        vm.prank(to);
        gate.finish(id);
        vm.assertEq(uint256(gate.stateOf(id)), uint256(IGatekeeper.State.Released), "paid");
    }

    function pass(uint256 seconds_) private {
        time += seconds_;
        vm.warp(time);
    }
}
