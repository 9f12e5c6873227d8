#include "sonm/locator/health.hpp"

namespace sonm::locator {
namespace {

constexpr unsigned doublings_max = 5;  // 2^5 = 32 s
constexpr int idle_intervals = 10;

}  // namespace

bool Health::usable(const Endpoint& endpoint) const {
    auto found = known_.find(endpoint);
    return found == known_.end() || found->second.failures == 0;
}

void Health::used(const Endpoint& endpoint, TimePoint now) {
    auto found = known_.find(endpoint);
    if (found == known_.end()) {
        if (known_.size() >= known_max) return;
        found = known_.emplace(endpoint, State()).first;
        found->second.next = now;
    }
    found->second.used = now;
}

void Health::answered(const Endpoint& endpoint, TimePoint now) {
    auto found = known_.find(endpoint);
    if (found == known_.end()) return;
    found->second.failures = 0;
    found->second.trying = false;
    found->second.next = now + interval_;
}

void Health::refused(const Endpoint& endpoint, TimePoint now) {
    auto found = known_.find(endpoint);
    if (found == known_.end()) return;
    State& state = found->second;
    state.trying = false;
    state.next = now + std::chrono::seconds(1u << std::min(state.failures, doublings_max));
    ++state.failures;
}

std::vector<Endpoint> Health::due(std::size_t count, TimePoint now) {
    std::vector<Endpoint> out;
    for (auto& [endpoint, state] : known_) {
        if (out.size() >= count) break;
        // What nobody is sent to need not be tried, except to find out that it is back.
        bool wanted = state.failures > 0 || now - state.used < interval_;
        if (state.trying || !wanted || state.next > now) continue;
        state.trying = true;
        out.push_back(endpoint);
    }
    return out;
}

void Health::forget_idle(TimePoint now) {
    std::erase_if(known_, [&](const auto& entry) {
        return !entry.second.trying && now - entry.second.used > interval_ * idle_intervals;
    });
}

std::size_t Health::set_aside() const {
    auto is_aside = [](const auto& entry) { return entry.second.failures > 0; };
    return static_cast<std::size_t>(std::ranges::count_if(known_, is_aside));
}

}  // namespace sonm::locator
