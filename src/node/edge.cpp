#include "sonm/node/edge.hpp"

#include "sonm/apphost/http_entry.hpp"
#include "sonm/node/calls.hpp"
#include "sonm/node/node.hpp"

#include <nlohmann/json.hpp>

namespace sonm::node {
namespace {

using http::Incoming;
using http::Responder;
using http::Response;
using json = nlohmann::ordered_json;

constexpr const char* prometheus_text = "text/plain; version=0.0.4; charset=utf-8";

json endpoints_of(const std::vector<rpc::Endpoint>& endpoints) {
    json out = json::array();
    for (const auto& [host, port] : endpoints) out.push_back(fmt::format("{}:{}", host, port));
    return out;
}

Response json_response(int status, const json& body) {
    std::string text = body.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
    return http::text_response(status, std::move(text), "application/json");
}

bool any_failed(const services::NodeInfo& info) {
    return std::ranges::any_of(info.services, [](const auto& one) { return one.state == "failed"; });
}

/// 200 or 503, with the reasons. `ready`: also whether it serves yet, and still.
Response health(const services::NodeInfo& info, bool ready) {
    bool good = !any_failed(info) && (!ready || info.state == "running");
    json out{{"status", good ? "ok" : any_failed(info) ? "failed" : info.state}};
    out.update(to_json(info));
    return json_response(good ? 200 : 503, out);
}

Response refusal(int status, std::string what) {
    return json_response(status, json{{"error", std::move(what)}});
}

Async<void> answer(Node& node, const Incoming& request, Responder& out) {
    std::string_view path = request.path();
    if (apphost::is_app_request(request)) {
        if (auto refused = refuse_caller(node.config(), request))
            co_return co_await out.send(std::move(*refused));
        auto serving = apphost::serve_app_request(node, request, out);
        co_return co_await std::move(serving);
    }
    if (path.starts_with("/v1/")) {
        auto calling = answer_call(node, request, out);
        co_return co_await std::move(calling);
    }
    Response response;
    if (path == "/metrics")
        response = http::text_response(200, node.metrics(), prometheus_text);
    else if (path == "/healthz" || path == "/readyz")
        response = health(node.info(), path == "/readyz");
    else if (path == "/status" || path == "/")
        response = json_response(200, to_json(node.info()));
    else
        response = refusal(404, "there are /metrics, /healthz, /readyz, /status and POST /v1/SERVICE/METHOD");
    if (response.status != 404 && request.method != "GET" && request.method != "HEAD") {
        response = refusal(405, fmt::format("{} takes GET", path));
        response.headers.push_back(http::Header{"Allow", "GET, HEAD"});
    }
    response.headers.push_back(http::Header{"Cache-Control", "no-store"});
    auto sending = out.send(std::move(response));
    co_return co_await std::move(sending);
}

}  // namespace

json to_json(const services::NodeInfo& info) {
    json services = json::array();
    for (const services::NodeServiceInfo& one : info.services) {
        json entry{{"name", one.name},        {"type", one.type},
                   {"state", one.state},      {"protocol", one.protocol},
                   {"version", one.version},  {"endpoints", endpoints_of(one.endpoints)},
                   {"sessions", one.sessions}};
        entry["note"] = one.note;
        services.push_back(std::move(entry));
    }
    return json{{"name", info.name},
                {"version", info.version},
                {"state", info.state},
                {"started", info.started.value},
                {"http", info.http},
                {"locator", endpoints_of(info.locator)},
                {"connections", info.connections},
                {"services", std::move(services)}};
}

http::RequestHandler make_edge(Node& node) {
    return [&node](const Incoming& request, Responder& out) { return answer(node, request, out); };
}

}  // namespace sonm::node
