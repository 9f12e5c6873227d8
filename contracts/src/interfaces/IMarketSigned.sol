// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DealId, Order, OrderId} from "../Types.sol";

/// @title Orders that are signed off chain, and batches
/// @notice A signed order meets the chain when it is matched, and costs its author nothing before. The signature is over
/// the order as EIP-712 typed data under the domain ("SONM Market", "1", chain, market): by a key, or by a wallet
/// contract (ERC-1271). It is good for one deal: matching uses up the order's nonce. Nonces have no order among them.
/// A signed order and an order in the book are two offers, even if they are equal: cancelling one leaves the other.
interface IMarketSigned {
    /// @notice `author` used up these nonces without a deal: signed orders that carry them are dead.
    /// @param word The nonces `256 * word` to `256 * word + 255`.
    /// @param mask Bit i: nonce `256 * word + i`.
    event NoncesCancelled(address indexed author, uint256 word, uint256 mask);

    /// @notice Thrown when an order was not signed by its author for this market on this chain.
    error NotSigned(OrderId id, address author);

    /// @notice Thrown when the order's nonce was used up by a deal or cancelled.
    error NonceUsed(address author, uint256 nonce);

    /// @notice Thrown for a batch inside a batch.
    error BatchInBatch();

    /// @notice {IMarketDeals-openDeal} of orders that need not be in the book. Anyone may call.
    /// A signed bid's escrow is taken from its author's balance: the whole deal (forward) or
    /// {IMarketBook-SPOT_DEPOSIT_SECONDS} of it (spot) at the ask's price, in USD at the last known rate.
    /// @param askSignature The author's signature; empty = the ask is in the book.
    /// @param bidSignature The author's signature; empty = the bid is in the book.
    /// A nonce of 2^256 - 1 cannot be used.
    /// @dev Refused while paused. Emits {IMarketDeals-DealOpened}, then {IMarketDeals-SignaturesUsed}. Errors beside openDeal's: {NotSigned}, {NonceUsed},
    /// {IMarketBalances-BalanceTooSmall}, {IMarketBook-PriceIsZero}.
    function openWithSignatures(
        Order calldata ask,
        bytes calldata askSignature,
        Order calldata bid,
        bytes calldata bidSignature
    ) external returns (DealId id);

    /// @notice Makes the caller's signed orders with this nonce worthless. Doing it twice is no error.
    /// @dev Never paused. Emits {NoncesCancelled}.
    function cancelNonce(uint256 nonce) external;

    /// @notice The same for up to 256 nonces: those of `word` whose bit is set in `mask`.
    /// @dev Never paused. Emits {NoncesCancelled}.
    function cancelNonces(uint256 word, uint256 mask) external;

    /// @notice Whether a signed order of `author` with this nonce was matched or cancelled.
    function isNonceUsed(address author, uint256 nonce) external view returns (bool);

    /// @notice What an author of `id` signs: EIP-712 digest under this market's domain.
    function digestOf(OrderId id) external view returns (bytes32);

    /// @notice Calls this contract once for each entry, as its caller. An entry that is refused is skipped and reported;
    /// the others count.
    /// @param calls Up to {BATCH_MAX} encoded calls of this contract: place, cancel, open, settle, close, ...
    /// @return skipped Bit i: entry i was skipped.
    /// @dev Emits {EntrySkipped} for each. An entry that runs out of gas is skipped like any other.
    function batch(bytes[] calldata calls) external returns (uint256 skipped);
}
