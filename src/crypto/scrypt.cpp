#include "sonm/crypto/scrypt.hpp"

#include "sonm/base/errc.hpp"

#include <openssl/evp.h>
#include <string.h>

#include <bit>
#include <memory>
#include <new>

namespace sonm::crypto {
namespace {

using Word = std::uint32_t;
constexpr std::size_t block_words = 16;  // of Salsa20: 64 bytes
static_assert(std::endian::native == std::endian::little, "blocks are read as little-endian words");

/// Salsa20/8 core, RFC 7914 §3: four double rounds, on columns and then on rows.
void salsa(Word* block) {
    Word x[block_words];
    std::copy_n(block, block_words, x);
    auto quarter = [&x](int a, int b, int c, int d) {
        x[b] ^= std::rotl(x[a] + x[d], 7);
        x[c] ^= std::rotl(x[b] + x[a], 9);
        x[d] ^= std::rotl(x[c] + x[b], 13);
        x[a] ^= std::rotl(x[d] + x[c], 18);
    };
    for (int round = 0; round < 8; round += 2) {
        quarter(0, 4, 8, 12), quarter(5, 9, 13, 1), quarter(10, 14, 2, 6), quarter(15, 3, 7, 11);
        quarter(0, 1, 2, 3), quarter(5, 6, 7, 4), quarter(10, 11, 8, 9), quarter(15, 12, 13, 14);
    }
    for (std::size_t i = 0; i < block_words; ++i) block[i] += x[i];
}

/// scryptBlockMix, §4: `in` and `out` are 2r blocks each.
void mix_blocks(const Word* in, Word* out, std::size_t r) {
    Word x[block_words];
    std::copy_n(in + (2 * r - 1) * block_words, block_words, x);
    for (std::size_t i = 0; i < 2 * r; ++i) {
        for (std::size_t k = 0; k < block_words; ++k) x[k] ^= in[i * block_words + k];
        salsa(x);
        // Even blocks go to the front half, odd ones to the back.
        std::copy_n(x, block_words, out + (i / 2 + (i % 2) * r) * block_words);
    }
}

/// scryptROMix, §5, on one chunk of 2r blocks, with `memory` for n chunks and `spare` for one.
void mix_memory(Word* chunk, std::uint64_t n, std::size_t r, Word* memory, Word* spare) {
    const std::size_t words = 2 * r * block_words;
    for (std::uint64_t i = 0; i < n; ++i) {
        std::copy_n(chunk, words, memory + i * words);
        mix_blocks(memory + i * words, chunk, r);
    }
    for (std::uint64_t i = 0; i < n; ++i) {
        // n is a power of two up to 2^32, so the low word of the last block is enough.
        const Word* kept = memory + (chunk[words - block_words] & (n - 1)) * words;
        for (std::size_t k = 0; k < words; ++k) spare[k] = chunk[k] ^ kept[k];
        mix_blocks(spare, chunk, r);
    }
}

}  // namespace

void pbkdf2_sha256(std::string_view passphrase, BytesView salt, std::uint64_t iterations,
                   std::span<std::uint8_t> out) {
    SONM_ASSERT(PKCS5_PBKDF2_HMAC(passphrase.data(), static_cast<int>(passphrase.size()), salt.data(),
                                  static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                                  static_cast<int>(out.size()), out.data()) == 1);
}

Result<void> scrypt(std::string_view passphrase, BytesView salt, std::uint64_t n, std::uint64_t r,
                    std::uint64_t p, std::span<std::uint8_t> out) {
    SONM_ASSERT(std::has_single_bit(n) && n >= 2 && n <= (std::uint64_t(1) << 32) && r >= 1 && p >= 1);
    const std::size_t words = 2 * r * block_words;
    std::unique_ptr<Word[]> memory(new (std::nothrow) Word[(n + 1 + p) * words]);
    if (!memory)
        return fail(Errc::unavailable, "not enough memory to derive a key: {} MiB are needed",
                    128 * n * r / MiB);
    Word* spare = memory.get() + n * words;
    Word* chunks = spare + words;
    std::span<std::uint8_t> state(reinterpret_cast<std::uint8_t*>(chunks), p * words * sizeof(Word));
    pbkdf2_sha256(passphrase, salt, 1, state);
    for (std::uint64_t i = 0; i < p; ++i) mix_memory(chunks + i * words, n, r, memory.get(), spare);
    pbkdf2_sha256(passphrase, state, 1, out);
    explicit_bzero(state.data(), state.size());
    return {};
}

}  // namespace sonm::crypto
