// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {ICoordinator} from "../interfaces/ICoordinator.sol";
import {Participants} from "./Participants.sol";

/// @title The digest under which a proposal is voted: EIP-712, every field of it
abstract contract ProposalHash is EIP712 {
    bytes32 public constant JOB_TYPEHASH = keccak256("JobRewards(bytes32 job,bytes32 root,uint96 sum)");
    bytes32 public constant CHANGE_TYPEHASH = keccak256(
        "Change(address account,uint32 jobsDone,uint32 failures,uint32 slashes,uint32 uptime,uint64 capacity)"
    );
    bytes32 public constant PROPOSAL_TYPEHASH = keccak256(
        "Proposal(uint64 epoch,address proposer,bytes32 previous,uint64 setEpoch,bytes32 rewardRoot,uint96 rewardSum,JobRewards[] jobs,Change[] changes,address[] inactive)Change(address account,uint32 jobsDone,uint32 failures,uint32 slashes,uint32 uptime,uint64 capacity)JobRewards(bytes32 job,bytes32 root,uint96 sum)"
    );

    constructor() EIP712("SONM Coordinator", "1") {}

    function _hash(ICoordinator.Proposal calldata proposal) internal pure returns (bytes32) {
        bytes32[] memory jobs = new bytes32[](proposal.jobs.length);
        for (uint256 i = 0; i < jobs.length; ++i) {
            ICoordinator.JobRewards calldata job = proposal.jobs[i];
            jobs[i] = keccak256(abi.encode(JOB_TYPEHASH, job.job, job.root, job.sum));
        }
        bytes32[] memory changes = new bytes32[](proposal.changes.length);
        for (uint256 i = 0; i < changes.length; ++i) {
            Participants.Change calldata change = proposal.changes[i];
            changes[i] = keccak256(abi.encode(CHANGE_TYPEHASH, change));
        }
        return keccak256(
            abi.encode(
                PROPOSAL_TYPEHASH,
                proposal.epoch,
                proposal.proposer,
                proposal.previous,
                proposal.setEpoch,
                proposal.rewardRoot,
                proposal.rewardSum,
                keccak256(abi.encodePacked(jobs)),
                keccak256(abi.encodePacked(changes)),
                keccak256(abi.encodePacked(proposal.inactive))
            )
        );
    }
}
