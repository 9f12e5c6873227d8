#include "sonm/settlement/desk.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/yaml.hpp"
#include "sonm/chain/rpc.hpp"
#include "sonm/chain/store.hpp"
#include "sonm/chain/transactions.hpp"
#include "sonm/settlement/bindings/snm.gen.hpp"
#include "sonm/settlement/detail/site.hpp"

namespace sonm::settlement {
namespace {

/// Blocks that one question about events covers; a node that finds it too much is asked for less.
constexpr std::uint64_t blocks_per_question = 50'000;

}  // namespace

struct Desk::Impl {
    Impl(Network n, const crypto::Signer& s, std::unique_ptr<chain::Node> rpc, std::unique_ptr<Database> j,
         std::string lock)
        : network(std::move(n)),
          signer(s),
          node(std::move(rpc)),
          journal(std::move(j)),
          nonce_lock(std::move(lock)) {}

    Async<chain::Sender*> get_sender();
    Async<Sent> send_one(std::string intent, ContractCall call);

    Network network;
    const crypto::Signer& signer;
    std::unique_ptr<chain::Node> node;
    std::unique_ptr<Database> journal;
    std::string nonce_lock;
    std::unique_ptr<chain::Sender> sender;
    bool chain_checked = false;
};

Desk::Desk(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Desk::~Desk() = default;
Address Desk::self() const { return impl_->signer.address(); }
const Network& Desk::network() const { return impl_->network; }
chain::Node& Desk::node() { return *impl_->node; }

Result<std::unique_ptr<Desk>> Desk::open(Executor executor, Network network, const crypto::Signer& signer,
                                         const std::filesystem::path& state) {
    chain::RpcConfig config;
    config.url = network.rpc_url;
    SONM_TRY(auto node, chain::JsonRpc::make(executor, std::move(config)));
    if (!state.empty()) SONM_CHECK(make_folder(state, 0700));
    SONM_TRY(auto journal,
             chain::open_journal(state.empty() ? std::string(":memory:") : (state / "journal.db").string()));
    std::string lock = state.empty() ? std::string() : (state / "nonce.lock").string();
    auto impl = std::make_unique<Impl>(std::move(network), signer, std::move(node), std::move(journal),
                                       std::move(lock));
    return std::unique_ptr<Desk>(new Desk(std::move(impl)));
}

Async<chain::Sender*> Desk::Impl::get_sender() {
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

Async<Sent> Desk::Impl::send_one(std::string intent, ContractCall call) {
    auto starting = get_sender();
    SONM_CO_TRY(chain::Sender * out, co_await std::move(starting));
    chain::TxnRequest request;
    request.to = call.contract;
    request.data = std::move(call.data);
    request.value = chain::Wei(call.coin.value);
    request.gas = call.gas;
    auto sending = out->send(std::move(intent), std::move(request));
    auto receipt = co_await std::move(sending);
    if (!receipt) {
        Error error = to_market_error(std::move(receipt).error());
        co_return wrap(std::move(error), "{}", call.what);
    }
    Sent done;
    done.txn = receipt->txn;
    done.block = receipt->block;
    done.gas_used = receipt->gas_used;
    done.fee = Tokens(receipt->gas_price.value * receipt->gas_used);
    done.logs = std::move(receipt->logs);
    co_return done;
}

Async<std::vector<Sent>> Desk::send(std::string intent, std::vector<ContractCall> calls) {
    std::vector<Sent> out;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        auto sending = impl_->send_one(fmt::format("{}/{}", intent, i), std::move(calls[i]));
        SONM_CO_TRY(Sent done, co_await std::move(sending));
        out.push_back(std::move(done));
    }
    co_return out;
}

Async<void> Desk::check_chain() {
    if (impl_->chain_checked) co_return Result<void>();
    auto found = co_await impl_->node->chain_id();
    if (!found) co_return tl::unexpected<Error>(to_market_error(std::move(found).error()));
    SONM_CO_CHECK(detail::check_chain(impl_->network, *found));
    impl_->chain_checked = true;
    co_return Result<void>();
}

Async<std::uint64_t> Desk::head() {
    auto checking = check_chain();
    SONM_CO_CHECK(co_await std::move(checking));
    auto head = co_await impl_->node->block_number();
    if (!head) co_return tl::unexpected<Error>(to_market_error(std::move(head).error()));
    co_return *head;
}

Async<std::uint64_t> Desk::try_out(ContractCall call) {
    auto checking = check_chain();
    SONM_CO_CHECK(co_await std::move(checking));
    chain::CallRequest request;
    request.from = self();
    request.to = call.contract;
    request.data = std::move(call.data);
    request.value = chain::Wei(call.coin.value);
    auto estimating = impl_->node->estimate_gas(std::move(request));
    auto estimate = co_await std::move(estimating);
    if (!estimate) co_return tl::unexpected<Error>(to_market_error(std::move(estimate).error()));
    if (estimate->revert) {
        Error refusal = to_refusal(estimate->revert->data);
        co_return wrap(std::move(refusal), "{}", call.what);
    }
    co_return estimate->gas;
}

Async<std::vector<chain::Log>> Desk::logs(Address contract, std::vector<crypto::Hash> topics) {
    auto looking = head();
    SONM_CO_TRY(std::uint64_t newest, co_await std::move(looking));
    std::vector<chain::Log> out;
    std::uint64_t span = blocks_per_question;
    for (std::uint64_t from = impl_->network.start_block; from <= newest;) {
        chain::LogFilter filter;
        filter.from_block = from;
        filter.to_block = std::min(newest, from + span - 1);
        filter.addresses = {contract};
        filter.first_topics = topics;
        auto asking = impl_->node->logs(std::move(filter));
        auto logs = co_await std::move(asking);
        if (!logs && logs.error().is(chain::ChainErrc::too_many_results) && span > 1) {
            span /= 2;
            continue;
        }
        if (!logs) co_return tl::unexpected<Error>(to_market_error(std::move(logs).error()));
        std::move(logs->begin(), logs->end(), std::back_inserter(out));
        from += span;
    }
    co_return out;
}

ContractCall Desk::allow(Address spender, Tokens amount) const {
    bindings::snm::Approve approve;
    approve.spender = spender;
    approve.value = amount;
    return ContractCall{fmt::format("allow {} to take {}", spender, bindings::show(amount)),
                        impl_->network.snm, approve.encode(), Tokens()};
}

Result<Address> parse_contract(const Network& network, std::string_view text) {
    if (text.starts_with("0x")) return crypto::parse_address(text);
    std::vector<std::string> known;
    for (const ContractField& field : contract_fields()) {
        if (network.*field.place == Address()) continue;
        if (text == field.name) return network.*field.place;
        known.emplace_back(field.name);
    }
    std::string_view nearest = nearest_word(text, known);
    return fail(Errc::invalid, "\"{}\" is neither an address (0x...) nor a contract of network {}{}", text,
                network.name, nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest));
}

}  // namespace sonm::settlement
