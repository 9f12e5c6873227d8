#include "sonm/crypto/keystore.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/crypto/errc.hpp"

#include <string.h>

#include <ctime>

namespace sonm::crypto {
namespace {

/// More files than this in the folder are a mistake of its owner, not keys.
constexpr std::size_t files_max = 10'000;
constexpr std::size_t prefix_digits_min = 4;

/// "UTC--2026-01-31T12-00-05.000000000Z--d8da6bf2...", as geth's accounts/keystore names files.
std::string file_name(const Address& address, UnixTime now) {
    auto time = static_cast<std::time_t>(now.value);
    std::tm utc{};
    gmtime_r(&time, &utc);
    return fmt::format("UTC--{:04}-{:02}-{:02}T{:02}-{:02}-{:02}.000000000Z--{}", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       to_hex(address.bytes));
}

/// The address that a file is about: as it says itself, else as its name says.
std::optional<Address> address_of(const std::filesystem::path& path) {
    auto text = read_text(path, keystore_bytes_max);
    if (!text) return std::nullopt;
    auto file = parse_keystore_file(*text);
    if (!file) return std::nullopt;
    if (file->address) return file->address;
    std::string name = path.filename().native();
    auto bytes = parse_hex_fixed<20>(name.substr(name.size() > 40 ? name.size() - 40 : 0));
    return bytes ? std::optional(Address{*bytes}) : std::nullopt;
}

}  // namespace

Result<std::vector<KeystoreEntry>> Keystore::list() const {
    std::vector<KeystoreEntry> entries;
    std::error_code error;
    std::filesystem::directory_iterator files(folder_, error);
    if (error == std::errc::no_such_file_or_directory) return entries;
    std::size_t count = 0;
    while (!error && files != std::filesystem::directory_iterator()) {
        if (++count > files_max)
            return fail(Errc::too_large, "the keystore {} has over {} files", folder_.native(), files_max);
        if (files->is_regular_file(error)) {
            if (auto address = address_of(files->path())) entries.push_back({*address, files->path()});
        }
        files.increment(error);
    }
    if (error) return fail(error, "reading the keystore {}", folder_.native());
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return entries;
}

Result<KeystoreEntry> Keystore::find(std::string_view address) const {
    std::string digits(address.starts_with("0x") ? address.substr(2) : address);
    for (char& digit : digits)
        digit = digit >= 'A' && digit <= 'F' ? static_cast<char>(digit - 'A' + 'a') : digit;
    bool hex = digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hex || digits.size() < prefix_digits_min || digits.size() > 40) {
        return fail(Errc::invalid, "'{}' is not an address or its first {} digits or more",
                    address.substr(0, 60), prefix_digits_min);
    }
    SONM_TRY(auto entries, list());
    std::optional<KeystoreEntry> found;
    for (const KeystoreEntry& entry : entries) {
        if (!to_hex(entry.address.bytes).starts_with(digits)) continue;
        if (found && found->address != entry.address) {
            return fail(CryptoErrc::ambiguous_key, "'{}' fits {} and {}: give more digits", address,
                        found->address, entry.address);
        }
        if (!found) found = entry;
    }
    if (!found)
        return fail(CryptoErrc::no_such_key, "'{}' in {}: see `sonm key list`", address, folder_.native());
    return *found;
}

Result<KeystoreEntry> Keystore::create(std::string_view passphrase, UnixTime now) {
    return import(PrivateKey::generate(), passphrase, now);
}

Result<KeystoreEntry> Keystore::import(const PrivateKey& key, std::string_view passphrase, UnixTime now) {
    SONM_TRY(auto entries, list());
    for (const KeystoreEntry& entry : entries) {
        if (entry.address == key.address())
            return fail(CryptoErrc::key_exists, "{} in {}", entry.address, entry.path.native());
    }
    SONM_TRY(std::string text, seal_key(key, passphrase, cost_));
    SONM_CHECK(make_folder(folder_, 0700));
    KeystoreEntry entry{key.address(), folder_ / file_name(key.address(), now)};
    SONM_CHECK(write_atomically(entry.path, as_bytes(text), 0600));
    return entry;
}

Result<PrivateKey> Keystore::open(std::string_view address, std::string_view passphrase) const {
    SONM_TRY(KeystoreEntry entry, find(address));
    return open_keystore_file(entry.path, passphrase);
}

Result<PrivateKey> open_keystore_file(const std::filesystem::path& path, std::string_view passphrase) {
    SONM_TRY(std::string text, read_text(path, keystore_bytes_max));
    auto file = parse_keystore_file(text);
    if (!file) return wrap(std::move(file).error(), "{}", path.native());
    auto key = unseal_key(*file, passphrase);
    if (!key) return wrap(std::move(key).error(), "{}", path.native());
    return key;
}

Result<PrivateKey> parse_private_key(std::string_view hex) {
    auto bytes = parse_hex_fixed<32>(hex);
    if (!bytes) return fail(CryptoErrc::invalid_key, "expected 64 hex digits");
    Result<PrivateKey> key = PrivateKey::from_bytes(*bytes);
    explicit_bzero(bytes->data(), bytes->size());
    return key;
}

}  // namespace sonm::crypto
