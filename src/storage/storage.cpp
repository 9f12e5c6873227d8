#include "sonm/storage/storage.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/storage/files_backend.hpp"
#include "sonm/storage/memory_backend.hpp"
#include "sonm/storage/postgres_backend.hpp"
#include "sonm/storage/s3_backend.hpp"
#include "sonm/storage/service.hpp"
#include "sonm/storage/sqlite_backend.hpp"

namespace sonm::storage {
namespace {

struct Arguments {
    std::string backend = "files";
    std::string path;
    PostgresSettings postgres;
    S3Settings s3;
    std::string s3_secret_file;
    Settings settings;
};

Result<std::string> parse_backend(std::string_view text) {
    for (std::string_view known : {"files", "sqlite", "postgres", "s3", "memory"})
        if (text == known) return std::string(text);
    return fail(Errc::invalid, "\"{}\" is no backend: write files, sqlite, postgres, s3 or memory", text);
}

void read_postgres(YamlReader& args, PostgresSettings& out) {
    args.required({"url", "As libpq takes it; a password is better kept in ~/.pgpass.",
                   "postgresql://sonm@127.0.0.1/sonm"},
                  out.url, yaml_text);
    args.optional({"connections_max", "Most connections to the server.", "8"}, out.connections_max,
                  parse_int<std::size_t>);
    if (out.connections_max == 0) args.problem("connections_max", "must be at least 1");
}

void read_s3(YamlReader& args, Arguments& out) {
    args.required({"endpoint", "Where the server is.", "https://s3.eu-central-1.amazonaws.com"},
                  out.s3.endpoint, yaml_text);
    args.required({"bucket", "Is made if it is not there.", "sonm-storage"}, out.s3.bucket, yaml_text);
    args.optional({"prefix", "In front of the name of every object.", "node-7/"}, out.s3.prefix, yaml_text);
    args.optional({"region", "As the server wants it in signatures.", "us-east-1"}, out.s3.account.region,
                  yaml_text);
    args.required({"key_id", "Name of the access key.", "AKIAIOSFODNN7EXAMPLE"}, out.s3.account.key_id,
                  yaml_text);
    args.required({"secret_file", "A file that holds the secret of the access key and nothing else.",
                   "/etc/sonm/s3-secret"},
                  out.s3_secret_file, yaml_text);
    args.optional({"ca_file", "Authorities that vouch for the server (PEM), in place of the system's.",
                   "/etc/sonm/s3-ca.pem"},
                  out.s3.ca_file, yaml_text);
    if (args.describing() || out.s3_secret_file.empty()) return;
    auto secret = read_text(out.s3_secret_file, 4 * KiB);
    if (!secret) return args.problem("secret_file", secret.error().message());
    out.s3.account.secret = secret->substr(0, secret->find_last_not_of(" \r\n") + 1);
}

void read_arguments(YamlReader& args, Arguments& out) {
    args.optional(
        {"backend",
         "Where values are kept: files (a folder), sqlite (one file), memory (gone with the node).", "files"},
        out.backend, parse_backend);
    args.optional(
        {"path", "Another folder (files) or file (sqlite) than the service's own.", "/var/lib/sonm/storage"},
        out.path, yaml_text);
    args.child({"postgres", "For the backend postgres."}, out.backend == "postgres",
               [&](YamlReader& r) { read_postgres(r, out.postgres); });
    args.child({"s3", "For the backend s3."}, out.backend == "s3", [&](YamlReader& r) { read_s3(r, out); });
    args.optional({"value_max", "Largest value. The node's limit for one message must be higher.", "15 MiB"},
                  out.settings.value_bytes_max, parse_bytes);
    args.optional(
        {"total_max",
         "What everything may take (files, sqlite, memory); more is refused like on a full disk.", "64 GiB"},
        out.settings.total_bytes_max, parse_bytes);
    bool elsewhere = out.backend == "postgres" || out.backend == "s3";
    if (elsewhere && args.has("total_max"))
        args.problem("total_max", "how much a server keeps is set at the server");
    args.optional({"keys_max", "Most keys in one answer of find.", "50000"}, out.settings.keys_max,
                  parse_int<std::size_t>);
    args.optional({"calls_max", "Most calls at once; more are turned away.", "512"}, out.settings.calls_max,
                  parse_int<std::size_t>);
    args.optional({"believe_authorization",
                   "Take user numbers that a client writes into the authorization header without any proof. "
                   "Only where every client is trusted.",
                   "false"},
                  out.settings.believe_header, yaml_flag);
}

std::unique_ptr<Backend> make_backend(const services::Environment& environment, const Arguments& arguments) {
    std::filesystem::path path = arguments.path;
    if (arguments.backend == "memory") return std::make_unique<MemoryBackend>();
    if (arguments.backend == "postgres")
        return std::make_unique<PostgresBackend>(environment.executor, arguments.postgres);
    if (arguments.backend == "s3")
        return std::make_unique<S3Backend>(environment.executor, *environment.clock, arguments.s3);
    if (arguments.backend == "sqlite")
        return std::make_unique<SqliteBackend>(environment.executor,
                                               path.empty() ? environment.folder / "storage.db" : path);
    return std::make_unique<FilesBackend>(environment.executor,
                                          path.empty() ? environment.folder / "files" : path);
}

void compare(const Arguments& before, const Arguments& now, services::FixedArguments& fixed) {
    fixed.compare("backend", before.backend, now.backend).compare("path", before.path, now.path);
    fixed.compare("postgres.url", before.postgres.url, now.postgres.url)
        .compare("postgres.connections_max", before.postgres.connections_max, now.postgres.connections_max);
    fixed.compare("s3.endpoint", before.s3.endpoint, now.s3.endpoint)
        .compare("s3.bucket", before.s3.bucket, now.s3.bucket)
        .compare("s3.prefix", before.s3.prefix, now.s3.prefix)
        .compare("s3.region", before.s3.account.region, now.s3.account.region)
        .compare("s3.key_id", before.s3.account.key_id, now.s3.account.key_id)
        .compare("s3.secret_file", before.s3.account.secret, now.s3.account.secret)
        .compare("s3.ca_file", before.s3.ca_file, now.s3.ca_file);
}

}  // namespace

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Arguments arguments;
    read_arguments(args, arguments);
    if (args.describing()) return std::unique_ptr<services::PlatformService>();
    auto service = std::make_unique<StorageService>(environment.executor, *environment.clock,
                                                    make_backend(environment, arguments), arguments.settings);
    auto reread = [before = std::move(arguments)](YamlReader& changed, services::FixedArguments& fixed) {
        Arguments now;
        read_arguments(changed, now);
        compare(before, now, fixed);
        return now.settings;
    };
    service->on_reload(std::move(reread));
    return service;
}

}  // namespace sonm::storage
