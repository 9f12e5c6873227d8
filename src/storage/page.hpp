#pragma once

#include "sonm/storage/backend.hpp"

namespace sonm::storage {

/// Collects the smallest keys behind `after` from keys that come in any order, holding no more than asked
/// for.
class Page {
public:
    explicit Page(const Query& query) : after_(query.after), keys_max_(query.keys_max) {}

    bool wants(const std::string& key) const {
        return key > after_ && (keys_.size() < keys_max_ || (keys_max_ > 0 && key < *keys_.rbegin()));
    }
    void add(std::string key) {
        if (!wants(key)) return;
        keys_.insert(std::move(key));
        if (keys_.size() > keys_max_) keys_.erase(std::prev(keys_.end()));
    }
    std::vector<std::string> take() { return {keys_.begin(), keys_.end()}; }

private:
    const std::string& after_;
    std::size_t keys_max_;
    std::set<std::string> keys_;
};

}  // namespace sonm::storage
