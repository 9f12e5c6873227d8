#include "sonm/locator/peers.hpp"

namespace sonm::locator {
namespace {

constexpr unsigned doublings_max = 5;  // 2^5 = 32 s

}  // namespace

void Peers::add_permanent(const std::string& uuid, Endpoint where, TimePoint now) {
    Peer& peer = peers_[uuid];
    peer.endpoints.assign(1, std::move(where));
    peer.permanent = true;
    peer.heard = now;
    peer.next_try = now;
}

Result<void> Peers::announced(const std::string& uuid, const std::string& source, const Endpoints& endpoints,
                              TimePoint now) {
    auto found = peers_.find(uuid);
    if (found != peers_.end()) {
        Peer& peer = found->second;
        peer.heard = now;
        if (peer.permanent || peer.state == State::linked) return {};
        peer.endpoints = endpoints;
        return {};
    }
    auto from_there = [&](const auto& entry) {
        return entry.second.source == source && entry.second.state != State::linked &&
               !entry.second.permanent;
    };
    if (std::ranges::count_if(peers_, from_there) >= static_cast<std::ptrdiff_t>(options_.source_max))
        return fail(Errc::busy, "{} has announced {} nodes that cannot be reached", source,
                    options_.source_max);
    if (peers_.size() >= options_.peers_max && !make_room())
        return fail(Errc::busy, "{} nodes are known already, {} finds no room", peers_.size(), uuid);
    Peer peer;
    peer.endpoints = endpoints;
    peer.source = source;
    peer.heard = now;
    peer.next_try = now;
    peers_.emplace(uuid, std::move(peer));
    return {};
}

/// Of those that could not be reached, the most hopeless one goes: lies must not keep the truth out.
bool Peers::make_room() {
    auto worst = peers_.end();
    for (auto at = peers_.begin(); at != peers_.end(); ++at) {
        const Peer& peer = at->second;
        if (peer.permanent || peer.state != State::waiting || peer.failures == 0) continue;
        if (worst == peers_.end() || peer.failures > worst->second.failures) worst = at;
    }
    if (worst == peers_.end()) return false;
    peers_.erase(worst);
    return true;
}

void Peers::heard(const std::string& uuid, TimePoint now) {
    auto found = peers_.find(uuid);
    if (found != peers_.end()) found->second.heard = now;
}

void Peers::linked(const std::string& uuid, TimePoint now) {
    auto found = peers_.find(uuid);
    if (found == peers_.end()) return;
    found->second.state = State::linked;
    found->second.failures = 0;
    found->second.refusal.clear();
    found->second.heard = now;
}

void Peers::lost(const std::string& uuid, TimePoint now) {
    auto found = peers_.find(uuid);
    if (found == peers_.end()) return;
    Peer& peer = found->second;
    peer.state = State::waiting;
    peer.next_try = now + std::chrono::seconds(1u << std::min(peer.failures, doublings_max));
    ++peer.failures;
}

bool Peers::refused(const std::string& uuid, std::error_code why) {
    auto found = peers_.find(uuid);
    return found != peers_.end() && std::exchange(found->second.refusal, why) != why;
}

std::vector<std::pair<std::string, Endpoints>> Peers::due(TimePoint now) {
    std::vector<std::pair<std::string, Endpoints>> out;
    for (auto& [uuid, peer] : peers_) {
        if (peer.state != State::waiting || peer.next_try > now) continue;
        peer.state = State::connecting;
        out.emplace_back(uuid, peer.endpoints);
    }
    return out;
}

std::vector<std::string> Peers::silent(TimePoint now) {
    std::vector<std::string> out;
    for (auto at = peers_.begin(); at != peers_.end();) {
        if (!at->second.permanent && now - at->second.heard > options_.interval * silence_max) {
            out.push_back(at->first);
            at = peers_.erase(at);
        } else {
            ++at;
        }
    }
    return out;
}

std::size_t Peers::linked_count() const {
    auto is_linked = [](const auto& entry) { return entry.second.state == State::linked; };
    return static_cast<std::size_t>(std::ranges::count_if(peers_, is_linked));
}

}  // namespace sonm::locator
