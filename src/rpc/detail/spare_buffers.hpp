#pragma once

#include "sonm/base/bytes.hpp"

#include <vector>

namespace sonm::rpc::detail {

/// Buffers of this thread that are not in use: connections take one while they have something to read or to
/// write, so that ten thousand idle ones hold none, and busy ones share those that the cache knows.
class SpareBuffers {
public:
    /// Of input: their size is their room, whatever is in it. Of output: they are empty.
    static SpareBuffers& of_input() {
        thread_local SpareBuffers spare;
        return spare;
    }
    static SpareBuffers& of_output() {
        thread_local SpareBuffers spare;
        return spare;
    }
    /// One that was given back, as it was left; empty if there is none.
    Bytes take() {
        if (spare_.empty()) return Bytes();
        Bytes buffer = std::move(spare_.back());
        spare_.pop_back();
        return buffer;
    }
    /// Keeps a few of a usual size, frees the rest.
    void give(Bytes&& buffer) {
        if (spare_.size() < spare_max && buffer.capacity() <= capacity_max && buffer.capacity() != 0)
            spare_.push_back(std::move(buffer));
        else
            Bytes().swap(buffer);
    }

private:
    static constexpr std::size_t spare_max = 8, capacity_max = 256 * 1024;
    std::vector<Bytes> spare_;
};

}  // namespace sonm::rpc::detail
