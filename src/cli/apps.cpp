#include "sonm/apphost/archive.hpp"
#include "sonm/apphost/manifest.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/node_link.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/rpc/json.hpp"
#include "sonm/services/node_service.hpp"
#include "sonm/services/storage_service.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;
using services::NodeClient;
using services::StorageClient;

struct AppOptions {
    NodeLink link;
    std::string name, folder, manifest, profile, profile_file, event;
    std::vector<std::string> data;
    std::size_t last = 1;
    bool pool_only = false;
};
using OptionsPtr = std::shared_ptr<AppOptions>;

/// Any MessagePack value from JSON, and back: what is stored of applications has no declared type.
const rpc::TypeInfo& any_value() { return rpc::type_info<rpc::Encoded>; }

Async<NodeClient> node_of(Context& context, TaskGroup& group, const AppOptions& options) {
    auto reaching = reach_service(context, group, options.link, "node");
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(reaching));
    co_return NodeClient(std::move(connection));
}

Async<StorageClient> storage_of(Context& context, TaskGroup& group, const AppOptions& options) {
    auto reaching = reach_service(context, group, options.link, "storage");
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(reaching));
    co_return StorageClient(std::move(connection));
}

Result<Bytes> packed_json(const fs::path& file) {
    SONM_TRY(std::string text, read_text(file, apphost::manifest_bytes_max));
    auto parsed = rpc::parse_json(text);
    if (!parsed) return wrap(std::move(parsed.error()), "{}", file.string());
    Bytes out;
    rpc::Writer writer(out);
    SONM_CHECK(rpc::json_to_value(any_value(), *parsed, writer));
    return out;
}

Async<void> store(const StorageClient& storage, std::string collection, std::string key, Bytes value,
                  std::string tag) {
    std::optional<std::vector<std::string>> tags(std::in_place, 1, tag);
    auto writing =
        storage.call<"write">(std::move(collection), std::move(key), std::move(value), std::move(tags));
    co_return co_await std::move(writing);
}

/// The archive that `path` is, or a new one of what the folder holds.
Result<Bytes> archive_of(const fs::path& path) {
    if (fs::is_directory(path)) return apphost::pack_archive(path);
    return read_file(path, apphost::archive_bytes_max);
}

Async<Exit> upload(Context& context, TaskGroup& group, OptionsPtr options) {
    fs::path source = options->folder;
    std::string name =
        options->name.empty() ? fs::absolute(source).lexically_normal().stem().string() : options->name;
    SONM_CO_CHECK(apphost::check_app_name(name));
    fs::path manifest_file =
        options->manifest.empty() ? source / "manifest.json" : fs::path(options->manifest);
    SONM_CO_TRY(Bytes manifest, packed_json(manifest_file));
    auto checked = apphost::parse_manifest(manifest);
    if (!checked) co_return wrap(std::move(checked.error()), "{}", manifest_file.string());
    std::optional<Bytes> profile;
    if (!options->profile_file.empty()) {
        SONM_CO_TRY(profile, packed_json(options->profile_file));
        auto readable = apphost::parse_profile(*profile);
        if (!readable) co_return wrap(std::move(readable.error()), "{}", options->profile_file);
    }
    auto packing = offload([source] { return archive_of(source); });
    auto archive = co_await std::move(packing);
    if (!archive) co_return tl::unexpected<Error>(std::move(archive.error()));
    Bytes value;
    rpc::Writer(value).raw(*archive);

    auto opening = storage_of(context, group, *options);
    SONM_CO_TRY(StorageClient storage, co_await std::move(opening));
    ProgressLine progress("uploading " + name);
    std::uint64_t total = value.size() + manifest.size();
    progress.update(0, total);
    // The manifest last: whoever starts the application meanwhile has the old one, whole.
    SONM_CO_CHECK(co_await store(storage, "apps", name, std::move(value), "app"));
    progress.update(archive->size(), total);
    SONM_CO_CHECK(co_await store(storage, "manifests", name, std::move(manifest), "app"));
    std::string profile_name = options->profile.empty() ? name : options->profile;
    if (profile)
        SONM_CO_CHECK(co_await store(storage, "profiles", profile_name, std::move(*profile), "profile"));
    progress.finish(fmt::format("stored, {} bytes; `sonm app start {}` runs it", archive->size(), name));
    json out{{"app", name}, {"archive_bytes", archive->size()}};
    if (profile) out["profile"] = profile_name;
    if (context.json()) context.emit(out, "");
    co_return Exit::ok;
}

Async<Exit> start(Context& context, TaskGroup& group, OptionsPtr options) {
    auto opening = node_of(context, group, *options);
    SONM_CO_TRY(NodeClient node, co_await std::move(opening));
    auto starting = node.call<"start_app">(options->name, options->profile);
    auto started = co_await std::move(starting);
    bool running = !started && started.error().is(services::NodeErrc::already_started);
    if (!started && !running) co_return tl::unexpected<Error>(std::move(started.error()));
    services::AppUpdate update;
    if (running) {
        auto updating = node.call<"update">(options->name, options->profile);
        SONM_CO_TRY(update, co_await std::move(updating));
    }
    std::string text = !running ? options->name + " runs\n"
                       : update.new_version
                           ? options->name + " runs; its workers are being replaced by the stored version\n"
                       : update.new_profile ? options->name + " runs, with the new profile\n"
                                            : options->name + " runs as stored already\n";
    json out{{"app", options->name},
             {"started", !running},
             {"new_version", update.new_version},
             {"new_profile", update.new_profile}};
    context.emit(out, text);
    co_return Exit::ok;
}

Async<Exit> pause(Context& context, TaskGroup& group, OptionsPtr options) {
    auto opening = node_of(context, group, *options);
    SONM_CO_TRY(NodeClient node, co_await std::move(opening));
    auto pausing = node.call<"pause_app">(options->name);
    SONM_CO_CHECK(co_await std::move(pausing));
    context.emit(json{{"app", options->name}, {"paused", true}}, options->name + " is paused\n");
    co_return Exit::ok;
}

Async<json> info_of(const NodeClient& node, std::string name, std::uint64_t flags) {
    auto asking = node.call<"info">(std::move(name), std::optional<std::uint64_t>(flags));
    SONM_CO_TRY(rpc::Encoded info, co_await std::move(asking));
    rpc::Reader in(info.bytes);
    co_return rpc::value_to_json(any_value(), in);
}

std::string number_at(const json& info, const char* pointer) {
    const json value = info.value(json::json_pointer(pointer), json(0));
    return value.dump();
}

Async<Exit> list(Context& context, TaskGroup& group, OptionsPtr options) {
    auto opening = node_of(context, group, *options);
    SONM_CO_TRY(NodeClient node, co_await std::move(opening));
    auto listing = node.call<"list">();
    SONM_CO_TRY(std::vector<std::string> running, co_await std::move(listing));
    auto reaching = storage_of(context, group, *options);
    SONM_CO_TRY(StorageClient storage, co_await std::move(reaching));
    std::vector<std::string> tags{"app"};
    auto finding = storage.call<"find">(std::string("manifests"), std::move(tags));
    SONM_CO_TRY(std::vector<std::string> names, co_await std::move(finding));
    for (const std::string& name : running)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    json out = json::array();
    Table table({"APP", "STATE", "WORKERS", "QUEUE", "CALLS", "CRASHES"}, {2, 3, 4, 5});
    for (const std::string& name : names) {
        json info{{"state", "stored"}};
        if (std::find(running.begin(), running.end(), name) != running.end()) {
            auto asked = co_await info_of(node, name, 1);
            if (asked) info = std::move(*asked);
        }
        std::size_t workers = info.value(json::json_pointer("/pool/slaves"), json::object()).size();
        std::string state = info.value("state", "");
        table.add({name, state, std::to_string(workers), number_at(info, "/queue/depth"),
                   number_at(info, "/requests/accepted"), number_at(info, "/pool/total:crashed")});
        out.push_back(json{{"app", name}, {"state", state}, {"info", info}});
    }
    context.emit(out, table.empty() ? "no applications; `sonm app upload` stores one\n" : table.to_text());
    co_return Exit::ok;
}

Async<Exit> show(Context& context, TaskGroup& group, OptionsPtr options) {
    auto opening = node_of(context, group, *options);
    SONM_CO_TRY(NodeClient node, co_await std::move(opening));
    auto asking = info_of(node, options->name, options->pool_only ? 1 : 7);
    SONM_CO_TRY(json info, co_await std::move(asking));
    context.emit(info, info.dump(2) + "\n");
    co_return Exit::ok;
}

/// What its workers have printed: those that have failed, then those that live.
Async<Exit> logs(Context& context, TaskGroup& group, OptionsPtr options) {
    auto reaching = storage_of(context, group, *options);
    SONM_CO_TRY(StorageClient storage, co_await std::move(reaching));
    std::vector<std::string> tags{options->name};
    auto finding = storage.call<"find">(std::string("crashlogs"), std::move(tags));
    SONM_CO_TRY(std::vector<std::string> keys, co_await std::move(finding));
    std::size_t first = keys.size() > options->last ? keys.size() - options->last : 0;
    json out{{"crashes", json::array()}, {"output", json::array()}};
    std::string text;
    for (std::size_t i = first; i < keys.size(); ++i) {
        auto reading = storage.call<"read">(std::string("crashlogs"), keys[i]);
        SONM_CO_TRY(Bytes value, co_await std::move(reading));
        rpc::Reader in(value);
        SONM_CO_TRY(auto lines, rpc::unpack<std::vector<std::string>>(in));
        text += fmt::format("--- failed worker {}\n", keys[i]);
        for (const std::string& line : lines) text += line + "\n";
        out["crashes"].push_back(json{{"key", keys[i]}, {"lines", lines}});
    }
    auto opening = node_of(context, group, *options);
    SONM_CO_TRY(NodeClient node, co_await std::move(opening));
    auto asking = node.call<"output">(options->name);
    auto output = co_await std::move(asking);
    if (!output && !output.error().is(services::NodeErrc::not_running))
        co_return tl::unexpected<Error>(std::move(output.error()));
    if (output && !output->empty()) text += "--- living workers\n";
    for (const services::AppOutputLine& line : output ? *output : std::vector<services::AppOutputLine>()) {
        text += fmt::format("{} {}\n", line.worker.substr(0, 8), line.text);
        out["output"].push_back(json{{"worker", line.worker}, {"text", line.text}});
    }
    if (context.json())
        print(out.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
    else
        print_foreign(as_bytes(text), false);
    co_return Exit::ok;
}

Async<Exit> call(Context& context, TaskGroup& group, OptionsPtr options) {
    std::vector<std::string> chunks = options->data;
    if (chunks == std::vector<std::string>{"-"})
        chunks = {std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>())};
    auto opening = node_of(context, group, *options);
    SONM_CO_TRY(NodeClient node, co_await std::move(opening));
    SONM_CO_TRY(auto channel, node.stream<"enqueue">(options->name, options->event));
    for (const std::string& chunk : chunks) {
        auto writing = channel.sink.write(to_bytes(chunk));
        // Whatever ended the channel is what reading says.
        if (auto written = co_await std::move(writing); !written) break;
    }
    channel.sink.finish();
    json out = json::array();
    while (true) {
        SONM_CO_TRY(std::optional<Bytes> chunk, co_await channel.source.next());
        if (!chunk) break;
        if (context.json())
            out.push_back(std::string(as_text(*chunk)));
        else
            print_foreign(*chunk, false);
    }
    if (context.json()) print(out.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
    co_return Exit::ok;
}

using Work = Async<Exit> (*)(Context&, TaskGroup&, OptionsPtr);
using More = std::function<void(CLI::App&, AppOptions&)>;

void add_app_command(Commands& commands, CLI::App& parent, const char* name, const char* what,
                     const char* examples, Work work, More more) {
    add_command(commands, parent, name, what, examples, [work, more](CLI::App& leaf) -> Handler {
        auto options = std::make_shared<AppOptions>();
        add_node_link(leaf, options->link);
        more(leaf, *options);
        return [work, options](Context& context, TaskGroup& group) { return work(context, group, options); };
    });
}

void add_name(CLI::App& leaf, AppOptions& options) {
    leaf.add_option("app", options.name, "Name of the application")->required();
}

}  // namespace

void add_app_commands(Commands& commands) {
    CLI::App* app = commands.app.add_subcommand("app", "Applications of a node: programs that serve events");
    app->require_subcommand(1);
    add_app_command(
        commands, *app, "upload", "Store an application: its folder or archive, and its manifest",
        "  sonm app upload ./echo\n  sonm app upload echo.tar.gz --manifest manifest.json --name echo\n"
        "  sonm app upload ./echo --profile-file fast.json --profile fast",
        upload, [](CLI::App& leaf, AppOptions& o) {
            leaf.add_option("source", o.folder, "Folder with a manifest.json, or a tar archive")
                ->required()
                ->check(CLI::ExistingPath);
            leaf.add_option("--name", o.name, "Name of the application (default: the folder's)");
            leaf.add_option("--manifest", o.manifest, "JSON: {\"slave\": program, \"environment\": {...}}")
                ->check(CLI::ExistingFile);
            leaf.add_option("--profile-file", o.profile_file, "JSON: limits of the pool, see docs/apps.md")
                ->check(CLI::ExistingFile);
            leaf.add_option("--profile", o.profile,
                            "Name to store the profile under (default: the application's)");
        });
    add_app_command(
        commands, *app, "start",
        "Run a stored application, now and with the node; one that runs takes over what is stored now",
        "  sonm app start echo\n  sonm app start echo --profile fast", start,
        [](CLI::App& leaf, AppOptions& o) {
            add_name(leaf, o);
            leaf.add_option("--profile", o.profile,
                            "Stored profile (default: `default`, or the usual limits)");
        });
    add_app_command(commands, *app, "pause", "Stop an application, once its calls are done",
                    "  sonm app pause echo", pause, add_name);
    add_app_command(commands, *app, "ls", "Applications that are stored or run",
                    "  sonm app ls\n  sonm app ls --node 10.0.0.7:10053 --json", list,
                    [](CLI::App&, AppOptions&) {});
    add_app_command(commands, *app, "info", "All about one that runs: pool, queue, manifest, profile",
                    "  sonm app info echo\n  sonm app info echo --pool", show,
                    [](CLI::App& leaf, AppOptions& o) {
                        add_name(leaf, o);
                        leaf.add_flag("--pool", o.pool_only, "Without manifest and profile");
                    });
    add_app_command(
        commands, *app, "logs", "What its workers have printed: the last that failed, and those that live",
        "  sonm app logs echo\n  sonm app logs echo --last 5", logs, [](CLI::App& leaf, AppOptions& o) {
            add_name(leaf, o);
            leaf.add_option("--last", o.last, "How many failed workers")->capture_default_str();
        });
    add_app_command(commands, *app, "call", "Send an event, print the answer",
                    "  sonm app call echo ping hello\n  cat photo | sonm app call resize run -", call,
                    [](CLI::App& leaf, AppOptions& o) {
                        add_name(leaf, o);
                        leaf.add_option("event", o.event, "Name of the event")->required();
                        leaf.add_option("data", o.data, "Chunks to send, or - for standard input");
                    });
}

}  // namespace sonm::cli
