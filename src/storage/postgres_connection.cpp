#include "sonm/storage/postgres_connection.hpp"

#include <unistd.h>

namespace sonm::storage {
namespace {

using Wait = asio::posix::stream_descriptor;

std::string one_line(const char* text) {
    std::string line = text ? text : "";
    std::ranges::replace(line, '\n', ' ');
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

/// Source: PostgreSQL 15 documentation, appendix A.
Errc kind_of(std::string_view sqlstate) {
    if (sqlstate == "53100") return Errc::no_space;
    if (sqlstate == "23514" || sqlstate == "54000") return Errc::too_large;
    if (sqlstate == "57014") return Errc::timeout;
    std::string_view group = sqlstate.substr(0, 2);
    if (group == "53") return Errc::busy;
    if (group == "08" || sqlstate.starts_with("57P")) return Errc::unavailable;
    if (group == "28" || sqlstate == "42501" || sqlstate == "25006") return Errc::denied;
    if (group == "XX") return Errc::corrupt;
    if (sqlstate == "23505" || sqlstate == "42P07") return Errc::exists;
    return Errc::io;
}

struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

Result<std::vector<Bytes>> rows_of(const PGresult* answer) {
    ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        const char* state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
        return fail(kind_of(state ? state : "08000"), "PostgreSQL: {}",
                    one_line(PQresultErrorMessage(answer)));
    }
    std::vector<Bytes> rows;
    for (int row = 0; row < PQntuples(answer); ++row) {
        auto* value = reinterpret_cast<const std::uint8_t*>(PQgetvalue(answer, row, 0));
        rows.emplace_back(value, value + PQgetlength(answer, row, 0));
    }
    return rows;
}

}  // namespace

tl::unexpected<Error> PostgresConnection::lost(std::string_view doing) {
    usable_ = false;
    return fail(Errc::unavailable, "PostgreSQL: {}: {}", doing, one_line(PQerrorMessage(connection_)));
}

Async<void> PostgresConnection::wait(Wait::wait_type what) {
    // Watched through a copy: libpq closes and replaces its socket as it likes.
    int copy = ::dup(PQsocket(connection_));
    if (copy < 0) co_return lost("no socket");
    Executor executor = co_await asio::this_coro::executor;
    Wait socket(executor, copy);
    auto [error] = co_await socket.async_wait(what, as_tuple(asio::use_awaitable));
    if (error == asio::error::operation_aborted) throw asio::system_error(error);
    if (error) co_return lost(error.message());
    co_return Result<void>();
}

Async<std::unique_ptr<PostgresConnection>> PostgresConnection::open(std::string url) {
    std::unique_ptr<PostgresConnection> made(new PostgresConnection(PQconnectStart(url.c_str())));
    if (!made->connection_) co_return fail(Errc::busy, "PostgreSQL: no memory for a connection");
    auto connecting = made->connect();
    SONM_CO_CHECK(co_await std::move(connecting));
    co_return made;
}

Async<void> PostgresConnection::connect() {
    if (PQstatus(connection_) == CONNECTION_BAD) co_return lost("connecting");
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED) co_return lost("connecting");
        auto waiting = wait(state == PGRES_POLLING_READING ? Wait::wait_read : Wait::wait_write);
        SONM_CO_CHECK(co_await std::move(waiting));
        state = PQconnectPoll(connection_);
    }
    PQsetnonblocking(connection_, 1);
    usable_ = true;
    co_return Result<void>();
}

Async<void> PostgresConnection::flush() {
    while (true) {
        int left = PQflush(connection_);
        if (left < 0) co_return lost("sending");
        if (left == 0) co_return Result<void>();
        // A server that answers early must be read, or both sides wait for the other.
        auto waiting = wait(Wait::wait_write);
        SONM_CO_CHECK(co_await std::move(waiting));
        if (PQconsumeInput(connection_) == 0) co_return lost("sending");
    }
}

Async<std::vector<Bytes>> PostgresConnection::run(std::string sql, std::vector<Bytes> parameters) {
    std::vector<const char*> values;
    std::vector<int> lengths, formats;
    for (const Bytes& parameter : parameters) {
        values.push_back(parameter.empty() ? "" : reinterpret_cast<const char*>(parameter.data()));
        lengths.push_back(static_cast<int>(parameter.size()));
        formats.push_back(1);
    }
    // Only a connection that has given its whole answer may be used again.
    usable_ = false;
    if (PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                          lengths.data(), formats.data(), 1) == 0)
        co_return lost("sending");
    auto sending = flush();
    SONM_CO_CHECK(co_await std::move(sending));
    Answer answer;
    while (true) {
        while (PQisBusy(connection_)) {
            auto waiting = wait(Wait::wait_read);
            SONM_CO_CHECK(co_await std::move(waiting));
            if (PQconsumeInput(connection_) == 0) co_return lost("reading");
        }
        Answer next(PQgetResult(connection_));
        if (!next) break;
        answer = std::move(next);
    }
    usable_ = PQstatus(connection_) == CONNECTION_OK;
    if (!answer) co_return lost("no answer");
    co_return rows_of(answer.get());
}

}  // namespace sonm::storage
