#pragma once

#include "sonm/base/bytes.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace sonm::cache {

using Time = std::chrono::steady_clock::time_point;

/// Values by key within a bound of bytes. What has to go is chosen by S3-FIFO: newcomers pass through a small
/// queue, and only those that were asked for there reach the main one, so that a scan does not wash out what
/// is in use. Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023. How it
/// compares: docs/services/cache.md.
///
/// Pure: time is given. One thread.
class Entries {
public:
    explicit Entries(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    Entries(const Entries&) = delete;

    struct Value {
        Bytes bytes;
        std::uint64_t version = 0;
        Time until;  ///< Time::max() = for ever
    };
    /// Valid until the next call. Counts a hit or a miss, and a use.
    const Value* get(std::string_view key, Time now);
    /// The same without being seen.
    const Value* peek(std::string_view key, Time now);
    /// Gives the new version. A value that alone is over the bound is not kept.
    std::uint64_t put(std::string_view key, Bytes value, Time until);
    bool remove(std::string_view key, Time now);
    /// What does not fit any more goes at once.
    void limit(std::size_t bytes_max);
    /// Drops values whose time is over among the next `count`; called again and again it visits all.
    void expire(std::size_t count, Time now);

    std::size_t size() const { return index_.size(); }
    std::size_t bytes() const { return small_.bytes + main_.bytes; }
    std::size_t bytes_max() const { return bytes_max_; }
    std::uint64_t hits() const { return hits_; }
    std::uint64_t misses() const { return misses_; }
    std::uint64_t evicted() const { return evicted_; }
    std::uint64_t expired() const { return expired_; }

private:
    struct Node {
        std::string key;
        Value value;
        Node* older = nullptr;
        Node* newer = nullptr;
        std::uint8_t uses = 0;
        bool in_main = false;
        std::size_t cost() const;
    };
    struct Queue {
        Node* oldest = nullptr;
        Node* newest = nullptr;
        std::size_t bytes = 0;
        void push(Node& node);
        void unlink(Node& node);
    };
    Node* find(std::string_view key, Time now);
    Queue& queue_of(const Node& node) { return node.in_main ? main_ : small_; }
    void drop(Node& node);
    void make_room(std::size_t bytes);
    void evict_small();
    void evict_main();
    void remember_ghost(std::string_view key);

    std::size_t bytes_max_;
    Queue small_, main_;
    /// Keys are views into their nodes.
    std::unordered_map<std::string_view, std::unique_ptr<Node>> index_;
    /// Hashes of what left the small queue without having been used; the oldest ones are forgotten.
    std::deque<std::size_t> ghost_order_;
    std::unordered_multiset<std::size_t> ghosts_;
    std::size_t bucket_ = 0;  ///< where expire() goes on
    std::uint64_t version_ = 0;
    std::uint64_t hits_ = 0, misses_ = 0, evicted_ = 0, expired_ = 0;
};

}  // namespace sonm::cache
