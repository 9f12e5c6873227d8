#pragma once

#include "sonm/locator/types.hpp"

#include <set>

namespace sonm::locator {

/// What a node says of itself beside its services.
struct NodeState {
    double load = 0;           ///< 0 idle, 1 full; more is possible
    std::uint32_t weight = 1;  ///< how much more than others it wants to be chosen
    unsigned chosen = 0;       ///< since it last told its load: what it cannot know of yet
};

/// One node that offers a service.
struct Candidate {
    const std::string* uuid;
    const Offer* offer;
    NodeState* node;
};

/// What other nodes offer, as far as their links have told.
class Directory {
public:
    /// A service of a node has come or changed. Errors: invalid, busy (`services_max`, `node_bytes_max`).
    Result<void> put(const std::string& uuid, const std::string& name, Offer offer);
    void remove(const std::string& uuid, const std::string& name);
    /// A node and everything it offers is gone; the names it had.
    std::vector<std::string> drop(const std::string& uuid);
    /// True: its weight is another one now.
    bool told(const std::string& uuid, double load, std::uint32_t weight);

    /// Who offers `name`. Valid until the next change.
    std::vector<Candidate> offering(const std::string& name);
    std::size_t services() const;
    std::size_t nodes() const { return nodes_.size(); }
    /// The names that a node offers.
    std::vector<std::string> names_of(const std::string& uuid) const;
    std::vector<std::string> names() const;

private:
    struct Node {
        NodeState state;
        std::map<std::string, Offer> services;
        std::size_t bytes = 0;
    };
    std::map<std::string, Node> nodes_;
    std::map<std::string, std::set<std::string>> by_name_;
};

}  // namespace sonm::locator
