#include "sonm/engine/work_folder.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/engine/command.hpp"
#include "sonm/engine/file_handle.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t bytes_min = 1 * MiB;
constexpr Millis command_max{60'000};
constexpr std::string_view probe_name = ".probe";

bool is_name(std::string_view text) {
    auto good = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-'; };
    return !text.empty() && text.size() <= 128 && text != "." && text != ".." &&
           std::all_of(text.begin(), text.end(), good);
}

/// Whether another file system begins there.
bool is_mounted(const fs::path& path) {
    struct stat here {
    }, above{};
    if (::stat(path.c_str(), &here) != 0 || ::stat(path.parent_path().c_str(), &above) != 0) return false;
    return here.st_dev != above.st_dev;
}

/// A file of that size whose blocks are reserved: what was sold is there when it is needed.
Result<void> reserve(const fs::path& path, std::uint64_t bytes) {
    SONM_TRY(FileHandle file, FileHandle::open(path, O_RDWR | O_CREAT | O_EXCL));
    int error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
    if (error == EOPNOTSUPP || error == EINVAL)
        error = ::ftruncate(file.get(), static_cast<off_t>(bytes)) == 0 ? 0 : errno;
    if (error) return system_failure(error, fmt::format("reserving {} bytes at {}", bytes, path.string()));
    return {};
}

/// Waits for the file systems to be away from `data`; content stays untouched if it cannot be.
Result<void> unmount(const fs::path& data) {
    // More than one may lie above each other if a process died at the wrong moment. Lazily: a dying container
    // may still hold it.
    for (int i = 0; i < 8 && is_mounted(data); ++i) {
        if (::umount2(data.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
            return system_failure(errno, "unmounting " + data.string());
    }
    if (is_mounted(data)) return fail(Errc::io, "{} stays mounted", data.string());
    return {};
}

Result<void> remove_tree(const fs::path& folder) {
    std::error_code error;
    fs::remove_all(folder, error);
    if (error) return fail(Errc::io, "removing {}: {}", folder.string(), error.message());
    return {};
}

}  // namespace

std::string_view to_string(QuotaKind kind) {
    switch (kind) {
        case QuotaKind::loop_ext4: return "ext4 in a file";
        case QuotaKind::tmpfs: return "tmpfs";
        case QuotaKind::none: return "unbounded";
    }
    return "?";
}

Async<QuotaSupport> WorkFolders::probe(fs::path root) {
    QuotaSupport support;
    for (QuotaKind kind : {QuotaKind::loop_ext4, QuotaKind::tmpfs}) {
        WorkFolders trial(root, kind);
        std::string name(probe_name);
        (void)co_await trial.remove(name);
        auto made = co_await trial.create(name, bytes_min);
        (void)co_await trial.remove(name);
        if (made) {
            support.kind = kind;
            co_return Result<QuotaSupport>(std::move(support));
        }
        if (!support.reason.empty()) support.reason += "; ";
        support.reason += fmt::format("{}: {}", to_string(kind), made.error().message());
    }
    co_return Result<QuotaSupport>(std::move(support));
}

Async<void> WorkFolders::mount(std::string name, std::uint64_t bytes_max) {
    fs::path data = folder(name) / "data";
    std::vector<std::string> argv;
    argv.push_back("mount");
    std::string options = "nosuid,nodev";
    if (kind_ == QuotaKind::loop_ext4) {
        for (std::string word : {std::string("-t"), std::string("ext4"), std::string("-o"), "loop," + options,
                                 (folder(name) / "disk.img").string()})
            argv.push_back(std::move(word));
    } else {
        options += fmt::format(",size={},mode=0777", bytes_max);
        for (std::string word :
             {std::string("-t"), std::string("tmpfs"), std::string("-o"), options, std::string("sonm-work")})
            argv.push_back(std::move(word));
    }
    argv.push_back(data.string());
    auto mounted = co_await run_command(std::move(argv), command_max);
    if (!mounted)
        co_return fail(EngineErrc::no_quota, "mounting {}: {}", data.string(), mounted.error().message());
    co_return Result<void>();
}

Async<void> WorkFolders::make(std::string name, std::uint64_t bytes_max) {
    fs::path data = folder(name) / "data";
    SONM_CO_CHECK(make_folder(data, 0755));
    if (kind_ != QuotaKind::none && ::geteuid() != 0)
        co_return fail(EngineErrc::no_quota, "mounting needs root");
    if (kind_ == QuotaKind::loop_ext4) {
        fs::path image = folder(name) / "disk.img";
        SONM_CO_CHECK(reserve(image, bytes_max));
        // No journal: after a power cut no task goes on. No discard: it would give the reserved blocks away.
        std::vector<std::string> argv;
        for (std::string word :
             {"mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-E", "nodiscard,lazy_itable_init=1"})
            argv.push_back(word);
        argv.push_back(image.string());
        auto made = co_await run_command(std::move(argv), command_max);
        if (!made) co_return fail(EngineErrc::no_quota, "{}", made.error().message());
    }
    if (kind_ != QuotaKind::none) SONM_CO_CHECK(co_await mount(name, bytes_max));
    ::rmdir((data / "lost+found").c_str());
    // Whatever user the container runs as, also after remapping, may write; the root folder keeps everybody
    // else out.
    if (::chmod(data.c_str(), 0777) != 0) co_return system_failure(errno, "opening up " + data.string());
    co_return Result<void>();
}

Async<WorkFolder> WorkFolders::create(std::string name, std::uint64_t bytes_max) {
    if (!is_name(name)) co_return fail(Errc::invalid, "work folder name \"{}\"", name);
    if (bytes_max < bytes_min)
        co_return fail(Errc::invalid, "a work folder of {} bytes: at least {}", bytes_max, bytes_min);
    SONM_CO_CHECK(make_folder(root_, 0700));
    if (::mkdir(folder(name).c_str(), 0755) != 0)
        co_return system_failure(errno, "making " + folder(name).string());
    auto made = co_await make(name, bytes_max);
    if (!made) {
        (void)co_await remove(name);
        co_return tl::unexpected<Error>(std::move(made.error()));
    }
    WorkFolder out{std::move(name), fs::path(), kind_, bytes_max};
    out.path = folder(out.name) / "data";
    co_return Result<WorkFolder>(std::move(out));
}

Async<WorkFolder> WorkFolders::adopt(std::string name) {
    std::error_code error;
    if (!is_name(name) || !fs::is_directory(folder(name), error))
        co_return fail(Errc::not_found, "work folder {}", name);
    fs::path data = folder(name) / "data", image = folder(name) / "disk.img";
    if (!fs::is_directory(data, error)) co_return fail(Errc::corrupt, "work folder {} is half made", name);
    WorkFolder out{name, data, kind_, 0};
    if (kind_ == QuotaKind::none) co_return Result<WorkFolder>(std::move(out));
    if (!is_mounted(data)) {
        if (kind_ == QuotaKind::tmpfs)
            co_return fail(Errc::corrupt, "work folder {} was in memory and is gone", name);
        auto mounted = co_await mount(name, 0);
        if (!mounted) co_return fail(Errc::corrupt, "work folder {}: {}", name, mounted.error().message());
    }
    auto space = fs::space(data, error);
    out.bytes_max = kind_ == QuotaKind::loop_ext4 ? fs::file_size(image, error) : space.capacity;
    struct stat status {};
    if (error || ::stat(data.c_str(), &status) != 0 || (status.st_mode & 0777) != 0777)
        co_return fail(Errc::corrupt, "work folder {} is half made", name);
    co_return Result<WorkFolder>(std::move(out));
}

Async<void> WorkFolders::remove(std::string name) {
    if (!is_name(name)) co_return fail(Errc::invalid, "work folder name \"{}\"", name);
    SONM_CO_CHECK(unmount(folder(name) / "data"));
    auto work = [path = folder(name)] { return remove_tree(path); };
    co_return co_await offload(std::move(work));
}

Result<std::vector<std::string>> WorkFolders::list() const {
    std::vector<std::string> out;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root_, error)) {
        std::string name = entry.path().filename();
        if (is_name(name) && name != probe_name) out.push_back(std::move(name));
    }
    if (error && error != std::errc::no_such_file_or_directory)
        return fail(Errc::io, "{}: {}", root_.string(), error.message());
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace sonm::engine
