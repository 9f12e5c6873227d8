#pragma once

#include "sonm/locator/directory.hpp"

#include <memory>

namespace sonm::locator {

/// Decides to which of the nodes that offer a service a caller is sent. One executor.
class Gateway {
public:
    virtual ~Gateway() = default;
    virtual std::string_view type() const = 0;
    /// `healthy` is never empty; each has at least one endpoint that is not set aside. Errors: unavailable.
    virtual Result<Offer> resolve(const std::string& name, std::span<const Candidate> healthy) = 0;
    /// Who offers `name`, each time that changes or their health does; perhaps nobody.
    virtual void changed(const std::string& name, std::span<const Candidate> healthy) {}
    /// Whether nodes are to be watched though nobody was sent to them by `resolve`.
    virtual bool watches_all() const { return false; }
    /// Its own work, until cancelled.
    virtual Task<void> run() { co_return; }
};

/// A uniformly random node.
std::unique_ptr<Gateway> make_adhoc(Random random);
/// Random in proportion to the weight that each node announces.
std::unique_ptr<Gateway> make_weighted(Random random);
/// Of two random nodes the one with less to do: the load that it announced, and who was sent to it since,
/// per weight. Two random ones and the better of them, so that not everybody runs to the same node.
std::unique_ptr<Gateway> make_least_loaded(Random random);

}  // namespace sonm::locator
