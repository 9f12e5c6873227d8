// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount, Currency, Order, OrderId, OrderStatus, Price, Side} from "../Types.sol";
import {IMarketBook} from "../interfaces/IMarketBook.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";
import {BidSlot, BidSlots} from "../lib/BidSlots.sol";
import {Billing} from "../lib/Billing.sol";
import {Hashing} from "../lib/Hashing.sol";
import {Balances} from "./Balances.sol";
import {Gate} from "./Gate.sol";

/// @title The order book
/// @dev An order has one slot, and a deal lives in the slots of its two orders: the ask's then holds the commitment to
/// the deal's terms, the bid's the deal's money. So opening a deal needs no new slot. A deal of two orders that were
/// never in the book has one slot only, its money, under its commitment. A closed deal leaves nothing behind.
abstract contract Book is Gate, Balances, IMarketBook {
    uint40 public constant ORDER_LIFETIME_MAX = 90 days;
    uint32 public constant SPOT_DEPOSIT_SECONDS = 600;

    /// States of an ask's slot. Every other value is the commitment of the deal that took it.
    bytes32 private constant ASK_UNKNOWN = 0;
    bytes32 private constant ASK_OPEN = bytes32(uint256(1));
    bytes32 private constant ASK_CANCELLED = bytes32(uint256(2));

    IPriceOracle public immutable oracle;

    mapping(OrderId ask => bytes32) private _asks;
    /// The key is a bid's id or a deal's commitment: hashes of different things, which are never equal.
    mapping(bytes32 key => BidSlot) private _money;

    constructor(IPriceOracle oracle_) {
        oracle = oracle_;
    }

    /// @inheritdoc IMarketBook
    function placeAsk(Order calldata ask) external returns (OrderId id) {
        _requireOpen();
        if (ask.side != Side.Ask) revert WrongSide();
        if (ask.author != msg.sender) revert NotTheAuthor(msg.sender, ask.author);
        _checkNew(ask.price, ask.expiry);
        id = Hashing.id(ask);
        if (_asks[id] != ASK_UNKNOWN) revert OrderExists(id);
        _asks[id] = ASK_OPEN;
        // Encoding the order checks its words against their types.
        emit OrderPlaced(id, msg.sender, ask, Amount.wrap(0), 0);
    }

    /// @inheritdoc IMarketBook
    function placeBid(Order calldata bid, Amount escrow, Amount deposit)
        external
        nonReentrant
        returns (OrderId id)
    {
        if (bid.side != Side.Bid) revert WrongSide();
        if (bid.author != msg.sender) revert NotTheAuthor(msg.sender, bid.author);
        _depositIfAny(deposit);
        id = Hashing.id(bid);
        uint256 balance = _freeze(id, bid.price, bid.currency, bid.duration, bid.expiry, escrow);
        emit OrderPlaced(id, msg.sender, bid, escrow, balance);
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
            _money[OrderId.unwrap(id)] = BidSlots.CANCELLED;
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
        BidSlot bid = _money[OrderId.unwrap(id)];
        status = bid.isUnknown() ? _askStatus(_asks[id]) : bid.status();
        if (status == OrderStatus.Open) escrow = bid.escrow();
    }

    /// Enters a new bid of the caller and takes its escrow from the caller's balance, which is returned.
    function _freeze(
        OrderId id,
        Price price,
        Currency currency,
        uint32 duration,
        uint40 expiry,
        Amount escrow
    ) internal returns (uint256 balance) {
        _requireOpen();
        _checkNew(price, expiry);
        _requireNewBid(id);
        _requireEscrow(escrow, _needs(price, currency, duration));
        _money[OrderId.unwrap(id)] = BidSlots.makeOpen(escrow);
        return _debit(msg.sender, Amount.unwrap(escrow));
    }

    /// Least escrow for an order of this length, at the last known rate.
    function _needs(Price price, Currency currency, uint32 duration) internal view returns (uint256) {
        return Billing.priceOf(price, currency, duration == 0 ? SPOT_DEPOSIT_SECONDS : duration, oracle);
    }

    function _requireOpenAsk(OrderId id) internal view {
        bytes32 slot = _asks[id];
        if (slot != ASK_OPEN) revert OrderNotOpen(id, _askStatus(slot));
    }

    function _requireNewAsk(OrderId id) internal view {
        if (_asks[id] != ASK_UNKNOWN) revert OrderExists(id);
    }

    /// The escrow of an open bid, which the caller will take with {_storeMoney}.
    function _requireOpenBid(OrderId id) internal view returns (Amount) {
        BidSlot slot = _money[OrderId.unwrap(id)];
        if (slot.status() != OrderStatus.Open) {
            (OrderStatus status,) = orderState(id);
            revert OrderNotOpen(id, status);
        }
        return slot.escrow();
    }

    function _requireNewBid(OrderId id) internal view {
        if (!_money[OrderId.unwrap(id)].isUnknown()) revert OrderExists(id);
    }

    function _requireEscrow(Amount has, uint256 needs) internal pure {
        if (Amount.unwrap(has) < needs) revert EscrowTooSmall(Amount.unwrap(has), needs);
    }

    /// Where the money of the deal with this commitment lies, if there is such a deal.
    function _keyOf(OrderId ask, OrderId bid, bytes32 commitment) internal view returns (bytes32) {
        return _asks[ask] == commitment ? OrderId.unwrap(bid) : commitment;
    }

    /// Lets the ask's slot hold this commitment: the money is then under the bid's id.
    function _storeTerms(OrderId ask, bytes32 commitment) internal {
        _asks[ask] = commitment;
    }

    /// What lies at `key`: a deal's money, if there is a deal.
    function _loadMoney(bytes32 key) internal view returns (BidSlot) {
        return _money[key];
    }

    function _storeMoney(bytes32 key, BidSlot money) internal {
        _money[key] = money;
    }

    /// Gives the slots of a closed deal back.
    function _freeDeal(OrderId ask, OrderId bid, bytes32 key) internal {
        if (key == OrderId.unwrap(bid)) delete _asks[ask];
        _money[key] = BidSlots.EMPTY;
    }

    function _requirePrice(Price price) internal pure {
        if (Price.unwrap(price) == 0) revert PriceIsZero();
    }

    /// What every new order has to satisfy.
    function _checkNew(Price price, uint40 expiry) private view {
        _requirePrice(price);
        _requireExpiry(expiry);
    }

    function _requireExpiry(uint40 expiry) internal view {
        uint256 last = block.timestamp + ORDER_LIFETIME_MAX;
        if (expiry <= block.timestamp || expiry > last) {
            revert ExpiryOutOfRange(expiry, block.timestamp + 1, last);
        }
    }

    function _askStatus(bytes32 slot) private pure returns (OrderStatus) {
        if (slot == ASK_UNKNOWN) return OrderStatus.Unknown;
        if (slot == ASK_OPEN) return OrderStatus.Open;
        return slot == ASK_CANCELLED ? OrderStatus.Cancelled : OrderStatus.Matched;
    }
}
