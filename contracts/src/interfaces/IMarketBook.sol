// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount, Order, OrderId, OrderStatus} from "../Types.sol";
import {IPriceOracle} from "./IPriceOracle.sol";

/// @title The order book
/// @notice Anyone places, reads and matches orders. Storage keeps an order's state and money; the order itself is in
/// {OrderPlaced} and is handed back by whoever refers to it.
interface IMarketBook {
    /// @notice An order entered the book.
    /// @param id Hash of `order`.
    /// @param author The order's author.
    /// @param order All of it.
    /// @param escrow Frozen for it, 1e-18 SNM; 0 for an ask.
    /// @param balance The author's free balance after that, 1e-18 SNM; 0 for an ask, whose placing does not move it.
    event OrderPlaced(
        OrderId indexed id, address indexed author, Order order, Amount escrow, uint256 balance
    );

    /// @notice An order left the book unmatched.
    /// @param id Hash of the order.
    /// @param author The order's author.
    /// @param by Who removed it: its author, or anybody once it had expired.
    /// @param refund What went back to the author's balance, 1e-18 SNM; 0 for an ask.
    /// @param balance The author's free balance after that, 1e-18 SNM; 0 for an ask.
    event OrderCancelled(
        OrderId indexed id, address indexed author, address by, Amount refund, uint256 balance
    );

    /// @notice Thrown when an order of somebody else is placed, or cancelled before it expired.
    /// @param has Who calls.
    /// @param needs The order's author.
    error NotTheAuthor(address has, address needs);

    /// @notice Thrown when an order is placed again that is open, cancelled, or matched in an open deal.
    error OrderExists(OrderId id);

    /// @notice Thrown when an order is not in the book (any more).
    error OrderNotOpen(OrderId id, OrderStatus has);

    /// @notice Thrown when a bid is placed as an ask or the reverse.
    error WrongSide();

    /// @notice Thrown for an order with price 0.
    error PriceIsZero();

    /// @notice Thrown when an order would expire too late, or has expired. Unix times.
    /// @param has The order's expiry.
    /// @param from First expiry that is accepted.
    /// @param to Last expiry that is accepted.
    error ExpiryOutOfRange(uint40 has, uint256 from, uint256 to);

    /// @notice Thrown when a bid comes with less money than it needs.
    /// @param has The offered escrow, 1e-18 SNM.
    /// @param needs The whole deal (forward) or {SPOT_DEPOSIT_SECONDS} of it (spot), 1e-18 SNM, rounded up.
    error EscrowTooSmall(uint256 has, uint256 needs);

    /// @notice Longest life of an order, seconds.
    function ORDER_LIFETIME_MAX() external view returns (uint40);

    /// @notice A spot bid freezes at least the price of this many seconds.
    function SPOT_DEPOSIT_SECONDS() external view returns (uint32);

    /// @notice Places the caller's ask. Costs gas only.
    /// @dev Refused while paused. Emits {OrderPlaced}.
    function placeAsk(Order calldata ask) external returns (OrderId id);

    /// @notice Places the caller's bid and freezes its escrow from the caller's balance.
    /// @dev Refused while paused. Emits {OrderPlaced}, before it {IMarketBalances-Deposited} if there is a deposit.
    /// For USD bids the need is reckoned at the last known rate; it is checked again when the deal opens.
    /// @param escrow What to freeze, 1e-18 SNM: at least what {EscrowTooSmall} names.
    /// @param deposit What to move from the caller's wallet to its balance first, 1e-18 SNM; 0 = nothing.
    function placeBid(Order calldata bid, Amount escrow, Amount deposit) external returns (OrderId id);

    /// @notice Takes an open order out of the book; a bid's escrow returns to its author's balance.
    /// By the author at any time, by anybody once the order has expired.
    /// @dev Never paused. Emits {OrderCancelled}.
    function cancelOrder(Order calldata order) external;

    /// @notice State of an order and, while a bid is open, its frozen money (1e-18 SNM; 0 in every other state).
    /// An order whose deal has closed is Unknown again: the market keeps nothing of it.
    function orderState(OrderId id) external view returns (OrderStatus status, Amount escrow);

    /// @notice The id of `order`: its EIP-712 struct hash.
    function orderId(Order calldata order) external pure returns (OrderId);

    /// @notice Where orders and deals in USD get their rate: that of the terms.
    function oracle() external view returns (IPriceOracle);
}
