#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/base/errc.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

/// The v3 API of etcd as JSON: what its gateway is asked, and what it answers. Pure. Source: etcd 3.4,
/// "API reference" and "gRPC gateway": bytes are base64, 64-bit integers are strings.
namespace sonm::unicorn::etcd {

using Json = nlohmann::json;

struct KeyValue {
    std::string key;
    Bytes value;
    std::int64_t version = 0;          ///< 1 after creation
    std::int64_t create_revision = 0;  ///< orders keys by creation
    std::int64_t lease = 0;
};
struct Range {
    std::vector<KeyValue> kvs;
    std::int64_t count = 0;
};
struct Txn {
    bool succeeded = false;
    std::int64_t revision = 0;
    std::vector<Range> ranges;  ///< answers to the range requests, in their order
};
struct WatchEvents {
    std::vector<std::string> keys;  ///< that have changed
    bool created = false, canceled = false;
};

/// Parts of a transaction.
Json compare_create(const std::string& key, std::int64_t revision, const char* result = "EQUAL");
Json compare_version(const std::string& key, std::int64_t version);
Json compare_lease(const std::string& key, std::int64_t lease);
/// No key at all in the range.
Json compare_none(const std::string& key, const std::string& end);
Json range(const std::string& key);
Json range(const std::string& key, const std::string& end, bool count_only);
Json put(const std::string& key, BytesView value, std::int64_t lease = 0, bool ignore_lease = false);
Json erase(const std::string& key);
Json nested(Json compare, Json success);
/// The whole transaction, as the body of a request.
std::string txn(Json compare, Json success, Json failure);
std::string watch(const std::string& key, const std::string& end);
std::string lease_grant(std::int64_t seconds);
std::string lease_id(std::int64_t lease);

/// Errors of all: invalid (an answer of another form).
Result<Txn> parse_txn(std::string_view text);
Result<std::int64_t> parse_lease(std::string_view text);
/// Seconds that the lease still has; 0: it is gone.
Result<std::int64_t> parse_keep_alive(std::string_view text);
Result<WatchEvents> parse_watch(std::string_view text);
/// What an answer with an error status says.
std::string parse_error(std::string_view text);

/// Where the keys that begin with `prefix` end.
std::string prefix_end(std::string prefix);

}  // namespace sonm::unicorn::etcd
