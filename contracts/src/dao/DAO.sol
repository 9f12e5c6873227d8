// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {
    GovernorCountingSimple
} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {
    GovernorTimelockControl
} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {
    GovernorVotesQuorumFraction
} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";

import {Timelock} from "./Timelock.sol";

/// @title The DAO: holders of SNM propose, vote and, through the {Timelock}, act
/// @notice Weight is what was delegated to the voter at the proposal's snapshot; moving tokens afterwards changes
/// nothing. The life of a proposal: Pending (delay) → Active (period) → Succeeded | Defeated → Queued → Executed.
/// @dev OpenZeppelin's Governor, put together and nothing else; what its functions do is said there. It makes its own
/// timelock, so that nobody else ever had a role in it.
contract DAO is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorTimelockControl
{
    /// @notice What a DAO starts with. Later changed by vote only.
    struct Settings {
        /// From a proposal to its snapshot, seconds.
        uint48 votingDelay;
        /// How long is voted, seconds.
        uint32 votingPeriod;
        /// Votes that a proposer needs, 1e-18 SNM.
        uint256 proposalThreshold;
        /// Part of the supply that has to vote for or abstain, per cent.
        uint256 quorumPercent;
        /// From queueing to execution, seconds.
        uint256 executionDelay;
    }

    /// @param votes SNM.
    constructor(IVotes votes, Settings memory settings)
        Governor("SONM DAO")
        GovernorSettings(settings.votingDelay, settings.votingPeriod, settings.proposalThreshold)
        GovernorVotes(votes)
        GovernorVotesQuorumFraction(settings.quorumPercent)
        GovernorTimelockControl(_makeTimelock(settings.executionDelay))
    {}

    function _makeTimelock(uint256 delay) private returns (TimelockController) {
        address[] memory proposers = new address[](1);
        proposers[0] = address(this);
        return new Timelock(delay, proposers, new address[](1));
    }

    // ---- what Solidity wants to be told: which of several inherited functions counts

    function state(uint256 id)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(id);
    }

    function proposalNeedsQueuing(uint256 id)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(id);
    }

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function _queueOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(id, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(id, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
