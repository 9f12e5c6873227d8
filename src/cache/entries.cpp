#include "sonm/cache/entries.hpp"

namespace sonm::cache {
namespace {

/// Share of the bytes that newcomers get, and how often a use counts. Source: the paper, sections 4 and 6.
constexpr std::size_t small_share = 10;
constexpr std::uint8_t uses_max = 3;
/// An index entry, two allocations and a ghost later.
constexpr std::size_t overhead_bytes = 96;

}  // namespace

std::size_t Entries::Node::cost() const {
    return sizeof(Node) + overhead_bytes + key.size() + value.bytes.size();
}

void Entries::Queue::push(Node& node) {
    node.older = newest;
    node.newer = nullptr;
    (newest ? newest->newer : oldest) = &node;
    newest = &node;
    bytes += node.cost();
}

void Entries::Queue::unlink(Node& node) {
    (node.older ? node.older->newer : oldest) = node.newer;
    (node.newer ? node.newer->older : newest) = node.older;
    bytes -= node.cost();
}

void Entries::drop(Node& node) {
    queue_of(node).unlink(node);
    // Found by iterator: the view that is the key dies with its node.
    index_.erase(index_.find(node.key));
}

Entries::Node* Entries::find(std::string_view key, Time now) {
    auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    Node* node = found->second.get();
    if (now < node->value.until) return node;
    ++expired_;
    drop(*node);
    return nullptr;
}

const Entries::Value* Entries::peek(std::string_view key, Time now) {
    Node* node = find(key, now);
    return node ? &node->value : nullptr;
}

const Entries::Value* Entries::get(std::string_view key, Time now) {
    Node* node = find(key, now);
    if (!node) {
        ++misses_;
        return nullptr;
    }
    ++hits_;
    node->uses = std::min<std::uint8_t>(node->uses + 1, uses_max);
    return &node->value;
}

std::uint64_t Entries::put(std::string_view key, Bytes value, Time until) {
    auto node = std::make_unique<Node>();
    node->key = key;
    auto old = index_.find(key);
    if (old != index_.end()) {
        // The place in the queues says how much the key is used, whatever its value is.
        node->uses = old->second->uses;
        node->in_main = old->second->in_main;
        drop(*old->second);
    } else {
        node->in_main = ghosts_.contains(std::hash<std::string_view>()(key));
    }
    node->value = Value{std::move(value), ++version_, until};
    std::size_t cost = node->cost();
    if (cost > bytes_max_) return version_;
    make_room(cost);
    queue_of(*node).push(*node);
    std::string_view name = node->key;
    index_.emplace(name, std::move(node));
    return version_;
}

bool Entries::remove(std::string_view key, Time now) {
    Node* node = find(key, now);
    if (node) drop(*node);
    return node != nullptr;
}

void Entries::make_room(std::size_t bytes) {
    while (this->bytes() + bytes > bytes_max_) {
        bool small_is_over = small_.bytes + bytes > bytes_max_ / small_share;
        if (small_.oldest && (small_is_over || !main_.oldest))
            evict_small();
        else
            evict_main();
    }
}

void Entries::limit(std::size_t bytes_max) {
    bytes_max_ = bytes_max;
    make_room(0);
}

void Entries::evict_small() {
    Node& node = *small_.oldest;
    if (node.uses > 1) {
        small_.unlink(node);
        node.uses = 0;
        node.in_main = true;
        main_.push(node);
        return;
    }
    remember_ghost(node.key);
    ++evicted_;
    drop(node);
}

void Entries::evict_main() {
    Node& node = *main_.oldest;
    if (node.uses > 0) {
        main_.unlink(node);
        --node.uses;
        main_.push(node);
        return;
    }
    ++evicted_;
    drop(node);
}

void Entries::remember_ghost(std::string_view key) {
    std::size_t hash = std::hash<std::string_view>()(key);
    ghost_order_.push_back(hash);
    ghosts_.insert(hash);
    while (ghost_order_.size() > index_.size()) {
        ghosts_.erase(ghosts_.find(ghost_order_.front()));
        ghost_order_.pop_front();
    }
}

void Entries::expire(std::size_t count, Time now) {
    // Bucket by bucket: what is added or dropped meanwhile does not disturb.
    std::size_t buckets = index_.bucket_count();
    for (std::size_t seen = 0, step = 0; seen < count && step < buckets; ++step) {
        bucket_ = (bucket_ + 1) % buckets;
        std::vector<Node*> over;
        for (auto at = index_.begin(bucket_); at != index_.end(bucket_); ++at, ++seen)
            if (now >= at->second->value.until) over.push_back(at->second.get());
        expired_ += over.size();
        for (Node* node : over) drop(*node);
    }
}

}  // namespace sonm::cache
