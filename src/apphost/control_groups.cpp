#include "sonm/apphost/control_groups.hpp"

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

std::vector<pid_t> processes(const fs::path& folder) {
    std::ifstream file(folder / "cgroup.procs");
    std::vector<pid_t> out;
    for (pid_t pid = 0; file >> pid;) out.push_back(pid);
    return out;
}

}  // namespace

Result<std::vector<FileHandle>> ControlGroup::entrances() const {
    std::vector<FileHandle> out;
    for (const fs::path& folder : folders_) {
        SONM_TRY(FileHandle file, FileHandle::open(folder / "cgroup.procs", O_WRONLY));
        out.push_back(std::move(file));
    }
    return out;
}

void ControlGroup::kill() const {
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

ControlGroups::ControlGroups(fs::path root, std::string tag) : tag_(std::move(tag)) {
    if (is_version_2(root))
        use_version_2(root);
    else
        use_version_1(root);
    if (hierarchies_.empty() && missing_.empty())
        missing_ = "no control groups can be written below " + root.string();
}

void ControlGroups::use_version_2(const fs::path& root) {
    version_2_ = true;
    fs::path folder = root / parent_name;
    write_text(root / "cgroup.subtree_control", "+memory +pids +cpu");
    if (!make_group(folder) || !make_group(folder / tag_)) return;
    write_text(folder / "cgroup.subtree_control", "+memory +pids +cpu");
    bool delegated = write_text(folder / tag_ / "cgroup.subtree_control", "+memory +pids +cpu");
    if (!delegated) missing_ = "control groups are there, but without the controllers memory, pids and cpu";
    if (delegated) hierarchies_.push_back(Hierarchy{folder / tag_, true, true, true});
}

void ControlGroups::use_version_1(const fs::path& root) {
    std::set<fs::path> seen;
    for (const char* controller : {"memory", "pids", "cpu"}) {
        std::error_code error;
        fs::path real = fs::canonical(root / controller, error);
        if (error) continue;
        fs::path folder = real / parent_name / tag_;
        if (seen.insert(folder).second) {
            if (!make_group(real / parent_name) || !make_group(folder)) continue;
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
        if (!make_group(folder)) return engine::system_failure(errno, folder.string());
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
    for (const Hierarchy& hierarchy : hierarchies_) {
        std::error_code error;
        for (fs::directory_iterator at(hierarchy.folder, error), end; !error && at != end;
             at.increment(error))
            if (at->is_directory(error)) out.push_back(ControlGroup({at->path()}));
    }
    return out;
}

}  // namespace sonm::apphost
