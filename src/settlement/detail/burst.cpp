#include "sonm/settlement/detail/burst.hpp"

#include "sonm/crypto/keccak.hpp"
#include "sonm/crypto/rlp.hpp"
#include "sonm/market/errc.hpp"
#include "sonm/settlement/refusals.hpp"

namespace sonm::settlement::detail {
namespace {

/// Nothing can be estimated before what it depends on is in a block: storing a byte of code costs 200 gas,
/// carrying it 16, and running the constructors of our contracts less than the rest.
constexpr std::uint64_t creation_gas = 1'500'000, code_byte_gas = 250;
constexpr std::uint64_t call_gas = 200'000, pay_gas = 21'000;
/// Less than the block of any chain of today.
constexpr std::uint64_t block_gas = 25'000'000;
constexpr Millis poll{100}, wait_max{60'000};

tl::unexpected<Error> border(Error error) { return tl::unexpected<Error>(to_market_error(std::move(error))); }

}  // namespace

Async<Burst> Burst::open(chain::Node& node, const crypto::Signer& signer) {
    Burst out(node, signer);
    auto id = co_await node.chain_id();
    if (!id) co_return border(std::move(id).error());
    auto nonce = co_await node.nonce(signer.address(), chain::BlockTag::latest);
    if (!nonce) co_return border(std::move(nonce).error());
    auto fees = co_await node.fees();
    if (!fees) co_return border(std::move(fees).error());
    out.chain_id_ = *id;
    out.first_nonce_ = out.nonce_ = *nonce;
    out.fees_ = *fees;
    co_return std::move(out);
}

Async<void> Burst::check_turn() {
    // Also what waits for a block takes a number.
    auto next = co_await node_.nonce(signer_.address(), chain::BlockTag::pending);
    if (!next) co_return border(std::move(next).error());
    if (*next != first_nonce_)
        co_return fail(
            Errc::conflict,
            "{} has sent something else on chain {} meanwhile: its next transaction is number {}, not {}",
            signer_.address(), chain_id_, *next, first_nonce_);
    co_return Result<void>();
}

void Burst::add(std::string what, std::optional<crypto::Address> to, Bytes data, chain::Wei value,
                std::uint64_t gas) {
    crypto::Transaction txn;
    txn.chain_id = chain_id_;
    txn.nonce = nonce_++;
    txn.priority_fee_max = fees_.tip.value;
    txn.fee_max = fees_.base.value * 4 + fees_.tip.value;
    txn.gas_limit = gas;
    txn.to = to;
    txn.value = value.value;
    txn.data = std::move(data);
    items_.push_back(Item{std::move(what), crypto::sign(txn, signer_), gas});
}

crypto::Address created_by(const crypto::Address& sender, std::uint64_t nonce) {
    // The last 20 bytes of the Keccak-256 of RLP(sender, nonce).
    Bytes pair, list;
    crypto::rlp_append(pair, sender.bytes);
    crypto::rlp_append(pair, U256(nonce));
    crypto::rlp_append_list(list, pair);
    crypto::Hash hash = crypto::keccak256(list);
    crypto::Address out;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), out.bytes.begin());
    return out;
}

crypto::Address Burst::coming(std::uint64_t ahead) const {
    return created_by(signer_.address(), nonce_ + ahead);
}

crypto::Address Burst::create(std::string what, Bytes code) {
    crypto::Address out = coming(0);
    std::uint64_t gas = creation_gas + code_byte_gas * code.size();
    add(std::move(what), std::nullopt, std::move(code), chain::Wei(), gas);
    return out;
}

void Burst::call(std::string what, crypto::Address contract, Bytes data) {
    add(std::move(what), contract, std::move(data), chain::Wei(), call_gas);
}

void Burst::pay(std::string what, crypto::Address to, chain::Wei amount) {
    add(std::move(what), to, Bytes(), amount, pay_gas);
}

Async<chain::TxnReceipt> Burst::wait(crypto::Hash txn) {
    while (true) {
        SONM_CO_TRY(auto receipt, co_await node_.receipt(txn));
        if (receipt) co_return std::move(*receipt);
        co_await sleep_for(poll);
    }
}

Async<void> Burst::send_one(const Item& item) {
    Bytes raw = item.txn.raw;
    auto sending = node_.send_raw(std::move(raw));
    auto sent = co_await std::move(sending);
    if (sent) co_return Result<void>();
    Error error = to_market_error(std::move(sent).error());
    co_return wrap(std::move(error), "{}", item.what);
}

Async<std::uint64_t> Burst::wait_one(const Item& item) {
    auto waiting = wait(item.txn.hash);
    auto receipt = co_await within(wait_max, std::move(waiting));
    if (!receipt) {
        Error error = to_market_error(std::move(receipt).error());
        co_return wrap(std::move(error), "{}", item.what);
    }
    if (!receipt->success)
        co_return fail(market::MarketErrc::refused, "{}: transaction {} failed", item.what, receipt->txn);
    co_return receipt->block;
}

Async<std::uint64_t> Burst::send(std::function<void(std::string)> progress) {
    std::uint64_t first = 0, gas = 0;
    std::size_t waited = 0;
    for (std::size_t sent = 0; waited < items_.size();) {
        if (sent < items_.size() && (sent == waited || gas + items_[sent].gas <= block_gas)) {
            auto sending = send_one(items_[sent]);
            SONM_CO_CHECK(co_await std::move(sending));
            gas += items_[sent++].gas;
            continue;
        }
        for (; waited < sent; ++waited) {
            auto waiting = wait_one(items_[waited]);
            SONM_CO_TRY(std::uint64_t block, co_await std::move(waiting));
            if (first == 0) first = block;
            if (progress) progress(items_[waited].what);
        }
        gas = 0;
    }
    co_return first;
}

}  // namespace sonm::settlement::detail
