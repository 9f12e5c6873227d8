// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Amount} from "../Types.sol";

/// @title Moving a token into and out of a contract
/// @dev Whoever calls this is `nonReentrant`: what is taken is judged by what arrived.
library Purse {
    using SafeERC20 for IERC20;

    /// @notice Thrown when the token delivered another amount than it was told to move. 1e-18 SNM.
    error WrongAmountReceived(uint256 has, uint256 needs);

    /// Takes exactly `amount` from the caller's wallet, which has to have allowed it.
    function take(IERC20 token, Amount amount) internal {
        uint256 needs = Amount.unwrap(amount);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), needs);
        uint256 has = token.balanceOf(address(this)) - before;
        if (has != needs) revert WrongAmountReceived(has, needs);
    }

    function pay(IERC20 token, address to, Amount amount) internal {
        token.safeTransfer(to, Amount.unwrap(amount));
    }
}
