#include "sonm/unicorn/etcd_json.hpp"

#include "sonm/base/units.hpp"
#include "sonm/web/sign.hpp"

namespace sonm::unicorn::etcd {
namespace {

std::string encoded(std::string_view text) { return web::to_base64(as_bytes(text)); }

tl::unexpected<Error> wrong(std::string_view text) {
    return fail(Errc::invalid, "not an answer of etcd: {}", text.substr(0, 100));
}

const Json* member(const Json& object, const char* name) {
    if (!object.is_object()) return nullptr;
    auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

/// A 64-bit integer: a string, or left out for 0.
Result<std::int64_t> integer(const Json& object, const char* name) {
    const Json* found = member(object, name);
    if (!found) return std::int64_t(0);
    if (found->is_number_integer()) return found->get<std::int64_t>();
    if (!found->is_string()) return wrong(name);
    return parse_int<std::int64_t>(found->get_ref<const std::string&>());
}
/// Bytes: base64, or left out for none.
Result<Bytes> bytes(const Json& object, const char* name) {
    const Json* found = member(object, name);
    if (!found) return Bytes();
    if (!found->is_string()) return wrong(name);
    return web::parse_base64(found->get_ref<const std::string&>());
}
bool flag(const Json& object, const char* name) {
    const Json* found = member(object, name);
    return found && found->is_boolean() && found->get<bool>();
}

Result<KeyValue> parse_kv(const Json& object) {
    KeyValue out;
    SONM_TRY(Bytes key, bytes(object, "key"));
    out.key = std::string(as_text(key));
    SONM_TRY(out.value, bytes(object, "value"));
    SONM_TRY(out.version, integer(object, "version"));
    SONM_TRY(out.create_revision, integer(object, "create_revision"));
    SONM_TRY(out.lease, integer(object, "lease"));
    return out;
}

Result<Range> parse_range(const Json& object) {
    Range out;
    SONM_TRY(out.count, integer(object, "count"));
    const Json* kvs = member(object, "kvs");
    if (!kvs) return out;
    if (!kvs->is_array()) return wrong("kvs");
    for (const Json& each : *kvs) {
        SONM_TRY(KeyValue kv, parse_kv(each));
        out.kvs.push_back(std::move(kv));
    }
    return out;
}

Json compared(const std::string& key, const char* target, const char* field, std::int64_t value,
              const char* result = "EQUAL") {
    return {{"key", encoded(key)}, {"target", target}, {"result", result}, {field, std::to_string(value)}};
}

}  // namespace

Json compare_create(const std::string& key, std::int64_t revision, const char* result) {
    return compared(key, "CREATE", "create_revision", revision, result);
}
Json compare_version(const std::string& key, std::int64_t version) {
    return compared(key, "VERSION", "version", version);
}
Json compare_lease(const std::string& key, std::int64_t lease) {
    return compared(key, "LEASE", "lease", lease);
}
Json compare_none(const std::string& key, const std::string& end) {
    Json out = compare_create(key, 0);
    out["range_end"] = encoded(end);
    return out;
}

Json range(const std::string& key) { return {{"request_range", {{"key", encoded(key)}}}}; }
Json range(const std::string& key, const std::string& end, bool count_only) {
    Json request{{"key", encoded(key)}, {"range_end", encoded(end)}};
    request[count_only ? "count_only" : "keys_only"] = true;
    return {{"request_range", std::move(request)}};
}
Json put(const std::string& key, BytesView value, std::int64_t lease, bool ignore_lease) {
    Json request{{"key", encoded(key)}, {"value", web::to_base64(value)}};
    if (lease != 0) request["lease"] = std::to_string(lease);
    if (ignore_lease) request["ignore_lease"] = true;
    return {{"request_put", std::move(request)}};
}
Json erase(const std::string& key) { return {{"request_delete_range", {{"key", encoded(key)}}}}; }

Json nested(Json compare, Json success) {
    Json inner{{"compare", std::move(compare)}, {"success", std::move(success)}};
    return {{"request_txn", std::move(inner)}};
}

std::string txn(Json compare, Json success, Json failure) {
    Json out{
        {"compare", std::move(compare)}, {"success", std::move(success)}, {"failure", std::move(failure)}};
    return out.dump();
}
std::string watch(const std::string& key, const std::string& end) {
    Json request{{"key", encoded(key)}, {"range_end", encoded(end)}};
    return Json{{"create_request", std::move(request)}}.dump();
}
std::string lease_grant(std::int64_t seconds) { return Json{{"TTL", std::to_string(seconds)}}.dump(); }
std::string lease_id(std::int64_t lease) { return Json{{"ID", std::to_string(lease)}}.dump(); }

Result<Txn> parse_txn(std::string_view text) {
    Json document = Json::parse(text, nullptr, false);
    const Json* header = member(document, "header");
    if (!header) return wrong(text);
    Txn out;
    out.succeeded = flag(document, "succeeded");
    SONM_TRY(out.revision, integer(*header, "revision"));
    const Json* responses = member(document, "responses");
    if (!responses) return out;
    if (!responses->is_array()) return wrong(text);
    for (const Json& response : *responses) {
        const Json* range = member(response, "response_range");
        if (!range) continue;
        SONM_TRY(Range parsed, parse_range(*range));
        out.ranges.push_back(std::move(parsed));
    }
    return out;
}

Result<std::int64_t> parse_lease(std::string_view text) {
    Json document = Json::parse(text, nullptr, false);
    SONM_TRY(std::int64_t lease, integer(document, "ID"));
    if (lease == 0) return wrong(text);
    return lease;
}

Result<std::int64_t> parse_keep_alive(std::string_view text) {
    // One line of a stream.
    Json document = Json::parse(text.substr(0, text.find('\n')), nullptr, false);
    const Json* result = member(document, "result");
    if (!result) return wrong(text);
    return integer(*result, "TTL");
}

Result<WatchEvents> parse_watch(std::string_view text) {
    Json document = Json::parse(text, nullptr, false);
    const Json* result = member(document, "result");
    if (!result) return wrong(text);
    WatchEvents out;
    out.created = flag(*result, "created");
    out.canceled = flag(*result, "canceled");
    const Json* events = member(*result, "events");
    if (!events) return out;
    if (!events->is_array()) return wrong(text);
    for (const Json& event : *events) {
        const Json* kv = member(event, "kv");
        if (!kv) return wrong(text);
        SONM_TRY(Bytes key, bytes(*kv, "key"));
        out.keys.emplace_back(as_text(key));
    }
    return out;
}

std::string parse_error(std::string_view text) {
    Json document = Json::parse(text, nullptr, false);
    for (const char* name : {"message", "error"}) {
        const Json* said = member(document, name);
        if (said && said->is_string()) return said->get<std::string>().substr(0, 300);
    }
    return std::string(text.substr(0, 100));
}

std::string prefix_end(std::string prefix) {
    while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
    if (prefix.empty()) return std::string(1, '\0');  // the end of all keys
    ++prefix.back();
    return prefix;
}

}  // namespace sonm::unicorn::etcd
