#include "sonm/engine/docker_json.hpp"
#include "sonm/engine/seccomp.hpp"

#include <nlohmann/json.hpp>

namespace sonm::engine::docker {
namespace {

constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t volumes_max = 32;
/// Period of the CPU quota, in µs: the kernel's default.
constexpr std::uint64_t cpu_period_us = 100'000;
/// Below it no engine starts a container.
constexpr std::uint64_t memory_bytes_min = 6 * MiB;

bool is_name(std::string_view text) {
    auto letter = [](unsigned char c) { return std::isalnum(c) != 0; };
    auto inner = [&](unsigned char c) { return letter(c) || c == '_' || c == '.' || c == '-'; };
    return !text.empty() && text.size() <= name_bytes_max && letter(static_cast<unsigned char>(text[0])) &&
           std::all_of(text.begin(), text.end(), inner);
}

bool is_clean_path(std::string_view path) {
    if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) return false;
    return std::filesystem::path(path).lexically_normal() == std::filesystem::path(path);
}

Result<void> check_mount(const Mount& mount) {
    if (!is_clean_path(mount.target) || mount.target == "/")
        return fail(Errc::invalid, "mount target \"{}\": an absolute path without . and ..", mount.target);
    if (mount.kind == Mount::Kind::bind && !is_clean_path(mount.source)) {
        return fail(Errc::invalid, "mount source \"{}\": an absolute path without . and ..", mount.source);
    }
    if (mount.kind == Mount::Kind::volume && !is_name(mount.source))
        return fail(Errc::invalid, "volume name \"{}\"", mount.source);
    if (mount.kind == Mount::Kind::tmpfs && mount.tmpfs_bytes_max == 0)
        return fail(Errc::invalid, "tmpfs {} needs a size", mount.target);
    return {};
}

Json to_json(const Mount& mount) {
    Json out = Json::object();
    out["Target"] = mount.target;
    out["ReadOnly"] = mount.read_only;
    switch (mount.kind) {
        case Mount::Kind::bind:
            out["Type"] = "bind";
            out["Source"] = mount.source;
            // What is mounted in there later on stays invisible, both ways.
            out["BindOptions"] = Json::object({{"Propagation", "rprivate"}});
            break;
        case Mount::Kind::volume:
            out["Type"] = "volume";
            out["Source"] = mount.source;
            out["VolumeOptions"] = Json::object({{"NoCopy", true}});
            break;
        case Mount::Kind::tmpfs:
            out["Type"] = "tmpfs";
            out["TmpfsOptions"] = Json::object({{"SizeBytes", mount.tmpfs_bytes_max}, {"Mode", 01777}});
            break;
    }
    return out;
}

Json rates(const std::vector<std::string>& disks, std::uint64_t bytes_per_second) {
    Json out = Json::array();
    if (bytes_per_second == 0) return out;
    for (const auto& disk : disks) out.push_back(Json::object({{"Path", disk}, {"Rate", bytes_per_second}}));
    return out;
}

Json host_config(const ContainerSpec& spec, const Placement& placement) {
    const ContainerLimits& limits = spec.limits;
    Json host = Json::object();
    host["CapDrop"] = Json::array({"ALL"});
    host["SecurityOpt"] = Json::array({"no-new-privileges", "seccomp=" + std::string(seccomp_profile())});
    host["Privileged"] = false;
    host["ReadonlyRootfs"] = spec.read_only_root;
    host["NetworkMode"] = spec.network ? spec.network->value : "none";
    if (spec.network) host["Dns"] = spec.name_servers;
    host["IpcMode"] = "private";
    host["CgroupnsMode"] = "private";
    if (!placement.control_group.empty()) host["CgroupParent"] = placement.control_group;
    host["RestartPolicy"] = Json::object({{"Name", "no"}});
    // No init process: it would hide that a command is missing, and not every machine has one.
    host["Init"] = false;
    host["AutoRemove"] = false;

    host["Memory"] = limits.memory_bytes_max;
    host["MemorySwap"] = limits.memory_bytes_max;
    host["CpuPeriod"] = cpu_period_us;
    host["CpuQuota"] = limits.cpu_millicores * cpu_period_us / 1000;
    if (!limits.cpu_set.empty()) host["CpusetCpus"] = limits.cpu_set;
    host["PidsLimit"] = limits.processes_max;
    host["ShmSize"] = limits.shared_memory_bytes_max;
    host["Ulimits"] = Json::array(
        {Json::object({{"Name", "nofile"}, {"Soft", limits.files_max}, {"Hard", limits.files_max}}),
         Json::object({{"Name", "core"}, {"Soft", 0}, {"Hard", 0}})});
    host["BlkioDeviceReadBps"] = rates(placement.disks, limits.disk_read_bytes_per_second);
    host["BlkioDeviceWriteBps"] = rates(placement.disks, limits.disk_write_bytes_per_second);

    // Two files of half the size each: the engine drops the older one as a whole. What is stored is JSON,
    // longer than the output.
    std::uint64_t half_kib = std::max<std::uint64_t>(limits.log_bytes_max / 2 / KiB, 1);
    host["LogConfig"] = Json::object(
        {{"Type", "json-file"},
         {"Config", Json::object({{"max-size", fmt::format("{}k", half_kib)}, {"max-file", "2"}})}});

    Json mounts = Json::array();
    for (const Mount& mount : spec.mounts) mounts.push_back(to_json(mount));
    host["Mounts"] = std::move(mounts);
    return host;
}

/// "1000" or "1000:100", but not user 0. Engines also read signs and names.
bool is_plain_user(std::string_view user) {
    std::string_view group = "0";
    if (std::size_t colon = user.find(':'); colon != std::string_view::npos) {
        group = user.substr(colon + 1);
        user = user.substr(0, colon);
    }
    auto is_number = [](std::string_view text) {
        return !text.empty() && text.size() <= 10 &&
               text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    return is_number(user) && is_number(group) && user.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

void settle_user(ContainerSpec& spec, const ImageInfo& image) {
    if (spec.user.empty()) spec.user = is_plain_user(image.user) ? image.user : "65534:65534";
}

Result<void> cover_volumes(ContainerSpec& spec, const ImageInfo& image) {
    if (image.volumes.size() > volumes_max)
        return fail(EngineErrc::image_refused, "the image declares more than {} volumes", volumes_max);
    for (const std::string& volume : image.volumes) {
        std::string path = std::filesystem::path(volume).lexically_normal();
        if (path.size() > 1 && path.ends_with('/')) path.pop_back();
        if (!is_clean_path(path) || path == "/")
            return fail(EngineErrc::image_refused, "the image declares the volume \"{}\"", volume);
        if (std::ranges::any_of(spec.mounts, [&](const Mount& mount) { return mount.target == path; }))
            continue;
        Mount cover;
        cover.kind = Mount::Kind::tmpfs;
        cover.target = std::move(path);
        cover.tmpfs_bytes_max = spec.limits.memory_bytes_max;
        spec.mounts.push_back(std::move(cover));
    }
    return {};
}

Result<void> check(const ContainerSpec& spec) {
    if (!is_name(spec.name))
        return fail(Errc::invalid, "container name \"{}\": letters, digits and _.-, at most {}", spec.name,
                    name_bytes_max);
    if (spec.image.empty()) return fail(Errc::invalid, "container {} has no image", spec.name);
    if (!spec.user.empty() && !is_plain_user(spec.user))
        return fail(Errc::invalid, "user \"{}\": a number other than 0, and perhaps :group as a number",
                    spec.user);
    if (spec.limits.cpu_millicores < 10)
        return fail(Errc::invalid, "cpu {} millicores: at least 10", spec.limits.cpu_millicores);
    if (spec.limits.memory_bytes_max < memory_bytes_min) {
        return fail(Errc::invalid, "memory {} bytes: at least {}", spec.limits.memory_bytes_max,
                    memory_bytes_min);
    }
    if (spec.limits.processes_max == 0 || spec.limits.files_max == 0)
        return fail(Errc::invalid, "a container without processes or files");
    for (const Mount& mount : spec.mounts) SONM_CHECK(check_mount(mount));
    for (const auto& [name, value] : spec.env) {
        bool good = !name.empty() && name.find('=') == std::string::npos &&
                    name.find('\0') == std::string::npos && value.find('\0') == std::string::npos;
        if (!good) return fail(Errc::invalid, "environment variable \"{}\"", name);
    }
    return {};
}

Json to_json(const ContainerSpec& spec, const Placement& placement) {
    Json out = Json::object();
    out["Image"] = spec.image;
    if (!spec.entrypoint.empty()) out["Entrypoint"] = spec.entrypoint;
    if (!spec.command.empty()) out["Cmd"] = spec.command;
    if (!spec.work_dir.empty()) out["WorkingDir"] = spec.work_dir;
    if (!spec.user.empty()) out["User"] = spec.user;
    Json env = Json::array();
    for (const auto& [name, value] : spec.env) env.push_back(name + "=" + value);
    out["Env"] = std::move(env);
    out["Labels"] = spec.labels;
    out["StopTimeout"] = spec.stop_grace.value;
    out["Tty"] = false;
    out["AttachStdin"] = false;
    out["Healthcheck"] = Json::object({{"Test", Json::array({"NONE"})}});
    out["HostConfig"] = host_config(spec, placement);
    return out;
}

}  // namespace sonm::engine::docker
