#include "sonm/crypto/key.hpp"

#include "sonm/crypto/errc.hpp"
#include "sonm/crypto/keccak.hpp"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

namespace sonm::crypto {
namespace {

/// One context for the process: read-only once randomised, so any thread may use it.
const secp256k1_context* context() {
    static const secp256k1_context* const shared = [] {
        secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
        Bytes seed = random_bytes(32);
        SONM_ASSERT(secp256k1_context_randomize(made, seed.data()) ==
                    1);  // blinds against timing and power analysis
        return made;
    }();
    return shared;
}

Address address_of(const secp256k1_pubkey& key) {
    FixedBytes<65> point;  // 0x04, then x and y
    std::size_t size = point.size();
    secp256k1_ec_pubkey_serialize(context(), point.data(), &size, &key, SECP256K1_EC_UNCOMPRESSED);
    Hash digest = keccak256(BytesView(point).subspan(1));
    Address out;
    std::memcpy(out.bytes.data(), digest.bytes.data() + 12, out.bytes.size());
    return out;
}

/// Half the curve's order, rounded down: the largest s that EIP-2 admits.
constexpr FixedBytes<32> half_order = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
                                       0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

}  // namespace

PrivateKey::PrivateKey(const FixedBytes<32>& secret) : secret_(secret) {
    secp256k1_pubkey point;
    SONM_ASSERT(secp256k1_ec_pubkey_create(context(), &point, secret_.data()) == 1);
    address_ = address_of(point);
}

PrivateKey PrivateKey::generate() {
    // A random word is out of range with probability 2^-128; the loop says so without assuming it.
    for (;;) {
        Bytes word = random_bytes(32);
        auto key = from_bytes(std::span<const std::uint8_t, 32>(word.data(), 32));
        explicit_bzero(word.data(), word.size());
        if (key) return std::move(*key);
    }
}

Result<PrivateKey> PrivateKey::from_bytes(std::span<const std::uint8_t, 32> secret) {
    if (secp256k1_ec_seckey_verify(context(), secret.data()) != 1) {
        return fail(CryptoErrc::invalid_key, "the key is zero or not below the curve's order");
    }
    FixedBytes<32> copy;
    std::memcpy(copy.data(), secret.data(), copy.size());
    Result<PrivateKey> key = PrivateKey(copy);
    explicit_bzero(copy.data(), copy.size());
    return key;
}

PrivateKey::PrivateKey(PrivateKey&& other) noexcept : secret_(other.secret_), address_(other.address_) {
    explicit_bzero(other.secret_.data(), other.secret_.size());
}

PrivateKey& PrivateKey::operator=(PrivateKey&& other) noexcept {
    if (this == &other) return *this;
    secret_ = other.secret_;
    address_ = other.address_;
    explicit_bzero(other.secret_.data(), other.secret_.size());
    return *this;
}

PrivateKey::~PrivateKey() { explicit_bzero(secret_.data(), secret_.size()); }

Signature PrivateKey::sign(const Hash& digest) const {
    secp256k1_ecdsa_recoverable_signature made;
    // Fails only for a key out of range: a key that was moved from.
    SONM_ASSERT(secp256k1_ecdsa_sign_recoverable(context(), &made, digest.bytes.data(), secret_.data(),
                                                 nullptr, nullptr) == 1);
    FixedBytes<64> compact;
    int recovery = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), compact.data(), &recovery, &made);
    Signature out;
    std::memcpy(out.r.data(), compact.data(), 32);
    std::memcpy(out.s.data(), compact.data() + 32, 32);
    out.recovery = static_cast<std::uint8_t>(recovery);
    return out;
}

std::optional<Address> recover(const Hash& digest, const Signature& signature) {
    if (signature.recovery > 1 || signature.s > half_order) return std::nullopt;
    FixedBytes<64> compact;
    std::memcpy(compact.data(), signature.r.data(), 32);
    std::memcpy(compact.data() + 32, signature.s.data(), 32);
    secp256k1_ecdsa_recoverable_signature parsed;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, compact.data(),
                                                            signature.recovery) != 1) {
        return std::nullopt;
    }
    secp256k1_pubkey point;
    if (secp256k1_ecdsa_recover(context(), &point, &parsed, digest.bytes.data()) != 1) return std::nullopt;
    return address_of(point);
}

FixedBytes<65> to_rsv(const Signature& signature) {
    FixedBytes<65> out;
    std::memcpy(out.data(), signature.r.data(), 32);
    std::memcpy(out.data() + 32, signature.s.data(), 32);
    out[64] = static_cast<std::uint8_t>(27 + signature.recovery);
    return out;
}

Result<Signature> parse_rsv(BytesView bytes) {
    if (bytes.size() != 65)
        return fail(CryptoErrc::malformed_signature, "expected 65 bytes, got {}", bytes.size());
    std::uint8_t v = bytes[64] >= 27 ? static_cast<std::uint8_t>(bytes[64] - 27) : bytes[64];
    if (v > 1) return fail(CryptoErrc::malformed_signature, "v is {}, not 0, 1, 27 or 28", bytes[64]);
    Signature out;
    std::memcpy(out.r.data(), bytes.data(), 32);
    std::memcpy(out.s.data(), bytes.data() + 32, 32);
    out.recovery = v;
    return out;
}

}  // namespace sonm::crypto
