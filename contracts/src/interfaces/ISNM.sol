// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The payment token: ERC-20, 18 decimals, permit (EIP-2612), votes (EIP-5805, timestamp clock)
/// @notice Its supply is fixed when it is deployed. A balance votes only while its owner has delegated, to itself or to
/// somebody; who never did pays about 4,400 gas more per transfer for it, and nothing else.
/// @dev The clock never runs backwards: where block time falls back, it stays at the last change of votes, so that
/// tokens move all the same.
interface ISNM is IERC20, IERC20Permit, IERC5805 {
    /// @notice All there will ever be, 1e-18 SNM.
    function SUPPLY() external view returns (uint256);
}
