#include "sonm/node/calls.hpp"

#include "sonm/node/node.hpp"
#include "sonm/rpc/json_call.hpp"

namespace sonm::node {
namespace {

using http::Incoming;
using http::Response;
using json = rpc::Json;

/// For one unary call; a stream may go on for as long as the server lets a handler.
constexpr Millis call_max{30'000};

Response json_response(int status, const json& body) {
    return http::text_response(status, rpc::to_text(body) + "\n", "application/json");
}

Response refusal(int status, std::string what) {
    return json_response(status, json{{"error", std::move(what)}});
}

int status_of(const Error& error) {
    using rpc::DispatchErrc;
    if (error.is(Errc::not_found) || error.is(DispatchErrc::slot_not_found) ||
        error.is(rpc::LocatorErrc::service_not_available) || error.is(std::errc::no_such_file_or_directory))
        return 404;
    if (error.is(Errc::invalid) || error.is(DispatchErrc::invalid_argument) ||
        error.is(std::errc::invalid_argument))
        return 400;
    if (error.is(Errc::denied) || error.is(std::errc::permission_denied)) return 403;
    if (error.is(Errc::exists) || error.is(Errc::conflict)) return 409;
    if (error.is(Errc::too_large)) return 413;
    if (error.is(Errc::busy)) return 429;
    if (error.is(Errc::unavailable) || error.is(Errc::closed)) return 503;
    if (error.is(Errc::timeout)) return 504;
    return 500;
}

Response failure(const Error& error) {
    return json_response(status_of(error), json{{"error", error.message()},
                                                {"code", error.code.value()},
                                                {"category", error.code.category().name()}});
}

bool is_this_machine(std::string_view peer) {
    return peer.starts_with("127.") || peer.starts_with("[::1]") || peer.starts_with("[::ffff:127.") ||
           peer.starts_with("unix:");
}

/// The host part of a Host header: without its port.
std::string_view host_of(std::string_view header) {
    if (header.starts_with('[')) return header.substr(0, std::min(header.find(']') + 1, header.size()));
    return header.substr(0, header.find(':'));
}

bool is_address(std::string_view host) {
    return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::optional<Response> refuse_caller(const HttpConfig& config, const Incoming& request) {
    if (config.calls == CallsFrom::nobody)
        return refusal(403, "calls over HTTP are off: http.calls in the configuration");
    if (config.calls == CallsFrom::this_machine && !is_this_machine(request.peer))
        return refusal(403, "calls are answered on this machine only: http.calls in the configuration");
    // A page in a browser here may send what it likes to this port under a name of its own, unless asked for
    // this.
    const std::string* named = request.header("Host");
    std::string_view host = named ? host_of(*named) : std::string_view();
    if (!is_address(host) && host != "localhost" &&
        std::ranges::find(config.hosts, host) == config.hosts.end())
        return refusal(
            403,
            fmt::format("'{}' is no name of this node: http.hosts in the configuration lists them", host));
    return std::nullopt;
}

std::optional<Response> refuse_call(const HttpConfig& config, const Incoming& request) {
    if (auto refused = refuse_caller(config, request)) return refused;
    if (request.method != "POST") {
        Response out = refusal(405, "a call is a POST with its arguments as JSON");
        out.headers.push_back(http::Header{"Allow", "POST"});
        return out;
    }
    const std::string* type = request.header("Content-Type");
    if (!type || std::string_view(*type).substr(0, type->find(';')) != "application/json")
        return refusal(415, "say Content-Type: application/json");
    return std::nullopt;
}

namespace {

/// One item of a stream a line, while the client reads.
Async<void> stream_items(rpc::JsonStream stream, http::Responder& out) {
    auto first = stream.next();
    auto item = co_await std::move(first);
    if (!item) {
        Response refused = failure(item.error());
        co_return co_await out.send(std::move(refused));
    }
    Response head = http::text_response(200, {}, "application/x-ndjson");
    auto beginning = out.begin(std::move(head));
    SONM_CO_CHECK(co_await std::move(beginning));
    while (item && *item) {
        std::string line = rpc::to_text(**item) + "\n";
        auto writing = out.write(as_bytes(line));
        SONM_CO_CHECK(co_await std::move(writing));
        auto next = stream.next();
        item = co_await std::move(next);
    }
    if (!item) co_return tl::unexpected<Error>(std::move(item.error()));
    co_return Result<void>();
}

struct Named {
    std::string service, method;
};
/// "/v1/SERVICE/METHOD"
Result<Named> names_of(std::string_view path) {
    path.remove_prefix(std::string_view("/v1/").size());
    auto slash = path.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == path.size() ||
        path.find('/', slash + 1) != std::string_view::npos)
        return fail(Errc::invalid, "write /v1/SERVICE/METHOD");
    SONM_TRY(std::string service, http::url_decode(path.substr(0, slash)));
    SONM_TRY(std::string method, http::url_decode(path.substr(slash + 1)));
    return Named{std::move(service), std::move(method)};
}

/// The value; nothing when the answer was streamed.
Async<std::optional<json>> call(Node& node, const Incoming& request, http::Responder& out) {
    SONM_CO_TRY(Named named, names_of(request.path()));
    json args;
    if (!request.body.empty()) {
        SONM_CO_TRY(args, rpc::parse_json(request.body));
    }
    const rpc::ProtocolInfo* protocol = node.protocol_of(named.service);
    if (!protocol)
        co_return fail(rpc::LocatorErrc::service_not_available,
                       "'{}' is not served here; /status lists what is", named.service);
    SONM_CO_TRY(const rpc::MethodInfo* method, rpc::find_method(*protocol, named.method));
    SONM_CO_TRY(rpc::Connection connection, node.connect_as_nobody(named.service));
    if (method->shape == rpc::Shape::notify) {
        SONM_CO_CHECK(rpc::json_notify(connection, *protocol, named.method, args));
        co_return Result<std::optional<json>>(json(nullptr));
    }
    if (method->shape == rpc::Shape::server_stream) {
        SONM_CO_TRY(rpc::JsonStream stream, rpc::json_stream(connection, *protocol, named.method, args));
        auto streaming = stream_items(std::move(stream), out);
        SONM_CO_CHECK(co_await std::move(streaming));
        co_return Result<std::optional<json>>(std::nullopt);
    }
    auto calling = rpc::json_call(connection, *protocol, named.method, std::move(args), call_max);
    SONM_CO_TRY(json value, co_await std::move(calling));
    co_return Result<std::optional<json>>(std::move(value));
}

}  // namespace

Async<void> answer_call(Node& node, const Incoming& request, http::Responder& out) {
    if (auto refused = refuse_call(node.config().http, request))
        co_return co_await out.send(std::move(*refused));
    auto calling = call(node, request, out);
    auto called = co_await std::move(calling);
    if (!called && out.begun()) co_return tl::unexpected<Error>(std::move(called.error()));
    if (called && !*called) co_return Result<void>();
    Response answer = called ? json_response(200, **called) : failure(called.error());
    co_return co_await out.send(std::move(answer));
}

}  // namespace sonm::node
