// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount, BlacklistChoice, Deal, DealId, DealState, Mismatch, Order, OrderId} from "../Types.sol";
import {IBlacklist} from "./IBlacklist.sol";
import {ITerms} from "./ITerms.sol";

/// @title Deals: opening, paying, closing
/// @notice All money of a deal lies in its escrow before it starts. What the master has earned by time t is
/// `cost(t) = price × seconds` (SNM) or `price × (cumulativeAt(t) - rateStart) / 1e18` (USD; rounded down, once, over
/// the whole deal), never more than the escrow. Settling pays `cost(now) - paid`: how often it is done changes nothing.
/// A deal ends at its `end`, when it is closed, or in the second in which its escrow is used up.
interface IMarketDeals {
    /// @notice A deal began. The supplier's and the consumer's order are matched.
    /// @param id The deal.
    /// @param consumer `deal.consumer`.
    /// @param supplier `deal.supplier`.
    /// @param deal Its terms. Keep them: every other call about the deal wants them.
    /// @param state Its money.
    /// @param refund What of the bid's escrow the deal did not need and went back at once, 1e-18 SNM.
    /// @param consumerBalance The consumer's free balance after that, 1e-18 SNM, if something went back or the bid was
    /// signed off chain, so that its escrow came from there now; else 0, and the balance has not moved.
    event DealOpened(
        DealId indexed id,
        address indexed consumer,
        address indexed supplier,
        Deal deal,
        DealState state,
        Amount refund,
        uint256 consumerBalance
    );

    /// @notice The deal that the last {DealOpened} told of used one or two orders that were signed off chain.
    /// @param askNonce The ask's, now used up; 2^256 - 1 if the ask was in the book.
    /// @param bidNonce The bid's, now used up; 2^256 - 1 if the bid was in the book.
    event SignaturesUsed(DealId indexed id, uint256 askNonce, uint256 bidNonce);

    /// @notice The master was paid up to now; the deal goes on.
    /// @param masterBalance The master's free balance after that, 1e-18 SNM.
    event DealSettled(
        DealId indexed id,
        address indexed consumer,
        address indexed supplier,
        Deal deal,
        DealState state,
        uint256 masterBalance
    );

    /// @notice The escrow grew.
    /// @param by Who paid, from its balance.
    /// @param amount How much, 1e-18 SNM.
    /// @param balance The payer's free balance after that, 1e-18 SNM.
    event DealToppedUp(
        DealId indexed id,
        address indexed consumer,
        address indexed supplier,
        Deal deal,
        DealState state,
        address by,
        Amount amount,
        uint256 balance
    );

    /// @notice The deal is over, everything is paid and returned.
    /// @param state `settledUntil` is when the deal ended, which may be long before this event.
    /// @param refund What went back to the consumer's balance, 1e-18 SNM.
    /// @param masterBalance The master's free balance after that, 1e-18 SNM.
    /// @param consumerBalance The consumer's free balance after that, 1e-18 SNM.
    /// @param by Who closed or settled it.
    event DealClosed(
        DealId indexed id,
        address indexed consumer,
        address indexed supplier,
        Deal deal,
        DealState state,
        Amount refund,
        uint256 masterBalance,
        uint256 consumerBalance,
        address by
    );

    /// @notice A closer's blacklist entry could not be made; the deal closed all the same.
    event BlacklistingFailed(DealId indexed id, address indexed owner, address listed);

    /// @notice An entry of a batch was left out; the others were not touched by that.
    /// @param index Its place in the batch.
    /// @param by Who sent the batch.
    /// @param reason What it was refused with: the error's selector and arguments, at most 256 bytes of them.
    event EntrySkipped(uint256 indexed index, address indexed by, bytes reason);

    /// @notice Thrown for a batch with too many entries.
    error BatchTooLong(uint256 has, uint256 max);

    /// @notice Thrown when two orders do not match.
    /// @param reason First rule that fails.
    error OrdersDoNotMatch(OrderId ask, OrderId bid, Mismatch reason);

    /// @notice Thrown when these terms are not those of an open deal: never opened here, or closed already.
    error DealNotOpen(DealId id);

    /// @notice Thrown when the deal has run to its end, or its escrow is used up.
    error DealEnded(DealId id);

    /// @notice Thrown when somebody who is neither consumer, supplier nor master closes a living deal.
    error NotAParty(DealId id, address has);

    /// @notice Thrown when the supplier's side closes a forward deal before its end.
    /// @param has Block time.
    /// @param needs The deal's end.
    error ClosedTooEarly(DealId id, uint256 has, uint40 needs);

    /// @notice Thrown for topping up with nothing, or a deal whose whole price is already in its escrow.
    error NothingToTopUp(DealId id);

    /// @notice Binds an open ask and an open bid. Anyone may call; the orders are all the consent that is needed.
    /// @dev Refused while paused. Errors: {IMarketBook-OrderNotOpen}, {OrdersDoNotMatch},
    /// {IMarketBook-EscrowTooSmall} (USD: the rate moved since the bid was placed). Emits {DealOpened}.
    function openDeal(Order calldata ask, Order calldata bid) external returns (DealId id);

    /// @notice Takes an open ask at once: places the bid that asks for exactly what the ask offers, at its price, and
    /// opens the deal.
    /// @dev Emits {IMarketBook-OrderPlaced} for that bid and {DealOpened}. The bid: caller's, counterparty = the ask's
    /// author, price, currency, netflags and benchmarks the ask's, no identity, list, tag or rate bounds, expiry = the
    /// ask's.
    /// @param duration Seconds, 0 = spot. A forward ask cannot be taken as spot, nor the reverse.
    /// @param escrow As in {IMarketBook-placeBid}.
    /// @param deposit As in {IMarketBook-placeBid}.
    /// @param nonce The bid's.
    function quickBuy(Order calldata ask, uint32 duration, Amount escrow, Amount deposit, uint256 nonce)
        external
        returns (DealId id);

    /// @notice Pays the master what is owed by now. Anyone may call, at any time, as often as they like. If the deal
    /// has ended this closes it: the rest goes back to the consumer.
    /// @dev Never paused. Emits {DealSettled} or {DealClosed}. Errors: {DealNotOpen}.
    function settle(Deal calldata deal) external;

    /// @notice {settle} for up to {BATCH_MAX} deals. One that is not open is skipped and reported; the others count.
    /// @return skipped Bit i: entry i was skipped.
    /// @dev Never paused. Emits {EntrySkipped} for what it skips.
    function settleMany(Deal[] calldata deals) external returns (uint256 skipped);

    /// @notice Largest number of entries in a batch.
    function BATCH_MAX() external view returns (uint256);

    /// @notice Ends the deal now: the master gets the time used, the consumer the rest.
    /// The consumer at any time; supplier and master of a spot deal at any time, of a forward deal after its end;
    /// anybody once the deal has ended.
    /// @dev Never paused, and the blacklisting cannot stop it. Emits {DealClosed}. Errors: {DealNotOpen}, {NotAParty},
    /// {ClosedTooEarly}.
    /// @param choice Whom to put on the caller's blacklist; ignored if the caller is no party.
    function closeDeal(Deal calldata deal, BlacklistChoice choice) external;

    /// @notice Adds to the escrow from the caller's balance. Anyone may; what is left over goes to the consumer.
    /// @dev Never paused. Emits {DealToppedUp}. Refused for a deal that has ended and for SNM deals with an end.
    /// @param amount 1e-18 SNM.
    /// @param deposit What to move from the caller's wallet to its balance first, 1e-18 SNM; 0 = nothing.
    function topUp(Deal calldata deal, Amount amount, Amount deposit) external;

    /// @notice The stored state: as of the last settlement.
    /// @dev Reverts with {DealNotOpen}.
    function dealState(Deal calldata deal) external view returns (DealState memory);

    /// @notice What settling at the current block time would find.
    /// @dev Reverts with {DealNotOpen}.
    /// @return owed Earned and not yet paid, 1e-18 SNM.
    /// @return endsAt When it ends if nothing changes (Unix time): its end, or the second in which the escrow is used
    /// up, at the last known rate.
    /// @return ended Whether block time has reached that.
    function dealNow(Deal calldata deal) external view returns (Amount owed, uint40 endsAt, bool ended);

    /// @notice The rules of matching.
    function terms() external view returns (ITerms);

    /// @notice Where a closer's entry is made: that of {terms}.
    function blacklist() external view returns (IBlacklist);
}
