#include "sonm/locator/directory.hpp"

namespace sonm::locator {
namespace {

std::size_t cost(const std::string& name, const Offer& offer) {
    std::size_t sum = name.size() + offer.graph.bytes.size();
    for (const Endpoint& endpoint : offer.endpoints) sum += endpoint.first.size() + sizeof(Endpoint);
    return sum;
}

}  // namespace

Result<void> Directory::put(const std::string& uuid, const std::string& name, Offer offer) {
    SONM_CHECK(check_name(name));
    SONM_CHECK(check_offer(offer));
    Node& node = nodes_[uuid];
    auto before = node.services.find(name);
    bool added = before == node.services.end();
    std::size_t bytes = node.bytes + cost(name, offer) - (added ? 0 : cost(name, before->second));
    if ((added && node.services.size() >= services_max) || bytes > node_bytes_max)
        return fail(Errc::busy, "node {} offers more than {} services or {} bytes", uuid, services_max,
                    node_bytes_max);
    node.bytes = bytes;
    node.services.insert_or_assign(name, std::move(offer));
    by_name_[name].insert(uuid);
    return {};
}

void Directory::remove(const std::string& uuid, const std::string& name) {
    auto node = nodes_.find(uuid);
    if (node != nodes_.end()) {
        auto offer = node->second.services.find(name);
        if (offer == node->second.services.end()) return;
        node->second.bytes -= cost(name, offer->second);
        node->second.services.erase(offer);
    }
    auto found = by_name_.find(name);
    if (found == by_name_.end()) return;
    found->second.erase(uuid);
    if (found->second.empty()) by_name_.erase(found);
}

std::vector<std::string> Directory::drop(const std::string& uuid) {
    std::vector<std::string> gone = names_of(uuid);
    for (const std::string& name : gone) remove(uuid, name);
    nodes_.erase(uuid);
    return gone;
}

bool Directory::told(const std::string& uuid, double load, std::uint32_t weight) {
    NodeState& state = nodes_[uuid].state;
    // Numbers from strangers: neither a NaN nor a boast may decide over everybody.
    state.load = load >= 0 && load <= 1000 ? load : 1000;
    state.chosen = 0;
    weight = std::clamp(weight, 1u, 1000u);
    return std::exchange(state.weight, weight) != weight;
}

std::vector<Candidate> Directory::offering(const std::string& name) {
    std::vector<Candidate> out;
    auto found = by_name_.find(name);
    if (found == by_name_.end()) return out;
    for (const std::string& uuid : found->second) {
        auto node = nodes_.find(uuid);
        out.push_back(Candidate{&node->first, &node->second.services.at(name), &node->second.state});
    }
    return out;
}

std::size_t Directory::services() const {
    std::size_t sum = 0;
    for (const auto& [uuid, node] : nodes_) sum += node.services.size();
    return sum;
}

std::vector<std::string> Directory::names_of(const std::string& uuid) const {
    std::vector<std::string> out;
    auto node = nodes_.find(uuid);
    if (node == nodes_.end()) return out;
    for (const auto& [name, offer] : node->second.services) out.push_back(name);
    return out;
}

std::vector<std::string> Directory::names() const {
    std::vector<std::string> out;
    for (const auto& [name, uuids] : by_name_) out.push_back(name);
    return out;
}

}  // namespace sonm::locator
