#pragma once

#include "sonm/settlement/detail/burst.hpp"
#include "sonm/settlement/network.hpp"

#include <memory>

namespace sonm::settlement::detail {

/// Whether a node that calls its chain `found` is one of `network`. Errors: denied, saying both.
Result<void> check_chain(const Network& network, std::uint64_t found);

/// A network's node with a burst that is about to be filled.
struct Site {
    std::unique_ptr<chain::Node> node;
    std::unique_ptr<Burst> burst;
};
/// `signer` must outlive it. Errors: denied (the node is on another chain), those of the chain.
Async<Site> open_site(Executor executor, Network network, const crypto::Signer& signer);

}  // namespace sonm::settlement::detail
