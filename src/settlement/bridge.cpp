#include "sonm/settlement/bridge.hpp"

#include "sonm/chain/rpc.hpp"
#include "sonm/settlement/bindings/gatekeeper.gen.hpp"
#include "sonm/settlement/bindings/masternodes.gen.hpp"
#include "sonm/settlement/bindings/mirror_set.gen.hpp"
#include "sonm/settlement/detail/burst.hpp"

namespace sonm::settlement {
namespace {

using detail::Burst;

struct Side {
    std::unique_ptr<chain::Node> node;
    std::unique_ptr<Burst> burst;
};

Async<Side> open_side(Executor executor, const Network& network, const crypto::Signer& signer) {
    chain::RpcConfig config;
    config.url = network.rpc_url;
    Side out;
    SONM_CO_TRY(out.node, chain::JsonRpc::make(executor, std::move(config)));
    auto opening = Burst::open(*out.node, signer);
    SONM_CO_TRY(Burst burst, co_await std::move(opening));
    if (burst.chain_id() != network.chain_id)
        co_return fail(Errc::denied, "the node of {} is on chain {}, the network file says {}", network.name,
                       burst.chain_id(), network.chain_id);
    out.burst = std::make_unique<Burst>(std::move(burst));
    co_return std::move(out);
}

Address create_gate(Burst& burst, const Network& here, const Address& signers, const Network& there,
                    const Address& peer, const bindings::GatekeeperParams& limits) {
    bindings::gatekeeper::Create gate;
    gate.token = here.snm;
    gate.signers = signers;
    gate.peer_chain = U256(there.chain_id);
    gate.peer = peer;
    gate.params = limits;
    return burst.create("Gatekeeper on " + here.name, gate.encode());
}

}  // namespace

Async<Bridge> deploy_bridge(Executor executor, Network home, Network away, const crypto::Signer& signer,
                            bindings::GatekeeperParams limits, bindings::SignerSet first,
                            std::function<void(std::string)> progress) {
    if (home.masternodes.is_zero())
        co_return fail(Errc::invalid, "network {} has no masternodes contract: it cannot be the home side",
                       home.name);
    auto opening_here = open_side(executor, home, signer);
    SONM_CO_TRY(Side here, co_await std::move(opening_here));
    auto opening_there = open_side(executor, away, signer);
    SONM_CO_TRY(Side there, co_await std::move(opening_there));
    Bridge out;
    // Each gate must know the other before that exists.
    Address home_gate = here.burst->coming(0), away_gate = there.burst->coming(1);
    bindings::mirror_set::Create mirror;
    mirror.home_chain = U256(home.chain_id);
    mirror.home = home.masternodes;
    mirror.first = std::move(first);
    out.mirror_set = there.burst->create("MirrorSet on " + away.name, mirror.encode());
    out.away_gate = create_gate(*there.burst, away, out.mirror_set, home, home_gate, limits);
    out.home_gate = create_gate(*here.burst, home, home.masternodes, away, away_gate, limits);
    SONM_ASSERT(out.home_gate == home_gate && out.away_gate == away_gate);
    auto sending_there = there.burst->send(progress);
    SONM_CO_CHECK(co_await std::move(sending_there));
    auto sending_here = here.burst->send(progress);
    SONM_CO_CHECK(co_await std::move(sending_here));
    co_return out;
}

Async<bindings::SignerSet> taken_set(Desk& home, std::optional<std::uint64_t> epoch) {
    auto reading = home.facts<bindings::masternodes::SetTakenEvent>(home.network().masternodes);
    SONM_CO_TRY(auto taken, co_await std::move(reading));
    auto place = std::find_if(taken.rbegin(), taken.rend(),
                              [&](const auto& said) { return !epoch || said.fact.epoch == *epoch; });
    if (place == taken.rend())
        co_return fail(Errc::not_found,
                       "no set of masternodes was taken{}: `sonm masternode take-set` takes one",
                       epoch ? fmt::format(" in epoch {}", *epoch) : std::string());
    const auto& fact = place->fact;
    bindings::SignerSet out;
    out.epoch = fact.epoch;
    for (std::size_t i = 0; i < fact.accounts.size(); ++i)
        out.members.push_back({fact.accounts[i], fact.signers.at(i), Tokens(fact.weights.at(i))});
    if (set_hash(out) != fact.hash)
        co_return fail(Errc::corrupt, "the set of epoch {} is not what its hash says", out.epoch);
    co_return out;
}

Async<bindings::SignerSet> speaking_set(Desk& destination, Desk& other) {
    if (destination.network().mirror_set.is_zero()) {
        auto finding = taken_set(destination, std::nullopt);
        co_return co_await std::move(finding);
    }
    auto asking = destination.ask(destination.network().mirror_set, bindings::mirror_set::LatestSet());
    SONM_CO_TRY(std::uint64_t epoch, co_await std::move(asking));
    auto finding = taken_set(other, epoch);
    co_return co_await std::move(finding);
}

Async<bindings::GatekeeperTransfer> transfer_of(Desk& source, Desk& destination, U256 id) {
    auto peering = destination.ask(destination.network().gatekeeper, bindings::gatekeeper::Peer());
    SONM_CO_TRY(Address peer, co_await std::move(peering));
    if (peer != source.network().gatekeeper)
        co_return fail(Errc::conflict, "the gate of {} waits for {}, the gate of {} is {}",
                       destination.network().name, peer, source.network().name, source.network().gatekeeper);
    auto reading = source.facts<bindings::gatekeeper::DepositedEvent>(source.network().gatekeeper);
    SONM_CO_TRY(auto deposits, co_await std::move(reading));
    for (const auto& [block, time, deposit] : deposits) {
        if (deposit.id != id) continue;
        bindings::GatekeeperTransfer out;
        out.source_chain = U256(source.network().chain_id);
        out.destination_chain = U256(destination.network().chain_id);
        out.source = source.network().gatekeeper;
        out.destination = destination.network().gatekeeper;
        out.id = id;
        out.to = deposit.to;
        out.amount = deposit.amount;
        co_return out;
    }
    co_return fail(Errc::not_found, "there is no deposit {} at the gate of {}", to_decimal(id),
                   source.network().name);
}

}  // namespace sonm::settlement
