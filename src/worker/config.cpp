#include "sonm/worker/config.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/stream.hpp"
#include "sonm/base/units.hpp"

namespace sonm::worker {
namespace {

namespace fs = std::filesystem;

Result<fs::path> parse_path(std::string_view text) {
    if (text.empty()) return fail(Errc::invalid, "a path is empty");
    return fs::path(text);
}

template <class T>
Result<T> parse_count(std::string_view text) {
    SONM_TRY(T count, parse_int<T>(text));
    if (count == 0) return fail(Errc::invalid, "\"{}\": 0 would forbid everything", text);
    return count;
}

Result<std::string> parse_listen(std::string_view text) {
    return parse_host_port(text).map([&](const HostPort&) { return std::string(text); });
}

Result<std::string> parse_level(std::string_view text) {
    static const std::set<std::string_view> levels{"trace", "debug", "info", "warn", "error", "off"};
    if (!levels.contains(text))
        return fail(Errc::invalid, "\"{}\": write trace, debug, info, warn, error or off", text);
    return std::string(text);
}

void limit_fields(YamlReader& r, Limits& limits) {
    r.optional(
        {"upload", "What the consumers of one deal may upload; never more than the storage they bought.",
         "4 GiB"},
        limits.upload_bytes_max, parse_bytes);
    r.optional({"image", "An image's files, unpacked.", "8 GiB"}, limits.image_unpacked_bytes_max,
               parse_bytes);
    r.optional({"log", "Kept of what one task prints; the oldest goes first.", "16 MiB"},
               limits.log_bytes_max, parse_bytes);
    r.optional({"output", "Outputs of one task.", "1 GiB"}, limits.output_bytes_max, parse_bytes);
    r.optional({"outputs_kept", "Outputs of all tasks of one deal together, for as long as they are kept.",
                "16 GiB"},
               limits.outputs_kept_bytes_max, parse_bytes);
    r.optional({"tasks", "Tasks of one deal at the same time.", "64"}, limits.tasks_max,
               parse_count<std::uint32_t>);
    r.optional({"tasks_kept", "Tasks of one deal, ended ones too.", "10000"}, limits.tasks_kept_max,
               parse_count<std::uint32_t>);
    r.optional({"processes", "Processes and threads of one task.", "256"}, limits.processes_max,
               parse_count<std::uint32_t>);
    r.optional({"connections", "Consumers' connections at the same time.", "256"}, limits.connections_max,
               parse_count<std::uint32_t>);
    r.optional({"keep", "How long logs, outputs and receipts are kept after a task's end.", "7 d"},
               limits.keep, parse_span);
}

void config_fields(YamlReader& r, WorkerConfig& c) {
    r.optional({"name", "What you call this machine.", "attic"}, c.name, yaml_text);
    r.optional({"key", "Account of this worker: its address or the beginning of it.", "0x7099"}, c.key,
               yaml_text);
    r.optional({"keys", "Folder of keystore files.", "keys"}, c.keys, parse_path);
    r.optional({"passphrase_file", "File whose first line is the key's passphrase.", "passphrase"},
               c.passphrase_file, parse_path);
    r.optional({"network", "File that says which chain and which contracts.", "network.json"}, c.network,
               parse_path);
    r.optional({"listen", "Where consumers connect to; port 0 picks a free one.", "127.0.0.1:0"}, c.listen,
               parse_listen);
    r.optional(
        {"advertise", "Host, or host:port, under which they reach it from outside.", "203.0.113.7:15010"},
        c.advertise, yaml_text);
    r.required({"state", "Folder of this worker's memory; two workers never share one.", "state"}, c.state,
               parse_path);
    r.optional({"engine", "Socket of the container engine.", "unix:///var/run/docker.sock"}, c.engine,
               yaml_text);
    r.child({"resources", "What may be sold at most; without it, the whole machine."}, false,
            [&](YamlReader& child) { model::resources_fields(child, c.resources.emplace()); });
    r.each({"ask_plans", "What is sold from the start. More can be added with `sonm ask create`."},
           [&](YamlReader& item) { ask_plan_fields(item, c.ask_plans.emplace_back()); });
    r.list({"ask_plan_files", "The same, in files of their own.", "[plan.yaml]"}, c.ask_plan_files,
           parse_path);
    r.optional({"pull_images", "Whether images that consumers do not upload may be fetched from registries.",
                "true"},
               c.pull_images, yaml_flag);
    r.optional(
        {"settle_period",
         "How often the money earned so far is taken. Costs a transaction; nothing is lost by waiting.",
         "1 h"},
        c.settle_period, parse_span);
    r.optional({"log_level", "trace, debug, info, warn, error, off.", "info"}, c.log_level, parse_level);
    r.optional({"metrics", "Where /metrics, /healthz and /readyz are; without it nowhere.", "127.0.0.1:9465"},
               c.metrics, parse_listen);
    r.child({"limits", "What a consumer may use at most."}, false,
            [&](YamlReader& child) { limit_fields(child, c.limits); });
    if (!r.describing() && c.settle_period.value == 0)
        r.problem("settle_period", "0 would settle without end; write for example 1 h");
}

void make_absolute(fs::path& path, const fs::path& folder) {
    if (!path.empty() && path.is_relative()) path = folder / path;
}

}  // namespace

Result<WorkerConfig> parse_config(std::string_view text, std::string_view name, const fs::path& folder) {
    WorkerConfig config;
    SONM_CHECK(read_yaml(text, name, [&](YamlReader& reader) { config_fields(reader, config); }));
    for (fs::path* path : {&config.keys, &config.passphrase_file, &config.network, &config.state})
        make_absolute(*path, folder);
    for (fs::path& path : config.ask_plan_files) {
        make_absolute(path, folder);
        SONM_TRY(std::string plan, read_text(path, yaml_bytes_max));
        SONM_TRY(AskPlan parsed, parse_ask_plan(plan, path.string()));
        if (parsed.name.empty()) parsed.name = path.stem().string();
        config.ask_plans.push_back(std::move(parsed));
    }
    for (std::size_t i = 0; i < config.ask_plans.size(); ++i) {
        AskPlan& plan = config.ask_plans[i];
        if (plan.name.empty()) plan.name = fmt::format("config-{}", i + 1);
        auto same = [&](const AskPlan& other) { return &other != &plan && other.name == plan.name; };
        if (std::ranges::any_of(config.ask_plans, same))
            return fail(Errc::invalid, "{}: two ask plans are called \"{}\"", name, plan.name);
    }
    return config;
}

Result<WorkerConfig> read_config(const fs::path& file) {
    SONM_TRY(std::string text, read_text(file, yaml_bytes_max));
    return parse_config(text, file.string(), fs::absolute(file).parent_path());
}

std::string config_template() {
    WorkerConfig config;
    return describe_yaml([&](YamlReader& reader) { config_fields(reader, config); });
}

fs::path admin_socket(const WorkerConfig& config) { return config.state / "admin.sock"; }

}  // namespace sonm::worker
