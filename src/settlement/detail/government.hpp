#pragma once

#include "sonm/settlement/detail/burst.hpp"
#include "sonm/settlement/network.hpp"

namespace sonm::settlement::detail {

struct GovernmentOptions {
    bool is_test = true;  ///< short delays and a faucet; else what a main chain starts with
};

/// Where contracts will be that others must know before they exist.
struct Foreseen {
    Address timelock;
    Address price_reports;
};
/// `first` is the transaction of `add_government` that comes first, counted from the next one.
Foreseen foresee_government(const Burst& burst, std::uint64_t first);

/// Adds the DAO, hubs, masternodes and what belongs to them to `burst`, and their addresses to `network`,
/// whose market is known already. At the end the address book names everything and belongs to the DAO.
void add_government(Burst& burst, Network& network, const Address& deployer,
                    const GovernmentOptions& options);

}  // namespace sonm::settlement::detail
