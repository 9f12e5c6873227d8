#pragma once

#include "sonm/crypto/key.hpp"

#include <optional>
#include <variant>

namespace sonm::crypto {

/// Largest keystore file that is read. Those of all known tools are below 1 KiB.
inline constexpr std::size_t keystore_bytes_max = 64 * KiB;

/// What one guess of the passphrase costs: n × r × 128 bytes of memory, gone through p times. The default is
/// what geth writes: 256 MiB, about 0.8 s.
struct ScryptCost {
    std::uint64_t n = 262'144;  ///< a power of two
    std::uint64_t r = 8;
    std::uint64_t p = 1;
    bool operator==(const ScryptCost&) const = default;
};
/// Key derivation of older files: HMAC-SHA-256, so many times.
struct Pbkdf2Cost {
    std::uint64_t iterations = 0;
    bool operator==(const Pbkdf2Cost&) const = default;
};

/// A file in the form "Web3 Secret Storage", version 3: a private key under a passphrase, aes-128-ctr.
/// Source: https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage
struct KeystoreFile {
    std::optional<Address> address;  ///< some tools leave it out
    std::variant<ScryptCost, Pbkdf2Cost> cost;
    Bytes salt;
    FixedBytes<16> iv{};
    FixedBytes<32> ciphertext{};
    Hash mac;
};

/// Reads the form and checks what it asks for, without the expensive part: a hostile file can neither take
/// more than 512 MiB of memory nor more than about four times the default's time. Errors:
/// CryptoErrc::malformed_keystore, costly_keystore.
Result<KeystoreFile> parse_keystore_file(std::string_view json);

/// Decrypts: costs what the file asks (0.8 s as a rule), so keep it off the event loop.
/// Errors: CryptoErrc::wrong_passphrase; malformed_keystore if the key inside is not the named account's.
Result<PrivateKey> unseal_key(const KeystoreFile& file, std::string_view passphrase);

/// The same the other way, as JSON text. Errors: CryptoErrc::empty_passphrase, costly_keystore.
Result<std::string> seal_key(const PrivateKey& key, std::string_view passphrase, const ScryptCost& cost = {});

}  // namespace sonm::crypto
