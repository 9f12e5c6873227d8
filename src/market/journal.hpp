#pragma once

#include <cstdint>
#include <deque>
#include <functional>

namespace sonm::market {

/// How to take back what recent blocks did. Value-like, one thread.
class Journal {
public:
    /// Notes how to undo a change that `block` made. Blocks come in order.
    void note(std::uint64_t block, std::function<void()> undo) {
        entries_.push_back(Entry{block, std::move(undo)});
    }
    /// Undoes everything above `block`, last first. False (and nothing happens) if that is not remembered any
    /// more.
    bool rewind_to(std::uint64_t block) {
        if (block < forgotten_) return false;
        while (!entries_.empty() && entries_.back().block > block) {
            entries_.back().undo();
            entries_.pop_back();
        }
        return true;
    }
    /// A rewind to before `block` will not be asked for.
    void forget_before(std::uint64_t block) {
        if (block <= forgotten_) return;
        forgotten_ = block;
        while (!entries_.empty() && entries_.front().block <= block) entries_.pop_front();
    }
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        std::uint64_t block;
        std::function<void()> undo;
    };
    std::deque<Entry> entries_;
    std::uint64_t forgotten_ = 0;
};

}  // namespace sonm::market
