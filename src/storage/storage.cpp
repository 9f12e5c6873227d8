#include "sonm/storage/storage.hpp"

#include "sonm/base/units.hpp"
#include "sonm/storage/files_backend.hpp"
#include "sonm/storage/memory_backend.hpp"
#include "sonm/storage/service.hpp"
#include "sonm/storage/sqlite_backend.hpp"

namespace sonm::storage {
namespace {

struct Arguments {
    std::string backend = "files";
    std::string path;
    Settings settings;
};

Result<std::string> parse_backend(std::string_view text) {
    for (std::string_view known : {"files", "sqlite", "memory"})
        if (text == known) return std::string(text);
    return fail(Errc::invalid, "\"{}\" is no backend: write files, sqlite or memory", text);
}

void read_arguments(YamlReader& args, Arguments& out) {
    args.optional(
        {"backend",
         "Where values are kept: files (a folder), sqlite (one file), memory (gone with the node).", "files"},
        out.backend, parse_backend);
    args.optional(
        {"path", "Another folder (files) or file (sqlite) than the service's own.", "/var/lib/sonm/storage"},
        out.path, yaml_text);
    args.optional({"value_max", "Largest value. The node's limit for one message must be higher.", "15 MiB"},
                  out.settings.value_bytes_max, parse_bytes);
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
    if (arguments.backend == "sqlite")
        return std::make_unique<SqliteBackend>(environment.executor,
                                               path.empty() ? environment.folder / "storage.db" : path);
    return std::make_unique<FilesBackend>(environment.executor,
                                          path.empty() ? environment.folder / "files" : path);
}

}  // namespace

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Arguments arguments;
    read_arguments(args, arguments);
    if (args.describing()) return std::unique_ptr<services::PlatformService>();
    return std::make_unique<StorageService>(environment.executor, *environment.clock,
                                            make_backend(environment, arguments), arguments.settings);
}

}  // namespace sonm::storage
