// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title What the DAO decided waits here, and is then done by anybody
/// @notice The admin of everything else, and the DAO's purse. Only the DAO proposes and cancels; it has no admin of its
/// own, so roles and delay change by a vote alone.
contract Timelock is TimelockController {
    /// @param delay Seconds between a decision and its execution.
    /// @param proposers The DAO.
    /// @param executors Address 0: anybody.
    constructor(uint256 delay, address[] memory proposers, address[] memory executors)
        TimelockController(delay, proposers, executors, address(0))
    {}
}
