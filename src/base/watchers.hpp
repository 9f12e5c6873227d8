#pragma once

#include "sonm/base/async.hpp"

#include <map>
#include <string>

namespace sonm {

/// Who waits for changes of what, by name. A wake-up says "look again": it carries no data, so a watcher that
/// is slow loses nothing and costs one bit.
class Watchers {
public:
    explicit Watchers(Executor executor) : executor_(std::move(executor)) {}
    Watchers(const Watchers&) = delete;

    /// One watcher of one name; the first wait returns at once if something has changed since it was made.
    class Watch {
    public:
        Watch(Watchers& watchers, std::string name)
            : watchers_(watchers),
              changed_(watchers.executor_, 1),
              at_(watchers.all_.emplace(std::move(name), this)) {}
        Watch(const Watch&) = delete;
        ~Watch() { watchers_.all_.erase(at_); }
        Async<bool> changed() { return changed_.pop(); }

    private:
        friend class Watchers;
        Watchers& watchers_;
        Channel<bool> changed_;
        std::multimap<std::string, Watch*, std::less<>>::iterator at_;
    };

    void wake(std::string_view name) {
        auto [begin, end] = all_.equal_range(name);
        for (auto at = begin; at != end; ++at) (void)at->second->changed_.try_push(true);
    }
    /// What has changed is not known.
    void wake_all() {
        for (auto& [name, watch] : all_) (void)watch->changed_.try_push(true);
    }
    std::size_t size() const { return all_.size(); }

private:
    Executor executor_;
    std::multimap<std::string, Watch*, std::less<>> all_;
};

}  // namespace sonm
