#pragma once

#include "sonm/locator/types.hpp"

namespace sonm::locator {

/// Which endpoints of other nodes answer. One that refused a connection is set aside and tried again after 1,
/// 2, 4 .. 32 s. Knows no socket and no clock.
class Health {
public:
    explicit Health(std::chrono::milliseconds interval) : interval_(interval) {}

    /// False for an endpoint that is set aside.
    bool usable(const Endpoint& endpoint) const;
    /// Somebody was sent there: it is worth a look. More than `known_max` are not looked at.
    void used(const Endpoint& endpoint, TimePoint now);
    void answered(const Endpoint& endpoint, TimePoint now);
    void refused(const Endpoint& endpoint, TimePoint now);
    /// At most `count` endpoints that should be tried now, marked as being tried.
    std::vector<Endpoint> due(std::size_t count, TimePoint now);
    /// Forgets what was not used for ten intervals.
    void forget_idle(TimePoint now);

    std::size_t set_aside() const;
    std::size_t size() const { return known_.size(); }
    static constexpr std::size_t known_max = 4096;

private:
    struct State {
        unsigned failures = 0;
        bool trying = false;
        TimePoint next{}, used{};
    };
    std::chrono::milliseconds interval_;
    std::map<Endpoint, State> known_;
};

}  // namespace sonm::locator
