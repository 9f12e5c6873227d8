#pragma once

#include "sonm/base/bytes.hpp"

#include <cstdint>

namespace sonm::crypto {

/// The memory-hard key derivation of RFC 7914. Takes 128 × n × r bytes of memory and time in proportion to n
/// × r × p; the caller bounds both. `n` is a power of two from 2, `r` and `p` are at least 1.
///
/// Not OpenSSL's, because that refuses n = 262144 with r = 1, which the definition's own vector and keys of
/// Python tools have (the RFC's bound n < 2^(16 r) is for the pedigree of the proof; other libraries do not
/// keep it). OpenSSL is the test oracle. Errors: Errc::unavailable if there is not so much memory.
Result<void> scrypt(std::string_view passphrase, BytesView salt, std::uint64_t n, std::uint64_t r,
                    std::uint64_t p, std::span<std::uint8_t> out);

/// PBKDF2 with HMAC-SHA-256, RFC 8018.
void pbkdf2_sha256(std::string_view passphrase, BytesView salt, std::uint64_t iterations,
                   std::span<std::uint8_t> out);

}  // namespace sonm::crypto
