// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount, DealState, DealStatus, Order, OrderId, OrderStatus, Price, Side} from "../Types.sol";
import {IMarketBook} from "../interfaces/IMarketBook.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";
import {Billing} from "../lib/Billing.sol";
import {Hashing} from "../lib/Hashing.sol";
import {Balances} from "./Balances.sol";
import {Gate} from "./Gate.sol";

/// @title The order book
/// @dev An order has one slot, and a deal lives in the slots of its two orders: the ask's then holds the commitment to
/// the deal's terms, the bid's the deal's money. So opening a deal needs no new slot, and no order is ever placed twice.
abstract contract Book is Gate, Balances, IMarketBook {
    enum BidStage {
        Unknown,
        Open,
        Cancelled,
        DealOpen,
        DealClosed
    }

    /// A bid and later its deal; see {DealState} for the members.
    struct BidSlot {
        BidStage stage;
        Amount escrow;
        Amount paid;
        uint40 settledUntil;
    }

    uint40 public constant ORDER_LIFETIME_MAX = 90 days;
    uint32 public constant SPOT_DEPOSIT_SECONDS = 600;

    /// States of an ask's slot. Every other value is the commitment of the deal that took it.
    bytes32 private constant ASK_UNKNOWN = 0;
    bytes32 private constant ASK_OPEN = bytes32(uint256(1));
    bytes32 private constant ASK_CANCELLED = bytes32(uint256(2));

    IPriceOracle public immutable oracle;

    mapping(OrderId ask => bytes32) private _asks;
    mapping(OrderId bid => BidSlot) private _bids;

    constructor(IPriceOracle oracle_) {
        oracle = oracle_;
    }

    /// @inheritdoc IMarketBook
    function placeAsk(Order calldata ask) external returns (OrderId id) {
        _requireOpen();
        if (ask.side != Side.Ask) revert WrongSide();
        id = _checkNew(ask);
        if (_asks[id] != ASK_UNKNOWN) revert OrderExists(id);
        _asks[id] = ASK_OPEN;
        emit OrderPlaced(id, msg.sender, ask, Amount.wrap(0), 0);
    }

    /// @inheritdoc IMarketBook
    function placeBid(Order calldata bid, Amount escrow, Amount deposit)
        external
        nonReentrant
        returns (OrderId id)
    {
        _requireOpen();
        if (bid.side != Side.Bid) revert WrongSide();
        id = _placeBid(bid, escrow, deposit);
    }

    /// @inheritdoc IMarketBook
    function cancelOrder(Order calldata order) external {
        if (msg.sender != order.author && block.timestamp < order.expiry) {
            revert NotTheAuthor(msg.sender, order.author);
        }
        OrderId id = Hashing.id(order);
        (OrderStatus status, Amount escrow) = orderState(id);
        if (status != OrderStatus.Open) revert OrderNotOpen(id, status);
        uint256 balance = 0;
        if (order.side == Side.Ask) {
            _asks[id] = ASK_CANCELLED;
        } else {
            _bids[id] = BidSlot(BidStage.Cancelled, Amount.wrap(0), Amount.wrap(0), 0);
            balance = _credit(order.author, Amount.unwrap(escrow));
        }
        emit OrderCancelled(id, order.author, msg.sender, escrow, balance);
    }

    /// @inheritdoc IMarketBook
    function orderId(Order calldata order) external pure returns (OrderId) {
        return Hashing.id(order);
    }

    /// @inheritdoc IMarketBook
    function orderState(OrderId id) public view returns (OrderStatus status, Amount escrow) {
        BidSlot memory bid = _bids[id];
        if (bid.stage == BidStage.Open) return (OrderStatus.Open, bid.escrow);
        if (bid.stage == BidStage.Cancelled) return (OrderStatus.Cancelled, escrow);
        if (bid.stage != BidStage.Unknown) return (OrderStatus.Matched, escrow);
        return (_askStatus(_asks[id]), escrow);
    }

    /// Places the caller's bid, out of its balance. The entry that calls this is `nonReentrant`.
    function _placeBid(Order memory bid, Amount escrow, Amount deposit) internal returns (OrderId id) {
        _depositIfAny(deposit);
        id = _checkNew(bid);
        if (_bids[id].stage != BidStage.Unknown) revert OrderExists(id);
        uint256 duration = bid.duration == 0 ? SPOT_DEPOSIT_SECONDS : bid.duration;
        _requireEscrow(escrow, Billing.priceOf(bid.price, bid.currency, duration, oracle));
        _bids[id] = BidSlot(BidStage.Open, escrow, Amount.wrap(0), 0);
        uint256 balance = _debit(msg.sender, Amount.unwrap(escrow));
        emit OrderPlaced(id, msg.sender, bid, escrow, balance);
    }

    /// Takes an open ask out of the book, for the deal with this commitment.
    function _takeAsk(OrderId id, bytes32 commitment) internal {
        bytes32 slot = _asks[id];
        if (slot != ASK_OPEN) revert OrderNotOpen(id, _askStatus(slot));
        _asks[id] = commitment;
    }

    /// The escrow of an open bid, which the caller will take with {_storeDeal}.
    function _requireOpenBid(OrderId id) internal view returns (Amount) {
        BidSlot memory slot = _bids[id];
        if (slot.stage != BidStage.Open) {
            (OrderStatus status,) = orderState(id);
            revert OrderNotOpen(id, status);
        }
        return slot.escrow;
    }

    function _requireEscrow(Amount has, uint256 needs) internal pure {
        if (Amount.unwrap(has) < needs) revert EscrowTooSmall(Amount.unwrap(has), needs);
    }

    /// What the slot of a matched ask holds.
    function _commitmentIn(OrderId ask) internal view returns (bytes32) {
        return _asks[ask];
    }

    function _loadDeal(OrderId bid) internal view returns (DealState memory) {
        BidSlot memory slot = _bids[bid];
        DealStatus status = slot.stage == BidStage.DealOpen ? DealStatus.Open : DealStatus.Closed;
        return DealState(status, slot.escrow, slot.paid, slot.settledUntil);
    }

    function _storeDeal(OrderId bid, DealState memory state) internal {
        BidStage stage = state.status == DealStatus.Open ? BidStage.DealOpen : BidStage.DealClosed;
        _bids[bid] = BidSlot(stage, state.escrow, state.paid, state.settledUntil);
    }

    /// What every new order has to satisfy.
    function _checkNew(Order memory order) private view returns (OrderId) {
        if (order.author != msg.sender) revert NotTheAuthor(msg.sender, order.author);
        if (Price.unwrap(order.price) == 0) revert PriceIsZero();
        uint256 last = block.timestamp + ORDER_LIFETIME_MAX;
        if (order.expiry <= block.timestamp || order.expiry > last) {
            revert ExpiryOutOfRange(order.expiry, block.timestamp + 1, last);
        }
        return Hashing.id(order);
    }

    function _askStatus(bytes32 slot) private pure returns (OrderStatus) {
        if (slot == ASK_UNKNOWN) return OrderStatus.Unknown;
        if (slot == ASK_OPEN) return OrderStatus.Open;
        return slot == ASK_CANCELLED ? OrderStatus.Cancelled : OrderStatus.Matched;
    }
}
