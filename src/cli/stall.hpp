#pragma once

#include "sonm/cli/act.hpp"
#include "sonm/cli/market_view.hpp"
#include "sonm/settlement/market_calls.hpp"
#include "sonm/settlement/signed_order.hpp"

/// What verbs of orders and deals share.
namespace sonm::cli {

/// The market as it is now, beside the office's desk.
struct Stall {
    market::Ledger* ledger = nullptr;
    std::shared_ptr<const MarketView> view;
};
Async<Stall> open_stall(Office& office);

/// Whether a word means a file with a signed order, not the id of one in the book.
bool names_a_file(const std::string& word);
/// An order by its id in the book, or by the file with its signature, which is checked as the market would.
/// Errors: not_found, invalid, denied, conflict.
Async<settlement::DealOrder> find_deal_order(Office& office, const Stall& stall, const std::string& word);

/// The calls that bring what the balance in the market lacks of `needs` from the wallet: none or two.
Async<std::vector<settlement::ContractCall>> bring(Office& office, const Stall& stall, Tokens needs);

/// For Plan::outcome: which entries of the batch, the last call, were skipped and why. `names`: of the
/// entries, in order. Errors: conflict if nothing was done.
Tell tell_skipped(const settlement::Network& network, std::vector<std::string> names);
/// For Plan::outcome: the deal that was opened.
Tell tell_deal(const settlement::Network& network);

}  // namespace sonm::cli
