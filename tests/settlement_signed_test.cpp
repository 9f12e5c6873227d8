#include "sonm/settlement/bindings/coordinator.gen.hpp"
#include "sonm/settlement/bindings/gatekeeper.gen.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"
#include "sonm/settlement/bindings/mirror_set.gen.hpp"
#include "sonm/settlement/bindings/price_reports.gen.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"
#include "sonm/settlement/bindings/snm.gen.hpp"
#include "sonm/settlement/bridge.hpp"
#include "sonm/settlement/detail/burst.hpp"
#include "sonm/settlement/market_calls.hpp"
#include "sonm/settlement/signed_order.hpp"
#include "support/market.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sonm {
namespace {

using crypto::Address;
using crypto::Hash;
using settlement::Verifier;
using test::Market;
using test::tokens;
using test::Told;
namespace b = settlement::bindings;

constexpr int rounds = 5;

/// Values of every width, the extremes often.
class Values {
public:
    U256 number(unsigned bits) {
        U256 value = 0;
        for (int i = 0; i < 4; ++i) value = value << 64 | U256(random_());
        switch (random_() % 4) {
            case 0: value = u256_max; break;
            case 1: value &= 0xff; break;
            default: break;
        }
        return bits == 256 ? value : value & ((U256(1) << bits) - 1);
    }
    std::uint64_t small(unsigned bits) { return static_cast<std::uint64_t>(number(bits)); }
    Address address() {
        Address out;
        for (auto& byte : out.bytes) byte = static_cast<std::uint8_t>(random_());
        return out;
    }
    Hash hash() { return Hash{to_word(number(256))}; }

private:
    std::mt19937_64 random_{7};
};

/// Compares with what the contract says itself.
template <class Call>
Task<void> expect_same(settlement::Desk& desk, Address contract, Call call, Hash ours) {
    auto asking = desk.ask(contract, std::move(call));
    auto answer = co_await std::move(asking);
    EXPECT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(to_string(answer.value_or(Hash())), to_string(ours)) << typeid(Call).name();
}

Task<void> market_and_people(settlement::Desk& desk, Values& values) {
    Verifier market{desk.network().chain_id, desk.network().market};
    model::Order order = test::make_order(model::Side::bid, values.address(), UnixTime(1'000), 5);
    order.nonce = model::OrderNonce(values.number(256));
    b::market::DigestOf one;
    one.id = model::order_id(order);
    co_await expect_same(desk, market.contract, std::move(one), settlement::order_digest(market, order));
    Verifier profiles{desk.network().chain_id, desk.network().profiles};
    b::profile_registry::DigestOf other;
    other.signed_ = b::ProfileRegistrySignedCertificate{
        values.address(),           values.address(), model::Identity::identified,
        UnixTime(values.small(40)), values.hash(),    std::string(values.small(8), 'x'),
        values.number(256)};
    Hash ours = settlement::certificate_digest(profiles, other.signed_);
    co_await expect_same(desk, profiles.contract, std::move(other), ours);
    auto token = crypto::domain_separator(
        settlement::domain_of("SONM", Verifier{desk.network().chain_id, desk.network().snm}));
    co_await expect_same(desk, desk.network().snm, b::snm::DomainSeparator(), token);
}

b::CoordinatorProposal some_proposal(Values& values) {
    b::CoordinatorProposal out;
    out.epoch = values.small(64);
    out.proposer = values.address();
    out.previous = values.hash();
    out.set_epoch = values.small(64);
    out.reward_root = values.hash();
    out.reward_sum = Tokens(values.number(96));
    for (std::uint64_t i = values.small(2); i > 0; --i)
        out.jobs.push_back({values.hash(), values.hash(), Tokens(values.number(96))});
    for (std::uint64_t i = values.small(2); i > 0; --i)
        out.changes.push_back({values.address(), values.small(32), values.small(32), values.small(32),
                               values.small(32), values.small(64)});
    for (std::uint64_t i = values.small(2); i > 0; --i) out.inactive.push_back(values.address());
    return out;
}

Task<void> masternodes(settlement::Desk& desk, const settlement::Bridge& bridge, Values& values) {
    std::uint64_t chain = desk.network().chain_id;
    Verifier coordinator{chain, desk.network().coordinator}, reports{chain, desk.network().price_reports};
    b::coordinator::DigestOf vote;
    vote.proposal = some_proposal(values);
    Hash voted = settlement::proposal_digest(coordinator, vote.proposal);
    co_await expect_same(desk, coordinator.contract, std::move(vote), voted);
    b::price_reports::ReportDigest report;
    report.epoch = values.small(64);
    report.rate = model::Rate(values.number(88));
    Hash reported = settlement::price_report_digest(reports, report.epoch, report.rate);
    co_await expect_same(desk, reports.contract, std::move(report), reported);

    Verifier gate{chain, bridge.home_gate};
    b::gatekeeper::ReleaseDigest release;
    release.transfer = b::GatekeeperTransfer{values.number(256),       values.number(256), values.address(),
                                             values.address(),         values.number(256), values.address(),
                                             Tokens(values.number(96))};
    release.set_epoch = values.small(64);
    Hash released = settlement::release_digest(gate, release.transfer, release.set_epoch);
    co_await expect_same(desk, gate.contract, std::move(release), released);
    b::gatekeeper::RefundDigest refund;
    refund.id = values.number(256);
    refund.set_epoch = values.small(64);
    Hash refunded = settlement::refund_digest(gate, refund.id, refund.set_epoch);
    co_await expect_same(desk, gate.contract, std::move(refund), refunded);
    b::gatekeeper::ThawDigest thaw;
    thaw.set_epoch = values.small(64);
    Hash thawed = settlement::thaw_digest(gate, UnixTime(), thaw.set_epoch);
    co_await expect_same(desk, gate.contract, std::move(thaw), thawed);

    b::SignerSet set{values.small(64), {{values.address(), values.address(), Tokens(values.number(96))}}};
    b::mirror_set::HandoverDigest handover;
    handover.epoch = set.epoch;
    handover.hash = settlement::set_hash(set);
    Verifier home{chain, desk.network().masternodes}, mirror{chain, bridge.mirror_set};
    Hash handed = settlement::handover_digest(mirror, home, set);
    co_await expect_same(desk, mirror.contract, std::move(handover), handed);
}

TEST(SignedOnAnvil, every_digest_is_what_the_contract_says) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        auto desk = std::move(*settlement::Desk::open(executor, market.network, market.consumer, {}));
        // Both sides of a bridge on one chain: only what they sign matters here.
        b::GatekeeperParams limits{Tokens(U256(1)), Tokens(U256(1)), 1, 1, 2};
        b::SignerSet first{1, {{market.admin.address(), market.admin.address(), Tokens(U256(1))}}};
        settlement::Bridge bridge;
        {
            auto node = test::connect(executor, market.anvil->url());
            auto opening = settlement::detail::Burst::open(*node, market.admin);
            auto burst = co_await std::move(opening);
            b::mirror_set::Create mirror;
            mirror.home_chain = U256(market.network.chain_id);
            mirror.home = market.network.masternodes;
            mirror.first = first;
            bridge.mirror_set = burst->create("mirror", mirror.encode());
            b::gatekeeper::Create gate;
            gate.token = market.network.snm;
            gate.signers = bridge.mirror_set;
            gate.peer_chain = U256(5);
            gate.peer = market.network.market;
            gate.params = limits;
            bridge.home_gate = burst->create("gate", gate.encode());
            auto sending = burst->send(nullptr);
            auto sent = co_await std::move(sending);
            EXPECT_TRUE(sent) << sent.error().message();
        }
        Values values;
        for (int i = 0; i < rounds; ++i) {
            auto people = market_and_people(*desk, values);
            co_await std::move(people);
            auto nodes = masternodes(*desk, bridge, values);
            co_await std::move(nodes);
        }
    });
}

TEST(SignedOnAnvil, a_signed_bid_that_takes_the_whole_balance_leaves_nothing_in_the_facts_too) {
    SONM_NEEDS_ANVIL();
    Market market;
    market.run([](Market& market) -> Task<void> {
        auto ask = test::make_order(model::Side::ask, market.supplier.address(), market.told.now, 1);
        auto bid = test::make_order(model::Side::bid, market.consumer.address(), market.told.now, 300);
        // 0.001 SNM/s for an hour.
        Tokens exactly(U256(3'600) * U256(1'000'000'000'000'000));
        auto depositing = market.buying->deposit("deposit", exactly);
        auto deposited = co_await std::move(depositing);
        EXPECT_TRUE(deposited) << deposited.error().message();
        auto signed_ask = settlement::sign_order(market.network, ask, market.supplier);
        auto signed_bid = settlement::sign_order(market.network, bid, market.consumer);
        settlement::DealOrder first{signed_ask.order, signed_ask.signature};
        settlement::DealOrder second{signed_bid.order, signed_bid.signature};
        auto call = settlement::open_call(market.network, first, second);
        auto opening = market.call_as(3, call.contract, std::move(call.data));
        co_await std::move(opening);
        auto opened = [](const Told& told) { return told.all<market::NoncesUsed>().size() == 2; };
        auto waiting = market.until("the deal", opened);
        co_await std::move(waiting);
        EXPECT_EQ(market.told.balances()[market.consumer.address()], Tokens());
        auto asking = market.buying->balances(market.consumer.address());
        auto balances = co_await std::move(asking);
        EXPECT_EQ(balances->market, Tokens());
        auto deal = market.told.all<market::DealOpened>().at(0);
        EXPECT_TRUE(deal.ask_signed && deal.bid_signed);
        EXPECT_EQ(deal.state.escrow, exactly);

        Executor executor = co_await asio::this_coro::executor;
        auto desk = std::move(*settlement::Desk::open(executor, market.network, market.consumer, {}));
        auto checking = settlement::check_signed(*desk, signed_bid, market.told.now);
        auto used = co_await std::move(checking);
        EXPECT_FALSE(used);
        EXPECT_TRUE(used.error().is(Errc::conflict)) << used.error().message();
    });
}

}  // namespace
}  // namespace sonm
