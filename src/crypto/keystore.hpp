#pragma once

#include "sonm/base/strong.hpp"
#include "sonm/crypto/keystore_file.hpp"

#include <filesystem>

namespace sonm::crypto {

struct KeystoreEntry {
    Address address;
    std::filesystem::path path;
};

/// A folder of keystore files, named as geth names them, so that other tools find them and theirs are found
/// here. The folder is made with mode 0700 when the first key is written; files have mode 0600 and appear
/// whole or not at all. Nothing is cached: the folder is the truth. Any thread; calls that take a passphrase
/// need about 0.8 s.
class Keystore {
public:
    /// `cost` is for keys that are written; tests lower it.
    explicit Keystore(std::filesystem::path folder, ScryptCost cost = {})
        : folder_(std::move(folder)), cost_(cost) {}

    /// All keys, oldest first (by file name). No folder, no keys. Passed over are files that are no keystore,
    /// and those that name their account neither inside nor at the end of their name (Foundry's): open those
    /// by path and import the key. Errors: denied, io; too_large with over 10,000 files.
    Result<std::vector<KeystoreEntry>> list() const;
    /// The one key whose address begins with `address` (with or without 0x, any case, at least 4 digits).
    /// Errors: CryptoErrc::no_such_key, ambiguous_key; invalid.
    Result<KeystoreEntry> find(std::string_view address) const;
    /// Makes a fresh key and stores it. `now` goes into the file's name.
    /// Errors: CryptoErrc::empty_passphrase; no_space, denied, io.
    Result<KeystoreEntry> create(std::string_view passphrase, UnixTime now);
    /// Stores this key. Errors: as create, and CryptoErrc::key_exists.
    Result<KeystoreEntry> import(const PrivateKey& key, std::string_view passphrase, UnixTime now);
    /// Opens the key that `find` finds. Errors: as find; CryptoErrc::wrong_passphrase, malformed_keystore,
    /// costly_keystore.
    Result<PrivateKey> open(std::string_view address, std::string_view passphrase) const;

private:
    std::filesystem::path folder_;
    ScryptCost cost_;
};

/// Opens one keystore file, wherever it lies. Errors: as Keystore::open; not_found, denied, too_large.
Result<PrivateKey> open_keystore_file(const std::filesystem::path& path, std::string_view passphrase);
/// A private key written as 64 hex digits, with or without 0x. Errors: CryptoErrc::invalid_key, without
/// quoting the text.
Result<PrivateKey> parse_private_key(std::string_view hex);

}  // namespace sonm::crypto
