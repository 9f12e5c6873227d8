#include "sonm/services/continuum.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace sonm::services {
namespace {

constexpr double steps_per_entry = 64;
constexpr std::uint64_t weight_max = std::uint64_t(1) << 32;

/// MD5 as four little-endian words. It spreads; nothing here relies on it being hard to invert.
std::array<std::uint32_t, 4> digest(std::string_view bytes) {
    std::array<std::uint8_t, 16> out{};
    unsigned size = 0;
    int done = EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_md5(), nullptr);
    SONM_ASSERT(done == 1 && size == out.size());
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < 16; ++i) words[i / 4] |= std::uint32_t(out[i]) << (8 * (i % 4));
    return words;
}

}  // namespace

Result<Continuum> Continuum::make(const Shares& shares) {
    if (shares.empty() || shares.size() > entries_max)
        return fail(Errc::invalid, "a ring has 1 to {} entries, this one {}", entries_max, shares.size());
    std::uint64_t total = 0;
    for (const auto& [name, weight] : shares) {
        if (name.empty() || name.size() > name_bytes_max)
            return fail(Errc::invalid, "a name of {} bytes: 1 to {} are expected", name.size(),
                        name_bytes_max);
        if (weight > weight_max) return fail(Errc::invalid, "the weight {} of {}", weight, name);
        total += weight;
    }
    if (total == 0) return fail(Errc::invalid, "weights that are all 0");
    Continuum out;
    for (const auto& [name, weight] : shares) {
        double share = static_cast<double>(weight) / static_cast<double>(total);
        auto steps = static_cast<std::uint64_t>(
            std::round(share * steps_per_entry * static_cast<double>(shares.size())));
        auto index = static_cast<std::uint32_t>(out.names_.size());
        out.names_.push_back(name);
        for (std::uint64_t step = 0; step < steps; ++step) {
            std::string bytes = name;
            for (unsigned i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(step >> (8 * i)));
            for (std::uint32_t word : digest(bytes)) out.ring_.emplace_back(word, index);
        }
    }
    std::ranges::sort(out.ring_);
    return out;
}

const std::string& Continuum::at(std::uint32_t point) const {
    auto found = std::ranges::upper_bound(ring_, point, {}, &std::pair<std::uint32_t, std::uint32_t>::first);
    return names_[found == ring_.end() ? ring_.front().second : found->second];
}

std::vector<Continuum::Point> Continuum::points() const {
    std::vector<Point> out;
    out.reserve(ring_.size());
    for (const auto& [point, index] : ring_) out.emplace_back(point, names_[index]);
    return out;
}

std::size_t Continuum::bytes() const {
    std::size_t sum = 0;
    for (const auto& [point, index] : ring_) sum += names_[index].size() + 10;
    return sum;
}

std::uint32_t Continuum::hash(std::string_view seed) {
    auto words = digest(seed);
    return words[0] ^ words[1] ^ words[2] ^ words[3];
}

}  // namespace sonm::services
