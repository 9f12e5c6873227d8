#include "sonm/settlement/market_calls.hpp"

#include "sonm/base/units.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"

namespace sonm::settlement {
namespace {

namespace on_market = bindings::market;

// More gas than such an entry of a batch ever takes, in round figures (contracts/gas.md has the real ones):
// one that runs out of gas is skipped, so the least with which the batch succeeds, which a node estimates, is
// what it takes if all are. A single call is estimated by the node.
constexpr std::uint64_t simple_gas = 200'000;
constexpr std::uint64_t opening_gas = 400'000;
constexpr std::uint64_t closing_gas = 400'000;  ///< with an entry in a blacklist
constexpr std::uint64_t wallet_gas = 450'000;   ///< what a wallet contract may use to judge a signature

template <class Call>
ContractCall call(const Network& network, std::string what, const Call& call,
                  std::uint64_t entry_gas = simple_gas) {
    return ContractCall{std::move(what), network.market, call.encode(), Tokens(), 0, entry_gas};
}

std::uint64_t signature_gas(const Bytes& signature) {
    return signature.empty() || signature.size() == 65 ? 0 : wallet_gas;
}

/// The beginning of an order's id, as listings show it.
std::string brief(const model::Order& order) {
    return "0x" + to_hex(model::order_id(order).value.bytes).substr(0, 10);
}

}  // namespace

ContractCall deposit_call(const Network& network, Tokens amount) {
    on_market::Deposit out;
    out.amount = amount;
    return call(network, fmt::format("move {} into the market", print_tokens(amount)), out);
}

ContractCall place_call(const Network& network, const model::Order& order, Tokens escrow) {
    std::string what = fmt::format("place {} {}", model::to_string(order.side), brief(order));
    if (order.side == model::Side::ask) {
        on_market::PlaceAsk out;
        out.ask = order;
        return call(network, std::move(what), out);
    }
    on_market::PlaceBid out;
    out.bid = order;
    out.escrow = escrow;
    return call(network, std::move(what), out);
}

ContractCall cancel_call(const Network& network, const model::Order& order) {
    on_market::CancelOrder out;
    out.order = order;
    return call(network, fmt::format("cancel {}", brief(order)), out);
}

ContractCall cancel_nonce_call(const Network& network, model::OrderNonce nonce) {
    on_market::CancelNonce out;
    out.nonce = nonce.value;
    return call(network, fmt::format("cancel nonce {}", to_decimal(nonce.value)), out);
}

ContractCall open_call(const Network& network, const DealOrder& ask, const DealOrder& bid) {
    std::string what = fmt::format("open a deal between {} and {}", brief(ask.order), brief(bid.order));
    if (ask.signature.empty() && bid.signature.empty()) {
        on_market::OpenDeal out;
        out.ask = ask.order;
        out.bid = bid.order;
        return call(network, std::move(what), out, opening_gas);
    }
    on_market::OpenWithSignatures out;
    out.ask = ask.order;
    out.ask_signature = ask.signature;
    out.bid = bid.order;
    out.bid_signature = bid.signature;
    return call(network, std::move(what), out,
                opening_gas + signature_gas(ask.signature) + signature_gas(bid.signature));
}

ContractCall quick_buy_call(const Network& network, const model::Order& ask, Seconds duration, Tokens escrow,
                            model::OrderNonce nonce) {
    on_market::QuickBuy out;
    out.ask = ask;
    out.duration = duration;
    out.escrow = escrow;
    out.nonce = nonce;
    return call(network, fmt::format("take ask {}", brief(ask)), out, opening_gas);
}

ContractCall settle_call(const Network& network, const model::Deal& deal) {
    on_market::Settle out;
    out.deal = deal;
    return call(network, fmt::format("settle deal {}", deal.id), out);
}

ContractCall close_call(const Network& network, const model::Deal& deal, model::BlacklistChoice choice) {
    on_market::CloseDeal out;
    out.deal = deal;
    out.choice = choice;
    return call(network, fmt::format("close deal {}", deal.id), out, closing_gas);
}

ContractCall request_change_call(const Network& network, const model::Deal& deal, const Change& change) {
    on_market::RequestChange out;
    out.deal = deal;
    out.change = change;
    return call(network, fmt::format("offer other terms for deal {}", deal.id), out);
}

ContractCall accept_change_call(const Network& network, const model::Deal& deal, const Change& change) {
    on_market::AcceptChange out;
    out.deal = deal;
    out.change = change;
    return call(network, fmt::format("accept other terms for deal {}", deal.id), out);
}

ContractCall withdraw_change_call(const Network& network, const model::Deal& deal, const Change& change) {
    on_market::WithdrawChange out;
    out.deal = deal;
    out.change = change;
    return call(network, fmt::format("take back other terms for deal {}", deal.id), out);
}

Result<ContractCall> batch_call(const Network& network, std::string what, std::vector<ContractCall> calls) {
    if (calls.empty() || calls.size() > batch_max)
        return fail(Errc::invalid, "{}: 1 to {} at a time, not {}", what, batch_max, calls.size());
    if (calls.size() == 1) return std::move(calls.front());
    on_market::Batch out;
    std::uint64_t gas = simple_gas;
    for (ContractCall& one : calls) {
        SONM_ASSERT(one.contract == network.market);
        gas += one.entry_gas;
        out.calls.push_back(std::move(one.data));
    }
    ContractCall batch = call(network, std::move(what), out, 0);
    batch.gas = gas;
    return batch;
}

std::vector<Skipped> skipped_in(const Network& network, const Sent& batch) {
    std::vector<Skipped> out;
    for (const chain::Log& log : batch.logs) {
        if (log.address != network.market) continue;
        auto event = on_market::EntrySkippedEvent::decode(log);
        if (!event) continue;
        out.push_back({static_cast<std::size_t>(event->index), to_refusal(event->reason)});
    }
    return out;
}

}  // namespace sonm::settlement
