#include "sonm/settlement/bridge.hpp"

#include "sonm/settlement/bindings/gatekeeper.gen.hpp"
#include "sonm/settlement/bindings/masternodes.gen.hpp"
#include "sonm/settlement/bindings/mirror_set.gen.hpp"
#include "sonm/settlement/detail/contracts.hpp"
#include "sonm/settlement/detail/site.hpp"

namespace sonm::settlement {
namespace {

using detail::Burst;
using detail::Site;

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

/// A gate that waits for another peer than `wanted` releases nothing.
Async<void> check_peer(chain::Node& node, Address gate, Address wanted) {
    auto asking = detail::ask(node, gate, bindings::gatekeeper::Peer());
    SONM_CO_TRY(Address peer, co_await std::move(asking));
    if (peer != wanted)
        co_return fail(Errc::internal, "the gate {} waits for {} instead of {}", gate, peer, wanted);
    co_return Result<void>();
}

/// Sends one side, unless the account has used its numbers for something else meanwhile.
Async<void> send_side(Burst& burst, std::function<void(std::string)> progress) {
    auto checking = burst.check_turn();
    SONM_CO_CHECK(co_await std::move(checking));
    auto sending = burst.send(std::move(progress));
    SONM_CO_CHECK(co_await std::move(sending));
    co_return Result<void>();
}

/// Errors: unavailable, saying how many blocks are missing until what happened in `block` counts.
Result<void> check_final(const Network& network, std::string_view what, std::uint64_t block,
                         std::uint64_t head) {
    std::uint64_t enough = block + network.depth;
    if (head >= enough) return {};
    return fail(Errc::unavailable,
                "{} is in block {} of {}, which may still be undone: {} blocks are missing", what, block,
                network.name, enough - head);
}

}  // namespace

Async<Bridge> deploy_bridge(Executor executor, Network home, Network away, const crypto::Signer& signer,
                            bindings::GatekeeperParams limits, bindings::SignerSet first,
                            std::function<void(std::string)> progress,
                            std::function<Result<void>(const Network&)> keep) {
    if (home.masternodes.is_zero())
        co_return fail(Errc::invalid, "network {} has no masternodes contract: it cannot be the home side",
                       home.name);
    if (home.chain_id == away.chain_id)
        co_return fail(Errc::invalid, "{} and {} are both chain {}: a bridge needs two", home.name, away.name,
                       home.chain_id);
    auto opening_here = detail::open_site(executor, home, signer);
    SONM_CO_TRY(Site here, co_await std::move(opening_here));
    auto opening_there = detail::open_site(executor, away, signer);
    SONM_CO_TRY(Site there, co_await std::move(opening_there));
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
    auto checking = here.burst->check_turn();
    SONM_CO_CHECK(co_await std::move(checking));
    auto sending_there = send_side(*there.burst, progress);
    SONM_CO_CHECK(co_await std::move(sending_there));
    away.gatekeeper = out.away_gate;
    away.mirror_set = out.mirror_set;
    SONM_CO_CHECK(keep(away));
    auto sending_here = send_side(*here.burst, progress);
    if (auto sent = co_await std::move(sending_here); !sent)
        co_return wrap(
            std::move(sent).error(),
            "{} has its gate already, {} has none; to begin anew take gatekeeper and mirror_set out "
            "of the network file of {}",
            away.name, home.name, away.name);
    home.gatekeeper = out.home_gate;
    SONM_CO_CHECK(keep(home));
    auto asking_there = check_peer(*there.node, out.away_gate, out.home_gate);
    SONM_CO_CHECK(co_await std::move(asking_there));
    auto asking_here = check_peer(*here.node, out.home_gate, out.away_gate);
    SONM_CO_CHECK(co_await std::move(asking_here));
    co_return out;
}

Async<bindings::SignerSet> taken_set(Desk& home, std::optional<std::uint64_t> epoch) {
    // Before the facts: those that come meanwhile are not deep enough in any case.
    auto looking = home.head();
    SONM_CO_TRY(std::uint64_t head, co_await std::move(looking));
    auto reading = home.facts<bindings::masternodes::SetTakenEvent>(home.network().masternodes);
    SONM_CO_TRY(auto taken, co_await std::move(reading));
    auto place = std::find_if(taken.rbegin(), taken.rend(),
                              [&](const auto& said) { return !epoch || said.fact.epoch == *epoch; });
    if (place == taken.rend())
        co_return fail(Errc::not_found,
                       "no set of masternodes was taken{}: `sonm masternode take-set` takes one",
                       epoch ? fmt::format(" in epoch {}", *epoch) : std::string());
    const auto& fact = place->fact;
    SONM_CO_CHECK(
        check_final(home.network(), fmt::format("the set of epoch {}", fact.epoch), place->block, head));
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
    auto looking = source.head();
    SONM_CO_TRY(std::uint64_t head, co_await std::move(looking));
    using Deposited = bindings::gatekeeper::DepositedEvent;
    using Refunded = bindings::gatekeeper::RefundedEvent;
    auto reading = source.facts<Deposited, Refunded>(source.network().gatekeeper);
    SONM_CO_TRY(auto facts, co_await std::move(reading));
    std::optional<Said<Deposited>> found;
    for (const auto& [block, time, fact] : facts) {
        if (auto* back = std::get_if<Refunded>(&fact); back && back->id == id)
            co_return fail(Errc::conflict, "deposit {} was given back by the gate of {} in block {}",
                           to_decimal(id), source.network().name, block);
        if (auto* sent = std::get_if<Deposited>(&fact); sent && sent->id == id) found = {block, time, *sent};
    }
    if (!found)
        co_return fail(Errc::not_found, "there is no deposit {} at the gate of {}", to_decimal(id),
                       source.network().name);
    SONM_CO_CHECK(check_final(source.network(), "deposit " + to_decimal(id), found->block, head));
    bindings::GatekeeperTransfer out;
    out.source_chain = U256(source.network().chain_id);
    out.destination_chain = U256(destination.network().chain_id);
    out.source = source.network().gatekeeper;
    out.destination = destination.network().gatekeeper;
    out.id = id;
    out.to = found->fact.to;
    out.amount = found->fact.amount;
    co_return out;
}

}  // namespace sonm::settlement
