// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {ICoordinator} from "../../src/interfaces/ICoordinator.sol";
import {MerkleSum} from "../../src/lib/MerkleSum.sol";
import {Participants} from "../../src/masternode/Participants.sol";
import {SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {MasternodeSystem} from "./MasternodeSystem.sol";

/// Five workers, an emission to reward them from, leaves that are voted into pots, and a job's money.
abstract contract PotSystem is MasternodeSystem {
    bytes32 internal constant JOB = keccak256("job");

    SignerSet internal _set;
    MerkleSum.Leaf[] internal _leaves;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(rewarded(i));
            participants.register(Participants.Role.Worker, bytes32(i));
        }
        advance();
        advance();
        // An emission for the pool.
        execute(emptyProposal(_set), _set);
        advance();
    }

    function rewarded(uint256 i) internal returns (address) {
        return account(string.concat("worker ", digits(i)));
    }

    function advance() internal {
        nextEpoch();
        SignerSet memory set = takenSet();
        delete _set.members;
        _set.epoch = set.epoch;
        for (uint256 i = 0; i < set.members.length; ++i) {
            _set.members.push(set.members[i]);
        }
    }

    function addLeaf(address who, uint96 amount) internal {
        _leaves.push(MerkleSum.Leaf(uint32(_leaves.length), who, amount));
    }

    function fiveLeaves() internal {
        for (uint256 i = 0; i < 5; ++i) {
            addLeaf(rewarded(i), uint96(100 * (i + 1)));
        }
    }

    /// Votes the leaves into the pot of the epoch that has just ended.
    function votePot() internal returns (bytes32 pot) {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        pot = coordinator.epochPot(proposal.epoch);
        (proposal.rewardRoot, proposal.rewardSum,) = tree(pot, _leaves);
        execute(proposal, _set);
    }

    function voteJob(uint96 more) internal {
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        proposal.jobs = new ICoordinator.JobRewards[](1);
        (bytes32 root, uint96 sum,) = tree(JOB, _leaves);
        proposal.jobs[0] = ICoordinator.JobRewards(JOB, root, sum + more);
        execute(proposal, _set);
    }

    function claimOf(bytes32 pot, uint256 i) internal view returns (ICoordinator.Claim memory) {
        (,, MerkleSum.Sibling[][] memory proofs) = tree(pot, _leaves);
        return ICoordinator.Claim(pot, _leaves[i], proofs[i]);
    }

    function claimsOf(bytes32 pot, uint256 first, uint256 count)
        internal
        view
        returns (ICoordinator.Claim[] memory claims)
    {
        claims = new ICoordinator.Claim[](count);
        for (uint256 i = 0; i < count; ++i) {
            claims[i] = claimOf(pot, first + i);
        }
    }

    function fundJob(uint96 amount) internal {
        snm.transfer(stranger, amount);
        vm.startPrank(stranger);
        snm.approve(address(coordinator), amount);
        coordinator.fundJob(JOB, Amount.wrap(amount));
        vm.stopPrank();
    }
}
