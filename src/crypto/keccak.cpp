#include "sonm/crypto/keccak.hpp"

#include <bit>

namespace sonm::crypto {
namespace {

/// Bytes absorbed between two permutations: 1600 bits less twice the digest's 256.
constexpr std::size_t rate = 136;
static_assert(std::endian::native == std::endian::little, "lanes are read as little-endian words");

// Keccak reference 3.0, §1.2: constants of iota, and the offsets of rho in the order in which pi visits the
// lanes.
constexpr std::uint64_t round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};
constexpr int rotations[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                               27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
constexpr int lanes[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                           15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

void permute(std::uint64_t (&a)[25]) {
    for (std::uint64_t constant : round_constants) {
        std::uint64_t column[5];
        for (int x = 0; x < 5; ++x) column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (int x = 0; x < 5; ++x) {
            std::uint64_t parity = column[(x + 4) % 5] ^ std::rotl(column[(x + 1) % 5], 1);
            for (int y = 0; y < 25; y += 5) a[y + x] ^= parity;
        }
        std::uint64_t moving = a[1];
        for (int i = 0; i < 24; ++i) {
            std::uint64_t next = a[lanes[i]];
            a[lanes[i]] = std::rotl(moving, rotations[i]);
            moving = next;
        }
        for (int y = 0; y < 25; y += 5) {
            std::uint64_t row[5] = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
            for (int x = 0; x < 5; ++x) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
        a[0] ^= constant;
    }
}

void xor_into(std::uint64_t (&state)[25], std::size_t at, BytesView data) {
    auto* bytes = reinterpret_cast<std::uint8_t*>(state) + at;
    for (std::size_t i = 0; i < data.size(); ++i) bytes[i] ^= data[i];
}

}  // namespace

Hash keccak256(std::initializer_list<BytesView> pieces) {
    std::uint64_t state[25] = {};
    std::size_t filled = 0;
    for (BytesView piece : pieces) {
        while (!piece.empty()) {
            std::size_t part = std::min(piece.size(), rate - filled);
            xor_into(state, filled, piece.first(part));
            piece = piece.subspan(part);
            filled += part;
            if (filled == rate) {
                permute(state);
                filled = 0;
            }
        }
    }
    // The original padding: 1, zeros, 1 (SHA3 puts 0x06 where this has 0x01).
    const std::uint8_t first = 0x01, last = 0x80;
    xor_into(state, filled, {&first, 1});
    xor_into(state, rate - 1, {&last, 1});
    permute(state);
    Hash out;
    std::memcpy(out.bytes.data(), state, out.bytes.size());
    return out;
}

Hash keccak256(BytesView data) { return keccak256({data}); }

}  // namespace sonm::crypto
