// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../Types.sol";

/// @title Money of accounts inside the market
/// @notice Everything that the market pays lands here, and its owner alone takes it out. Wallets are touched only by
/// their owner's own call.
interface IMarketBalances {
    /// @notice `account` put `amount` in; its balance is now `balance`. All in 1e-18 SNM.
    event Deposited(address indexed account, Amount amount, uint256 balance);

    /// @notice `account` took `amount` out, to the wallet `to`; its balance is now `balance`. All in 1e-18 SNM.
    event Withdrawn(address indexed account, address indexed to, Amount amount, uint256 balance);

    /// @notice Thrown when an account wants to use more than its balance.
    /// @param account Who pays.
    /// @param has Balance, 1e-18 SNM.
    /// @param needs What the call costs, 1e-18 SNM.
    error BalanceTooSmall(address account, uint256 has, uint256 needs);

    /// @notice Thrown when the token delivered another amount than it was told to move.
    error WrongAmountReceived(uint256 has, uint256 needs);

    /// @notice Thrown for a withdrawal to nowhere or to the market itself.
    error InvalidReceiver(address receiver);

    /// @notice Moves `amount` from the caller's wallet to its balance. The market needs that allowance.
    /// @dev Not re-entrant. Emits {Deposited}.
    function deposit(Amount amount) external;

    /// @notice {deposit} with the allowance as a signature (EIP-2612) of the caller over this contract and `amount`.
    /// @dev A permit that somebody else has already played does no harm: what counts is the allowance after it.
    function depositWithPermit(Amount amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Moves `amount` from the caller's balance to the wallet `to`.
    /// @dev Never paused. Not re-entrant. Emits {Withdrawn}.
    function withdraw(address to, Amount amount) external;

    /// @notice Free balance of `account`, 1e-18 SNM. What is frozen in bids and deals is not in it.
    function balanceOf(address account) external view returns (uint256);

    /// @notice The token that is paid.
    function token() external view returns (IERC20);
}
