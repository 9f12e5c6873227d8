#pragma once

#include "sonm/crypto/types.hpp"

#include <memory>
#include <optional>

namespace sonm::crypto {

/// A recoverable secp256k1 signature in the chain's form; s is always in the lower half (EIP-2).
struct Signature {
    FixedBytes<32> r{};
    FixedBytes<32> s{};
    std::uint8_t recovery = 0;  ///< 0 or 1: parity of the point (yParity)
    auto operator<=>(const Signature&) const = default;
};

/// Signs on behalf of one account without ever showing the key. Implementations: PrivateKey; later hardware
/// and remote signers.
class Signer {
public:
    virtual ~Signer() = default;
    virtual Address address() const = 0;
    /// Signs a 32-byte digest (never a raw message). Deterministic (RFC 6979).
    virtual Signature sign(const Hash& digest) const = 0;
};

/// A secp256k1 private key; wiped when destroyed; never printed, logged or serialised outside a keystore.
/// Movable, not copyable.
class PrivateKey final : public Signer {
public:
    /// Fresh, from the system's random source.
    static PrivateKey generate();
    /// Errors: CryptoErrc::invalid_key if zero or not below the curve's order.
    static Result<PrivateKey> from_bytes(std::span<const std::uint8_t, 32> secret);
    PrivateKey(PrivateKey&&) noexcept;
    PrivateKey& operator=(PrivateKey&&) noexcept;
    ~PrivateKey() override;

    Address address() const override { return address_; }
    Signature sign(const Hash& digest) const override;
    /// For the keystore only.
    const FixedBytes<32>& secret() const { return secret_; }

private:
    explicit PrivateKey(const FixedBytes<32>& secret);
    FixedBytes<32> secret_{};
    Address address_;
};

/// The account that made `signature` over `digest`; nullopt if none can have (or s is high, or recovery > 1).
std::optional<Address> recover(const Hash& digest, const Signature& signature);

/// r ‖ s ‖ v with v = 27 or 28: what contracts' ecrecover takes; and back (also accepts v = 0 or 1).
/// Errors: CryptoErrc::malformed_signature.
FixedBytes<65> to_rsv(const Signature& signature);
Result<Signature> parse_rsv(BytesView bytes);

}  // namespace sonm::crypto
