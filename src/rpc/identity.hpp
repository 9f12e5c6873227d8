#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/crypto/key.hpp"
#include "sonm/rpc/detail/frame_input.hpp"

/// Mutual proof of chain identity, the first thing on a connection between nodes. Source:
/// docs/protocol/slave.md, "Identity".
namespace sonm::rpc {

/// What both sides sign, each with its own role, so that neither's proof can serve as the other's or on
/// another connection.
struct IdentityTerms {
    crypto::Address caller, callee;
    FixedBytes<32> caller_nonce{}, callee_nonce{};
    UnixTime caller_time, callee_time;
    std::string purpose;               ///< name of the service that is asked for
    FixedBytes<32> channel_binding{};  ///< of the layer below, once there is one; zero on bare streams
};
enum class Role : std::uint8_t { caller = 1, callee = 2 };
/// Keccak-256 over a text that no transaction, typed data or personal message begins with, the role and all
/// terms.
crypto::Hash identity_digest(const IdentityTerms& terms, Role role);

/// Largest difference between the two clocks.
inline constexpr Seconds identity_skew_max{60};
/// Numbers of the two messages that may come first on a node's port, beside the locator's own.
inline constexpr std::uint64_t hello_type = 64, attach_type = 65;

/// What a node proves itself with. References must outlive the connection's opening.
struct IdentityOptions {
    const crypto::Signer* signer = nullptr;
    const Clock* clock = nullptr;
    FixedBytes<32> channel_binding{};
    bool own_account_too = false;  ///< as caller: the other side may be of this very account
};

/// The caller's side, on channel 1. With `expect`, nobody else is accepted. Gives the proven address of the
/// other side. Errors: unauthorized (wrong proof, clock, or another account than expected),
/// service_not_available, transport errors, closed.
Async<crypto::Address> prove_to_server(ByteStream& stream, detail::FrameInput& input, IdentityOptions options,
                                       std::string purpose, std::optional<crypto::Address> expect);
/// The called side, given the hello frame. Gives the proven address. What went wrong is for the caller to
/// tell the peer.
struct Hello {
    crypto::Address caller;
    FixedBytes<32> nonce{};
    UnixTime time;
    std::string purpose;
    std::uint64_t channel = 0;
};
Result<Hello> parse_hello(const detail::Frame& frame);
Async<crypto::Address> prove_to_client(ByteStream& stream, detail::FrameInput& input, IdentityOptions options,
                                       Hello hello);

}  // namespace sonm::rpc
