#include "sonm/engine/docker_json.hpp"

#include <nlohmann/json.hpp>

namespace sonm::engine::docker {
namespace {

Result<ContainerState> parse_state(std::string_view text) {
    constexpr std::pair<std::string_view, ContainerState> states[] = {
        {"created", ContainerState::created},   {"running", ContainerState::running},
        {"paused", ContainerState::paused},     {"restarting", ContainerState::restarting},
        {"removing", ContainerState::removing}, {"exited", ContainerState::exited},
        {"dead", ContainerState::dead}};
    for (const auto& [name, state] : states)
        if (name == text) return state;
    return fail(EngineErrc::bad_answer, "container state \"{}\"", text);
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view what) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded())
        return fail(EngineErrc::bad_answer, "{} is no JSON: {}", what, text.substr(0, 80));
    return json;
}

std::string print_json(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

const Json& member_of(const Json& object, const char* key) {
    static const Json nothing;
    if (!object.is_object()) return nothing;
    auto found = object.find(key);
    return found == object.end() ? nothing : *found;
}

std::string text_of(const Json& object, const char* key) {
    const Json& value = member_of(object, key);
    return value.is_string() ? value.get<std::string>() : std::string();
}

std::uint64_t number_of(const Json& object, const char* key) {
    const Json& value = member_of(object, key);
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    // Negative means "unknown" or "none" wherever this API uses it.
    if (value.is_number_integer()) return 0;
    if (!value.is_number_float()) return 0;
    double number = value.get<double>();
    return number >= 0 && number < 1.8e19 ? static_cast<std::uint64_t>(number) : 0;
}

bool flag_of(const Json& object, const char* key) {
    const Json& value = member_of(object, key);
    return value.is_boolean() && value.get<bool>();
}

Labels labels_of(const Json& object, const char* key) {
    Labels out;
    const Json& map = member_of(object, key);
    if (!map.is_object()) return out;
    for (const auto& [name, value] : map.items())
        if (value.is_string()) out.emplace(name, value.get<std::string>());
    return out;
}

std::uint64_t parse_time_ns(std::string_view text) {
    std::size_t at = 0;
    auto digits = [&](std::size_t count) -> std::int64_t {
        std::int64_t value = 0;
        for (std::size_t i = 0; i < count; ++i, ++at) {
            if (at >= text.size() || text[at] < '0' || text[at] > '9') return -1;
            value = value * 10 + (text[at] - '0');
        }
        return value;
    };
    auto sign = [&](char c) { return at < text.size() && text[at] == c && ++at; };
    std::int64_t year = digits(4);
    if (year < 1970 || year > 2500 || !sign('-')) return 0;
    std::int64_t month = digits(2);
    if (month < 1 || month > 12 || !sign('-')) return 0;
    std::int64_t day = digits(2);
    if (day < 1 || day > 31 || !sign('T')) return 0;
    std::int64_t hour = digits(2);
    if (hour < 0 || hour > 23 || !sign(':')) return 0;
    std::int64_t minute = digits(2);
    if (minute < 0 || minute > 59 || !sign(':')) return 0;
    std::int64_t second = digits(2);
    if (second < 0 || second > 60) return 0;
    std::int64_t ns = 0;
    if (sign('.')) {
        std::int64_t scale = 100'000'000;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
            ns += (text[at] - '0') * scale;
    }
    std::int64_t offset_minutes = 0;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        std::int64_t direction = text[at++] == '+' ? 1 : -1;
        std::int64_t hours = digits(2);
        if (hours < 0 || !sign(':')) return 0;
        std::int64_t minutes = digits(2);
        if (minutes < 0) return 0;
        offset_minutes = direction * (hours * 60 + minutes);
    }
    auto date = std::chrono::sys_days(std::chrono::year(int(year)) / int(month) / int(day));
    std::int64_t seconds =
        date.time_since_epoch().count() * 86'400LL + hour * 3600 + minute * 60 + second - offset_minutes * 60;
    return seconds < 0 || seconds > 18'000'000'000LL
               ? 0
               : std::uint64_t(seconds) * 1'000'000'000U + std::uint64_t(ns);
}

std::string print_time_ns(std::uint64_t time_ns) {
    return fmt::format("{}.{:09}", time_ns / 1'000'000'000U, time_ns % 1'000'000'000U);
}

std::string label_filter(const Labels& labels) {
    Json list = Json::array();
    for (const auto& [name, value] : labels) list.push_back(name + "=" + value);
    Json filters = Json::object();
    filters["label"] = std::move(list);
    return print_json(filters);
}

std::string registry_auth(const Credentials& credentials, const std::string& registry) {
    Json json = Json::object();
    if (!credentials.identity_token.empty()) {
        json["identitytoken"] = credentials.identity_token;
    } else {
        json["username"] = credentials.user;
        json["password"] = credentials.password;
    }
    json["serveraddress"] = registry;
    std::string text = print_json(json), out;
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (std::size_t i = 0; i < text.size(); i += 3) {
        std::uint32_t group = 0;
        std::size_t have = std::min<std::size_t>(3, text.size() - i);
        for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < have ? std::uint8_t(text[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) out += k <= have ? alphabet[group >> (18 - 6 * k) & 63U] : '=';
    }
    return out;
}

Result<ContainerInfo> to_container(const Json& json) {
    ContainerInfo out;
    out.id = ContainerId(text_of(json, "Id"));
    if (out.id.value.empty()) return fail(EngineErrc::bad_answer, "a container without Id");
    out.name = text_of(json, "Name");
    if (out.name.starts_with('/')) out.name.erase(0, 1);
    out.image = ImageId(text_of(json, "Image"));
    out.labels = labels_of(member_of(json, "Config"), "Labels");
    const Json& state = member_of(json, "State");
    SONM_TRY(out.state, parse_state(text_of(state, "Status")));
    const Json& code = member_of(state, "ExitCode");
    out.exit_code = code.is_number_integer() ? code.get<int>() : 0;
    out.oom_killed = flag_of(state, "OOMKilled");
    out.error = text_of(state, "Error");
    std::uint64_t started_ns = parse_time_ns(text_of(state, "StartedAt")),
                  finished_ns = parse_time_ns(text_of(state, "FinishedAt"));
    out.started = UnixTime(started_ns / 1'000'000'000U);
    out.finished = UnixTime(finished_ns / 1'000'000'000U);
    if (started_ns && finished_ns > started_ns) out.ran = Millis((finished_ns - started_ns) / 1'000'000U);
    return out;
}

Result<ContainerInfo> to_listed(const Json& item) {
    ContainerInfo out;
    out.id = ContainerId(text_of(item, "Id"));
    if (out.id.value.empty()) return fail(EngineErrc::bad_answer, "a container without Id");
    const Json& names = member_of(item, "Names");
    if (names.is_array() && !names.empty() && names[0].is_string()) out.name = names[0].get<std::string>();
    if (out.name.starts_with('/')) out.name.erase(0, 1);
    out.image = ImageId(text_of(item, "ImageID"));
    out.labels = labels_of(item, "Labels");
    SONM_TRY(out.state, parse_state(text_of(item, "State")));
    return out;
}

Result<ImageInfo> to_image(const Json& json) {
    ImageInfo out;
    out.id = ImageId(text_of(json, "Id"));
    if (out.id.value.empty()) return fail(EngineErrc::bad_answer, "an image without Id");
    const Json& tags = member_of(json, "RepoTags");
    if (tags.is_array())
        for (const Json& tag : tags)
            if (tag.is_string()) out.tags.push_back(tag.get<std::string>());
    out.unpacked_bytes = std::max(number_of(json, "VirtualSize"), number_of(json, "Size"));
    const Json& config = member_of(json, "Config");
    out.user = text_of(config, "User");
    const Json& volumes = member_of(config, "Volumes");
    if (volumes.is_object())
        for (const auto& [path, nothing] : volumes.items()) out.volumes.push_back(path);
    return out;
}

Result<Usage> to_usage(const Json& stats) {
    if (!member_of(stats, "cpu_stats").is_object())
        return fail(EngineErrc::bad_answer, "statistics without cpu_stats");
    Usage out;
    out.cpu_ns = number_of(member_of(member_of(stats, "cpu_stats"), "cpu_usage"), "total_usage");
    const Json& memory = member_of(stats, "memory_stats");
    out.memory_bytes = number_of(memory, "usage");
    // Control groups v2 report no peak through this API; then it is the caller's maximum over its samples.
    out.memory_bytes_peak = std::max(out.memory_bytes, number_of(memory, "max_usage"));
    const Json& networks = member_of(stats, "networks");
    if (networks.is_object())
        for (const auto& [name, network] : networks.items()) {
            out.network_bytes_in += number_of(network, "rx_bytes");
            out.network_bytes_out += number_of(network, "tx_bytes");
        }
    const Json& disks = member_of(member_of(stats, "blkio_stats"), "io_service_bytes_recursive");
    if (disks.is_array())
        for (const Json& entry : disks) {
            std::string op = text_of(entry, "op");
            if (op == "Read" || op == "read") out.disk_bytes_read += number_of(entry, "value");
            if (op == "Write" || op == "write") out.disk_bytes_written += number_of(entry, "value");
        }
    out.processes = number_of(member_of(stats, "pids_stats"), "current");
    return out;
}

Result<Event> to_event(const Json& json) {
    Event out;
    const Json& actor = member_of(json, "Actor");
    out.container = ContainerId(text_of(actor, "ID"));
    out.action = text_of(json, "Action");
    if (out.container.value.empty() || out.action.empty())
        return fail(EngineErrc::bad_answer, "an event without container or action");
    out.time_ns = number_of(json, "timeNano");
    out.attributes = labels_of(actor, "Attributes");
    return out;
}

EngineInfo to_info(const Json& json, std::string api_version) {
    EngineInfo out;
    out.version = text_of(json, "ServerVersion");
    out.api_version = std::move(api_version);
    out.operating_system = text_of(json, "OperatingSystem");
    out.kernel = text_of(json, "KernelVersion");
    out.storage_driver = text_of(json, "Driver");
    out.cgroup_driver = text_of(json, "CgroupDriver");
    out.cgroup_version = text_of(json, "CgroupVersion") == "2" ? 2 : 1;
    out.cpus = number_of(json, "NCPU");
    out.memory_bytes = number_of(json, "MemTotal");
    out.containers = number_of(json, "Containers");
    out.containers_running = number_of(json, "ContainersRunning");
    out.survives_restart = flag_of(json, "LiveRestoreEnabled");
    const Json& options = member_of(json, "SecurityOptions");
    if (options.is_array())
        for (const Json& option : options) {
            std::string text = option.is_string() ? option.get<std::string>() : std::string();
            out.user_namespaces |= text.starts_with("name=userns") || text.starts_with("name=rootless");
            out.seccomp |= text.starts_with("name=seccomp");
        }
    if (!out.user_namespaces)
        out.missing.push_back("no user-namespace remap: root of a container has the machine's user id 0");
    if (!out.seccomp) out.missing.push_back("no seccomp: every system call is open to a container");
    if (!flag_of(json, "MemoryLimit")) out.missing.push_back("no memory limit");
    if (!flag_of(json, "SwapLimit"))
        out.missing.push_back("no swap limit: a container may swap beyond its memory");
    if (!flag_of(json, "PidsLimit")) out.missing.push_back("no limit on the number of processes");
    if (!flag_of(json, "CpuCfsQuota")) out.missing.push_back("no CPU quota");
    if (!flag_of(json, "CPUSet")) out.missing.push_back("no binding to CPUs");
    return out;
}

}  // namespace sonm::engine::docker
