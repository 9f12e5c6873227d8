#include "sonm/storage/backend_contract.hpp"
#include "sonm/storage/postgres_backend.hpp"
#include "sonm/storage/s3_backend.hpp"
#include "support/server_process.hpp"

#include <pwd.h>
#include <unistd.h>

/// The contract of all backends, kept by those behind real servers of this machine.
namespace sonm::storage {
namespace {

namespace fs = std::filesystem;
using Made = Result<std::unique_ptr<Backend>>;

/// A PostgreSQL server for the whole program, run by somebody who is not root: it refuses to be.
class Postgres {
public:
    static Postgres& get() {
        static Postgres server;
        return server;
    }
    /// Empty = running.
    const std::string& missing() const { return missing_; }
    std::string url() const { return fmt::format("host=127.0.0.1 port={} dbname=postgres user=sonm", port_); }
    test::ServerProcess& process() { return *process_; }

private:
    Postgres() {
        fs::path programs;
        std::error_code error;
        for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", error))
            if (fs::exists(version.path() / "bin/initdb")) programs = version.path() / "bin";
        if (programs.empty()) {
            missing_ = "PostgreSQL is not installed (package postgresql)";
            return;
        }
        std::vector<std::string> as_user;
        if (::geteuid() == 0) {
            passwd* user = ::getpwnam("postgres");
            if (!user) {
                missing_ = "there is no user postgres to run it as";
                return;
            }
            ::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid);
            as_user = {"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"};
        }
        std::string data = (folder_ / "data").native(), prefix;
        for (const std::string& word : as_user) prefix += word + " ";
        std::string make =
            fmt::format("cd / && {}{} -D {} -U sonm -A trust -E UTF8 --locale=C -N >/dev/null 2>&1", prefix,
                        (programs / "initdb").native(), data);
        if (std::system(make.c_str()) != 0) {
            missing_ = "initdb fails: " + make;
            return;
        }
        port_ = test::free_port();
        std::vector<std::string> argv = as_user;
        for (std::string word : {(programs / "postgres").native(), std::string("-D"), data, std::string("-h"),
                                 std::string("127.0.0.1"), std::string("-k"), std::string(),
                                 std::string("-p"), fmt::format("{}", port_)})
            argv.push_back(std::move(word));
        auto started = test::ServerProcess::start(std::move(argv), port_);
        if (started)
            process_ = std::move(*started);
        else
            missing_ = started.error().message();
    }
    TempDir folder_;
    std::string missing_;
    std::uint16_t port_ = 0;
    std::unique_ptr<test::ServerProcess> process_;
};

/// s3rver, a server of the S3 family in JavaScript.
class S3Server {
public:
    static S3Server& get() {
        static S3Server server;
        return server;
    }
    const std::string& missing() const { return missing_; }
    std::uint16_t port() const { return port_; }

private:
    S3Server() {
        fs::path program = fs::path(SONM_SOURCE_DIR) / "tests/npm/node_modules/s3rver/bin/s3rver.js";
        if (!fs::exists(program)) {
            missing_ = "s3rver is not installed: run `npm ci` in tests/npm";
            return;
        }
        port_ = test::free_port();
        std::vector<std::string> argv{
            "node",      program.native(),    "--directory", folder_.path().native(),
            "--address", "127.0.0.1",         "--port",      fmt::format("{}", port_),
            "--silent",  "--no-vhost-buckets"};
        auto started = test::ServerProcess::start(std::move(argv), port_);
        if (started)
            process_ = std::move(*started);
        else
            missing_ = started.error().message();
    }
    TempDir folder_;
    std::string missing_;
    std::uint16_t port_ = 0;
    std::unique_ptr<test::ServerProcess> process_;
};

SystemClock system_clock_of_tests;

const BackendKind postgres{
    "postgres", [](const Executor& executor, const fs::path&) -> Made {
        if (!Postgres::get().missing().empty())
            return fail(std::errc::not_supported, "{}", Postgres::get().missing());
        PostgresSettings settings;
        // A schema of its own for each test.
        static int count = 0;
        settings.url = fmt::format("{} options='-c search_path=t{}'", Postgres::get().url(), ++count);
        std::string make = fmt::format("psql -q '{}' -c 'CREATE SCHEMA t{}'", Postgres::get().url(), count);
        if (std::system(make.c_str()) != 0) return fail(Errc::io, "{}", make);
        settings.connections_max = 4;
        return std::make_unique<PostgresBackend>(executor, settings);
    }};
const BackendKind s3{"s3", [](const Executor& executor, const fs::path&) -> Made {
                         if (!S3Server::get().missing().empty())
                             return fail(std::errc::not_supported, "{}", S3Server::get().missing());
                         static int count = 0;
                         S3Settings settings;
                         settings.endpoint = fmt::format("http://127.0.0.1:{}", S3Server::get().port());
                         settings.bucket = fmt::format("bucket{}", ++count);
                         settings.prefix = "some/where/";
                         // The well-known account of s3rver.
                         settings.account.key_id = settings.account.secret = "S3RVER";
                         return std::make_unique<S3Backend>(executor, system_clock_of_tests, settings);
                     }};
INSTANTIATE_TEST_SUITE_P(Servers, BackendContract, ::testing::Values(postgres, s3), backend_name);

template <class F>
void run_for_backend(const BackendKind& kind, F body) {
    auto main = [](BackendKind made, F talk) -> Async<void> {
        Executor executor = co_await asio::this_coro::executor;
        SONM_CO_TRY(std::unique_ptr<Backend> backend, made.make(executor, fs::path()));
        auto opening = backend->open();
        SONM_CO_CHECK(co_await std::move(opening));
        auto talking = talk(*backend);
        co_return co_await std::move(talking);
    };
    Result<void> outcome = run_test(main(kind, std::move(body)));
    if (!outcome && outcome.error().is(std::errc::not_supported))
        GTEST_SKIP() << "SKIPPED: " << outcome.error().context;
    EXPECT_TRUE(outcome) << outcome.error().message();
}

TEST(PostgresServer, RestartedServer_IsFoundAgainAndHasEverything) {
    run_for_backend(postgres, [](Backend& backend) -> Async<void> {
        SONM_DO(put(backend, "k", "v", {"t"}));
        Postgres::get().process().kill();
        SONM_REFUSED(Errc::unavailable, get(backend, "k"));
        auto restarted = Postgres::get().process().restart();
        EXPECT_TRUE(restarted) << restarted.error().message();
        for (int attempt = 0; attempt < 100; ++attempt) {
            // It listens before it is ready.
            auto reading = get(backend, "k");
            auto read = co_await std::move(reading);
            if (read) break;
            co_await sleep_for(std::chrono::milliseconds(50));
        }
        SONM_EXPECT("v", get(backend, "k"));
        SONM_EXPECT("k", look(backend, {"t"}));
        co_return Result<void>();
    });
}

}  // namespace
}  // namespace sonm::storage
