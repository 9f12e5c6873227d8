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
        if (!started) {
            missing_ = started.error().message();
            return;
        }
        process_ = std::move(*started);
        // It listens before it serves.
        std::string ready = fmt::format(
            "for i in $(seq 200); do pg_isready -q -h 127.0.0.1 -p {} && exit 0; sleep 0.1; done; exit 1",
            port_);
        if (std::system(ready.c_str()) != 0) missing_ = "PostgreSQL did not begin to serve within 20 s";
    }
    TempDir folder_;
    std::string missing_;
    std::uint16_t port_ = 0;
    std::unique_ptr<test::ServerProcess> process_;
};

/// A certificate for the name `localhost` by an authority of its own, and an authority that knows nothing of
/// it.
struct Certificates {
    static const Certificates& get() {
        static Certificates made;
        return made;
    }
    bool good() const { return made_; }
    std::string path(const char* file) const { return (folder_ / file).native(); }

private:
    Certificates() {
        std::string make = fmt::format(
            "cd '{}' && for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "
            "/CN=test-$ca "
            "-keyout $ca.key -out $ca.pem || exit 1; done && openssl req -newkey rsa:2048 -nodes -subj "
            "/CN=localhost "
            "-keyout server.key -out server.csr && echo subjectAltName=DNS:localhost > names && openssl x509 "
            "-req -in "
            "server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
            folder_.path().native());
        made_ = std::system(("(" + make + ") >/dev/null 2>&1").c_str()) == 0;
    }
    TempDir folder_;
    bool made_ = false;
};

/// s3rver, a server of the S3 family in JavaScript.
class S3Server {
public:
    static S3Server& get() {
        static S3Server server(false);
        return server;
    }
    static S3Server& with_tls() {
        static S3Server server(true);
        return server;
    }
    const std::string& missing() const { return missing_; }
    std::uint16_t port() const { return port_; }

private:
    explicit S3Server(bool tls) {
        fs::path program = fs::path(SONM_SOURCE_DIR) / "tests/npm/node_modules/s3rver/bin/s3rver.js";
        if (!fs::exists(program)) {
            missing_ = "s3rver is not installed: run `npm ci` in tests/npm";
            return;
        }
        if (tls && !Certificates::get().good()) {
            missing_ = "certificates cannot be made (package openssl)";
            return;
        }
        port_ = test::free_port();
        std::vector<std::string> argv{
            "node",      program.native(),    "--directory", folder_.path().native(),
            "--address", "127.0.0.1",         "--port",      fmt::format("{}", port_),
            "--silent",  "--no-vhost-buckets"};
        if (tls)
            for (std::string word : {std::string("--key"), Certificates::get().path("server.key"),
                                     std::string("--cert"), Certificates::get().path("server.pem")})
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
        // "Immediate shutdown": as in a crash, but its children are gone when it is.
        Postgres::get().process().kill(SIGQUIT);
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

/// A bucket over HTTPS, on a server that is vouched for by `ca.pem`.
Result<void> talk_over_tls(const std::string& host, const std::string& ca_file) {
    auto main = [](std::string name, std::string ca) -> Async<void> {
        S3Settings settings;
        settings.endpoint = fmt::format("https://{}:{}", name, S3Server::with_tls().port());
        settings.bucket = "private";
        settings.account.key_id = settings.account.secret = "S3RVER";
        settings.ca_file = std::move(ca);
        S3Backend backend(co_await asio::this_coro::executor, system_clock_of_tests, settings);
        auto opening = backend.open();
        SONM_CO_CHECK(co_await std::move(opening));
        SONM_DO(put(backend, "k", "value", {"t"}));
        SONM_EXPECT("value", get(backend, "k"));
        SONM_EXPECT("k", look(backend, {"t"}));
        co_return Result<void>();
    };
    return run_test(main(host, ca_file));
}

TEST(S3OverTls, ServerWithAKnownCertificate_IsTalkedTo_AnyOtherIsRefused) {
    if (!S3Server::with_tls().missing().empty())
        GTEST_SKIP() << "SKIPPED: " << S3Server::with_tls().missing();
    const Certificates& files = Certificates::get();
    auto good = talk_over_tls("localhost", files.path("ca.pem"));
    EXPECT_TRUE(good) << good.error().message();
    for (const std::string& authority : {std::string(), files.path("other.pem")}) {
        auto refused = talk_over_tls("localhost", authority);
        ASSERT_FALSE(refused) << authority;
        EXPECT_TRUE(refused.error().is(Errc::denied)) << refused.error().message();
    }
    auto misnamed = talk_over_tls("127.0.0.1", files.path("ca.pem"));
    ASSERT_FALSE(misnamed) << "the certificate is for another name";
    EXPECT_TRUE(misnamed.error().is(Errc::denied)) << misnamed.error().message();
}

}  // namespace
}  // namespace sonm::storage
