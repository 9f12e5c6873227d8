#include "sonm/market/state.hpp"
#include "sonm/market/testing.hpp"
#include "sonm/settlement/bindings/blacklist.gen.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"
#include "sonm/settlement/bindings/terms.gen.hpp"
#include "support/market.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sonm {
namespace {

using test::Market;

namespace profiles = settlement::bindings::profile_registry;

constexpr std::size_t pairs_fresh = 8'000, pairs_stale = 2'400, pairs_in_call = 200;
constexpr Seconds stale_after{30 * 86'400};

crypto::Address account(std::size_t index) { return test::development_key(index).address(); }

/// Masters, levels (one of a validator that may attest less, one that expires) and blacklists among accounts
/// 1 to 8; 9 is the validator.
Task<void> make_people(Market& market) {
    struct Call {
        std::size_t by;
        crypto::Address contract;
        Bytes data;
    };
    std::vector<Call> calls;
    auto on_profiles = [&](std::size_t by, auto call) {
        calls.push_back(Call{by, market.network.profiles, call.encode()});
    };
    auto certify = [&](std::size_t by, std::size_t whom, model::Identity level, UnixTime expiry) {
        profiles::Certify call;
        call.account = account(whom);
        call.level = level;
        call.expiry = expiry;
        on_profiles(by, call);
    };
    auto validator = [&](std::size_t who, model::Identity level) {
        profiles::SetValidator call;
        call.validator = account(who);
        call.level = level;
        on_profiles(0, call);
    };
    auto bind = [&](std::size_t worker, std::size_t master) {
        profiles::RequestMaster request;
        request.master = account(master);
        on_profiles(worker, request);
        profiles::ConfirmWorker confirm;
        confirm.worker = account(worker);
        on_profiles(master, confirm);
    };
    auto follow = [&](std::size_t owner, std::size_t whose) {
        settlement::bindings::blacklist::Follow call;
        call.list = account(whose);
        calls.push_back(Call{owner, market.network.blacklist, call.encode()});
    };
    auto list = [&](std::size_t owner, std::size_t whom) {
        settlement::bindings::blacklist::Add call;
        call.account = account(whom);
        calls.push_back(Call{owner, market.network.blacklist, call.encode()});
    };
    UnixTime long_after = market.told.now + Seconds(400 * 86'400);
    validator(9, model::Identity::professional);
    validator(8, model::Identity::identified);
    certify(9, 1, model::Identity::professional, long_after);
    certify(9, 2, model::Identity::registered, long_after);
    certify(8, 3, model::Identity::identified, long_after);
    certify(9, 4, model::Identity::identified, market.told.now + Seconds(86'400));
    certify(9, 5, model::Identity::registered, long_after);
    validator(8, model::Identity::registered);  // what it attested before counts for less now
    bind(6, 1);
    bind(7, 4);
    follow(2, 5);
    follow(6, 3);
    follow(4, 8);
    list(1, 2);
    list(3, 7);
    list(5, 4);
    list(8, 1);
    for (Call& call : calls) {
        auto calling = market.call_as(call.by, call.contract, std::move(call.data));
        co_await std::move(calling);
    }
    std::size_t wanted = 4;  // blacklist entries come last
    auto told = [wanted](const test::Told& told) {
        return told.all<market::BlacklistChanged>().size() == wanted;
    };
    auto waiting = market.until("people", told);
    co_await std::move(waiting);
}

/// Counts how often each answer was given, and fails where contract and C++ disagree.
Task<void> compare(Market& market, UnixTime now, std::uint64_t seed, std::size_t count,
                   std::map<market::Mismatch, std::size_t>& seen) {
    market::MarketStateOptions options;
    options.rate_stale_after = stale_after;
    market::MarketState state(options);
    market::Step history;
    history.facts = market.told.facts;
    history.head_block = market.told.head;
    history.head_time = market.told.now;
    SONM_ASSERT(state.apply(history));

    std::vector<crypto::Address> accounts;
    for (std::size_t i = 1; i <= 8; ++i) accounts.push_back(account(i));
    market::RandomOrders random(seed, now, accounts);
    auto node = test::connect(co_await asio::this_coro::executor, market.anvil->url());
    for (std::size_t done = 0; done < count; done += pairs_in_call) {
        settlement::bindings::terms::MatchesMany question;
        for (std::size_t i = 0; i < pairs_in_call; ++i) {
            auto [ask, bid] = random.pair();
            question.asks.push_back(std::move(ask));
            question.bids.push_back(std::move(bid));
        }
        std::string params =
            fmt::format(R"([{{"to":"{}","data":"{}"}},"latest",{{}},{{"time":"{}"}}])",
                        to_string(market.network.terms), to_hex0x(question.encode()), to_quantity(now.value));
        auto asking = test::ask(*node, "eth_call", std::move(params));
        std::string text = co_await std::move(asking);
        SONM_ASSERT(text.size() > 2);
        auto data = parse_hex(std::string_view(text).substr(1, text.size() - 2));
        SONM_ASSERT(data);
        auto answer = settlement::bindings::terms::MatchesMany::decode(*data);
        SONM_ASSERT(answer);
        EXPECT_EQ(answer->size(), pairs_in_call);
        for (std::size_t i = 0; i < answer->size(); ++i) {
            market::Mismatch ours = market::matches(question.asks[i], question.bids[i], state.context(now));
            EXPECT_EQ(to_string((*answer)[i]), to_string(ours)) << "seed " << seed << ", pair " << done + i;
            ++seen[(*answer)[i]];
        }
    }
}

TEST(PredicateOnAnvil, contract_and_program_agree_on_ten_thousand_random_pairs) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        auto making = make_people(market);
        co_await std::move(making);
        std::map<market::Mismatch, std::size_t> seen;
        auto fresh = compare(market, market.told.now, 1, pairs_fresh, seen);
        co_await std::move(fresh);
        // After a certificate has expired and the rate is too old.
        auto stale = compare(market, market.told.now + stale_after + Seconds(86'400), 2, pairs_stale, seen);
        co_await std::move(stale);
        std::size_t pairs = 0;
        for (auto& [reason, count] : seen) {
            pairs += count;
            testing::Test::RecordProperty(std::string(identifier_of(reason)), std::to_string(count));
        }
        EXPECT_GE(pairs, 10'000u);
        for (std::size_t i = 0; i < market::mismatch_count; ++i) {
            auto reason = static_cast<market::Mismatch>(i);
            EXPECT_GT(seen[reason], 0u) << "never: " << to_string(reason);
        }
    });
}

}  // namespace
}  // namespace sonm
