// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount, Change, Currency, Deal, DealState, DealStatus, OrderId, Price} from "../Types.sol";
import {IMarketChanges} from "../interfaces/IMarketChanges.sol";
import {BidSlot, BidSlots} from "../lib/BidSlots.sol";
import {Billing} from "../lib/Billing.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Hashing} from "../lib/Hashing.sol";
import {Deals} from "./Deals.sol";

/// @title Other terms for a living deal
/// @dev An offer is stored under the commitment of the terms that it would replace, one for each side. A closed deal's
/// commitment never comes back, so its offers need not be cleared; those of replaced terms could come back within the
/// same second, so they are.
abstract contract Changes is Deals, IMarketChanges {
    mapping(bytes32 commitment => mapping(bool bySupplier => Change)) private _offers;

    /// @inheritdoc IMarketChanges
    function requestChange(Deal calldata deal, Change calldata change) external {
        (bytes32 key, BidSlot money) = _requireDeal(deal);
        bool bySupplier = _sideOf(deal);
        if (_isForTheOther(deal, change, bySupplier)) return _apply(deal, change, key, money);
        _requirePossible(deal, change, block.timestamp);
        _requireExpiry(change.expiry);
        _offers[Hashing.commitment(deal)][bySupplier] = change;
        emit ChangeRequested(deal.id, msg.sender, bySupplier, change);
    }

    /// @inheritdoc IMarketChanges
    function acceptChange(Deal calldata deal, Change calldata change) external {
        (bytes32 key, BidSlot money) = _requireDeal(deal);
        _requireOffer(deal, change, !_sideOf(deal));
        if (block.timestamp >= change.expiry) {
            revert ChangeExpired(deal.id, block.timestamp, change.expiry);
        }
        _apply(deal, change, key, money);
    }

    /// @inheritdoc IMarketChanges
    function withdrawChange(Deal calldata deal, Change calldata change) external {
        bool bySupplier = _sideOf(deal);
        _requireOffer(deal, change, bySupplier);
        delete _offers[Hashing.commitment(deal)][bySupplier];
        emit ChangeWithdrawn(deal.id, msg.sender, bySupplier, change);
    }

    /// @inheritdoc IMarketChanges
    function changesOf(Deal calldata deal)
        external
        view
        returns (Change memory byConsumer, Change memory bySupplier)
    {
        mapping(bool => Change) storage offers = _offers[Hashing.commitment(deal)];
        return (offers[false], offers[true]);
    }

    /// Whether the caller stands on the supplier's side of the deal, or on the consumer's.
    function _sideOf(Deal calldata deal) private view returns (bool bySupplier) {
        bySupplier = msg.sender == deal.supplier || msg.sender == deal.master;
        if (!bySupplier && msg.sender != deal.consumer) revert NotAParty(deal.id, msg.sender);
    }

    /// A better price for the other side and the same end: strictly in the other's favour.
    function _isForTheOther(Deal calldata deal, Change calldata change, bool bySupplier)
        private
        pure
        returns (bool)
    {
        if (change.end != deal.end) return false;
        uint256 has = Price.unwrap(deal.price);
        uint256 wants = Price.unwrap(change.price);
        return bySupplier ? wants < has : wants > has;
    }

    function _requireOffer(Deal calldata deal, Change calldata change, bool bySupplier) private view {
        Change memory offer = _offers[Hashing.commitment(deal)][bySupplier];
        bool same = Price.unwrap(offer.price) == Price.unwrap(change.price) && offer.end == change.end
            && offer.expiry == change.expiry;
        if (Price.unwrap(offer.price) == 0 || !same) revert NoSuchChange(deal.id);
    }

    function _requirePossible(Deal calldata deal, Change calldata change, uint256 start) private pure {
        _requirePrice(change.price);
        if (change.end == deal.end && Price.unwrap(change.price) == Price.unwrap(deal.price)) {
            revert NothingToChange(deal.id);
        }
        bool staysWhatItIs = (change.end == 0) == (deal.end == 0);
        bool isAhead = change.end > start && change.end - start <= type(uint32).max;
        if (!staysWhatItIs || (change.end != 0 && !isAhead)) {
            revert EndNotPossible(deal.id, change.end, start);
        }
    }

    /// Pays what was earned under the old terms and puts the new ones in their place.
    function _apply(Deal calldata deal, Change calldata change, bytes32 key, BidSlot money) private {
        (uint96 owed, bool ended) = Billing.billAt(deal, money, block.timestamp, oracle);
        if (ended) revert DealEnded(deal.id);
        // Time that is paid for already is not paid again if block time has fallen back.
        uint40 start = Calendar.later(money.settledUntil(), Calendar.timestamp());
        _requirePossible(deal, change, start);

        Deal memory next = deal;
        next.price = change.price;
        next.end = change.end;
        next.start = start;
        next.rateStart = _rateStart(deal.currency, start);

        uint256 left = Amount.unwrap(money.escrow()) - money.paid() - owed;
        uint256 needs = left;
        if (next.end != 0 && next.currency == Currency.SNM) {
            needs = Billing.priceOf(next.price, next.currency, next.end - start, oracle);
            if (needs > type(uint96).max) revert EscrowTooSmall(type(uint96).max, needs);
        }
        _replace(deal, key, next, BidSlots.makeDeal(Amount.wrap(uint96(needs)), 0, start));
        _pay(next, needs, left, owed);
    }

    /// Puts the new terms where the old ones are.
    function _replace(Deal calldata deal, bytes32 key, Deal memory next, BidSlot money) private {
        bytes32 old = Hashing.commitment(deal);
        delete _offers[old][false];
        delete _offers[old][true];
        bytes32 commitment = Hashing.commitmentInMemory(next);
        _freeDeal(deal.ask, deal.bid, key);
        if (key == OrderId.unwrap(deal.bid)) _storeTerms(deal.ask, commitment);
        else key = commitment;
        _storeMoney(key, money);
    }

    /// Moves what the change costs, and says all of it.
    function _pay(Deal memory next, uint256 needs, uint256 left, uint96 owed) private {
        uint256 masterBalance = _credit(next.master, owed);
        uint96 added = needs > left ? uint96(needs - left) : 0;
        uint96 refund = needs < left ? uint96(left - needs) : 0;
        uint256 consumerBalance = added != 0 ? _debit(next.consumer, added) : _credit(next.consumer, refund);
        DealState memory state =
            DealState(DealStatus.Open, Amount.wrap(uint96(needs)), Amount.wrap(0), next.start);
        emit DealChanged(
            next.id,
            next.consumer,
            next.supplier,
            next,
            state,
            Amount.wrap(owed),
            Amount.wrap(added),
            Amount.wrap(refund),
            masterBalance,
            consumerBalance,
            msg.sender
        );
    }
}
