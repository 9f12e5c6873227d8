#pragma once

#include "sonm/settlement/desk.hpp"
#include "sonm/settlement/typed_data.hpp"

#include <functional>

/// A bridge for SNM: a gatekeeper on each of two chains. The home chain has the masternodes; the other one a
/// mirror of their set.
namespace sonm::settlement {

struct Bridge {
    Address home_gate, away_gate, mirror_set;
};
/// Puts both gatekeepers and the mirror on their chains, knowing each other. `first` is the set of
/// masternodes that the mirror begins with. `signer` pays on both chains, and must send nothing else there
/// meanwhile: the gates are numbered beforehand. `keep` gets each network with its new contracts as soon as
/// they are there, away first. Errors: invalid (a network lacks what is needed; one chain twice), denied (a
/// node is on another chain), conflict (the account has sent something else), chain errors.
Async<Bridge> deploy_bridge(Executor executor, Network home, Network away, const crypto::Signer& signer,
                            bindings::GatekeeperParams limits, bindings::SignerSet first,
                            std::function<void(std::string)> progress,
                            std::function<Result<void>(const Network&)> keep);

/// A set of the masternodes as it was taken; the newest, or that of `epoch`. Errors: not_found;
/// unavailable (its block may still be undone: see Network::depth).
Async<bindings::SignerSet> taken_set(Desk& home, std::optional<std::uint64_t> epoch);
/// The set that may speak at the gate of `destination`; `other` is the desk of the other chain. Errors:
/// not_found, invalid (no bridge), unavailable as above.
Async<bindings::SignerSet> speaking_set(Desk& destination, Desk& other);

/// What deposit `id` at `source` claims at `destination`. Errors: not_found; conflict (the gates are no
/// pair, or it was refunded); unavailable (its block may still be undone: see Network::depth).
Async<bindings::GatekeeperTransfer> transfer_of(Desk& source, Desk& destination, U256 id);

}  // namespace sonm::settlement
