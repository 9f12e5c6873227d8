// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount, DealState, DealStatus, OrderStatus} from "../Types.sol";

/// A bid, and later the deal that took it, in one word: {OrderStatus} (8 bits), escrow (96), paid (96), settledUntil (40),
/// from the lowest bit. By hand, because the compiler writes a struct's members one after the other.
type BidSlot is uint256;

using BidSlots for BidSlot global;

/// @title Packing of a bid's slot
library BidSlots {
    BidSlot internal constant EMPTY = BidSlot.wrap(0);
    BidSlot internal constant CANCELLED = BidSlot.wrap(uint256(OrderStatus.Cancelled));

    function makeOpen(Amount amount) internal pure returns (BidSlot) {
        return BidSlot.wrap(uint256(OrderStatus.Open) | uint256(Amount.unwrap(amount)) << 8);
    }

    /// The money of an open deal.
    function makeDeal(Amount escrow_, uint96 paid_, uint40 settledUntil_) internal pure returns (BidSlot) {
        return BidSlot.wrap(
            uint256(OrderStatus.Matched) | uint256(Amount.unwrap(escrow_)) << 8 | uint256(paid_) << 104
                | uint256(settledUntil_) << 200
        );
    }

    function isUnknown(BidSlot slot) internal pure returns (bool) {
        return BidSlot.unwrap(slot) == 0;
    }

    function status(BidSlot slot) internal pure returns (OrderStatus) {
        return OrderStatus(uint8(BidSlot.unwrap(slot)));
    }

    /// Whether an open deal's money is here.
    function isDeal(BidSlot slot) internal pure returns (bool) {
        return uint8(BidSlot.unwrap(slot)) == uint8(OrderStatus.Matched);
    }

    function escrow(BidSlot slot) internal pure returns (Amount) {
        return Amount.wrap(uint96(BidSlot.unwrap(slot) >> 8));
    }

    function paid(BidSlot slot) internal pure returns (uint96) {
        return uint96(BidSlot.unwrap(slot) >> 104);
    }

    function settledUntil(BidSlot slot) internal pure returns (uint40) {
        return uint40(BidSlot.unwrap(slot) >> 200);
    }

    /// The open deal that took this bid.
    function deal(BidSlot slot) internal pure returns (DealState memory) {
        return DealState(DealStatus.Open, slot.escrow(), Amount.wrap(slot.paid()), slot.settledUntil());
    }
}
