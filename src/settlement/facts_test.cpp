#include "sonm/settlement/facts.hpp"

#include "sonm/market/errc.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"
#include "sonm/settlement/refusals.hpp"

#include <gtest/gtest.h>

namespace sonm::settlement {
namespace {

using bindings::put;
using chain::Encoder;
using chain::Hash;
namespace on_market = bindings::market;
namespace on_profiles = bindings::profile_registry;

const Address market_contract{{1}}, profiles_contract{{2}}, alice{{0xa}}, bob{{0xb}};

Hash word(const Encoder& one) {
    Bytes bytes = one.finish();
    Hash out;
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    return out;
}
template <class T>
Hash topic(const T& value) {
    Encoder out;
    put(out, value);
    return word(out);
}

chain::Log make_log(Address contract, std::uint64_t block, std::vector<Hash> topics, const Encoder& data) {
    chain::Log log;
    log.address = contract;
    log.block = block;
    log.block_time = UnixTime(1'000 + block);
    log.topics = std::move(topics);
    log.data = data.finish();
    return log;
}

class FactReaderTest : public testing::Test {
public:
    static Network make_network() {
        Network network;
        network.market = market_contract;
        network.profiles = profiles_contract;
        return network;
    }
    market::Step read(std::vector<chain::Log> logs, std::optional<std::uint64_t> rewind_to = std::nullopt) {
        chain::LogBatch batch;
        batch.rewind_to = rewind_to;
        batch.logs = std::move(logs);
        batch.up_to_block = 9;
        return reader.read(batch);
    }
    chain::Log validator(std::uint64_t block, Address who, model::Identity level) {
        Encoder data;
        put(data, level);
        return make_log(profiles_contract, block, {on_profiles::ValidatorSetEvent::topic, topic(who)}, data);
    }
    chain::Log certificate(std::uint64_t block, Address whom, Address by, model::Identity level) {
        Encoder data;
        put(data, level);
        put(data, UnixTime(5'000));
        put(data, Hash());
        put(data, std::string("https://example.org"));
        return make_log(profiles_contract, block,
                        {on_profiles::CertificateSetEvent::topic, topic(whom), topic(by)}, data);
    }
    FactReader reader{make_network()};
};

TEST_F(FactReaderTest, an_order_comes_back_as_it_was_placed_with_the_authors_balance) {
    model::Order bid;
    bid.side = model::Side::bid;
    bid.author = alice;
    bid.price = model::PricePerSecond(7);
    bid.duration = Seconds(60);
    bid.netflags = model::NetFlags{0x8000'0000'0000'0001};
    bid.identity = model::Identity::identified;
    bid.tag = Hash{{9}};
    bid.expiry = UnixTime(99);
    bid.nonce = model::OrderNonce(u256_max);
    for (std::size_t i = 0; i < model::benchmark_count; ++i) bid.benchmarks.values[i] = ~std::uint64_t(0) - i;
    Encoder data;
    put(data, bid);
    put(data, Tokens(420));
    put(data, Tokens(1'000));
    market::Step step = read(
        {make_log(market_contract, 4,
                  {on_market::OrderPlacedEvent::topic, topic(model::order_id(bid)), topic(alice)}, data)});
    ASSERT_EQ(step.facts.size(), 2u);
    auto& placed = std::get<market::OrderPlaced>(step.facts[0].body);
    EXPECT_EQ(placed.order, bid);
    EXPECT_EQ(placed.id, model::order_id(bid));
    EXPECT_EQ(placed.escrow, Tokens(420));
    EXPECT_EQ(step.facts[0].time, UnixTime(1'004));
    EXPECT_EQ(std::get<market::BalanceChanged>(step.facts[1].body).balance, Tokens(1'000));
}

TEST_F(FactReaderTest, an_ask_says_nothing_about_a_balance) {
    model::Order ask;
    ask.author = alice;
    Encoder data;
    put(data, ask);
    put(data, Tokens());
    put(data, Tokens());
    EXPECT_EQ(read({make_log(market_contract, 4,
                             {on_market::OrderPlacedEvent::topic, topic(model::order_id(ask)), topic(alice)},
                             data)})
                  .facts.size(),
              1u);
}

model::Deal some_deal() {
    model::Deal deal;
    deal.id = model::DealId(7);
    deal.supplier = deal.master = alice;
    deal.consumer = bob;
    return deal;
}

/// DealOpened and, if an order was signed, SignaturesUsed, as the market writes them.
std::vector<chain::Log> opening(Tokens refund, Tokens consumer_balance, U256 ask_nonce, U256 bid_nonce) {
    Encoder data, nonces;
    put(data, some_deal());
    put(data, model::DealState{model::DealStatus::open, Tokens(60), Tokens(), UnixTime(1'004)});
    put(data, refund);
    put(data, consumer_balance);
    Hash id = topic(some_deal().id);
    std::vector<chain::Log> logs{make_log(
        market_contract, 4, {on_market::DealOpenedEvent::topic, id, topic(bob), topic(alice)}, data)};
    put(nonces, ask_nonce);
    put(nonces, bid_nonce);
    if (ask_nonce != u256_max || bid_nonce != u256_max)
        logs.push_back(make_log(market_contract, 4, {on_market::SignaturesUsedEvent::topic, id}, nonces));
    return logs;
}

/// The last balance that the facts tell of bob.
std::optional<Tokens> balance_of_bob(const market::Step& step) {
    std::optional<Tokens> out;
    for (const market::Fact& fact : step.facts) {
        if (auto* change = std::get_if<market::BalanceChanged>(&fact.body); change && change->account == bob)
            out = change->balance;
    }
    return out;
}

TEST_F(FactReaderTest, signed_bid_whose_escrow_is_all_there_was_leaves_a_balance_of_nothing) {
    EXPECT_EQ(balance_of_bob(read(opening(Tokens(), Tokens(), u256_max, 5))), Tokens());
}

TEST_F(FactReaderTest, signed_bid_that_leaves_something_tells_the_balance_once) {
    market::Step step = read(opening(Tokens(), Tokens(40), 256, 5));
    EXPECT_EQ(balance_of_bob(step), Tokens(40));
    ASSERT_EQ(step.facts.size(), 4u);
    auto& opened = std::get<market::DealOpened>(step.facts[0].body);
    EXPECT_TRUE(opened.ask_signed && opened.bid_signed);
    auto& ask = std::get<market::NoncesUsed>(step.facts[2].body);
    EXPECT_EQ(ask.author, alice);
    EXPECT_EQ(ask.word, U256(1));
    EXPECT_EQ(ask.mask, U256(1));
    auto& bid = std::get<market::NoncesUsed>(step.facts[3].body);
    EXPECT_EQ(bid.author, bob);
    EXPECT_EQ(bid.mask, U256(32));
}

TEST_F(FactReaderTest, deal_of_two_orders_of_the_book_without_refund_says_nothing_about_a_balance) {
    market::Step step = read(opening(Tokens(), Tokens(), u256_max, u256_max));
    EXPECT_EQ(step.facts.size(), 1u);
    EXPECT_FALSE(balance_of_bob(step));
}

TEST_F(FactReaderTest, signed_ask_and_a_bid_of_the_book_leave_the_consumers_balance_alone) {
    market::Step step = read(opening(Tokens(), Tokens(), 9, u256_max));
    EXPECT_FALSE(balance_of_bob(step));
    EXPECT_FALSE(std::get<market::DealOpened>(step.facts[0].body).bid_signed);
}

TEST_F(FactReaderTest, signatures_without_their_deal_are_left_out) {
    auto logs = opening(Tokens(), Tokens(), 1, 2);
    logs.erase(logs.begin());
    EXPECT_TRUE(read(std::move(logs)).facts.empty());
}

TEST_F(FactReaderTest,
       a_level_counts_for_no_more_than_its_validator_may_attest_and_a_rewind_forgets_the_change) {
    read({validator(1, bob, model::Identity::professional),
          certificate(2, alice, bob, model::Identity::identified)});
    market::Step lowered = read({validator(3, bob, model::Identity::registered)});
    ASSERT_EQ(lowered.facts.size(), 1u);
    EXPECT_EQ(std::get<market::LevelSet>(lowered.facts[0].body).level, model::Identity::registered);
    EXPECT_EQ(std::get<market::LevelSet>(lowered.facts[0].body).account, alice);
    market::Step again = read({certificate(3, alice, bob, model::Identity::professional)}, 2);
    ASSERT_EQ(again.facts.size(), 1u);
    EXPECT_EQ(again.rewind_to, 2u);
    EXPECT_EQ(std::get<market::LevelSet>(again.facts[0].body).level, model::Identity::professional);
}

TEST_F(FactReaderTest, logs_that_are_none_of_ours_or_damaged_are_left_out_and_the_rest_is_read) {
    Encoder nothing;
    Encoder cut;
    put(cut, Tokens(1));
    chain::Log anonymous = make_log(market_contract, 1, {}, nothing);
    chain::Log unknown = make_log(market_contract, 1, {Hash{{1}}}, nothing);
    chain::Log damaged = make_log(market_contract, 1, {on_market::DepositedEvent::topic, topic(alice)}, cut);
    put(cut, Tokens(5));
    chain::Log good = make_log(market_contract, 1, {on_market::DepositedEvent::topic, topic(alice)}, cut);
    market::Step step = read({anonymous, unknown, damaged, good});
    ASSERT_EQ(step.facts.size(), 1u);
    EXPECT_EQ(std::get<market::BalanceChanged>(step.facts[0].body).balance, Tokens(5));
}

TEST(Refusals, a_contracts_error_keeps_its_values) {
    Encoder values;
    put(values, Tokens(U256(1'500'000'000'000'000'000)));
    put(values, Tokens(U256(2'000'000'000'000'000'000)));
    Bytes data = values.finish(chain::selector_of("EscrowTooSmall(uint256,uint256)"));
    Error error = to_refusal(data);
    EXPECT_TRUE(error.is(market::MarketErrc::escrow_too_small));
    EXPECT_NE(error.message().find("has 1.5 SNM, needs 2 SNM"), std::string::npos) << error.message();
}

TEST(Refusals, a_wallet_that_holds_too_little_is_said_in_plain_words) {
    Encoder values;
    put(values, alice);
    put(values, Tokens(U256(1'500'000'000'000'000'000)));
    put(values, Tokens(U256(2'000'000'000'000'000'000)));
    Error error =
        to_refusal(values.finish(chain::selector_of("ERC20InsufficientBalance(address,uint256,uint256)")));
    EXPECT_TRUE(error.is(market::MarketErrc::balance_too_small));
    EXPECT_NE(error.message().find("the wallet holds too little: has 1.5 SNM, needs 2 SNM"),
              std::string::npos)
        << error.message();
}

TEST(Refusals, errors_of_the_language_and_unknown_ones_are_refusals_too) {
    Encoder text;
    text.text("paused for lunch");
    Error error = to_refusal(text.finish(chain::selector_of("Error(string)")));
    EXPECT_TRUE(error.is(market::MarketErrc::refused));
    EXPECT_NE(error.message().find("paused for lunch"), std::string::npos);
    EXPECT_TRUE(to_refusal(Bytes{1, 2, 3, 4}).is(market::MarketErrc::refused));
    EXPECT_TRUE(to_refusal({}).is(market::MarketErrc::refused));
}

}  // namespace
}  // namespace sonm::settlement
