#pragma once

#include "sonm/model/order.hpp"

#include <vector>

namespace sonm::model {

/// A share of one machine: what an ask plan sells and a deal reserves. Value type; arithmetic never wraps.
struct Resources {
    std::uint64_t cpu_millicores = 0;  ///< 1000 = one core
    std::uint64_t ram_bytes = 0;
    std::uint64_t storage_bytes = 0;
    std::uint64_t net_down_bps = 0, net_up_bps = 0;  ///< bit/s
    std::vector<std::uint32_t> gpus;                 ///< indices, sorted
    bool operator==(const Resources&) const = default;

    /// Whether `other` fits into this (a GPU is sold whole).
    bool covers(const Resources& other) const;
    /// This and that together; a GPU that is in both is an error (conflict). Errors: overflow, conflict.
    Result<Resources> plus(const Resources& other) const;
    /// This without that. Errors: conflict, naming what is short and by how much.
    Result<Resources> minus(const Resources& other) const;
};
std::string to_string(const Resources&);

/// What a machine measured as a whole, and the part of it that a share may advertise: selling 10 % of the
/// cores advertises 10 % of them. Amounts (cores, RAM, storage, network) are those of the share itself, so
/// that a plan of "2 GiB" meets a bid for "2 GiB"; speeds are proportional, rounded down; a graphics card
/// counts whole, and the smallest card stands for all.
Benchmarks share_of(const Benchmarks& whole, const Resources& machine, const Resources& share);

/// What a bid for these resources needs, rounded up: cores, RAM, storage, network and number of cards.
Benchmarks benchmarks_for(const Resources& wanted);

}  // namespace sonm::model
