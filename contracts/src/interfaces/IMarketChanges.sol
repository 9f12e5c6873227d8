// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount, Change, Deal, DealId, DealState} from "../Types.sol";

/// @title Other terms for a living deal
/// @notice Each side may have one offer standing. The other side accepts exactly what it saw, or nothing happens. A better
/// price for the other side at the same end needs no consent and holds at once. New terms start when they are agreed:
/// what was earned before is paid first, at the old price. Offers are made for the terms of the day: when these change,
/// or the deal closes, every offer for them is dead.
interface IMarketChanges {
    /// @notice One side offers other terms; its earlier offer, if any, is dead.
    /// @param by Who offers: the consumer, the supplier or its master.
    /// @param bySupplier Which side that is.
    event ChangeRequested(DealId indexed id, address indexed by, bool bySupplier, Change change);

    /// @notice One side took its offer back.
    event ChangeWithdrawn(DealId indexed id, address indexed by, bool bySupplier, Change change);

    /// @notice The deal has new terms. Every offer for the old ones is dead.
    /// @param deal The new terms. Keep them: every other call about the deal wants them.
    /// @param state The deal's money under them.
    /// @param settled What the master got at that moment under the old terms, 1e-18 SNM.
    /// @param added Taken from the consumer's balance into the escrow, 1e-18 SNM.
    /// @param refund What the escrow no longer needs and went back to the consumer's balance, 1e-18 SNM.
    /// @param masterBalance The master's free balance after that, 1e-18 SNM.
    /// @param consumerBalance The consumer's free balance after that, 1e-18 SNM.
    /// @param by Whose call it was.
    event DealChanged(
        DealId indexed id,
        address indexed consumer,
        address indexed supplier,
        Deal deal,
        DealState state,
        Amount settled,
        Amount added,
        Amount refund,
        uint256 masterBalance,
        uint256 consumerBalance,
        address by
    );

    /// @notice Thrown for new terms that equal the old ones.
    error NothingToChange(DealId id);

    /// @notice Thrown when the new end is not after now, is more than 2^32 - 1 seconds away, or would make spot of forward
    /// or the reverse.
    /// @param has The wanted end.
    /// @param now_ The earliest start of the new terms, Unix time.
    error EndNotPossible(DealId id, uint40 has, uint256 now_);

    /// @notice Thrown when this offer does not stand: never made, replaced, taken back, or made for other terms.
    error NoSuchChange(DealId id);

    /// @notice Thrown when an offer is accepted too late. Unix times.
    error ChangeExpired(DealId id, uint256 has, uint40 needs);

    /// @notice Offers other terms to the other side. A better price for the other side at the same end holds at once;
    /// anything else waits for {acceptChange}. By the consumer, the supplier or its master.
    /// @dev Never paused. Emits {ChangeRequested} or {DealChanged}. Errors: {IMarketDeals-DealNotOpen},
    /// {IMarketDeals-DealEnded}, {IMarketDeals-NotAParty}, {NothingToChange}, {EndNotPossible},
    /// {IMarketBook-PriceIsZero}, {IMarketBook-ExpiryOutOfRange}, {IMarketBalances-BalanceTooSmall}.
    function requestChange(Deal calldata deal, Change calldata change) external;

    /// @notice Accepts the other side's offer. The escrow of an SNM deal with an end then holds its whole price again:
    /// what lacks comes from the consumer's balance, what is too much goes there. Other deals keep their escrow.
    /// @param change Exactly what the other side offers.
    /// @dev Never paused. Emits {DealChanged}. Errors: {NoSuchChange}, {ChangeExpired} and those of {requestChange}.
    function acceptChange(Deal calldata deal, Change calldata change) external;

    /// @notice Takes the offer of the caller's side back.
    /// @param change Exactly what it offers.
    /// @dev Emits {ChangeWithdrawn}. Errors: {NoSuchChange}.
    function withdrawChange(Deal calldata deal, Change calldata change) external;

    /// @notice What stands offered for these terms by either side; price 0 = nothing.
    function changesOf(Deal calldata deal)
        external
        view
        returns (Change memory byConsumer, Change memory bySupplier);
}
