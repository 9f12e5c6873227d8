#pragma once

#include "sonm/rpc/rpc.hpp"

/// Requests to the web on behalf of apps. Server: room fetch. The name, and the first two calls, are those
/// that existing clients know.
namespace sonm::services {

struct FetchRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    Bytes body;                       ///< not used by `upload`
    std::uint64_t timeout_ms = 0;     ///< 0 = as long as the service allows
    std::uint64_t redirects_max = 0;  ///< 0 = a redirect is the answer
    std::uint64_t bytes_max = 0;      ///< of the answer; 0 = as much as the service allows
};

struct FetchAnswer {
    std::uint64_t status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    Bytes body;
    std::string url;  ///< where it came from, after redirects
};

/// One item of `download`: first the head, then pieces of the body.
struct FetchPart {
    std::optional<FetchAnswer> head;  ///< without a body
    Bytes piece;
};

using FetchFields = std::map<std::string, std::string>;

}  // namespace sonm::services

template <>
struct sonm::rpc::Fields<sonm::services::FetchRequest> {
    using Request = services::FetchRequest;
    static constexpr auto list = fields(
        field<"method">(&Request::method), field<"url">(&Request::url), field<"headers">(&Request::headers),
        field<"body">(&Request::body), field<"timeout_ms">(&Request::timeout_ms),
        field<"redirects_max">(&Request::redirects_max), field<"bytes_max">(&Request::bytes_max));
};
template <>
struct sonm::rpc::Fields<sonm::services::FetchAnswer> {
    using Answer = services::FetchAnswer;
    static constexpr auto list = fields(field<"status">(&Answer::status), field<"headers">(&Answer::headers),
                                        field<"body">(&Answer::body), field<"url">(&Answer::url));
};
template <>
struct sonm::rpc::Fields<sonm::services::FetchPart> {
    using Part = services::FetchPart;
    static constexpr auto list = fields(field<"head">(&Part::head), field<"piece">(&Part::piece));
};

namespace sonm::services {

/// Only http and https, and only public addresses unless the operator has allowed others. Any status is an
/// answer. Errors everywhere: invalid (URL, headers), unavailable (no such host, nobody listens), denied
/// (a forbidden address; a wrong certificate), timeout, too_large (a limit; too many redirects), closed (the
/// answer was cut short), busy (the caller has too many requests under way), io.
///
/// 0 get       the whole answer: success (status below 400), body, status, headers (repeated ones joined by a
///             comma). Left out: timeout_ms 5000, no cookies, no headers, redirects are followed.
/// 1 post      the same with a body; a redirect is followed by a GET.
/// 2 fetch     any method.
/// 3 download  the head, then the body in pieces as fast as the caller reads.
/// 4 upload    a body in pieces, `bytes` in all if that is known; then the whole answer. No redirects.
struct FetchProtocol
    : rpc::Protocol<
          "urlfetch", 1,
          rpc::Call<
              0, "get",
              rpc::Args<rpc::Arg<"url", std::string>, rpc::Arg<"timeout_ms", std::optional<std::int64_t>>,
                        rpc::Arg<"cookies", std::optional<FetchFields>>,
                        rpc::Arg<"headers", std::optional<FetchFields>>,
                        rpc::Arg<"follow_location", std::optional<bool>>>,
              rpc::Returns<bool, Bytes, std::int64_t, FetchFields>>,
          rpc::Call<1, "post",
                    rpc::Args<rpc::Arg<"url", std::string>, rpc::Arg<"body", Bytes>,
                              rpc::Arg<"timeout_ms", std::optional<std::int64_t>>,
                              rpc::Arg<"cookies", std::optional<FetchFields>>,
                              rpc::Arg<"headers", std::optional<FetchFields>>,
                              rpc::Arg<"follow_location", std::optional<bool>>>,
                    rpc::Returns<bool, Bytes, std::int64_t, FetchFields>>,
          rpc::Call<2, "fetch", rpc::Args<rpc::Arg<"request", FetchRequest>>, rpc::Returns<FetchAnswer>>,
          rpc::ServerStream<3, "download", rpc::Args<rpc::Arg<"request", FetchRequest>>,
                            rpc::Items<FetchPart>>,
          rpc::ClientStream<
              4, "upload",
              rpc::Args<rpc::Arg<"request", FetchRequest>, rpc::Arg<"bytes", std::optional<std::uint64_t>>>,
              rpc::Items<Bytes>, rpc::Returns<FetchAnswer>>> {};

using FetchClient = rpc::Client<FetchProtocol>;

}  // namespace sonm::services
