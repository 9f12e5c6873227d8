#pragma once

#include "sonm/base/async.hpp"
#include "sonm/crypto/types.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sonm::rpc {

/// One header of a frame: a name and bytes of any kind.
struct Header {
    std::string name;
    std::string value;
    bool operator==(const Header&) const = default;
};

/// Milliseconds that the caller allows, as 8 bytes little-endian. Source: docs/protocol/slave.md, "Headers".
inline constexpr std::string_view request_timeout_header = "request_timeout";
Header make_request_timeout(Millis limit);

/// Who is at the other end of a session.
struct Peer {
    std::optional<crypto::Address> identity;  ///< proven, or nothing
    std::string address;                      ///< for people: "127.0.0.1:4242", "unix:/run/x.sock"
};

/// What a handler knows about a call beside its arguments. Value type, cheap to copy.
class Context {
public:
    Context() : peer_(std::make_shared<Peer>()) {}
    explicit Context(std::shared_ptr<const Peer> peer, std::vector<Header> headers = {})
        : peer_(std::move(peer)), headers_(std::move(headers)) {}

    /// The account that the peer has proven to be; nothing on sessions without a proof.
    const std::optional<crypto::Address>& identity() const { return peer_->identity; }
    const std::string& peer() const { return peer_->address; }
    /// First header of that name, or nullptr.
    const std::string* header(std::string_view name) const {
        for (const Header& header : headers_)
            if (header.name == name) return &header.value;
        return nullptr;
    }
    /// All headers of the frame that opened the channel, decoded: what a relay passes on.
    const std::vector<Header>& headers() const { return headers_; }
    /// How long the caller lets this take, if it says so. Errors: invalid_argument (a header of another
    /// size).
    Result<std::optional<Millis>> request_timeout() const;

private:
    std::shared_ptr<const Peer> peer_;
    std::vector<Header> headers_;
};

}  // namespace sonm::rpc
