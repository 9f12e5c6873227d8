#include "sonm/node/calls.hpp"

#include "sonm/node/node.hpp"
#include "sonm/rpc/json_answer.hpp"
#include "sonm/services/protocols.hpp"

namespace sonm::node {
namespace {

using http::Incoming;
using http::Response;
using json = rpc::Json;

/// For one answer; a stream may go on for as long as the server lets a handler.
constexpr Millis call_max{30'000};
/// How long a stream's answer may stay silent: then an empty line shows whether its client is still there.
constexpr Millis silence_max{3'000};
constexpr std::string_view json_type = "application/json", lines_type = "application/x-ndjson";

Response json_response(int status, const json& body) {
    return http::text_response(status, rpc::to_text(body) + "\n", "application/json");
}

Response refusal(int status, std::string what) {
    return json_response(status, json{{"error", std::move(what)}});
}

/// A reason that belongs to one service or application.
bool is_of_a_service(const Error& error) {
    const std::error_category* category = &error.code.category();
    auto names_it = [&](const services::ProtocolEntry& entry) {
        return std::ranges::find(entry.info->errors, category, &rpc::ErrorCategory::category) !=
               entry.info->errors.end();
    };
    return category == &rpc::remote_category() || std::ranges::any_of(services::protocols(), names_it);
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
    return is_of_a_service(error) ? 422 : 500;
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

std::string_view type_of(const Incoming& request) {
    const std::string* type = request.header("Content-Type");
    return type ? std::string_view(*type).substr(0, type->find(';')) : std::string_view();
}

bool is_address(std::string_view host) {
    return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::optional<Response> refuse_caller(const NodeConfig& config, const Incoming& request) {
    if (config.identity_required)
        return refusal(403, "calls over HTTP are off: identity_required, and nobody proves an account there");
    if (config.http.calls == CallsFrom::nobody)
        return refusal(403, "calls over HTTP are off: http.calls in the configuration");
    if (config.http.calls == CallsFrom::this_machine && !is_this_machine(request.peer))
        return refusal(403, "calls are answered on this machine only: http.calls in the configuration");
    // A page in a browser here may send what it likes to this port under a name of its own, unless asked for
    // this.
    const std::string* named = request.header("Host");
    std::string_view host = named ? host_of(*named) : std::string_view();
    if (!is_address(host) && host != "localhost" &&
        std::ranges::find(config.http.hosts, host) == config.http.hosts.end())
        return refusal(
            403,
            fmt::format("'{}' is no name of this node: http.hosts in the configuration lists them", host));
    return std::nullopt;
}

std::optional<Response> refuse_call(const NodeConfig& config, const Incoming& request) {
    if (auto refused = refuse_caller(config, request)) return refused;
    if (request.method != "POST") {
        Response out = refusal(405, "a call is a POST with its arguments as JSON");
        out.headers.push_back(http::Header{"Allow", "POST"});
        return out;
    }
    std::string_view type = type_of(request);
    if (type != json_type && type != lines_type)
        return refusal(415,
                       "say Content-Type: application/json, or application/x-ndjson for a body of lines");
    return std::nullopt;
}

namespace {

/// What the client says: the arguments and, in a body of lines, what it sends behind them.
class Said {
public:
    explicit Said(const Incoming& request) : rest_(request.body), lines_(type_of(request) == lines_type) {}

    Result<json> arguments() {
        if (!lines_ && rest_.empty()) return json();
        if (!lines_) return rpc::parse_json(std::exchange(rest_, {}));
        SONM_TRY(std::optional<json> first, next());
        return first.value_or(json());
    }
    /// The next line that is not empty; nothing behind the last.
    Result<std::optional<json>> next() {
        while (!rest_.empty()) {
            std::string_view line = rest_.substr(0, rest_.find('\n'));
            rest_.remove_prefix(std::min(line.size() + 1, rest_.size()));
            ++number_;
            if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
            auto parsed = rpc::parse_json(line);
            if (!parsed) return wrap(std::move(parsed.error()), "line {}", number_);
            return std::optional<json>(std::move(*parsed));
        }
        return std::optional<json>();
    }
    bool done() const { return rest_.find_first_not_of(" \t\r\n") == std::string_view::npos; }

private:
    std::string_view rest_;
    bool lines_;
    std::size_t number_ = 0;
};

Async<std::optional<json>> next_line(Said& said) { co_return said.next(); }

struct Next {
    Result<std::optional<json>> item;
};
/// So that its own failing by a deadline is not taken for silence.
Async<Next> next_of(rpc::JsonStream stream) {
    Next out;
    auto waiting = stream.next();
    out.item = co_await std::move(waiting);
    co_return std::move(out);
}

Async<void> begin_lines(http::Responder& out) {
    Response head = http::text_response(200, {}, std::string(lines_type));
    auto beginning = out.begin(std::move(head));
    co_return co_await std::move(beginning);
}

/// One item of a stream a line, while the client reads. Whatever fails before the first is the answer.
Async<void> stream_items(rpc::JsonStream stream, http::Responder& out) {
    while (true) {
        auto waiting = within(silence_max, next_of(stream));
        auto next = co_await std::move(waiting);
        std::string line = "\n";
        if (next && !next->item) {
            if (out.begun()) co_return tl::unexpected<Error>(std::move(next->item.error()));
            Response refused = failure(next->item.error());
            co_return co_await out.send(std::move(refused));
        }
        if (!out.begun()) SONM_CO_CHECK(co_await begin_lines(out));
        if (next && !*next->item) co_return Result<void>();
        if (next) line = rpc::to_text(**next->item) + "\n";
        auto writing = out.write(as_bytes(line));
        SONM_CO_CHECK(co_await std::move(writing));
    }
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
    Said said(request);
    SONM_CO_TRY(json args, said.arguments());
    const rpc::ProtocolInfo* protocol = node.protocol_of(named.service);
    if (!protocol)
        co_return fail(rpc::LocatorErrc::service_not_available,
                       "'{}' is not served here; /status lists what is", named.service);
    SONM_CO_TRY(const rpc::MethodInfo* method, rpc::find_method(*protocol, named.method));
    bool takes_items = rpc::takes_items(*method), one_answer = rpc::has_one_answer(*method);
    if (!takes_items && !said.done())
        co_return fail(Errc::invalid, "{} takes nothing behind its arguments", method->name);
    SONM_CO_TRY(rpc::Connection connection, node.connect_as_nobody(named.service));
    if (method->shape == rpc::Shape::notify) {
        SONM_CO_CHECK(rpc::json_notify(connection, *protocol, named.method, args));
        co_return Result<std::optional<json>>(json(nullptr));
    }
    if (one_answer && !takes_items) {
        auto calling = rpc::json_call(connection, *protocol, named.method, std::move(args), call_max);
        SONM_CO_TRY(json value, co_await std::move(calling));
        co_return Result<std::optional<json>>(std::move(value));
    }
    SONM_CO_TRY(rpc::JsonStream stream, rpc::json_stream(connection, *protocol, named.method, args));
    rpc::JsonItems items = [&said] { return next_line(said); };
    if (one_answer) {
        auto answering = rpc::json_answer(std::move(stream), std::move(items), call_max);
        SONM_CO_TRY(json value, co_await std::move(answering));
        co_return Result<std::optional<json>>(std::move(value));
    }
    auto hear = [&out](rpc::JsonStream from) { return stream_items(std::move(from), out); };
    auto exchanging = rpc::json_exchange(std::move(stream), std::move(items), std::move(hear));
    SONM_CO_CHECK(co_await std::move(exchanging));
    co_return Result<std::optional<json>>();
}

}  // namespace

Async<void> answer_call(Node& node, const Incoming& request, http::Responder& out) {
    if (auto refused = refuse_call(node.config(), request)) co_return co_await out.send(std::move(*refused));
    auto calling = call(node, request, out);
    auto called = co_await std::move(calling);
    if (!called && out.begun()) co_return tl::unexpected<Error>(std::move(called.error()));
    if (called && !*called) co_return Result<void>();
    Response answer = called ? json_response(200, **called) : failure(called.error());
    co_return co_await out.send(std::move(answer));
}

}  // namespace sonm::node
