#include "sonm/apphost/http_entry.hpp"

#include "sonm/services/app_service.hpp"

namespace sonm::apphost {
namespace {

using services::AppClient;
using services::NodeErrc;
using services::PoolErrc;

constexpr Millis resolve_max{5'000};
/// For the head of the answer, and between two pieces of its body.
constexpr Millis answer_max{30'000};
constexpr std::size_t headers_max = 100;
constexpr std::string_view path_prefix = "/app/";
/// A worker that sets it ends its body with an empty chunk and keeps the channel open.
constexpr std::string_view proto_header = "X-Cocaine-HTTP-Proto-Version";

bool same(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

int status_of(const Error& error) {
    if (error.is(rpc::LocatorErrc::service_not_available) || error.is(NodeErrc::not_running)) return 404;
    if (error.is(PoolErrc::queue_full) || error.is(Errc::busy) || error.is(Errc::unavailable)) return 503;
    if (error.is(Errc::timeout) || error.is(NodeErrc::timeout) || error.is(NodeErrc::deadline)) return 504;
    return 502;
}

http::Response refusal(const Error& error) {
    return http::text_response(status_of(error), error.message() + "\n");
}

/// Headers that belong to one connection only, or that the server writes itself.
bool is_own(std::string_view name) {
    for (std::string_view own :
         {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer"})
        if (same(name, own)) return true;
    return same(name, proto_header);
}

http::Response head_of(HttpHead head) {
    http::Response out;
    out.status = head.code;
    for (auto& [name, value] : head.headers)
        if (!is_own(name)) out.headers.push_back(http::Header{std::move(name), std::move(value)});
    return out;
}

}  // namespace

Bytes pack_http_call(const HttpCall& call) {
    Bytes bytes;
    rpc::Writer out(bytes);
    out.array(5);
    rpc::pack_all(out, call.method, call.uri, call.version, call.headers, call.body);
    return bytes;
}

Result<HttpCall> parse_http_call(BytesView msgpack) {
    rpc::Reader in(msgpack);
    using Parts = std::tuple<std::string, std::string, std::string,
                             std::vector<std::pair<std::string, std::string>>, Bytes>;
    SONM_TRY(Parts parts, rpc::unpack<Parts>(in));
    auto& [method, uri, version, headers, body] = parts;
    return HttpCall{std::move(method), std::move(uri), std::move(version), std::move(headers),
                    std::move(body)};
}

Bytes pack_http_head(const HttpHead& head) {
    Bytes bytes;
    rpc::Writer out(bytes);
    out.array(2);
    rpc::pack_all(out, head.code, head.headers);
    return bytes;
}

Result<HttpHead> parse_http_head(BytesView msgpack) {
    rpc::Reader in(msgpack);
    using Parts = std::tuple<int, std::vector<std::pair<std::string, std::string>>>;
    SONM_TRY(Parts parts, rpc::unpack<Parts>(in));
    HttpHead head{std::get<0>(parts), std::move(std::get<1>(parts))};
    if (head.code < 200 || head.code > 599)
        return fail(Errc::invalid, "{} is no final HTTP status", head.code);
    if (head.headers.size() > headers_max) return fail(Errc::invalid, "{} headers", head.headers.size());
    return head;
}

std::optional<HttpTarget> http_target(const http::Incoming& request) {
    const std::string* service = request.header("X-Cocaine-Service");
    const std::string* event = request.header("X-Cocaine-Event");
    if (service && event) return HttpTarget{*service, *event, request.target};
    if (!request.target.starts_with(path_prefix)) return std::nullopt;
    std::string_view path = request.path().substr(path_prefix.size());
    std::size_t end_of_app = path.find('/');
    if (end_of_app == std::string_view::npos) return std::nullopt;
    std::string_view rest = path.substr(end_of_app + 1);
    std::size_t end_of_event = std::min(rest.find('/'), rest.size());
    auto app = http::url_decode(path.substr(0, end_of_app));
    auto name = http::url_decode(rest.substr(0, end_of_event));
    if (!app || !name || app->empty() || name->empty()) return std::nullopt;
    std::string uri = request.target.substr(path_prefix.size() + end_of_app + 1 + end_of_event);
    if (!uri.starts_with("/")) uri.insert(0, "/");
    return HttpTarget{std::move(*app), std::move(*name), std::move(uri)};
}

bool is_app_request(const http::Incoming& request) { return http_target(request).has_value(); }

Async<void> serve_app_request(services::Host& host, const http::Incoming& request, http::Responder& out) {
    auto target = http_target(request);
    if (!target) co_return co_await out.send(http::text_response(404, "no application is named\n"));
    HttpCall call{request.method, target->uri, "1.1", {}, to_bytes(request.body)};
    for (const http::Header& header : request.headers) call.headers.emplace_back(header.name, header.value);
    auto connecting = within(resolve_max, host.connect(target->app));
    auto connection = co_await std::move(connecting);
    if (!connection) co_return co_await out.send(refusal(connection.error()));
    AppClient app(*connection);
    auto opened = app.stream<"enqueue">(target->event, std::optional<std::string>());
    if (!opened) co_return co_await out.send(refusal(opened.error()));
    auto& channel = *opened;
    auto asking = within(answer_max, channel.sink.write(pack_http_call(call)));
    auto asked = co_await std::move(asking);
    channel.sink.finish();
    auto waiting = within(answer_max, channel.source.next());
    auto first = co_await std::move(waiting);
    // Why a call was refused is told as its answer, even where the question could not be sent any more.
    if (!first) co_return co_await out.send(refusal(first.error()));
    if (!asked) co_return co_await out.send(refusal(asked.error()));
    auto head = *first ? parse_http_head(**first) : Result<HttpHead>(fail(Errc::invalid, "no answer"));
    if (!head) {
        auto sending = out.send(http::text_response(
            502, "the application's answer is no HTTP: " + head.error().message() + "\n"));
        co_return co_await std::move(sending);
    }
    bool ends_empty = std::any_of(head->headers.begin(), head->headers.end(),
                                  [](const auto& header) { return same(header.first, proto_header); });
    auto beginning = out.begin(head_of(std::move(*head)));
    SONM_CO_CHECK(co_await std::move(beginning));
    while (true) {
        auto reading = within(answer_max, channel.source.next());
        SONM_CO_TRY(std::optional<Bytes> piece, co_await std::move(reading));
        if (!piece || (piece->empty() && ends_empty)) co_return Result<void>();
        if (piece->empty()) continue;
        auto writing = out.write(*piece);
        SONM_CO_CHECK(co_await std::move(writing));
    }
}

}  // namespace sonm::apphost
