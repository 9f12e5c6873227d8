#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/bytes.hpp"

#include <libpq-fe.h>

namespace sonm::storage {

/// One connection to a PostgreSQL server on the event loop; one statement at a time. After an error other
/// than the statement's own it is broken.
class PostgresConnection {
public:
    /// Errors: unavailable, denied.
    static Async<std::unique_ptr<PostgresConnection>> open(std::string url);
    PostgresConnection(const PostgresConnection&) = delete;
    ~PostgresConnection() { PQfinish(connection_); }

    /// Runs one statement, `$1`... filled with bytes; gives the first column of each row. Errors: by
    /// SQLSTATE; unavailable if the connection is lost.
    Async<std::vector<Bytes>> run(std::string sql, std::vector<Bytes> parameters);
    bool is_usable() const { return usable_; }

private:
    explicit PostgresConnection(PGconn* connection) : connection_(connection) {}
    Async<void> connect();
    Async<void> wait(asio::posix::stream_descriptor::wait_type what);
    tl::unexpected<Error> lost(std::string_view doing);
    Async<void> flush();

    PGconn* connection_;
    bool usable_ = false;
};

}  // namespace sonm::storage
