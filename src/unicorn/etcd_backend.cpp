#include "sonm/unicorn/etcd_backend.hpp"

#include "sonm/unicorn/number.hpp"

namespace sonm::unicorn {

using etcd::Json;

namespace {

/// Attempts of an increment whose node others change meanwhile.
constexpr int increments_max = 64;

web::Options web_options(const EtcdConfig& config) {
    web::Options options;
    options.guard = web::AddressGuard::open();  // the operator has named the servers
    options.ca_file = config.ca_file;
    options.limits.answer_max = config.answer_max;
    options.limits.connect_max = config.answer_max;
    options.limits.transfers_max = 128;
    return options;
}

tl::unexpected<Error> no_node(const std::string& path) {
    return fail(UnicornErrc::no_node, "{}", path.empty() ? "/" : path);
}

Versioned to_versioned(const etcd::KeyValue& kv) { return Versioned{rpc::Encoded{kv.value}, kv.version - 1}; }

}  // namespace

EtcdBackend::EtcdBackend(Executor executor, EtcdConfig config)
    : executor_(executor),
      config_(std::move(config)),
      web_(executor, web_options(config_)),
      watchers_(executor),
      revoke_(executor, 1) {}
EtcdBackend::~EtcdBackend() = default;

std::string EtcdBackend::key(std::string_view path) const {
    return fmt::format("{}{:02}{}", config_.prefix, depth_of(path), path);
}
std::pair<std::string, std::string> EtcdBackend::children_range(std::string_view path) const {
    std::string begin = fmt::format("{}{:02}{}/", config_.prefix, depth_of(path) + 1, path);
    return {begin, etcd::prefix_end(begin)};
}
std::string_view EtcdBackend::path_of(std::string_view key) const {
    std::size_t skip = config_.prefix.size() + 2;
    return key.size() < skip ? std::string_view() : key.substr(skip);
}

web::Request EtcdBackend::request(std::string what, std::string body) const {
    web::Request request;
    request.method = "POST";
    request.url = config_.urls[url_ % config_.urls.size()] + "/v3/" + what;
    request.headers.push_back(web::Header{"content-type", "application/json"});
    request.body = std::move(body);
    return request;
}

Async<std::string> EtcdBackend::ask(std::string what, std::string body) {
    constexpr int good = 200;
    auto asking = web_.request(request(what, std::move(body)));
    auto answer = co_await std::move(asking);
    if (!answer) {
        ++url_;  // the next question goes to another member
        co_return fail(UnicornErrc::connection_loss, "{}", answer.error().message());
    }
    if (answer->status != good)
        co_return fail(UnicornErrc::backend_internal, "etcd answers {}: {}", answer->status,
                       etcd::parse_error(answer->body));
    co_return std::move(answer->body);
}

Async<etcd::Txn> EtcdBackend::transact(std::string body) {
    auto asking = ask("kv/txn", std::move(body));
    SONM_CO_TRY(std::string text, co_await std::move(asking));
    auto parsed = etcd::parse_txn(text);
    if (!parsed) co_return fail(UnicornErrc::backend_internal, "{}", parsed.error().message());
    co_return std::move(*parsed);
}

Async<void> EtcdBackend::start() {
    // The node does not start over a store that is not there.
    auto trying = find("");
    SONM_CO_CHECK(co_await std::move(trying));
    co_return Result<void>();
}

Async<EtcdBackend::Found> EtcdBackend::find(std::string path) {
    auto [begin, end] = children_range(path);
    Json success = Json::array({etcd::range(key(path)), etcd::range(begin, end, true)});
    auto asking = transact(etcd::txn(Json::array(), std::move(success), Json::array()));
    SONM_CO_TRY(etcd::Txn answer, co_await std::move(asking));
    if (answer.ranges.size() != 2) co_return fail(UnicornErrc::backend_internal, "etcd left an answer out");
    Found found;
    found.children = answer.ranges[1].count;
    if (path.empty())
        found.node = Versioned{Versioned::nil(), 0};  // the root is always there
    else if (!answer.ranges[0].kvs.empty())
        found.node = to_versioned(answer.ranges[0].kvs.front());
    co_return std::move(found);
}

Async<Versioned> EtcdBackend::get(std::string path, Asker) {
    auto finding = find(path);
    SONM_CO_TRY(Found found, co_await std::move(finding));
    if (!found.node) co_return no_node(path);
    if (found.children > 0) co_return fail(UnicornErrc::child_not_allowed, "{} has children", path);
    co_return std::move(*found.node);
}

Async<Children> EtcdBackend::children(std::string path, Asker) {
    auto [begin, end] = children_range(path);
    Json success = Json::array({etcd::range(key(path)), etcd::range(begin, end, false)});
    auto asking = transact(etcd::txn(Json::array(), std::move(success), Json::array()));
    SONM_CO_TRY(etcd::Txn answer, co_await std::move(asking));
    if (answer.ranges.size() != 2) co_return fail(UnicornErrc::backend_internal, "etcd left an answer out");
    if (!path.empty() && answer.ranges[0].kvs.empty()) co_return no_node(path);
    Children out;
    out.version = answer.revision;
    for (const etcd::KeyValue& kv : answer.ranges[1].kvs) out.names.emplace_back(name_of(path_of(kv.key)));
    std::sort(out.names.begin(), out.names.end());
    co_return std::move(out);
}

Async<std::tuple<bool, Versioned>> EtcdBackend::put(std::string path, rpc::Encoded value,
                                                    std::int64_t version) {
    std::string at = key(path);
    Json compare = Json::array({etcd::compare_version(at, version + 1)});
    Json success = Json::array({etcd::put(at, value.bytes, 0, true)});
    Json failure = Json::array({etcd::range(at)});
    auto asking = transact(etcd::txn(std::move(compare), std::move(success), std::move(failure)));
    SONM_CO_TRY(etcd::Txn answer, co_await std::move(asking));
    if (answer.succeeded) co_return std::tuple(true, Versioned{std::move(value), version + 1});
    if (answer.ranges.empty() || answer.ranges[0].kvs.empty()) co_return no_node(path);
    co_return std::tuple(false, to_versioned(answer.ranges[0].kvs.front()));
}

Async<std::int64_t> EtcdBackend::insert(std::string path, rpc::Encoded value, std::int64_t lease) {
    std::string at = key(path);
    Json compare = Json::array({etcd::compare_create(at, 0)});
    Json success = Json::array({etcd::put(at, value.bytes, lease)});
    Json failure = Json::array({etcd::range(at)});
    for (const std::string& above : ancestors_of(path)) {
        std::string upper = key(above);
        compare.push_back(etcd::compare_lease(upper, 0));  // a place in a queue has no children
        Json missing = Json::array({etcd::compare_create(upper, 0)});
        Json make = Json::array({etcd::put(upper, Versioned::nil().bytes)});
        success.push_back(etcd::nested(std::move(missing), std::move(make)));
    }
    auto asking = transact(etcd::txn(std::move(compare), std::move(success), std::move(failure)));
    SONM_CO_TRY(etcd::Txn answer, co_await std::move(asking));
    if (answer.succeeded) co_return answer.revision;
    if (!answer.ranges.empty() && !answer.ranges[0].kvs.empty())
        co_return fail(UnicornErrc::node_exists, "{}", path);
    co_return fail(UnicornErrc::child_not_allowed, "a node above {} is a place in a queue", path);
}

Async<void> EtcdBackend::create(std::string path, rpc::Encoded value) {
    auto inserting = insert(std::move(path), std::move(value), 0);
    SONM_CO_CHECK(co_await std::move(inserting));
    co_return Result<void>();
}

Async<void> EtcdBackend::remove(std::string path, std::int64_t version) {
    std::string at = key(path);
    auto [begin, end] = children_range(path);
    Json compare = Json::array({etcd::compare_none(begin, end)});
    if (version == version_absent)
        compare.push_back(etcd::compare_create(at, 0, "GREATER"));
    else
        compare.push_back(etcd::compare_version(at, version + 1));
    Json success = Json::array({etcd::erase(at)});
    Json failure = Json::array({etcd::range(at)});
    // No node has version 0 in etcd: -2 and the like must not pass for "absent".
    if (version < version_absent)
        co_return fail(UnicornErrc::version_not_allowed, "no node has version {}", version);
    auto asking = transact(etcd::txn(std::move(compare), std::move(success), std::move(failure)));
    SONM_CO_TRY(etcd::Txn answer, co_await std::move(asking));
    if (answer.succeeded) co_return Result<void>();
    if (answer.ranges.empty() || answer.ranges[0].kvs.empty()) co_return no_node(path);
    Versioned found = to_versioned(answer.ranges[0].kvs.front());
    if (version != version_absent && version != found.version)
        co_return fail(UnicornErrc::version_not_allowed, "{} has version {}", path, found.version);
    co_return fail(UnicornErrc::child_not_allowed, "{} has children", path);
}

Async<Versioned> EtcdBackend::increment(std::string path, rpc::Encoded delta) {
    for (int attempt = 0; attempt < increments_max; ++attempt) {
        auto finding = find(path);
        SONM_CO_TRY(Found found, co_await std::move(finding));
        if (!found.node) {
            auto making = insert(path, delta, 0);
            auto made = co_await std::move(making);
            if (made) co_return Versioned{std::move(delta), 0};
            if (!made.error().is(UnicornErrc::node_exists))
                co_return tl::unexpected<Error>(std::move(made.error()));
            continue;
        }
        if (found.children > 0) co_return fail(UnicornErrc::child_not_allowed, "{} has children", path);
        SONM_CO_TRY(rpc::Encoded sum, add(found.node->value, delta));
        auto putting = put(path, std::move(sum), found.node->version);
        SONM_CO_TRY(auto outcome, co_await std::move(putting));
        if (std::get<0>(outcome)) co_return std::move(std::get<1>(outcome));
    }
    co_return fail(Errc::busy, "{} is changed by others all the time", path);
}

}  // namespace sonm::unicorn
