// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../Types.sol";
import {IMarketBalances} from "../interfaces/IMarketBalances.sol";

/// @title Money of accounts inside the market
/// @dev The only part that knows the token. Everything else moves numbers. Every entry that reaches the token is
/// `nonReentrant`: a deposit is judged by what arrived, and a nested one would be counted twice.
abstract contract Balances is IMarketBalances, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    mapping(address account => uint256) public balanceOf;

    constructor(IERC20 token_) {
        token = token_;
    }

    /// @inheritdoc IMarketBalances
    function deposit(Amount amount) external nonReentrant {
        _deposit(amount);
    }

    /// @inheritdoc IMarketBalances
    function depositWithPermit(Amount amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // Whoever sees the signature may play it first; then this fails and the allowance is there all the same.
        try IERC20Permit(address(token))
            .permit(msg.sender, address(this), Amount.unwrap(amount), deadline, v, r, s) {}
            catch {}
        _deposit(amount);
    }

    /// @inheritdoc IMarketBalances
    function withdraw(address to, Amount amount) external nonReentrant {
        if (to == address(0) || to == address(this)) revert InvalidReceiver(to);
        uint256 balance = _debit(msg.sender, Amount.unwrap(amount));
        emit Withdrawn(msg.sender, to, amount, balance);
        token.safeTransfer(to, Amount.unwrap(amount));
    }

    /// Moves `amount` from the caller's wallet to its balance. The entry that calls this is `nonReentrant`.
    function _deposit(Amount amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), Amount.unwrap(amount));
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != Amount.unwrap(amount)) revert WrongAmountReceived(received, Amount.unwrap(amount));
        uint256 balance = _credit(msg.sender, Amount.unwrap(amount));
        emit Deposited(msg.sender, amount, balance);
    }

    function _depositIfAny(Amount amount) internal {
        if (Amount.unwrap(amount) != 0) _deposit(amount);
    }

    function _credit(address account, uint256 amount) internal returns (uint256 balance) {
        balance = balanceOf[account];
        if (amount == 0) return balance;
        balance += amount;
        balanceOf[account] = balance;
    }

    function _debit(address account, uint256 amount) internal returns (uint256 balance) {
        balance = balanceOf[account];
        if (balance < amount) revert BalanceTooSmall(account, balance, amount);
        unchecked {
            balance -= amount;
        }
        balanceOf[account] = balance;
    }
}
