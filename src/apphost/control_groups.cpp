#include "sonm/apphost/control_groups.hpp"

#include "sonm/base/units.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;
using engine::FileHandle;

constexpr const char* parent_name = "sonm-apps";
constexpr const char* controllers_2 = "+memory +pids +cpu";
/// Length of the kernel's accounting period for processor time, in microseconds.
constexpr std::uint64_t cpu_period_us = 100'000;

bool is_version_2(const fs::path& path) {
    struct statfs system {};
    return ::statfs(path.c_str(), &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC;
}

bool write_text(const fs::path& file, std::string_view text) {
    auto handle = FileHandle::open(file, O_WRONLY);
    return handle && ::write(handle->get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool make_group(const fs::path& folder) { return ::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST; }

std::vector<fs::path> folders_in(const fs::path& folder) {
    std::vector<fs::path> out;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (at->is_directory(error)) out.push_back(at->path());
    return out;
}

/// Between the tag and the process number in the names of nodes of this namespace.
std::string middle_of_name() { return fmt::format(".{}.", process_namespace()); }

/// The process of the node with that name; nothing: it is not one of this namespace.
std::optional<pid_t> owner(std::string_view name) {
    std::string middle = middle_of_name();
    std::size_t at = name.find(middle);
    if (at == std::string_view::npos) return std::nullopt;
    auto pid = parse_int<pid_t>(name.substr(at + middle.size()));
    return pid && *pid > 0 ? std::optional(*pid) : std::nullopt;
}

bool is_dead(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

std::vector<pid_t> processes(const fs::path& folder) {
    std::ifstream file(folder / "cgroup.procs");
    std::vector<pid_t> out;
    for (pid_t pid = 0; file >> pid;) out.push_back(pid);
    return out;
}

}  // namespace

std::uint64_t process_namespace() {
    struct stat status {};
    return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

Result<std::vector<FileHandle>> ControlGroup::entrances() const {
    std::vector<FileHandle> out;
    for (const fs::path& folder : folders_) {
        SONM_TRY(FileHandle file, FileHandle::open(folder / "cgroup.procs", O_WRONLY));
        out.push_back(std::move(file));
    }
    return out;
}

void ControlGroup::kill() const {
    // Whoever forks faster than we read the list can do so no more.
    for (const fs::path& folder : folders_) write_text(folder / "pids.max", "0");
    for (const fs::path& folder : folders_) {
        if (write_text(folder / "cgroup.kill", "1")) continue;
        for (pid_t pid : processes(folder)) ::kill(pid, SIGKILL);
    }
}

bool ControlGroup::remove() const {
    kill();
    bool gone = true;
    for (const fs::path& folder : folders_) gone &= ::rmdir(folder.c_str()) == 0 || errno == ENOENT;
    return gone;
}

ControlGroups::ControlGroups(fs::path root, std::string tag)
    : tag_(std::move(tag)), name_(fmt::format("{}{}{}", tag_, middle_of_name(), ::getpid())) {
    if (is_version_2(root))
        use_version_2(root);
    else
        use_version_1(root);
    if (hierarchies_.empty() && missing_.empty())
        missing_ = "no control groups can be written below " + root.string();
}

ControlGroups::~ControlGroups() {
    for (const Hierarchy& hierarchy : hierarchies_) {
        for (const fs::path& group : folders_in(hierarchy.folder)) (void)ControlGroup({group}).remove();
        ::rmdir(hierarchy.folder.c_str());
        ::rmdir(hierarchy.folder.parent_path().c_str());
    }
}

bool ControlGroups::any_limits(bool Hierarchy::*controller) const {
    return std::ranges::any_of(hierarchies_, [&](const Hierarchy& one) { return one.*controller; });
}
bool ControlGroups::limit_memory() const { return any_limits(&Hierarchy::memory); }
bool ControlGroups::limit_processes() const { return any_limits(&Hierarchy::processes); }

std::string ControlGroups::unlimited() const {
    std::string out;
    for (auto [name, controller] : {std::pair{"memory", &Hierarchy::memory},
                                    {"processes", &Hierarchy::processes},
                                    {"processor time", &Hierarchy::cpu}})
        if (!any_limits(controller)) out += (out.empty() ? "" : ", ") + std::string(name);
    return out;
}

/// With the one that all nodes share. Another node may remove either while it is empty.
bool ControlGroups::make_node_folder(const fs::path& folder) const {
    bool made = false;
    for (int i = 0; i < 10 && !made; ++i) {
        if (!make_group(folder.parent_path())) return false;
        made = make_group(folder);
        if (!made && errno != ENOENT) return false;
    }
    if (!version_2_ || !made) return made;
    write_text(folder.parent_path() / "cgroup.subtree_control", controllers_2);
    return write_text(folder / "cgroup.subtree_control", controllers_2);
}

void ControlGroups::use_version_2(const fs::path& root) {
    version_2_ = true;
    fs::path folder = root / parent_name / name_;
    write_text(root / "cgroup.subtree_control", controllers_2);
    bool ready = make_node_folder(folder);
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) return;
    hierarchies_.push_back(Hierarchy{folder, true, true, true});
    if (!ready) missing_ = "control groups are there, but without the controllers memory, pids and cpu";
}

void ControlGroups::use_version_1(const fs::path& root) {
    std::set<fs::path> seen;
    for (const char* controller : {"memory", "pids", "cpu"}) {
        std::error_code error;
        fs::path real = fs::canonical(root / controller, error);
        if (error) continue;
        fs::path folder = real / parent_name / name_;
        if (seen.insert(folder).second) {
            if (!make_node_folder(folder)) continue;
            hierarchies_.push_back(Hierarchy{folder});
        }
        for (Hierarchy& hierarchy : hierarchies_) {
            if (hierarchy.folder != folder) continue;
            std::string_view name = controller;
            (name == "memory" ? hierarchy.memory
             : name == "pids" ? hierarchy.processes
                              : hierarchy.cpu) = true;
        }
    }
}

Result<ControlGroup> ControlGroups::make(const std::string& name, const Isolate& limits) const {
    std::vector<fs::path> folders;
    for (const Hierarchy& hierarchy : hierarchies_) {
        fs::path folder = hierarchy.folder / name;
        bool made = make_group(folder) ||
                    (errno == ENOENT && make_node_folder(hierarchy.folder) && make_group(folder));
        if (!made) return engine::system_failure(errno, folder.string());
        folders.push_back(folder);
        auto limited = limit(folder, hierarchy, limits);
        if (limited) continue;
        (void)ControlGroup(folders).remove();
        return tl::unexpected<Error>(std::move(limited.error()));
    }
    return ControlGroup(std::move(folders));
}

Result<void> ControlGroups::limit(const fs::path& folder, const Hierarchy& hierarchy,
                                  const Isolate& limits) const {
    std::vector<std::pair<const char*, std::string>> values;
    std::uint64_t quota = limits.cpu_millicores * cpu_period_us / 1000;
    if (hierarchy.memory)
        values.emplace_back(version_2_ ? "memory.max" : "memory.limit_in_bytes",
                            std::to_string(limits.memory_bytes_max));
    if (hierarchy.processes) values.emplace_back("pids.max", std::to_string(limits.processes_max));
    if (hierarchy.cpu && version_2_)
        values.emplace_back("cpu.max", fmt::format("{} {}", quota, cpu_period_us));
    if (hierarchy.cpu && !version_2_) {
        values.emplace_back("cpu.cfs_period_us", std::to_string(cpu_period_us));
        values.emplace_back("cpu.cfs_quota_us", std::to_string(quota));
    }
    for (const auto& [file, value] : values)
        if (!write_text(folder / file, value))
            return fail(Errc::io, "setting {} of a control group to {} failed", file, value);
    // Without these a group could swap beyond its limit; not every kernel counts swap.
    if (hierarchy.memory && version_2_) write_text(folder / "memory.swap.max", "0");
    if (hierarchy.memory && !version_2_)
        write_text(folder / "memory.memsw.limit_in_bytes", std::to_string(limits.memory_bytes_max));
    return Result<void>();
}

std::vector<ControlGroup> ControlGroups::leftovers() const {
    std::vector<ControlGroup> out;
    for (const Hierarchy& hierarchy : hierarchies_)
        for (const fs::path& node : folders_in(hierarchy.folder.parent_path())) {
            std::string name = node.filename().string();
            if (!name.starts_with(tag_ + middle_of_name())) continue;
            auto pid = owner(name);
            if (!pid || (*pid != ::getpid() && !is_dead(*pid))) continue;
            for (const fs::path& group : folders_in(node)) out.push_back(ControlGroup({group}));
        }
    return out;
}

void ControlGroups::sweep() const {
    for (const Hierarchy& hierarchy : hierarchies_)
        for (const fs::path& node : folders_in(hierarchy.folder.parent_path())) {
            std::string name = node.filename().string();
            if (name == name_) continue;
            auto pid = owner(name);
            if (pid ? !is_dead(*pid) : !name.starts_with(tag_ + ".")) continue;
            // One of another namespace may live, and be about to use groups that are still empty.
            if (pid)
                for (const fs::path& group : folders_in(node)) ::rmdir(group.c_str());
            ::rmdir(node.c_str());
        }
}

}  // namespace sonm::apphost
