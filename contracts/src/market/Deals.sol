// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Amount,
    BlacklistChoice,
    Currency,
    Deal,
    DealId,
    DealState,
    DealStatus,
    Level,
    Mismatch,
    Order,
    OrderId,
    Rate,
    Side
} from "../Types.sol";
import {IBlacklist} from "../interfaces/IBlacklist.sol";
import {IMarketDeals} from "../interfaces/IMarketDeals.sol";
import {ITerms} from "../interfaces/ITerms.sol";
import {BidSlot, BidSlots} from "../lib/BidSlots.sol";
import {Billing} from "../lib/Billing.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Hashing} from "../lib/Hashing.sol";
import {Book} from "./Book.sol";

/// @title Deals: opening, paying, closing
abstract contract Deals is Book, IMarketDeals {
    uint256 public constant BATCH_MAX = 64;
    /// More than an entry costs; what a misbehaving list may burn at most.
    uint256 private constant BLACKLIST_GAS = 150_000;
    /// Says that an order was in the book.
    uint256 internal constant NO_NONCE = type(uint256).max;

    ITerms public immutable terms;
    IBlacklist public immutable blacklist;

    constructor(ITerms terms_) {
        terms = terms_;
        blacklist = terms_.blacklist();
    }

    /// @inheritdoc IMarketDeals
    function openDeal(Order calldata ask, Order calldata bid) external returns (DealId) {
        return _open(ask, msg.data[:0], bid, msg.data[:0]);
    }

    /// @inheritdoc IMarketDeals
    function quickBuy(Order calldata ask, uint32 duration, Amount escrow, Amount deposit, uint256 nonce)
        external
        nonReentrant
        returns (DealId id)
    {
        Order memory bid = ask;
        bid.side = Side.Bid;
        bid.author = msg.sender;
        bid.counterparty = ask.author;
        bid.duration = duration;
        bid.identity = Level.Anonymous;
        bid.blacklist = address(0);
        bid.tag = 0;
        bid.rateMin = Rate.wrap(0);
        bid.rateMax = Rate.wrap(0);
        bid.nonce = nonce;
        _depositIfAny(deposit);
        OrderId bidId = Hashing.idInMemory(bid);
        uint256 balance = _freeze(bidId, bid.price, bid.currency, duration, bid.expiry, escrow);
        emit OrderPlaced(bidId, msg.sender, bid, escrow, balance);
        // Opening asks nothing of its caller, so it may be the market itself.
        return this.openDeal(ask, bid);
    }

    /// @inheritdoc IMarketDeals
    function settle(Deal calldata deal) external {
        (bytes32 key, BidSlot money) = _requireDeal(deal);
        _settle(deal, key, money);
    }

    /// @inheritdoc IMarketDeals
    function settleMany(Deal[] calldata deals) external returns (uint256 skipped) {
        if (deals.length > BATCH_MAX) revert BatchTooLong(deals.length, BATCH_MAX);
        for (uint256 i = 0; i < deals.length; ++i) {
            Deal calldata deal = deals[i];
            (bytes32 key, BidSlot money) = _findDeal(deal);
            if (money.isDeal()) {
                _settle(deal, key, money);
            } else {
                skipped |= 1 << i;
                emit EntrySkipped(i, msg.sender, abi.encodeWithSelector(DealNotOpen.selector, deal.id));
            }
        }
    }

    /// @inheritdoc IMarketDeals
    function closeDeal(Deal calldata deal, BlacklistChoice choice) external {
        (bytes32 key, BidSlot money) = _requireDeal(deal);
        (uint96 owed, bool ended) = Billing.billAt(deal, money, block.timestamp, oracle);
        bool bySupply = msg.sender == deal.supplier || msg.sender == deal.master;
        if (!ended && msg.sender != deal.consumer) {
            if (!bySupply) revert NotAParty(deal.id, msg.sender);
            if (deal.end != 0) revert ClosedTooEarly(deal.id, block.timestamp, deal.end);
        }
        _close(deal, key, money, owed, ended);
        if (choice == BlacklistChoice.Nobody) return;
        if (msg.sender == deal.consumer) {
            _list(deal.id, choice == BlacklistChoice.Master ? deal.master : deal.supplier);
        } else if (bySupply && choice == BlacklistChoice.Counterparty) {
            _list(deal.id, deal.consumer);
        }
    }

    /// @inheritdoc IMarketDeals
    function topUp(Deal calldata deal, Amount amount, Amount deposit) external nonReentrant {
        _depositIfAny(deposit);
        (bytes32 key, BidSlot money) = _requireDeal(deal);
        (, bool ended) = Billing.billAt(deal, money, block.timestamp, oracle);
        if (ended) revert DealEnded(deal.id);
        if (Amount.unwrap(amount) == 0 || (deal.currency == Currency.SNM && deal.end != 0)) {
            revert NothingToTopUp(deal.id);
        }
        Amount escrow = Amount.wrap(Amount.unwrap(money.escrow()) + Amount.unwrap(amount));
        money = BidSlots.makeDeal(escrow, money.paid(), money.settledUntil());
        _storeMoney(key, money);
        uint256 balance = _debit(msg.sender, Amount.unwrap(amount));
        emit DealToppedUp(
            deal.id, deal.consumer, deal.supplier, deal, money.deal(), msg.sender, amount, balance
        );
    }

    /// @inheritdoc IMarketDeals
    function dealState(Deal calldata deal) external view returns (DealState memory state) {
        (, BidSlot money) = _requireDeal(deal);
        return money.deal();
    }

    /// @inheritdoc IMarketDeals
    function dealNow(Deal calldata deal) external view returns (Amount owed, uint40 endsAt, bool ended) {
        (, BidSlot money) = _requireDeal(deal);
        uint96 due;
        (due, ended) = Billing.billAt(deal, money, block.timestamp, oracle);
        return (Amount.wrap(due), Billing.endOf(deal, money, oracle), ended);
    }

    /// Binds two orders. An empty signature: the order is in the book.
    function _open(
        Order calldata ask,
        bytes calldata askSignature,
        Order calldata bid,
        bytes calldata bidSignature
    ) internal returns (DealId) {
        bool askSigned = askSignature.length != 0;
        bool bidSigned = bidSignature.length != 0;
        Deal memory deal;
        deal.ask = Hashing.id(ask);
        deal.bid = Hashing.id(bid);
        Amount escrow = bidSigned ? Amount.wrap(0) : _requireOpenBid(deal.bid);
        _agree(deal, ask, bid);
        if (askSigned) {
            // The bid's price is not below it.
            _requirePrice(deal.price);
            _takeSigned(ask, deal.ask, askSignature);
        } else {
            _requireOpenAsk(deal.ask);
        }
        if (bidSigned) _takeSigned(bid, deal.bid, bidSignature);

        bytes32 key = Hashing.commitmentInMemory(deal);
        if (!askSigned || !bidSigned) {
            if (askSigned) _requireNewAsk(deal.ask);
            if (bidSigned) _requireNewBid(deal.bid);
            _storeTerms(deal.ask, key);
            key = OrderId.unwrap(deal.bid);
        }
        uint256 needs = _needs(deal.price, deal.currency, bid.duration);
        uint256 balance = 0;
        if (bidSigned) {
            // The order names no sum: exactly what it needs is taken.
            balance = _debit(deal.consumer, needs);
            escrow = Amount.wrap(uint96(needs));
        }
        _fund(deal, key, needs, escrow, balance);
        if (askSigned || bidSigned) {
            emit SignaturesUsed(deal.id, askSigned ? ask.nonce : NO_NONCE, bidSigned ? bid.nonce : NO_NONCE);
        }
        return deal.id;
    }

    /// Fills in the terms on which two orders meet now, under a new number.
    function _agree(Deal memory deal, Order calldata ask, Order calldata bid) private {
        (Mismatch reason, address master) = _judge(ask, bid);
        if (reason != Mismatch.None) revert OrdersDoNotMatch(deal.ask, deal.bid, reason);
        deal.id = _admitDeal();
        deal.supplier = ask.author;
        deal.master = master;
        deal.consumer = bid.author;
        deal.price = ask.price;
        deal.currency = ask.currency;
        deal.start = Calendar.timestamp();
        deal.end = bid.duration == 0 ? 0 : Calendar.narrow(block.timestamp + bid.duration);
        deal.rateStart = _rateStart(deal.currency, block.timestamp);
    }

    /// {ITerms-judge}, with the orders' words passed on as they came: encoding them anew costs more than judging them.
    function _judge(Order calldata ask, Order calldata bid)
        private
        view
        returns (Mismatch reason, address master)
    {
        bytes32 selector = ITerms.judge.selector;
        address judge = address(terms);
        uint256 word;
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, selector)
            calldatacopy(add(start, 0x04), ask, 0x240) // 18 words each
            calldatacopy(add(start, 0x244), bid, 0x240)
            if iszero(staticcall(gas(), judge, start, 0x484, 0, 0x40)) {
                returndatacopy(start, 0, returndatasize())
                revert(start, returndatasize())
            }
            word := mload(0)
            master := mload(0x20)
        }
        reason = Mismatch(word);
    }

    function _rateStart(Currency currency, uint256 time) internal view returns (uint128) {
        return currency == Currency.USD ? oracle.cumulativeAt(time) : 0;
    }

    /// Spends the one use of an order that its author signed.
    function _takeSigned(Order calldata order, OrderId id, bytes calldata signature) internal virtual;

    /// Turns the bid's escrow into the deal's. An SNM deal with an end costs a known sum: what is more goes back now.
    function _fund(Deal memory deal, bytes32 key, uint256 needs, Amount escrow, uint256 balance) private {
        _requireEscrow(escrow, needs);
        uint96 refund = 0;
        if (deal.end != 0 && deal.currency == Currency.SNM && Amount.unwrap(escrow) > needs) {
            refund = uint96(Amount.unwrap(escrow) - needs);
            escrow = Amount.wrap(uint96(needs));
            balance = _credit(deal.consumer, refund);
        }
        _storeMoney(key, BidSlots.makeDeal(escrow, 0, deal.start));
        _emitOpened(deal, escrow, refund, balance);
    }

    /// `emit DealOpened(deal.id, deal.consumer, deal.supplier, deal, state, refund, left)` for a deal that begins: the
    /// compiler would clean each of the 17 words that are clean already.
    function _emitOpened(Deal memory deal, Amount escrow, uint256 refund, uint256 left) private {
        bytes32 topic = DealOpened.selector;
        uint256 open = uint256(DealStatus.Open);
        (uint256 money, uint256 start) = (Amount.unwrap(escrow), deal.start);
        (DealId id, address consumer, address supplier) = (deal.id, deal.consumer, deal.supplier);
        assembly ("memory-safe") {
            let data := mload(0x40)
            mcopy(data, deal, 0x160)
            mstore(add(data, 0x160), open)
            mstore(add(data, 0x180), money)
            mstore(add(data, 0x1a0), 0)
            mstore(add(data, 0x1c0), start)
            mstore(add(data, 0x1e0), refund)
            mstore(add(data, 0x200), left)
            log4(data, 0x220, topic, id, consumer, supplier)
        }
    }

    function _settle(Deal calldata deal, bytes32 key, BidSlot money) private {
        (uint96 owed, bool ended) = Billing.billAt(deal, money, block.timestamp, oracle);
        if (ended) return _close(deal, key, money, owed, ended);
        uint96 paid = money.paid() + owed;
        uint40 until = Calendar.later(money.settledUntil(), Calendar.timestamp());
        Amount escrow = money.escrow();
        _storeMoney(key, BidSlots.makeDeal(escrow, paid, until));
        _emitSettled(deal, Amount.unwrap(escrow), paid, until, _credit(deal.master, owed));
    }

    /// `emit DealSettled(deal.id, deal.consumer, deal.supplier, deal, state, masterBalance)`, likewise. The deal's words are
    /// clean, or they would not have its commitment; the state's come as whole words, so that they are, too.
    function _emitSettled(
        Deal calldata deal,
        uint256 escrow,
        uint256 paid,
        uint256 until,
        uint256 masterBalance
    ) private {
        bytes32 topic = DealSettled.selector;
        uint256 open = uint256(DealStatus.Open);
        (DealId id, address consumer, address supplier) = (deal.id, deal.consumer, deal.supplier);
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, deal, 0x160)
            mstore(add(data, 0x160), open)
            mstore(add(data, 0x180), escrow)
            mstore(add(data, 0x1a0), paid)
            mstore(add(data, 0x1c0), until)
            mstore(add(data, 0x1e0), masterBalance)
            log4(data, 0x200, topic, id, consumer, supplier)
        }
    }

    /// Pays what is owed, returns the rest. Nothing here depends on anybody's cooperation.
    function _close(Deal calldata deal, bytes32 key, BidSlot money, uint96 owed, bool ended) private {
        uint40 end = ended ? Billing.endOf(deal, money, oracle) : Calendar.timestamp();
        uint96 paid = money.paid() + owed;
        uint96 refund = Amount.unwrap(money.escrow()) - paid;
        DealState memory state = DealState(
            DealStatus.Closed, Amount.wrap(paid), Amount.wrap(paid), Calendar.later(money.settledUntil(), end)
        );
        _freeDeal(deal.ask, deal.bid, key);
        uint256 masterBalance = _credit(deal.master, owed);
        uint256 consumerBalance = _credit(deal.consumer, refund);
        emit DealClosed(
            deal.id,
            deal.consumer,
            deal.supplier,
            deal,
            state,
            Amount.wrap(refund),
            masterBalance,
            consumerBalance,
            msg.sender
        );
    }

    /// A list that fails, for whatever reason, does not stop the closing.
    function _list(DealId id, address account) private {
        try blacklist.addFor{gas: BLACKLIST_GAS}(msg.sender, account) {}
        catch {
            emit BlacklistingFailed(id, msg.sender, account);
        }
    }

    /// Where the money of an open deal lies, and what it is.
    function _requireDeal(Deal calldata deal) internal view returns (bytes32 key, BidSlot money) {
        (key, money) = _findDeal(deal);
        if (!money.isDeal()) revert DealNotOpen(deal.id);
    }

    function _findDeal(Deal calldata deal) private view returns (bytes32 key, BidSlot money) {
        key = _keyOf(deal.ask, deal.bid, Hashing.commitment(deal));
        money = _loadMoney(key);
    }
}
