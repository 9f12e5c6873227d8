#include "sonm/model/resources.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/units.hpp"

namespace sonm::model {
namespace {

/// The divisible parts, once: name for people, member, how an amount of it is written.
struct Part {
    std::string_view name;  ///< empty: the printed amount says it
    std::uint64_t Resources::*amount;
    std::string (*print)(std::uint64_t);
};
constexpr std::array parts{
    Part{"", &Resources::cpu_millicores, &print_cores},
    Part{"RAM", &Resources::ram_bytes, &print_bytes},
    Part{"storage", &Resources::storage_bytes, &print_bytes},
    Part{"download", &Resources::net_down_bps, &print_bit_rate},
    Part{"upload", &Resources::net_up_bps, &print_bit_rate},
};

std::string said(const Part& part, std::uint64_t amount, std::string_view between) {
    return part.name.empty() ? part.print(amount)
                             : fmt::format("{}{}{}", part.print(amount), between, part.name);
}

/// How a benchmark divides when part of a machine is sold.
enum class Split : std::uint8_t { amount, proportional, single_core, gpu_count, gpu_min, nothing };
struct Rule {
    Benchmark benchmark;
    Split split;
    std::uint64_t Resources::*of;  ///< what it follows
    std::uint64_t unit = 1;        ///< amounts: how much of it makes one
};
constexpr std::array rules{
    Rule{Benchmark::cpu_cores, Split::amount, &Resources::cpu_millicores, 10},
    Rule{Benchmark::cpu_single, Split::single_core, &Resources::cpu_millicores},
    Rule{Benchmark::cpu_multi, Split::proportional, &Resources::cpu_millicores},
    Rule{Benchmark::ram_size, Split::amount, &Resources::ram_bytes, MiB},
    Rule{Benchmark::ram_bandwidth, Split::proportional, &Resources::cpu_millicores},
    Rule{Benchmark::storage_size, Split::amount, &Resources::storage_bytes, MiB},
    Rule{Benchmark::storage_rw, Split::proportional, &Resources::storage_bytes},
    Rule{Benchmark::net_down, Split::amount, &Resources::net_down_bps, 1000},
    Rule{Benchmark::gpu_count, Split::gpu_count, nullptr},
    Rule{Benchmark::gpu_mem, Split::gpu_min, nullptr},
    Rule{Benchmark::gpu_fp32, Split::gpu_min, nullptr},
    Rule{Benchmark::gpu_membw, Split::gpu_min, nullptr},
    Rule{Benchmark::cpu_fp64, Split::proportional, &Resources::cpu_millicores},
    Rule{Benchmark::cpu_sha256, Split::proportional, &Resources::cpu_millicores},
    Rule{Benchmark::reserved14, Split::nothing, nullptr},
    Rule{Benchmark::net_up, Split::amount, &Resources::net_up_bps, 1000},
};
static_assert(rules.size() == benchmark_count);

/// value × part / whole, rounded down, never more than value.
std::uint64_t fraction(std::uint64_t value, std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return 0;
    if (part >= whole) return value;
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(value) * part / whole);
}

/// An amount that was not measured is believed.
std::uint64_t capped(std::uint64_t amount, std::uint64_t measured) {
    return measured == 0 ? amount : std::min(amount, measured);
}

}  // namespace

bool Resources::covers(const Resources& other) const {
    for (const Part& part : parts) {
        if (this->*part.amount < other.*part.amount) return false;
    }
    return std::includes(gpus.begin(), gpus.end(), other.gpus.begin(), other.gpus.end());
}

Result<Resources> Resources::plus(const Resources& other) const {
    Resources sum = *this;
    for (const Part& part : parts) {
        if (__builtin_add_overflow(this->*part.amount, other.*part.amount, &(sum.*part.amount))) {
            return fail(Errc::overflow, "{}: the sum does not fit 64 bits",
                        part.name.empty() ? "cores" : part.name);
        }
    }
    for (std::uint32_t gpu : other.gpus) {
        auto place = std::lower_bound(sum.gpus.begin(), sum.gpus.end(), gpu);
        if (place != sum.gpus.end() && *place == gpu)
            return fail(Errc::conflict, "GPU {} is given twice", gpu);
        sum.gpus.insert(place, gpu);
    }
    return sum;
}

Result<Resources> Resources::minus(const Resources& other) const {
    std::vector<std::string> missing;
    Resources rest = *this;
    for (const Part& part : parts) {
        std::uint64_t has = this->*part.amount, needs = other.*part.amount;
        if (needs > has)
            missing.push_back(said(part, needs - has, " of "));
        else
            rest.*part.amount = has - needs;
    }
    for (std::uint32_t gpu : other.gpus) {
        auto place = std::lower_bound(rest.gpus.begin(), rest.gpus.end(), gpu);
        if (place == rest.gpus.end() || *place != gpu)
            missing.push_back(fmt::format("GPU {}", gpu));
        else
            rest.gpus.erase(place);
    }
    if (!missing.empty()) return fail(Errc::conflict, "short of {}", fmt::join(missing, ", "));
    return rest;
}

std::string to_string(const Resources& resources) {
    std::vector<std::string> words;
    for (const Part& part : parts) {
        std::uint64_t amount = resources.*part.amount;
        if (amount == 0) continue;
        words.push_back(said(part, amount, " "));
    }
    if (!resources.gpus.empty()) words.push_back(fmt::format("GPU {}", fmt::join(resources.gpus, "+")));
    return words.empty() ? "nothing" : fmt::format("{}", fmt::join(words, ", "));
}

Benchmarks share_of(const Benchmarks& whole, const Resources& machine, const Resources& share) {
    Benchmarks out;
    for (const Rule& rule : rules) {
        std::uint64_t value = whole[rule.benchmark];
        switch (rule.split) {
            case Split::amount: out[rule.benchmark] = capped(share.*rule.of / rule.unit, value); break;
            case Split::proportional:
                out[rule.benchmark] = fraction(value, share.*rule.of, machine.*rule.of);
                break;
            // One thread runs at full speed on any whole core, and slower on a piece of one.
            case Split::single_core: out[rule.benchmark] = fraction(value, share.*rule.of, 1000); break;
            case Split::gpu_count:
                out[rule.benchmark] = std::min<std::uint64_t>(value, share.gpus.size());
                break;
            case Split::gpu_min: out[rule.benchmark] = share.gpus.empty() ? 0 : value; break;
            case Split::nothing: break;
        }
    }
    return out;
}

Benchmarks benchmarks_for(const Resources& wanted) {
    Benchmarks needs;
    for (const Rule& rule : rules) {
        if (rule.split != Split::amount) continue;
        std::uint64_t amount = wanted.*rule.of;
        needs[rule.benchmark] = amount / rule.unit + (amount % rule.unit != 0);
    }
    needs[Benchmark::gpu_count] = wanted.gpus.size();
    return needs;
}

}  // namespace sonm::model
