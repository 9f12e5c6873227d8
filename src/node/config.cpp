#include "sonm/node/config.hpp"

#include "sonm/base/units.hpp"

#include <set>

namespace sonm::node {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t services_max = 256;
constexpr std::size_t name_bytes_max = 64;

Result<fs::path> parse_path(std::string_view text) {
    if (text.empty()) return fail(Errc::invalid, "a path is empty");
    return fs::path(text);
}

Result<std::string> parse_address(std::string_view text) {
    if (text.starts_with("unix:") && text.size() > 5) return std::string(text);
    return parse_host_port(text).map([&](const HostPort&) { return std::string(text); });
}

Result<std::string> parse_tcp_address(std::string_view text) {
    return parse_host_port(text).map([&](const HostPort&) { return std::string(text); });
}

Result<std::string> parse_level(std::string_view text) {
    static const std::set<std::string_view> levels{"trace", "debug", "info", "warn", "error", "off"};
    if (!levels.contains(text))
        return fail(Errc::invalid, "'{}': write trace, debug, info, warn, error or off", text);
    return std::string(text);
}

Result<CallsFrom> parse_calls(std::string_view text) {
    if (text == "nobody") return CallsFrom::nobody;
    if (text == "this_machine") return CallsFrom::this_machine;
    if (text == "anybody") return CallsFrom::anybody;
    return fail(Errc::invalid, "'{}': write nobody, this_machine or anybody", text);
}

template <class T>
Result<T> parse_count(std::string_view text) {
    SONM_TRY(T count, parse_int<T>(text));
    if (count == 0) return fail(Errc::invalid, "'{}': 0 would forbid everything", text);
    return count;
}

Result<std::uint64_t> parse_size(std::string_view text) {
    SONM_TRY(std::uint64_t bytes, parse_bytes(text));
    if (bytes < 4 * KiB) return fail(Errc::invalid, "'{}': nothing fits into less than 4 KiB", text);
    return bytes;
}

Result<Millis> parse_wait(std::string_view text) {
    return parse_span(text).map([](Seconds span) { return Millis(span.value * 1000); });
}

/// Names go into addresses, folders and metrics.
Result<std::string> parse_name(std::string_view text) {
    bool good = !text.empty() && text.size() <= name_bytes_max && text[0] != '.' && text[0] != '-';
    for (char c : text)
        good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        c == '_' || c == '-' || c == '.');
    if (!good)
        return fail(Errc::invalid, "'{}': a name has 1 to {} letters, digits and _-. (not first)", text,
                    name_bytes_max);
    return std::string(text);
}

void limit_fields(YamlReader& r, NodeLimits& limits) {
    r.optional({"connections",
                "Clients at the same time, over all ports; the newest beyond that are turned away.", "4096"},
               limits.connections_max, parse_count<std::uint32_t>);
    r.optional({"channels", "Calls and streams of one client that are open at the same time.", "1024"},
               limits.channels_max, parse_count<std::uint32_t>);
    r.optional({"message", "One message, in either direction.", "16 MiB"}, limits.frame_bytes_max,
               parse_size);
    r.optional({"inbound", "Of one client: what has come in and is not worked on yet.", "64 MiB"},
               limits.inbound_bytes_max, parse_size);
    r.optional({"outbound", "Of one client: what it has not read yet; services wait above that.", "1 MiB"},
               limits.outbound_bytes_max, parse_size);
    r.optional({"idle", "A client that says nothing and waits for nothing is closed after this.", "10 min"},
               limits.idle, parse_span);
}

void http_fields(YamlReader& r, HttpConfig& http) {
    auto listen = [](std::string_view text) -> Result<std::string> {
        return text == "off" ? Result<std::string>(std::string()) : parse_tcp_address(text);
    };
    r.optional(
        {"listen", "Where /metrics, /healthz, /readyz and /status are; port 0 takes a free one, off none.",
         "127.0.0.1:9464"},
        http.listen, listen);
    r.optional({"calls", "Who may call services with POST /v1/SERVICE/METHOD: nobody, this_machine, anybody.",
                "this_machine"},
               http.calls, parse_calls);
    r.list(
        {"hosts", "Names under which clients may do that, beside addresses and localhost.", "[node.example]"},
        http.hosts, yaml_text);
    r.optional({"body", "Largest body of such a call.", "8 MiB"}, http.body_bytes_max, parse_size);
}

void config_fields(YamlReader& r, NodeConfig& c) {
    r.optional({"name", "What you call this node.", "attic"}, c.name, parse_name);
    r.required(
        {"state", "Folder for what the node and its services keep; two nodes never share one.", "state"},
        c.state, parse_path);
    r.list({"listen", "Where clients find the locator and, by name, each service: host:port or unix:/path.",
            "[127.0.0.1:10053]"},
           c.listen, parse_address);
    r.optional(
        {"service_host", "Where the services' own ports are; without it the host of the first address above.",
         "127.0.0.1"},
        c.service_host, yaml_text);
    r.optional(
        {"ports",
         "The services' own ports, taken in order; 0: any free ones; none: clients have to attach by name.",
         "10100-10199"},
        c.ports, parse_port_range);
    r.list({"advertise",
            "Under which host:port others reach the addresses above, if not under those themselves.",
            "[203.0.113.7:10053]"},
           c.advertise, parse_host_port);
    r.optional(
        {"key",
         "Account with which this node proves who it is: its address or the beginning of it. Without it "
         "clients cannot ask for a proof.",
         "0x7099"},
        c.key, yaml_text);
    r.optional({"keys", "Folder of keystore files; without it that of your home.", "keys"}, c.keys,
               parse_path);
    r.optional({"passphrase_file", "File whose first line is the key's passphrase.", "passphrase"},
               c.passphrase_file, parse_path);
    r.optional({"network", "File that says which chain and which contracts; for services that need them.",
                "network.json"},
               c.network, parse_path);
    r.optional({"identity_required",
                "Whether clients have to prove an account before anything is served, but over unix sockets.",
                "false"},
               c.identity_required, yaml_flag);
    r.child({"limits", "What clients may use at most."}, false,
            [&](YamlReader& child) { limit_fields(child, c.limits); });
    r.child(
        {"locator", "Other nodes: how they find each other, who of them serves what is not here, routing."},
        false, [&](YamlReader& child) { locator::fields(child, c.locator); });
    r.child({"http", "Metrics, health and calls as JSON, for this machine."}, false,
            [&](YamlReader& child) { http_fields(child, c.http); });
    r.optional({"start", "How long one service may take to start.", "1 min"}, c.start_max, parse_wait);
    r.optional(
        {"drain", "How long calls that are under way may take to end when the node is stopped.", "10 s"},
        c.drain_max, parse_wait);
    r.optional({"log_level", "trace, debug, info, warn, error, off.", "info"}, c.log_level, parse_level);
    if (r.describing()) return;
    if (c.identity_required && c.key.empty())
        r.problem("identity_required", "needs a key to answer proofs with");
    if (c.limits.frame_bytes_max > c.limits.inbound_bytes_max)
        r.problem("limits", "inbound is smaller than one message");
}

struct ServiceReader {
    const NodeConfig& config;
    const Types& types;
    const MakeService& make;
    std::vector<std::string> names;
    std::optional<Error> failure;  ///< the first that no key explains

    void read(YamlReader& r) {
        ServiceEntry entry;
        const ServiceType* type = nullptr;
        auto parse_type = [&](std::string_view text) -> Result<std::string> {
            type = types.find(text);
            if (type) return std::string(text);
            auto known = types.names();
            std::string_view near = nearest_word(text, known);
            if (!near.empty())
                return fail(Errc::invalid, "'{}' is no known type; did you mean '{}'?", text, near);
            return fail(Errc::invalid, "'{}' is no known type; there are {}", text, fmt::join(known, ", "));
        };
        r.required({"name", "", "storage"}, entry.name, parse_name);
        r.required({"type", "", "storage"}, entry.type, parse_type);
        r.optional({"listen", "", "127.0.0.1:10054"}, entry.listen, parse_tcp_address);
        if (std::ranges::find(names, entry.name) != names.end() && !entry.name.empty())
            r.problem("name", fmt::format("two services are called '{}'", entry.name));
        if (names.size() >= services_max)
            r.problem("name", fmt::format("more than {} services", services_max));
        names.push_back(entry.name);
        if (!type || entry.name.empty()) {
            r.entries({"args"}, [](std::string_view, std::string_view) { return Result<void>(); });
            return;
        }
        if (r.has("args")) {
            r.child({"args"}, false, [&](YamlReader& args) { keep(make(config, entry, *type, args)); });
            return;
        }
        auto without = [&](YamlReader& args) { keep(make(config, entry, *type, args)); };
        if (auto done = read_yaml("{}", "args", without); !done) r.problem("name", done.error().context);
    }

    void keep(Result<void> made) {
        if (!made && !failure) failure = std::move(made.error());
    }
};

void make_absolute(fs::path& path, const fs::path& folder) {
    if (!path.empty() && path.is_relative()) path = folder / path;
}

/// Services that need no arguments and nothing beside: the template lists them ready to run.
const std::set<std::string_view> ready{"storage", "logging", "time"};

/// Each line of `text` set in by `depth`; `commented` makes comments of those that are none.
std::string indented(std::string_view text, std::size_t depth, bool commented) {
    std::string out;
    while (!text.empty()) {
        std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        bool comment = line.substr(std::min(line.find_first_not_of(' '), line.size())).starts_with('#');
        out += fmt::format("{}{}{}\n", std::string(depth, ' '), commented && !comment ? "#" : "", line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string describe_service(const ServiceType& type) {
    asio::io_context context;
    SystemClock clock;
    services::Environment environment;
    environment.executor = context.get_executor();
    environment.clock = &clock;
    environment.name = type.name;
    std::string args = describe_yaml([&](YamlReader& r) { (void)type.make(environment, r); });
    bool off = !ready.contains(type.name);
    bool any_key = false;
    for (std::size_t at = 0; at < args.size(); at = std::min(args.find('\n', at), args.size() - 1) + 1)
        any_key = any_key || (args[at] != '#' && args[at] != ' ' && args[at] != '\n');
    std::string out = fmt::format("\n  # {}\n", type.says);
    out += indented(fmt::format("- name: {}\n  type: {}\n", type.usual_name, type.name), 2, off);
    if (!args.empty()) out += indented("args:", 4, off || !any_key) + indented(args, 6, off || !any_key);
    return out;
}

}  // namespace

Result<PortRange> parse_port_range(std::string_view text) {
    if (text == "none") return PortRange{0, 0, true};
    auto dash = text.find('-');
    std::string_view last = dash == std::string_view::npos ? text : text.substr(dash + 1);
    auto first_port = parse_int<std::uint16_t>(text.substr(0, dash));
    auto last_port = parse_int<std::uint16_t>(last);
    if (!first_port || !last_port || *first_port > *last_port || (*first_port == 0 && *last_port != 0))
        return fail(Errc::invalid, "'{}' is no range of ports; write it like 10100-10199", text);
    return PortRange{*first_port, *last_port, false};
}

Result<NodeConfig> parse_config(std::string_view text, std::string_view name, const fs::path& folder,
                                const Types& types, const MakeService& make) {
    NodeConfig config;
    ServiceReader reader{config, types, make, {}, std::nullopt};
    SONM_CHECK(read_yaml(text, name, [&](YamlReader& r) {
        config_fields(r, config);
        for (fs::path* path : {&config.state, &config.keys, &config.passphrase_file, &config.network})
            make_absolute(*path, folder);
        r.each({"services"}, [&](YamlReader& item) { reader.read(item); });
    }));
    if (reader.failure) return tl::unexpected<Error>(std::move(*reader.failure));
    return config;
}

std::string config_template(const Types& types) {
    NodeConfig config;
    std::string out = describe_yaml([&](YamlReader& r) { config_fields(r, config); });
    // A node that cannot be reached would be of little use.
    auto listen = out.find("#listen: [");
    if (listen != std::string::npos) out.erase(listen, 1);
    out +=
        "# What this node serves, in the order in which it starts. name: under which clients find it. type: "
        "one of those\n"
        "# below. listen: a port of its own choice, instead of the next of `ports`. args: what the type "
        "takes.\n"
        "services:\n";
    for (const ServiceType& type : types.all()) out += describe_service(type);
    return out;
}

fs::path admin_socket(const NodeConfig& config) { return config.state / "node.sock"; }

}  // namespace sonm::node
