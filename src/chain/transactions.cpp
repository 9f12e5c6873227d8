#include "sonm/chain/transactions.hpp"

#include "sonm/base/log.hpp"

namespace sonm::chain {
namespace {

/// Looks in a row at which a nonce must be found used by something else before it is believed, and that for
/// as long as it takes to call a transaction stuck: nodes behind one address can lag behind each other, and
/// what is believed lost is sent a second time.
constexpr int lost_looks = 5;
/// Nodes refuse a transaction that may use more. Source: EIP-7825.
constexpr std::uint64_t txn_gas_max = 16'777'216;
/// Nodes replace a waiting transaction only for at least 10 % more (Geth, Anvil) or 12.5 % (others).
U256 raised(U256 fee) { return fee + fee / 8 + 1; }

std::string short_hash(const Hash& hash) { return to_string(hash).substr(0, 12); }

}  // namespace

Async<std::unique_ptr<Sender>> Sender::make(Node& node, const crypto::Signer& signer, Database& db,
                                            std::uint64_t chain_id, SenderConfig config,
                                            ExplainRevert explain) {
    SONM_CO_TRY(std::uint64_t found, co_await node.chain_id());
    if (found != chain_id)
        co_return fail(ChainErrc::wrong_chain, "the node is on chain {}, the configuration says {}", found,
                       chain_id);
    BlockRef first = std::uint64_t(0);
    SONM_CO_TRY(auto genesis, co_await node.header(first));
    if (!genesis) co_return fail(ChainErrc::bad_answer, "the node has no block 0");
    Journal journal(db, genesis->hash, chain_id, signer.address());
    Executor executor = co_await asio::this_coro::executor;
    co_return std::unique_ptr<Sender>(
        new Sender(executor, node, signer, std::move(journal), chain_id, config, std::move(explain)));
}

Sender::Sender(Executor executor, Node& node, const crypto::Signer& signer, Journal journal,
               std::uint64_t chain_id, SenderConfig config, ExplainRevert explain)
    : node_(node),
      signer_(signer),
      journal_(std::move(journal)),
      chain_id_(chain_id),
      config_(config),
      explain_(std::move(explain)),
      lane_(executor, config_.lock_path) {}

Async<TxnReceipt> Sender::send(std::string intent, TxnRequest request) {
    auto working = work(intent, std::move(request));
    auto receipt = co_await within(config_.answer_max, std::move(working));
    if (receipt || !receipt.error().is(Errc::timeout)) co_return receipt;
    co_return fail(ChainErrc::not_mined,
                   "not confirmed within {} s; it may still be, asking again does not repeat it",
                   config_.answer_max.count() / 1000);
}

Result<bool> Sender::known(const std::string& intent) {
    SONM_TRY(auto found, journal_.find(intent));
    return found && found->state != IntentState::reverted;
}

Async<TxnReceipt> Sender::work(std::string id, TxnRequest request) {
    bool told = false;
    while (true) {
        auto starting = find_or_start(id, request);
        SONM_CO_TRY(std::optional<Intent> found, co_await std::move(starting));
        if (!found) {
            if (!std::exchange(told, true))
                SONM_LOG(warn,
                         "{}: waits for an earlier transaction of account {} that another program has sent",
                         id, account());
            co_await sleep_for(config_.poll);
            continue;
        }
        Intent intent = std::move(*found);
        // Outside of the lane: others may send while this one gets its depth.
        while (true) {
            SONM_CO_TRY(auto receipt, co_await receipt_of(intent));
            if (!receipt) break;  // reorganised away: send it again
            SONM_CO_TRY(bool deep, co_await deep_enough(*receipt));
            if (deep && intent.state == IntentState::done && !receipt->success) {
                // It was done on a chain that is no more, and came too early on this one: as good as never
                // sent.
                SONM_CO_CHECK(journal_.finish(id, *receipt));
                intent.state = IntentState::reverted;
                break;
            }
            if (deep) {
                auto judging = judge(id, std::move(*receipt), std::move(request));
                co_return co_await std::move(judging);
            }
            co_await sleep_for(config_.poll);
        }
        if (intent.state != IntentState::done) continue;
        // Done long ago, and the node has dropped its old receipts, or the block was undone.
        SONM_CO_TRY(std::uint64_t next, co_await node_.nonce(account(), BlockTag::latest));
        if (next <= intent.nonce) continue;
        TxnReceipt known;
        known.txn = intent.attempts.back().hash;
        known.block = intent.block;
        known.success = true;
        known.gas_used = intent.gas_used;
        known.gas_price = intent.gas_price;
        co_return known;
    }
}

Async<std::optional<Intent>> Sender::find_or_start(std::string id, TxnRequest request) {
    SONM_CO_TRY(auto held, co_await lane_.enter());
    SONM_CO_TRY(auto known, journal_.find(id));
    if (known && known->state == IntentState::done) {
        SONM_CO_TRY(std::uint64_t next, co_await node_.nonce(account(), BlockTag::latest));
        if (next > known->nonce) co_return known;
    }
    bool again = known && known->state != IntentState::reverted;
    auto older = finish_older(again ? known->nonce : ~std::uint64_t(0));
    SONM_CO_TRY(std::uint64_t next, co_await std::move(older));
    // Sent anew under another nonce it would happen twice once the gap is filled.
    if (again && known->nonce > next) co_return std::optional<Intent>();
    while (true) {
        if (!known || known->state == IntentState::reverted) {
            auto starting = start(id, request);
            SONM_CO_TRY(known, co_await std::move(starting));
        }
        auto pushing = push(*known);
        auto pushed = co_await std::move(pushing);
        if (!pushed) co_return tl::unexpected<Error>(std::move(pushed).error());
        if (*pushed) break;
        SONM_CO_CHECK(journal_.remove(id));
        known.reset();
    }
    SONM_CO_TRY(auto now, journal_.find(id));
    if (!now) co_return fail(Errc::internal, "{}: vanished from the journal", id);
    co_return now;
}

Async<Intent> Sender::start(std::string id, TxnRequest request) {
    CallRequest trial;
    trial.from = account();
    trial.to = request.to;
    trial.data = request.data;
    trial.value = request.value;
    std::uint64_t gas = request.gas;
    if (gas != 0) {
        BlockRef latest = BlockTag::latest;
        SONM_CO_TRY(CallOutcome tried, co_await node_.call(std::move(trial), latest));
        if (tried.reverted) co_return refused(tried);
        SONM_CO_TRY(auto head, co_await node_.header(latest));
        if (!head) co_return fail(ChainErrc::bad_answer, "the node has no newest block");
        gas = std::min({gas, txn_gas_max, head->gas_limit});
    } else {
        SONM_CO_TRY(GasEstimate estimate, co_await node_.estimate_gas(std::move(trial)));
        if (estimate.revert) co_return refused(*estimate.revert);
        gas = estimate.gas + estimate.gas * config_.gas_margin_percent / 100 + config_.gas_margin;
    }
    SONM_CO_TRY(FeeQuote quote, co_await node_.fees());
    SONM_CO_TRY(Fees fees, within_cap(quote));
    SONM_CO_TRY(std::uint64_t nonce, co_await node_.nonce(account(), BlockTag::latest));

    crypto::Transaction txn;
    txn.chain_id = chain_id_;
    txn.nonce = nonce;
    txn.priority_fee_max = fees.tip;
    txn.fee_max = fees.max;
    txn.gas_limit = gas;
    txn.to = request.to;
    txn.value = request.value.value;
    txn.data = std::move(request.data);
    crypto::SignedTransaction ready = crypto::sign(txn, signer_);

    Intent intent;
    intent.id = id;
    intent.nonce = nonce;
    intent.attempts.push_back(Attempt{ready.hash, std::move(ready.raw)});
    SONM_CO_CHECK(journal_.add(id, nonce, intent.attempts[0]));
    SONM_LOG(debug, "{}: nonce {}, transaction {}", id, nonce, short_hash(ready.hash));
    auto sending = broadcast(intent);
    auto sent = co_await std::move(sending);
    // Refused the first time that anybody has seen it: it is nowhere, and its nonce is free again.
    if (!sent && !sent.error().is(ChainErrc::unreachable)) {
        SONM_CO_CHECK(journal_.remove(id));
        co_return tl::unexpected<Error>(std::move(sent).error());
    }
    co_return intent;
}

Async<std::uint64_t> Sender::finish_older(std::uint64_t last) {
    SONM_CO_TRY(std::uint64_t next, co_await node_.nonce(account(), BlockTag::latest));
    SONM_CO_TRY(auto older, journal_.from_nonce(next));
    for (Intent& intent : older) {
        if (intent.nonce > last || intent.nonce > next) break;
        std::uint64_t nonce = intent.nonce;
        auto pushing = push(std::move(intent));
        auto pushed = co_await std::move(pushing);
        if (!pushed)
            co_return wrap(std::move(pushed).error(), "an earlier transaction (number {}) comes first",
                           nonce);
        next = next + 1;
    }
    co_return next;
}

Async<std::optional<TxnReceipt>> Sender::push(Intent intent) {
    using SteadyTime = std::chrono::steady_clock::time_point;
    SteadyTime sent_at{}, lost_since{};
    int lost = 0;
    while (true) {
        SONM_CO_TRY(auto receipt, co_await receipt_of(intent));
        if (receipt) co_return receipt;
        SONM_CO_TRY(std::uint64_t next, co_await node_.nonce(account(), BlockTag::latest));
        SteadyTime now = std::chrono::steady_clock::now();
        lost = next > intent.nonce ? lost + 1 : 0;
        if (lost == 1) lost_since = now;
        if (lost >= lost_looks && now - lost_since >= config_.stuck_after)
            co_return std::optional<TxnReceipt>();
        if (lost == 0 && sent_at != SteadyTime{} && now - sent_at >= config_.stuck_after) {
            auto replacing = replacement(intent);
            SONM_CO_TRY(auto attempt, co_await std::move(replacing));
            if (attempt) {
                SONM_LOG(info, "{}: stuck for {} s, sent again with a higher fee", intent.id,
                         config_.stuck_after.count() / 1000);
                SONM_CO_CHECK(journal_.add_attempt(intent.nonce, *attempt));
                intent.attempts.push_back(std::move(*attempt));
            }
            sent_at = SteadyTime{};
        }
        if (sent_at == SteadyTime{} && lost == 0) {
            auto sending = broadcast(intent);
            auto sent = co_await std::move(sending);
            if (sent)
                sent_at = now;
            else if (sent.error().is(ChainErrc::fee_too_low))
                sent_at = now - config_.stuck_after;
            else if (!sent.error().is(ChainErrc::unreachable))
                co_return tl::unexpected<Error>(std::move(sent).error());
        }
        co_await sleep_for(config_.poll);
    }
}

Async<void> Sender::broadcast(const Intent& intent) {
    Bytes raw = intent.attempts.back().raw;
    auto sending = node_.send_raw(std::move(raw));
    auto sent = co_await std::move(sending);
    if (sent) co_return Result<void>();
    const Error& error = sent.error();
    // Both mean that the chain has it, or something else with its nonce; which of the two, the receipts tell.
    if (error.is(ChainErrc::already_known) || error.is(ChainErrc::nonce_too_low)) co_return Result<void>();
    co_return tl::unexpected<Error>(error);
}

Async<std::optional<Attempt>> Sender::replacement(const Intent& intent) {
    SONM_CO_TRY(auto last, crypto::parse_signed(intent.attempts.back().raw));
    SONM_CO_TRY(FeeQuote quote, co_await node_.fees());
    crypto::Transaction txn = std::move(last.txn);
    txn.priority_fee_max = std::max(raised(txn.priority_fee_max), quote.tip.value);
    txn.fee_max = std::max(raised(txn.fee_max), quote.base.value * 2 + txn.priority_fee_max);
    if (txn.fee_max > config_.fee_per_gas_max.value) co_return std::optional<Attempt>();
    crypto::SignedTransaction ready = crypto::sign(txn, signer_);
    co_return std::optional<Attempt>(Attempt{ready.hash, std::move(ready.raw)});
}

Async<std::optional<TxnReceipt>> Sender::receipt_of(const Intent& intent) {
    for (std::size_t i = intent.attempts.size(); i-- > 0;) {
        Hash hash = intent.attempts[i].hash;
        SONM_CO_TRY(auto receipt, co_await node_.receipt(hash));
        if (receipt) co_return receipt;
    }
    co_return std::optional<TxnReceipt>();
}

Async<bool> Sender::deep_enough(const TxnReceipt& receipt) {
    if (config_.depth == 0) co_return true;
    SONM_CO_TRY(std::uint64_t head, co_await node_.block_number());
    co_return head >= receipt.block + config_.depth;
}

Async<TxnReceipt> Sender::judge(std::string id, TxnReceipt receipt, TxnRequest request) {
    SONM_CO_CHECK(journal_.finish(id, receipt));
    if (receipt.success) co_return receipt;
    CallRequest trial;
    trial.from = account();
    trial.to = request.to;
    trial.data = std::move(request.data);
    trial.value = request.value;
    // What the block before saw is the nearest that a node without traces can repeat.
    BlockRef before = receipt.block > 0 ? receipt.block - 1 : 0;
    auto repeating = node_.call(std::move(trial), before);
    auto outcome = co_await std::move(repeating);
    if (outcome && outcome->reverted) co_return refused(*outcome);
    co_return fail(ChainErrc::reverted, "transaction {} in block {} failed after {} gas", receipt.txn,
                   receipt.block, receipt.gas_used);
}

Result<Sender::Fees> Sender::within_cap(FeeQuote quote) const {
    U256 cap = config_.fee_per_gas_max.value;
    U256 least = quote.base.value + quote.tip.value;
    if (least > cap) {
        return fail(ChainErrc::fee_cap,
                    "gas costs {} now, the configured limit is {} (10^-18 coins per unit)", least, cap);
    }
    // Twice the base fee lasts for six full blocks of rising fees.
    return Fees{quote.tip.value, std::min(cap, quote.base.value * 2 + quote.tip.value)};
}

tl::unexpected<Error> Sender::refused(const CallOutcome& revert) const {
    if (revert.data.empty() || !explain_) return fail(ChainErrc::reverted, "{}", revert.reason);
    return tl::unexpected<Error>(explain_(revert.data));
}

}  // namespace sonm::chain
