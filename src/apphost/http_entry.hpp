#pragma once

#include "sonm/http/server.hpp"
#include "sonm/services/platform.hpp"

/// HTTP in front of applications: a request becomes one call, whose first chunk out is the request and whose
/// first chunk back is the head of the answer. Source: docs/apps.md, "HTTP".
namespace sonm::apphost {

/// What an application is given: `[method, uri, version, headers, body]`.
struct HttpCall {
    std::string method, uri, version = "1.1";
    std::vector<std::pair<std::string, std::string>> headers;
    Bytes body;
    bool operator==(const HttpCall&) const = default;
};
/// The head of what it answers: `[code, headers]`; the body follows in chunks.
struct HttpHead {
    int code = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    bool operator==(const HttpHead&) const = default;
};

Bytes pack_http_call(const HttpCall& call);
/// Errors: invalid.
Result<HttpCall> parse_http_call(BytesView msgpack);
Bytes pack_http_head(const HttpHead& head);
/// Errors: invalid (also a code outside 100 to 599, or more than 100 headers).
Result<HttpHead> parse_http_head(BytesView msgpack);

/// Which application and event a request is for.
struct HttpTarget {
    std::string app, event, uri;
};
/// By the headers X-Cocaine-Service and X-Cocaine-Event, or by the path /app/<app>/<event>/...; what is
/// behind that is the uri which the application sees. Nothing if the request is for no application.
std::optional<HttpTarget> http_target(const http::Incoming& request);

/// Whether serve_app_request should have it.
bool is_app_request(const http::Incoming& request);
/// Answers by calling the application; 404 if there is none of that name, 502 if its answer is no HTTP, 503
/// if its queue is full, 504 if it takes longer than 30 s to begin.
Async<void> serve_app_request(services::Host& host, const http::Incoming& request, http::Responder& out);

}  // namespace sonm::apphost
