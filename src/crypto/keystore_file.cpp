#include "sonm/crypto/keystore_file.hpp"

#include "sonm/crypto/errc.hpp"
#include "sonm/crypto/keccak.hpp"
#include "sonm/crypto/scrypt.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <string.h>

#include <bit>

namespace sonm::crypto {
namespace {

using nlohmann::json;

// Limits on what a file may ask for: memory, time in units of n × r × p, iterations.
constexpr std::uint64_t scrypt_memory_max = 512 * MiB;
constexpr std::uint64_t scrypt_work_max = 4 * 262'144 * 8;
constexpr std::uint64_t pbkdf2_iterations_max = 10'000'000;
constexpr std::size_t salt_bytes_max = 256;

/// 32 bytes that open the key: the first half deciphers, the second half authenticates. Wiped at the end.
struct DerivedKey {
    FixedBytes<32> bytes{};
    DerivedKey() = default;
    DerivedKey(const DerivedKey&) = delete;
    ~DerivedKey() { explicit_bzero(bytes.data(), bytes.size()); }
    BytesView mac_half() const { return BytesView(bytes).subspan(16); }
};

auto malformed(std::string_view what) { return fail(CryptoErrc::malformed_keystore, "{}", what); }

Result<const json*> member(const json& object, std::string_view name) {
    auto found = object.find(name);
    if (found == object.end()) return fail(CryptoErrc::malformed_keystore, "'{}' is missing", name);
    return &*found;
}

Result<const json*> object_member(const json& object, std::string_view name) {
    SONM_TRY(const json* value, member(object, name));
    if (!value->is_object()) return fail(CryptoErrc::malformed_keystore, "'{}' is not an object", name);
    return value;
}

Result<std::string> text_member(const json& object, std::string_view name) {
    SONM_TRY(const json* value, member(object, name));
    if (!value->is_string()) return fail(CryptoErrc::malformed_keystore, "'{}' is not a string", name);
    return value->get<std::string>();
}

Result<std::uint64_t> number_member(const json& object, std::string_view name) {
    SONM_TRY(const json* value, member(object, name));
    if (!value->is_number_unsigned())
        return fail(CryptoErrc::malformed_keystore, "'{}' is not a number", name);
    return value->get<std::uint64_t>();
}

Result<void> text_is(const json& object, std::string_view name, std::string_view wanted) {
    SONM_TRY(std::string text, text_member(object, name));
    if (text != wanted) {
        return fail(CryptoErrc::malformed_keystore, "'{}' is '{}'; only '{}' is known", name,
                    text.substr(0, 40), wanted);
    }
    return {};
}

template <std::size_t N>
Result<FixedBytes<N>> hex_member(const json& object, std::string_view name) {
    SONM_TRY(std::string text, text_member(object, name));
    auto bytes = parse_hex_fixed<N>(text);
    if (!bytes) return fail(CryptoErrc::malformed_keystore, "'{}': {}", name, bytes.error().context);
    return *bytes;
}

Result<void> check_cost(const ScryptCost& cost) {
    if (!std::has_single_bit(cost.n) || cost.n < 2)
        return fail(CryptoErrc::malformed_keystore, "scrypt's n is {}", cost.n);
    // Each factor is bounded first, so that the products below cannot wrap.
    bool sane = cost.n <= scrypt_work_max && cost.r >= 1 && cost.r <= 1024 && cost.p >= 1 && cost.p <= 1024;
    if (!sane || cost.n * cost.r * 128 > scrypt_memory_max || cost.n * cost.r * cost.p > scrypt_work_max) {
        return fail(CryptoErrc::costly_keystore,
                    "scrypt with n={} r={} p={}; allowed are {} MiB and n*r*p up to {}", cost.n, cost.r,
                    cost.p, scrypt_memory_max / MiB, scrypt_work_max);
    }
    return {};
}

Result<void> read_derivation(const json& crypto, KeystoreFile& file) {
    SONM_TRY(std::string kdf, text_member(crypto, "kdf"));
    SONM_TRY(const json* parameters, object_member(crypto, "kdfparams"));
    SONM_TRY(std::uint64_t length, number_member(*parameters, "dklen"));
    if (length != 32) return fail(CryptoErrc::malformed_keystore, "'dklen' is {}, not 32", length);
    SONM_TRY(std::string salt, text_member(*parameters, "salt"));
    auto salt_bytes = parse_hex(salt);
    if (!salt_bytes || salt_bytes->size() > salt_bytes_max)
        return malformed("'salt' is not up to 256 bytes of hex");
    file.salt = std::move(*salt_bytes);
    if (kdf == "scrypt") {
        ScryptCost cost;
        SONM_TRY(cost.n, number_member(*parameters, "n"));
        SONM_TRY(cost.r, number_member(*parameters, "r"));
        SONM_TRY(cost.p, number_member(*parameters, "p"));
        file.cost = cost;
        return check_cost(cost);
    }
    if (kdf != "pbkdf2")
        return fail(CryptoErrc::malformed_keystore, "'kdf' is '{}', neither scrypt nor pbkdf2",
                    kdf.substr(0, 40));
    SONM_CHECK(text_is(*parameters, "prf", "hmac-sha256"));
    SONM_TRY(std::uint64_t iterations, number_member(*parameters, "c"));
    if (iterations == 0) return malformed("'c' is 0");
    if (iterations > pbkdf2_iterations_max) {
        return fail(CryptoErrc::costly_keystore, "pbkdf2 with {} iterations; up to {} are allowed",
                    iterations, pbkdf2_iterations_max);
    }
    file.cost = Pbkdf2Cost{iterations};
    return {};
}

/// Costs were checked before; what fails here is memory.
Result<void> derive(const KeystoreFile& file, std::string_view passphrase, DerivedKey& out) {
    if (const auto* cost = std::get_if<ScryptCost>(&file.cost)) {
        return scrypt(passphrase, file.salt, cost->n, cost->r, cost->p, out.bytes);
    }
    pbkdf2_sha256(passphrase, file.salt, std::get<Pbkdf2Cost>(file.cost).iterations, out.bytes);
    return {};
}

/// Counter mode: the same call goes both ways.
FixedBytes<32> cipher(const DerivedKey& key, const FixedBytes<16>& iv, const FixedBytes<32>& text) {
    FixedBytes<32> out{};
    std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                            EVP_CIPHER_CTX_free);
    int size = 0;
    SONM_ASSERT(context && EVP_EncryptInit_ex(context.get(), EVP_aes_128_ctr(), nullptr, key.bytes.data(),
                                              iv.data()) == 1);
    SONM_ASSERT(
        EVP_EncryptUpdate(context.get(), out.data(), &size, text.data(), static_cast<int>(text.size())) == 1);
    return out;
}

std::string random_uuid() {
    Bytes bytes = random_bytes(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;  // RFC 4122, version 4
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    std::string hex = to_hex(bytes);
    for (std::size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
    return hex;
}

}  // namespace

Result<KeystoreFile> parse_keystore_file(std::string_view text) {
    if (text.size() > keystore_bytes_max) return malformed("over 64 KiB");
    json document = json::parse(text, nullptr, false);
    if (!document.is_object()) return malformed("not a JSON object");
    SONM_TRY(std::uint64_t version, number_member(document, "version"));
    if (version != 3) return fail(CryptoErrc::malformed_keystore, "version {}; only 3 is known", version);
    SONM_TRY(const json* crypto, object_member(document, document.contains("Crypto") ? "Crypto" : "crypto"));
    KeystoreFile file;
    if (document.contains("address")) {
        SONM_TRY(auto address, hex_member<20>(document, "address"));
        file.address = Address{address};
    }
    SONM_CHECK(text_is(*crypto, "cipher", "aes-128-ctr"));
    SONM_TRY(const json* parameters, object_member(*crypto, "cipherparams"));
    SONM_TRY(file.iv, hex_member<16>(*parameters, "iv"));
    SONM_TRY(file.ciphertext, hex_member<32>(*crypto, "ciphertext"));
    SONM_TRY(file.mac.bytes, hex_member<32>(*crypto, "mac"));
    SONM_CHECK(read_derivation(*crypto, file));
    return file;
}

Result<PrivateKey> unseal_key(const KeystoreFile& file, std::string_view passphrase) {
    DerivedKey derived;
    SONM_CHECK(derive(file, passphrase, derived));
    Hash mac = keccak256({derived.mac_half(), file.ciphertext});
    if (!equal_constant_time(mac.bytes, file.mac.bytes))
        return fail(CryptoErrc::wrong_passphrase, "the key stays locked");
    FixedBytes<32> secret = cipher(derived, file.iv, file.ciphertext);
    Result<PrivateKey> key = PrivateKey::from_bytes(secret);
    explicit_bzero(secret.data(), secret.size());
    if (!key) return fail(CryptoErrc::malformed_keystore, "what is locked in is no key");
    if (file.address && *file.address != key->address()) {
        return fail(CryptoErrc::malformed_keystore, "the file says {}, its key is {}", *file.address,
                    key->address());
    }
    return key;
}

Result<std::string> seal_key(const PrivateKey& key, std::string_view passphrase, const ScryptCost& cost) {
    if (passphrase.empty()) return fail(CryptoErrc::empty_passphrase, "choose one");
    SONM_CHECK(check_cost(cost));
    KeystoreFile file;
    file.cost = cost;
    file.salt = random_bytes(32);
    Bytes iv = random_bytes(file.iv.size());
    std::copy(iv.begin(), iv.end(), file.iv.begin());
    DerivedKey derived;
    SONM_CHECK(derive(file, passphrase, derived));
    file.ciphertext = cipher(derived, file.iv, key.secret());
    file.mac = keccak256({derived.mac_half(), file.ciphertext});

    json parameters = {
        {"dklen", 32}, {"n", cost.n}, {"r", cost.r}, {"p", cost.p}, {"salt", to_hex(file.salt)}};
    json crypto = {{"cipher", "aes-128-ctr"},
                   {"cipherparams", {{"iv", to_hex(file.iv)}}},
                   {"ciphertext", to_hex(file.ciphertext)},
                   {"kdf", "scrypt"},
                   {"kdfparams", std::move(parameters)},
                   {"mac", to_hex(file.mac.bytes)}};
    json document = {{"address", to_hex(key.address().bytes)},
                     {"crypto", std::move(crypto)},
                     {"id", random_uuid()},
                     {"version", 3}};
    return document.dump();
}

}  // namespace sonm::crypto
