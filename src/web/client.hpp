#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/bytes.hpp"
#include "sonm/web/address.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// HTTP and HTTPS requests to servers of the outside world, by libcurl on the executor's event loop.
namespace sonm::web {

struct Header {
    std::string name;  ///< compared without case
    std::string value;
    bool operator==(const Header&) const = default;
};

struct Request {
    std::string method = "GET";
    std::string url;  ///< http or https, percent-encoded, without user and password
    std::vector<Header> headers;
    std::string body;
    unsigned redirects_max = 0;      ///< 0: a redirect is an answer like others
    Millis answer_max{0};            ///< 0 = Limits::answer_max
    std::size_t body_bytes_max = 0;  ///< 0 = Limits::body_bytes_max
    /// Let go when the exchange has ended, and Limits::lookup_max after it if it left a look-up behind: the
    /// system cannot stop one. Whoever asks for hosts that strangers name bounds left look-ups by this;
    /// the client itself does not.
    std::shared_ptr<void> held;
};

struct Response {
    int status = 0;
    std::vector<Header> headers;
    std::string body;
    std::string url;  ///< where it came from, after redirects

    /// First header of that name, without case; nullptr if there is none.
    const std::string* header(std::string_view name) const;
};

struct Limits {
    std::size_t url_bytes_max = 8 * KiB;
    std::size_t header_bytes_max = 64 * KiB;  ///< of a request, and of an answer
    std::size_t body_bytes_max = 64 * MiB;    ///< of an answer, also of one that is read in pieces
    std::size_t transfers_max = 64;           ///< at once; more wait for their turn within their deadline
    Millis connect_max{10'000};               ///< look-up, connection and TLS together
    Millis lookup_max{30'000};                ///< how long a look-up that was given up holds Request::held
    Millis answer_max{30'000};                ///< whole exchange for `request`; until the headers for `open`
    Millis idle_max{60'000};  ///< of `Body::read`, for each piece of a streamed request, and for the next
                              ///< bytes of it that the server takes
};

struct Options {
    Options() = default;
    Limits limits;
    AddressGuard guard;   ///< asked before each connection, so also after redirects and for every look-up
    std::string ca_file;  ///< PEM file of authorities; empty = the system's
    std::string user_agent = "sonm";
};

/// An answer whose body is read piece by piece. While nobody reads, at most 160 KiB wait here and the
/// connection stands still. Destruction ends the exchange.
class Body {
public:
    virtual ~Body() = default;
    /// Status, headers, url; `body` is empty.
    virtual const Response& head() const = 0;
    /// Next bytes; empty at the end. Errors: closed (cut short), too_large, timeout (idle_max), io.
    virtual Async<Bytes> read() = 0;
};

/// Gives the next piece of a request's body; an empty piece ends it.
using BodySource = std::function<Async<Bytes>()>;

/// Makes requests; connections are kept and used again. Nothing but http and https is spoken, no proxy, no
/// cookies, no .netrc; the environment has no influence. One executor. Transfers may outlive it.
///
/// Errors of each: invalid (URL or headers), unavailable (no such host, nobody listens), denied (the guard
/// refuses the address; the certificate is wrong), timeout, too_large (a limit; too many redirects), closed,
/// io.
class Client {
public:
    Client(Executor executor, Options options = Options());
    ~Client();
    Client(const Client&) = delete;

    /// Sends and reads the whole answer. Any status is an answer.
    Async<Response> request(Request request);
    /// Sends, reads the headers and leaves the body to the caller.
    Async<std::unique_ptr<Body>> open(Request request);
    /// The same with a request body that comes in pieces, `bytes` in all (chunked if that is not known);
    /// Request::body is not used. Redirects are not followed. A server that refuses early ends the sending.
    /// answer_max is for the turn, and for the headers after the last piece. Errors also: invalid (not
    /// `bytes` bytes).
    Async<std::unique_ptr<Body>> open(Request request, BodySource source,
                                      std::optional<std::uint64_t> bytes = std::nullopt);
    /// Exchanges under way.
    std::size_t transfers() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // shared with the exchanges that are running
};

/// Percent-encodes everything but letters, digits and `-._~`; `keep` names further bytes to leave as they
/// are ("/" in paths).
std::string url_encode(std::string_view text, std::string_view keep = {});

}  // namespace sonm::web
