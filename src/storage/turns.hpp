#pragma once

#include "sonm/base/async.hpp"

#include <deque>

namespace sonm::storage {

/// Lets tasks that touch the same thing go one after the other. Names share a fixed number of lanes, so that
/// nothing grows with their number: never hold two turns of one object.
class Turns {
    using Lane = Channel<char>;

public:
    /// Ends at the end of its life.
    class Turn {
    public:
        explicit Turn(Lane& lane) : lane_(&lane, [](Lane* held) { held->try_pop(); }) {}

    private:
        std::unique_ptr<Lane, void (*)(Lane*)> lane_;
    };

    explicit Turns(const Executor& executor, std::size_t lanes = 64) {
        for (std::size_t i = 0; i < lanes; ++i) lanes_.emplace_back(executor, 1);
    }

    /// Waits until nobody else has the turn of that name.
    Async<Turn> take(std::string name) {
        Lane& lane = lanes_[std::hash<std::string>()(name) % lanes_.size()];
        auto waiting = lane.push(0);
        SONM_CO_CHECK(co_await std::move(waiting));
        co_return Turn(lane);
    }

private:
    std::deque<Lane> lanes_;
};

}  // namespace sonm::storage
