#pragma once

#include "sonm/settlement/bindings/types.gen.hpp"
#include "sonm/settlement/desk.hpp"

/// What an account can ask of the market beside market::Ledger, as calls for a Desk.
namespace sonm::settlement {

/// One side of a deal that is to be opened: an order of the book, or one that its author has signed.
struct DealOrder {
    model::Order order;
    Bytes signature;  ///< empty: it is in the book
};

/// Moves `amount` from the wallet into the market; Desk::allow comes first.
ContractCall deposit_call(const Network& network, Tokens amount);
/// `escrow`: of a bid, from the balance in the market.
ContractCall place_call(const Network& network, const model::Order& order, Tokens escrow);
ContractCall cancel_call(const Network& network, const model::Order& order);
/// Makes the account's signed orders with this nonce worthless.
ContractCall cancel_nonce_call(const Network& network, model::OrderNonce nonce);
ContractCall open_call(const Network& network, const DealOrder& ask, const DealOrder& bid);
/// Takes an ask of the book at once; `escrow` comes from the balance in the market.
ContractCall quick_buy_call(const Network& network, const model::Order& ask, Seconds duration, Tokens escrow,
                            model::OrderNonce nonce);
ContractCall settle_call(const Network& network, const model::Deal& deal);
ContractCall close_call(const Network& network, const model::Deal& deal, model::BlacklistChoice choice);

/// Other terms for a living deal.
using bindings::Change;
ContractCall request_change_call(const Network& network, const model::Deal& deal, const Change& change);
ContractCall accept_change_call(const Network& network, const model::Deal& deal, const Change& change);
ContractCall withdraw_change_call(const Network& network, const model::Deal& deal, const Change& change);

/// Most entries of a batch. Source: Market.BATCH_MAX.
inline constexpr std::size_t batch_max = 64;
/// Calls of the market as one transaction: what is refused is skipped, the rest counts. A single call stays
/// itself, and its refusal is the whole's. Errors: invalid (none, or more than batch_max).
Result<ContractCall> batch_call(const Network& network, std::string what, std::vector<ContractCall> calls);

struct Skipped {
    std::size_t index = 0;  ///< of the entry
    Error reason;
};
/// What a batch did not do.
std::vector<Skipped> skipped_in(const Network& network, const Sent& batch);

}  // namespace sonm::settlement
