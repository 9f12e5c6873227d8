// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The payment token: ERC-20, 18 decimals, permit (EIP-2612)
/// @notice Its supply is fixed when it is deployed.
interface ISNM is IERC20, IERC20Permit {
    /// @notice All there will ever be, 1e-18 SNM.
    function SUPPLY() external view returns (uint256);
}
