#include "sonm/settlement/deploy.hpp"

#include "sonm/chain/rpc.hpp"
#include "sonm/crypto/transaction.hpp"
#include "sonm/settlement/bindings/blacklist.gen.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"
#include "sonm/settlement/bindings/price_oracle.gen.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"
#include "sonm/settlement/bindings/snm.gen.hpp"
#include "sonm/settlement/bindings/terms.gen.hpp"
#include "sonm/settlement/bindings/token_sale.gen.hpp"
#include "sonm/settlement/detail/contracts.hpp"
#include "sonm/settlement/detail/government.hpp"
#include "sonm/settlement/detail/site.hpp"

namespace sonm::settlement {
namespace {

using detail::Burst;

/// How many there are before the government's: it must be known where its contracts will be.
constexpr std::uint64_t market_transactions = 7;

/// Bounds of the development oracle: wide, and a rate stays fresh for a month, since nobody has to report on
/// a private chain.
bindings::OracleLimits oracle_limits() {
    bindings::OracleLimits limits;
    limits.rate_min = model::Rate(1'000'000'000'000);
    limits.rate_max = model::Rate(U256(100'000'000) * U256(1'000'000'000'000'000'000));
    limits.move_max_bps = 10'000;
    limits.period = Seconds(1);
    limits.stale_after = Seconds(30 * 86'400);
    return limits;
}

Async<void> check_wiring(chain::Node& node, const Network& network) {
    auto asking_terms = detail::ask(node, network.market, bindings::market::Terms());
    SONM_CO_TRY(Address terms, co_await std::move(asking_terms));
    auto asking_token = detail::ask(node, network.market, bindings::market::Token());
    SONM_CO_TRY(Address token, co_await std::move(asking_token));
    auto asking_oracle = detail::ask(node, network.market, bindings::market::Oracle());
    SONM_CO_TRY(Address oracle, co_await std::move(asking_oracle));
    auto asking_list = detail::ask(node, network.market, bindings::market::Blacklist());
    SONM_CO_TRY(Address blacklist, co_await std::move(asking_list));
    auto asking_profiles = detail::ask(node, network.terms, bindings::terms::Profiles());
    SONM_CO_TRY(Address profiles, co_await std::move(asking_profiles));
    auto asking_noted = detail::ask(node, network.profiles, bindings::profile_registry::Blacklist());
    SONM_CO_TRY(Address noted, co_await std::move(asking_noted));
    auto asking_market = detail::ask(node, network.blacklist, bindings::blacklist::Market());
    SONM_CO_TRY(Address market, co_await std::move(asking_market));
    bool right = terms == network.terms && token == network.snm && oracle == network.oracle &&
                 blacklist == network.blacklist && profiles == network.profiles && market == network.market &&
                 noted == network.blacklist;
    if (!right) co_return fail(Errc::internal, "the deployed contracts do not know each other");
    co_return Result<void>();
}

}  // namespace

Async<Network> deploy(Executor executor, std::string rpc_url, const crypto::Signer& deployer,
                      DeployOptions options, std::function<void(std::string)> progress) {
    chain::RpcConfig config;
    config.url = rpc_url;
    SONM_CO_TRY(auto node, chain::JsonRpc::make(executor, std::move(config)));
    auto opening = Burst::open(*node, deployer);
    SONM_CO_TRY(Burst burst, co_await std::move(opening));

    Network network;
    network.name = options.name;
    network.chain_id = burst.chain_id();
    network.rpc_url = rpc_url;
    Address first_of_government = burst.coming(market_transactions);
    detail::Foreseen foreseen = detail::foresee_government(burst, market_transactions);
    Address admin = options.dao_is_admin ? foreseen.timelock : deployer.address();
    if (options.oracle_feeder == Address()) options.oracle_feeder = foreseen.price_reports;

    bindings::snm::Create snm;
    snm.holder = options.snm_holder;
    network.snm = burst.create("SNM", snm.encode());
    bindings::profile_registry::Create profiles;
    profiles.admin = admin;
    // The registry, the oracle, and then the blacklist.
    profiles.blacklist = burst.coming(2);
    network.profiles = burst.create("ProfileRegistry", profiles.encode());
    bindings::price_oracle::Create oracle;
    oracle.feeder = options.oracle_feeder;
    oracle.initial = model::Rate(options.usd_per_snm);
    oracle.limits = oracle_limits();
    network.oracle = burst.create("PriceOracle", oracle.encode());
    bindings::blacklist::Create blacklist;
    blacklist.deployer = deployer.address();
    blacklist.profiles = network.profiles;
    network.blacklist = burst.create("Blacklist", blacklist.encode());
    bindings::terms::Create terms;
    terms.profiles = network.profiles;
    terms.blacklist = network.blacklist;
    terms.oracle = network.oracle;
    network.terms = burst.create("Terms", terms.encode());
    bindings::market::Create market;
    market.admin = admin;
    market.token = network.snm;
    market.terms = network.terms;
    network.market = burst.create("Market", market.encode());
    bindings::blacklist::SetMarket wire;
    wire.market = network.market;
    burst.call("the blacklist's market", network.blacklist, wire.encode());

    SONM_ASSERT(burst.coming(0) == first_of_government);
    detail::GovernmentOptions government;
    government.is_test = options.is_test;
    detail::add_government(burst, network, deployer.address(), government);

    auto sending = burst.send(std::move(progress));
    SONM_CO_TRY(network.start_block, co_await std::move(sending));
    auto checking = check_wiring(*node, network);
    SONM_CO_CHECK(co_await std::move(checking));
    co_return network;
}

Async<Address> deploy_sale(Executor executor, Network network, const crypto::Signer& deployer,
                           bindings::TokenSalePlan plan) {
    auto opening = detail::open_site(executor, network, deployer);
    SONM_CO_TRY(auto site, co_await std::move(opening));
    bindings::token_sale::Create sale;
    sale.token = network.snm;
    sale.plan = std::move(plan);
    Address where = site.burst->create("TokenSale", sale.encode());
    auto sending = site.burst->send(nullptr);
    SONM_CO_CHECK(co_await std::move(sending));
    co_return where;
}

Async<void> fund(Executor executor, Network network, const crypto::Signer& from,
                 std::vector<Address> accounts, Tokens snm, U256 coin_wei) {
    auto opening = detail::open_site(executor, network, from);
    SONM_CO_TRY(auto site, co_await std::move(opening));
    Burst& burst = *site.burst;
    for (const Address& account : accounts) {
        auto coin = co_await site.node->balance(account);
        if (!coin) co_return tl::unexpected<Error>(to_market_error(std::move(coin).error()));
        if (coin->value < coin_wei)
            burst.pay(fmt::format("coins for {}", account), account, chain::Wei(coin_wei - coin->value));
        bindings::snm::BalanceOf question;
        question.account = account;
        auto asking = detail::ask(*site.node, network.snm, std::move(question));
        SONM_CO_TRY(Tokens has, co_await std::move(asking));
        if (has >= snm) continue;
        bindings::snm::Transfer transfer;
        transfer.to = account;
        transfer.value = Tokens(snm.value - has.value);
        burst.call(fmt::format("SNM for {}", account), network.snm, transfer.encode());
    }
    auto sending = burst.send(nullptr);
    SONM_CO_TRY([[maybe_unused]] std::uint64_t block, co_await std::move(sending));
    co_return Result<void>();
}

}  // namespace sonm::settlement
