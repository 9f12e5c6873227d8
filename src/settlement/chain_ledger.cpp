#include "sonm/settlement/chain_ledger.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/log.hpp"
#include "sonm/chain/rpc.hpp"
#include "sonm/chain/store.hpp"
#include "sonm/chain/transactions.hpp"
#include "sonm/market/billing.hpp"
#include "sonm/market/errc.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"
#include "sonm/settlement/bindings/price_oracle.gen.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"
#include "sonm/settlement/bindings/snm.gen.hpp"
#include "sonm/settlement/bindings/terms.gen.hpp"
#include "sonm/settlement/detail/contracts.hpp"
#include "sonm/settlement/facts.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace sonm::settlement {
namespace {

namespace on_market = bindings::market;
using market::Receipted;

/// How long an intent that is done waits for this process's own followers to hear of it.
constexpr Millis told_max{5'000};

/// How often a payment is tried whose allowance vanishes before it is used.
constexpr int spend_attempts_max = 3;

/// How long a payment waits for others of the same account.
constexpr Millis spend_wait_max{300'000};

/// A file that one process has for itself while it lives.
class Exclusive {
public:
    explicit Exclusive(const std::filesystem::path& path)
        : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        mine_ = file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) == 0;
    }
    Exclusive(const Exclusive&) = delete;
    ~Exclusive() {
        if (file_ >= 0) ::close(file_);
    }
    bool mine() const { return mine_; }

private:
    int file_;
    bool mine_;
};

Result<void> fits(Tokens amount, std::string_view what) {
    if (amount.value <= model::amount_max) return Result<void>();
    return fail(Errc::overflow, "{}: more than the market can count", what);
}

}  // namespace

struct ChainLedger::Impl {
    Impl(Executor executor, Network n, const crypto::Signer& s, std::unique_ptr<chain::Node> rpc,
         std::unique_ptr<Database> j, std::unique_ptr<Exclusive> l, std::unique_ptr<Database> store,
         const std::filesystem::path& state)
        : network(std::move(n)),
          signer(s),
          node(std::move(rpc)),
          journal(std::move(j)),
          log_lock(std::move(l)),
          logs(std::move(store)),
          cursor(executor, *node, *logs, cursor_config(network)),
          making(executor, ""),
          spending(executor, lock_file(state, "spend.lock")),
          nonce_lock(lock_file(state, "nonce.lock")) {}

    /// Among processes nothing is locked for a ledger that lives in memory.
    static std::string lock_file(const std::filesystem::path& state, const char* name) {
        return state.empty() ? std::string() : (state / name).string();
    }
    static chain::CursorConfig cursor_config(const Network& network) {
        chain::CursorConfig config;
        config.addresses = {network.market, network.profiles, network.blacklist, network.oracle};
        config.start_block = network.start_block;
        config.depth = network.depth;
        config.poll = network.poll;
        return config;
    }

    Async<chain::Sender*> get_sender();
    Async<Receipted> send(std::string intent, Address contract, Bytes data);
    /// Makes the call's data from what it has to take out of the wallet.
    using MakeCall = std::function<Bytes(Tokens deposit)>;
    enum class Source { balance_first, wallet };
    /// Sends a call that needs `amount` inside the market, and lets the market take what is missing out of
    /// the wallet, exactly. One such call at a time, among all processes of the account: balance and
    /// allowance belong to the call that was reckoned with them.
    Async<Receipted> spend(std::string intent, Tokens amount, Source source, MakeCall make);
    /// What has to come out of the wallet.
    Async<Tokens> missing(Tokens amount, Source source);
    Async<Tokens> allowance();
    Async<void> allow(std::string intent, Tokens amount);
    template <class Call>
    Async<typename Call::Answer> ask(Address contract, Call call) {
        return detail::ask(*node, contract, std::move(call));
    }

    Network network;
    const crypto::Signer& signer;
    std::unique_ptr<chain::Node> node;
    std::unique_ptr<Database> journal;
    std::unique_ptr<Exclusive> log_lock;
    std::unique_ptr<Database> logs;
    chain::LogCursor cursor;
    std::unique_ptr<chain::Sender> sender;
    chain::detail::Lane making;  // the sender is made once
    chain::detail::Lane spending;
    std::string nonce_lock;
};

Async<chain::Sender*> ChainLedger::Impl::get_sender() {
    SONM_CO_TRY(auto turn, co_await making.enter());
    if (!sender) {
        chain::SenderConfig config;
        config.depth = network.depth;
        config.poll = std::min(network.poll, Millis(1'000));
        config.lock_path = nonce_lock;
        auto starting = chain::Sender::make(*node, signer, *journal, network.chain_id, config, to_refusal);
        auto started = co_await std::move(starting);
        if (!started) co_return tl::unexpected<Error>(to_market_error(std::move(started).error()));
        sender = std::move(*started);
    }
    co_return sender.get();
}

Async<Receipted> ChainLedger::Impl::send(std::string intent, Address contract, Bytes data) {
    auto sending = [](Impl& self, std::string intent, Address contract,
                      Bytes data) -> Async<chain::TxnReceipt> {
        SONM_CO_TRY(chain::Sender * sender, co_await self.get_sender());
        chain::TxnRequest request;
        request.to = contract;
        request.data = std::move(data);
        auto sent = sender->send(std::move(intent), std::move(request));
        co_return co_await std::move(sent);
    };
    auto work = sending(*this, std::move(intent), contract, std::move(data));
    auto receipt = co_await std::move(work);
    if (!receipt) co_return tl::unexpected<Error>(to_market_error(std::move(receipt).error()));
    auto telling = cursor.reach(receipt->block);
    auto told = [](Task<void> task) -> Async<void> {
        co_await std::move(task);
        co_return Result<void>();
    };
    auto waiting = told(std::move(telling));
    (void)co_await within(told_max, std::move(waiting));
    Receipted out;
    out.txn = receipt->txn;
    out.block = receipt->block;
    out.gas_used = receipt->gas_used;
    out.fee = Tokens(receipt->gas_price.value * receipt->gas_used);
    co_return out;
}

Async<Tokens> ChainLedger::Impl::missing(Tokens amount, Source source) {
    if (source == Source::wallet) co_return amount;
    on_market::BalanceOf question;
    question.account = signer.address();
    auto asking = ask(network.market, std::move(question));
    SONM_CO_TRY(Tokens has, co_await std::move(asking));
    co_return Tokens(saturating_sub(amount.value, has.value));
}

Async<Tokens> ChainLedger::Impl::allowance() {
    bindings::snm::Allowance question;
    question.owner = signer.address();
    question.spender = network.market;
    auto asking = ask(network.snm, std::move(question));
    co_return co_await std::move(asking);
}

Async<void> ChainLedger::Impl::allow(std::string intent, Tokens amount) {
    bindings::snm::Approve approve;
    approve.spender = network.market;
    approve.value = amount;
    // Setting an allowance twice does no harm, keeping to an old one would: the id is new each time.
    Bytes unique = random_bytes(8);
    auto sending = send(fmt::format("{}/allow-{}", intent, to_hex(unique)), network.snm, approve.encode());
    auto sent = co_await std::move(sending);
    if (!sent)
        co_return wrap(std::move(sent).error(), "{}: allowing the market to take {}", intent,
                       bindings::show(amount));
    co_return Result<void>();
}

Async<Receipted> ChainLedger::Impl::spend(std::string intent, Tokens amount, Source source, MakeCall make) {
    SONM_CO_CHECK(fits(amount, "amount"));
    auto entering = spending.enter();
    SONM_CO_TRY(auto turn, co_await within(spend_wait_max, std::move(entering)));
    SONM_CO_TRY(chain::Sender * sender, co_await get_sender());
    for (int attempt = 1;; ++attempt) {
        auto counting = missing(amount, source);
        SONM_CO_TRY(Tokens deposit, co_await std::move(counting));
        SONM_CO_TRY(bool sent_before, sender->known(intent));
        if (!sent_before && deposit > Tokens()) {
            SONM_CO_TRY(Tokens allowed, co_await allowance());
            auto allowing = allow(intent, deposit);
            if (allowed < deposit) SONM_CO_CHECK(co_await std::move(allowing));
        }
        auto sending = send(intent, network.market, make(deposit));
        auto sent = co_await std::move(sending);
        if (sent || !sent.error().is(market::MarketErrc::refused) || attempt == spend_attempts_max)
            co_return sent;
        // Somebody else, or a reorganisation, has taken the allowance away between the two transactions: once
        // more.
        SONM_CO_TRY(Tokens allowed, co_await allowance());
        if (allowed >= deposit) co_return sent;
    }
}

ChainLedger::ChainLedger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChainLedger::~ChainLedger() = default;

Result<std::unique_ptr<ChainLedger>> ChainLedger::open(Executor executor, Network network,
                                                       const crypto::Signer& signer,
                                                       const std::filesystem::path& state) {
    chain::RpcConfig config;
    config.url = network.rpc_url;
    SONM_TRY(auto node, chain::JsonRpc::make(executor, std::move(config)));
    std::string journal_path = ":memory:", log_path = ":memory:";
    std::unique_ptr<Exclusive> log_lock;
    if (!state.empty()) {
        SONM_CHECK(make_folder(state, 0700));
        journal_path = (state / "journal.db").string();
        // A second process of the same account reads the facts into memory.
        log_lock = std::make_unique<Exclusive>(state / "facts.lock");
        if (log_lock->mine()) log_path = (state / "facts.db").string();
    }
    SONM_TRY(auto journal, chain::open_journal(journal_path));
    auto logs = chain::open_log_store(log_path);
    if (!logs && logs.error().is(Errc::corrupt)) {
        SONM_LOG(warn, "{}; the market's history is read anew", logs.error().message());
        std::error_code gone_already;
        for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(log_path + part, gone_already);
        logs = chain::open_log_store(log_path);
    }
    if (!logs) return tl::unexpected<Error>(std::move(logs).error());
    auto impl = std::make_unique<Impl>(executor, std::move(network), signer, std::move(node),
                                       std::move(journal), std::move(log_lock), std::move(*logs), state);
    return std::unique_ptr<ChainLedger>(new ChainLedger(std::move(impl)));
}

Task<void> ChainLedger::run() { return impl_->cursor.run(); }

crypto::Address ChainLedger::self() const { return impl_->signer.address(); }

Task<void> ChainLedger::follow(std::uint64_t from_block, std::function<void(const market::Step&)> step) {
    auto reader = std::make_shared<FactReader>(
        impl_->network);  // one owner: the lambda, which std::function wants copyable
    auto deliver = [reader, step = std::move(step)](const chain::LogBatch& batch) {
        step(reader->read(batch));
    };
    return impl_->cursor.follow(from_block, std::move(deliver));
}

Async<Receipted> ChainLedger::place(std::string intent, model::Order order, Tokens escrow) {
    SONM_CO_CHECK(model::validate(order));
    if (order.author != self()) {
        co_return fail(market::MarketErrc::not_the_author, "the order's author is {}, this account is {}",
                       order.author, self());
    }
    if (order.side == model::Side::ask) {
        on_market::PlaceAsk call;
        call.ask = std::move(order);
        auto sending = impl_->send(std::move(intent), impl_->network.market, call.encode());
        co_return co_await std::move(sending);
    }
    on_market::PlaceBid call;
    call.bid = std::move(order);
    call.escrow = escrow;
    auto encode = [call](Tokens deposit) mutable {
        call.deposit = deposit;
        return call.encode();
    };
    auto sending = impl_->spend(std::move(intent), escrow, Impl::Source::balance_first, std::move(encode));
    co_return co_await std::move(sending);
}

Async<Receipted> ChainLedger::cancel(std::string intent, model::Order order) {
    on_market::CancelOrder call;
    call.order = std::move(order);
    auto sending = impl_->send(std::move(intent), impl_->network.market, call.encode());
    co_return co_await std::move(sending);
}

Async<Receipted> ChainLedger::open_deal(std::string intent, model::Order ask, model::Order bid) {
    on_market::OpenDeal call;
    call.ask = std::move(ask);
    call.bid = std::move(bid);
    auto sending = impl_->send(std::move(intent), impl_->network.market, call.encode());
    co_return co_await std::move(sending);
}

Async<Receipted> ChainLedger::settle(std::string intent, model::Deal deal) {
    on_market::Settle call;
    call.deal = std::move(deal);
    auto sending = impl_->send(std::move(intent), impl_->network.market, call.encode());
    co_return co_await std::move(sending);
}

Async<Receipted> ChainLedger::close(std::string intent, model::Deal deal, model::BlacklistChoice choice) {
    on_market::CloseDeal call;
    call.deal = std::move(deal);
    call.choice = choice;
    auto sending = impl_->send(std::move(intent), impl_->network.market, call.encode());
    co_return co_await std::move(sending);
}

Async<Receipted> ChainLedger::top_up(std::string intent, model::Deal deal, Tokens amount) {
    on_market::TopUp call;
    call.deal = std::move(deal);
    call.amount = amount;
    auto encode = [call](Tokens deposit) mutable {
        call.deposit = deposit;
        return call.encode();
    };
    auto sending = impl_->spend(std::move(intent), amount, Impl::Source::balance_first, std::move(encode));
    co_return co_await std::move(sending);
}

Async<Receipted> ChainLedger::deposit(std::string intent, Tokens amount) {
    on_market::Deposit call;
    call.amount = amount;
    auto encode = [call](Tokens) { return call.encode(); };
    auto sending = impl_->spend(std::move(intent), amount, Impl::Source::wallet, std::move(encode));
    co_return co_await std::move(sending);
}

Async<Receipted> ChainLedger::withdraw(std::string intent, Tokens amount) {
    SONM_CO_CHECK(fits(amount, "amount"));
    on_market::Withdraw call;
    call.to = self();
    call.amount = amount;
    auto sending = impl_->send(std::move(intent), impl_->network.market, call.encode());
    co_return co_await std::move(sending);
}

Async<Receipted> ChainLedger::set_attribute(std::string intent, crypto::Hash key, std::string value) {
    bindings::profile_registry::SetAttribute call;
    call.key = key;
    call.value = std::move(value);
    auto sending = impl_->send(std::move(intent), impl_->network.profiles, call.encode());
    co_return co_await std::move(sending);
}

Async<market::Ledger::Balances> ChainLedger::balances(crypto::Address account) {
    Balances out;
    bindings::snm::BalanceOf in_wallet;
    in_wallet.account = account;
    auto wallet = impl_->ask(impl_->network.snm, std::move(in_wallet));
    SONM_CO_TRY(out.wallet, co_await std::move(wallet));
    on_market::BalanceOf in_market;
    in_market.account = account;
    auto free = impl_->ask(impl_->network.market, std::move(in_market));
    SONM_CO_TRY(out.market, co_await std::move(free));
    auto coin = co_await impl_->node->balance(account);
    if (!coin) co_return tl::unexpected<Error>(to_market_error(std::move(coin).error()));
    out.coin = Tokens(coin->value);
    co_return out;
}

Async<Tokens> ChainLedger::escrow_needed(model::Order bid) {
    market::RateHistory rates;
    if (bid.currency == model::Currency::usd) {
        bindings::price_oracle::Latest question;
        auto asking = impl_->ask(impl_->network.oracle, std::move(question));
        SONM_CO_TRY(auto latest, co_await std::move(asking));
        rates.add(latest.rate, latest.since);
    }
    co_return market::escrow_needed(bid.price, bid.currency, bid.duration, rates);
}

Async<std::string> ChainLedger::attribute(crypto::Address account, crypto::Hash key) {
    bindings::profile_registry::AttributeOf question;
    question.account = account;
    question.key = key;
    auto asking = impl_->ask(impl_->network.profiles, std::move(question));
    co_return co_await std::move(asking);
}

Async<std::uint8_t> ChainLedger::judge(model::Order ask, model::Order bid) {
    bindings::terms::Matches question;
    question.ask = std::move(ask);
    question.bid = std::move(bid);
    auto asking = impl_->ask(impl_->network.terms, std::move(question));
    SONM_CO_TRY(market::Mismatch mismatch, co_await std::move(asking));
    co_return static_cast<std::uint8_t>(mismatch);
}

}  // namespace sonm::settlement
