#pragma once

#include "sonm/storage/backend.hpp"

namespace sonm::storage {

struct PostgresSettings {
    std::string
        url;  ///< as libpq takes it: "postgresql://user:password@host/database", "host=/run/x dbname=y"
    std::size_t connections_max = 8;
    Millis answer_max{10'000};
};

class PostgresConnection;

/// A PostgreSQL server, which several nodes may share. One table; every call is one statement.
class PostgresBackend final : public Backend {
public:
    PostgresBackend(const Executor& executor, PostgresSettings settings);
    ~PostgresBackend() override;

    Async<void> open() override;
    Async<Bytes> read(Name name) override;
    Async<void> write(Name name, Bytes value, std::set<std::string> tags) override;
    Async<void> remove(Name name) override;
    Async<std::vector<std::string>> find(Query query) override;

private:
    using Rows = std::vector<Bytes>;  ///< first column of each
    using Slot = std::unique_ptr<PostgresConnection>;
    Async<Rows> run(std::string sql, std::vector<Bytes> parameters);
    Async<Rows> try_once(const std::string& sql, const std::vector<Bytes>& parameters);

    PostgresSettings settings_;
    Channel<Slot> idle_;  ///< connections, or empty places for them
};

}  // namespace sonm::storage
