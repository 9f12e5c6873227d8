#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/storage/backend.hpp"
#include "sonm/storage/record.hpp"
#include "sonm/storage/turns.hpp"
#include "sonm/web/sign.hpp"

namespace sonm::storage {

struct S3Settings {
    std::string endpoint;  ///< "https://s3.eu-central-1.amazonaws.com", "http://127.0.0.1:9000"
    std::string bucket;
    std::string prefix;  ///< in front of every object's name
    web::AwsAccount account;
    std::string ca_file;  ///< PEM file of the authorities that may vouch for the server; empty = the system's
    Millis answer_max{30'000};
};

/// A bucket of an S3-compatible server, which several nodes may share.
///
///     <prefix>v/<collection>/<key>        a record (record.hpp), written as a whole
///     <prefix>t/<collection>/<tag>/<key>  holds the key: the record has that tag
///
/// An object store knows no transactions: a write is answered when value and marks are there; one that fails
/// half-way may have replaced the value without adding all tags.
class S3Backend final : public Backend {
public:
    S3Backend(const Executor& executor, const Clock& clock, S3Settings settings);

    Async<void> open() override;
    Async<Bytes> read(Name name) override;
    Async<void> write(Name name, Bytes value, std::set<std::string> tags) override;
    Async<void> remove(Name name) override;
    Async<std::vector<std::string>> find(Query query) override;

private:
    struct Object {
        std::string path;   ///< below the bucket; empty = the bucket
        std::string query;  ///< encoded, sorted
    };
    using Names = std::set<std::string>;
    Async<web::Response> send(std::string method, Object object, std::string body = {},
                              std::vector<web::Header> headers = {});
    /// The same, and anything but success is a failure.
    Async<web::Response> ask(std::string method, Object object, std::string body = {},
                             std::vector<web::Header> headers = {});
    Async<std::optional<RecordHead>> head_of(Name name);
    /// File names of the keys that are marked with a tag.
    Async<Names> marked(std::string collection, std::string tag);
    std::string value_path(const Name& name) const;
    std::string mark_path(const std::string& collection, const std::string& tag,
                          const std::string& file) const;

    const Clock& clock_;
    S3Settings settings_;
    web::Client client_;
    Turns turns_;
};

}  // namespace sonm::storage
