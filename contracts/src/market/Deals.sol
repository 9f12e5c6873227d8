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
import {Billing} from "../lib/Billing.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Hashing} from "../lib/Hashing.sol";
import {Book} from "./Book.sol";

/// @title Deals: opening, paying, closing
abstract contract Deals is Book, IMarketDeals {
    /// More than an entry costs; what a misbehaving list may burn at most.
    uint256 private constant BLACKLIST_GAS = 100_000;

    ITerms public immutable terms;
    IBlacklist public immutable blacklist;

    constructor(ITerms terms_) {
        terms = terms_;
        blacklist = terms_.blacklist();
    }

    /// @inheritdoc IMarketDeals
    function openDeal(Order calldata ask, Order calldata bid) external returns (DealId id) {
        OrderId askId = Hashing.id(ask);
        OrderId bidId = Hashing.id(bid);
        Amount escrow = _requireOpenBid(bidId);
        (Mismatch reason, address master) = terms.judge(ask, bid);
        if (reason != Mismatch.None) revert OrdersDoNotMatch(askId, bidId, reason);

        id = _admitDeal();
        Deal memory deal = Deal({
            id: id,
            ask: askId,
            bid: bidId,
            supplier: ask.author,
            master: master,
            consumer: bid.author,
            price: ask.price,
            currency: ask.currency,
            start: Calendar.timestamp(),
            end: bid.duration == 0 ? 0 : Calendar.narrow(block.timestamp + bid.duration),
            rateStart: ask.currency == Currency.USD ? oracle.cumulativeAt(block.timestamp) : 0
        });
        _takeAsk(askId, Hashing.commitmentInMemory(deal));
        _fund(deal, bid.duration, escrow);
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
        DealState memory state = _requireDeal(deal);
        Billing.Bill memory bill = Billing.billAt(deal, state, block.timestamp, oracle);
        if (bill.ended) return _close(deal, state, bill);
        state.paid = Amount.wrap(Amount.unwrap(state.paid) + bill.owed);
        state.settledUntil = Calendar.later(state.settledUntil, Calendar.timestamp());
        _storeDeal(deal.bid, state);
        uint256 balance = _credit(deal.master, bill.owed);
        emit DealSettled(deal.id, deal.consumer, deal.supplier, deal, state, balance);
    }

    /// @inheritdoc IMarketDeals
    function closeDeal(Deal calldata deal, BlacklistChoice choice) external {
        DealState memory state = _requireDeal(deal);
        Billing.Bill memory bill = Billing.billAt(deal, state, block.timestamp, oracle);
        bool bySupply = msg.sender == deal.supplier || msg.sender == deal.master;
        if (!bill.ended && msg.sender != deal.consumer) {
            if (!bySupply) revert NotAParty(deal.id, msg.sender);
            if (deal.end != 0) revert ClosedTooEarly(deal.id, block.timestamp, deal.end);
        }
        _close(deal, state, bill);
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
        DealState memory state = _requireDeal(deal);
        if (Billing.billAt(deal, state, block.timestamp, oracle).ended) {
            revert DealEnded(deal.id);
        }
        if (Amount.unwrap(amount) == 0 || (deal.currency == Currency.SNM && deal.end != 0)) {
            revert NothingToTopUp(deal.id);
        }
        state.escrow = Amount.wrap(Amount.unwrap(state.escrow) + Amount.unwrap(amount));
        _storeDeal(deal.bid, state);
        uint256 balance = _debit(msg.sender, Amount.unwrap(amount));
        emit DealToppedUp(deal.id, deal.consumer, deal.supplier, deal, state, msg.sender, amount, balance);
    }

    /// @inheritdoc IMarketDeals
    function dealState(Deal calldata deal) external view returns (DealState memory) {
        return _requireDeal(deal);
    }

    /// @inheritdoc IMarketDeals
    function dealNow(Deal calldata deal) external view returns (Amount owed, uint40 endsAt, bool ended) {
        DealState memory state = _requireDeal(deal);
        Billing.Bill memory bill = Billing.billAt(deal, state, block.timestamp, oracle);
        return (Amount.wrap(bill.owed), Billing.endOf(deal, state, oracle), bill.ended);
    }

    /// Turns the bid's escrow into the deal's. An SNM deal with an end costs a known sum: what is more goes back now.
    function _fund(Deal memory deal, uint32 duration, Amount escrow) private {
        uint256 needs = _needs(deal.price, deal.currency, duration);
        _requireEscrow(escrow, needs);
        uint96 refund = 0;
        uint256 balance = 0;
        if (duration != 0 && deal.currency == Currency.SNM && Amount.unwrap(escrow) > needs) {
            refund = uint96(Amount.unwrap(escrow) - needs);
            escrow = Amount.wrap(uint96(needs));
            balance = _credit(deal.consumer, refund);
        }
        DealState memory state = DealState(DealStatus.Open, escrow, Amount.wrap(0), deal.start);
        _storeDeal(deal.bid, state);
        emit DealOpened(deal.id, deal.consumer, deal.supplier, deal, state, Amount.wrap(refund), balance);
    }

    /// Pays what is owed, returns the rest. Nothing here depends on anybody's cooperation.
    function _close(Deal calldata deal, DealState memory state, Billing.Bill memory bill) private {
        uint40 end = bill.ended ? Billing.endOf(deal, state, oracle) : Calendar.timestamp();
        uint96 paid = Amount.unwrap(state.paid) + bill.owed;
        uint96 refund = Amount.unwrap(state.escrow) - paid;
        state = DealState(
            DealStatus.Closed, Amount.wrap(paid), Amount.wrap(paid), Calendar.later(state.settledUntil, end)
        );
        _freeDeal(deal.ask, deal.bid);
        uint256 masterBalance = _credit(deal.master, bill.owed);
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

    function _requireDeal(Deal calldata deal) private view returns (DealState memory) {
        if (_commitmentIn(deal.ask) != Hashing.commitment(deal)) revert DealNotOpen(deal.id);
        return _loadDeal(deal.bid);
    }
}
