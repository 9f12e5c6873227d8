// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../Types.sol";

/// @title Gives SNM away, on test networks only
interface IFaucet {
    /// @notice `account` got `amount` (1e-18 SNM) and may ask again at `nextAt` (Unix time).
    event Dripped(address indexed account, Amount amount, uint40 nextAt);

    /// @notice Thrown when it is deployed on a chain that is no known test network.
    error NotATestNetwork(uint256 chainId);

    /// @notice Thrown when an account asks again too early. Unix times.
    error AskedTooEarly(address account, uint256 has, uint40 needs);

    /// @notice Gives {AMOUNT} to the caller, once in {PERIOD}.
    /// @dev Reverts with the token's own error when the faucet is empty; fill it by a transfer. Emits {Dripped}.
    function drip() external;

    /// @notice First second (Unix time) at which `account` may ask.
    function nextAt(address account) external view returns (uint40);

    /// @notice What one call gives, 1e-18 SNM.
    function AMOUNT() external view returns (Amount);

    /// @notice Seconds between two calls of one account.
    function PERIOD() external view returns (uint40);

    /// @notice What is given.
    function token() external view returns (IERC20);
}
