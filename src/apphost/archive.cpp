#include "sonm/apphost/archive.hpp"

#include "sonm/engine/archive_handle.hpp"
#include "sonm/engine/safe_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

namespace sonm::apphost {
namespace {

namespace fs = std::filesystem;
using engine::FileHandle;

/// Where a link at `path` leads, seen from the folder; nothing if that is outside of it.
std::optional<fs::path> leads_to(const std::string& path, std::string_view target) {
    if (target.empty() || target.front() == '/' || target.size() > 4096) return std::nullopt;
    fs::path whole = (fs::path(path).parent_path() / fs::path(target)).lexically_normal();
    if (whole.empty() || *whole.begin() == "..") return std::nullopt;
    return whole;
}

class Unpacking {
public:
    Unpacking(FileHandle folder, ArchiveLimits limits) : folder_(std::move(folder)), limits_(limits) {}

    Result<void> read(BytesView bytes) {
        auto reader = engine::make_tar_reader(true);
        // libarchive takes the memory as changeable, and leaves it as it is.
        void* memory = const_cast<std::uint8_t*>(bytes.data());
        if (archive_read_open_memory(reader.get(), memory, bytes.size()) != ARCHIVE_OK)
            return damaged(reader.get());
        while (true) {
            archive_entry* entry = nullptr;
            int outcome = archive_read_next_header(reader.get(), &entry);
            if (outcome == ARCHIVE_EOF) return Result<void>();
            if (outcome < ARCHIVE_WARN) return damaged(reader.get());
            if (++entries_ > limits_.entries_max)
                return fail(Errc::too_large, "the archive has more than {} entries", limits_.entries_max);
            SONM_CHECK(take(reader.get(), entry));
        }
    }

private:
    static tl::unexpected<Error> damaged(archive* reader) {
        return fail(Errc::invalid, "the archive is no readable tar: {}", engine::archive_words(reader));
    }

    Result<void> take(archive* reader, archive_entry* entry) {
        const char* raw = archive_entry_pathname(entry);
        auto clean = engine::clean_relative(raw ? raw : "", true);
        if (!clean) return fail(Errc::invalid, "archive: {}", clean.error().context);
        const std::string& path = *clean;
        if (path == ".") return Result<void>();
        if (const char* link = archive_entry_hardlink(entry)) return hard_link(path, link);
        auto type = archive_entry_filetype(entry);
        if (type == AE_IFDIR) return folder(path);
        if (type == AE_IFLNK) return soft_link(path, archive_entry_symlink(entry));
        if (type != AE_IFREG)
            return fail(Errc::invalid, "archive: \"{}\" is neither a file, a folder nor a link", path);
        return file(reader, path, (archive_entry_perm(entry) & 0111) != 0);
    }

    Result<void> folder(const std::string& path) {
        SONM_TRY(FileHandle parent, parents(path));
        if (!make_open_folder(parent, name_of(path)))
            return engine::system_failure(errno, "archive: " + path);
        return Result<void>();
    }

    /// One that other users can read, whatever the umask.
    static bool make_open_folder(const FileHandle& parent, const std::string& name) {
        if (::mkdirat(parent.get(), name.c_str(), 0755) != 0) return errno == EEXIST;
        return ::fchmodat(parent.get(), name.c_str(), 0755, 0) == 0;
    }

    Result<void> soft_link(const std::string& path, const char* target) {
        if (!target || !leads_to(path, target))
            return fail(Errc::invalid, "archive: the link \"{}\" leads out of the application's folder",
                        path);
        SONM_TRY(FileHandle parent, parents(path));
        if (::symlinkat(target, parent.get(), name_of(path).c_str()) != 0)
            return engine::system_failure(errno, "archive: " + path);
        return Result<void>();
    }

    Result<void> hard_link(const std::string& path, const char* target) {
        auto clean = engine::clean_relative(target, false);
        if (!clean || !files_.contains(*clean))
            return fail(Errc::invalid, "archive: the link \"{}\" leads to no earlier file of the archive",
                        path);
        SONM_TRY(FileHandle from, parents(*clean));
        SONM_TRY(FileHandle to, parents(path));
        if (::linkat(from.get(), name_of(*clean).c_str(), to.get(), name_of(path).c_str(), 0) != 0)
            return engine::system_failure(errno, "archive: " + path);
        files_.insert(path);
        return Result<void>();
    }

    Result<void> file(archive* reader, const std::string& path, bool executable) {
        SONM_TRY(FileHandle parent, parents(path));
        SONM_TRY(FileHandle out, engine::open_beneath(parent, name_of(path), O_WRONLY | O_CREAT | O_EXCL,
                                                      executable ? 0755 : 0644));
        ::fchmod(out.get(), executable ? 0755 : 0644);
        std::uint64_t end = 0;
        while (true) {
            const void* piece = nullptr;
            std::size_t size = 0;
            la_int64_t offset = 0;
            int outcome = archive_read_data_block(reader, &piece, &size, &offset);
            if (outcome == ARCHIVE_EOF) break;
            if (outcome < ARCHIVE_WARN || offset < 0) return damaged(reader);
            // Holes of a sparse file count like bytes.
            end = std::max(end, static_cast<std::uint64_t>(offset) + size);
            if (end > limits_.unpacked_bytes_max - bytes_)
                return fail(Errc::too_large, "the archive unpacks to more than {} bytes",
                            limits_.unpacked_bytes_max);
            ::lseek(out.get(), offset, SEEK_SET);
            SONM_CHECK(out.write_all(BytesView(static_cast<const std::uint8_t*>(piece), size)));
        }
        bytes_ += end;
        files_.insert(path);
        return Result<void>();
    }

    /// The folder that `path` is to lie in. Existing parts that are links are refused.
    Result<FileHandle> parents(const std::string& path) {
        SONM_TRY(FileHandle at, engine::open_beneath(folder_, ".", O_PATH | O_DIRECTORY));
        for (const auto& part : fs::path(path).parent_path()) {
            if (!make_open_folder(at, part.string()))
                return engine::system_failure(errno, "archive: " + path);
            auto next = engine::open_beneath(at, part.string(), O_PATH | O_DIRECTORY);
            if (!next)
                return fail(Errc::invalid, "archive: \"{}\" lies below something that is no folder", path);
            at = std::move(*next);
        }
        return at;
    }
    static std::string name_of(const std::string& path) { return fs::path(path).filename().string(); }

    FileHandle folder_;
    ArchiveLimits limits_;
    std::set<std::string> files_;
    std::uint64_t bytes_ = 0;
    std::size_t entries_ = 0;
};

la_ssize_t put(archive*, void* out, const void* bytes, std::size_t size) {
    auto& all = *static_cast<Bytes*>(out);
    if (all.size() + size > archive_bytes_max) return -1;
    append(all, BytesView(static_cast<const std::uint8_t*>(bytes), size));
    return static_cast<la_ssize_t>(size);
}

Result<void> add_file(archive* writer, archive_entry* entry, const fs::path& path) {
    SONM_TRY(FileHandle file, FileHandle::open(path, O_RDONLY));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return engine::system_failure(errno, path.string());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, (status.st_mode & 0111) != 0 ? 0755 : 0644);
    archive_entry_set_size(entry, status.st_size);
    bool good = archive_write_header(writer, entry) == ARCHIVE_OK;
    Bytes buffer(64 * KiB);
    while (good) {
        SONM_TRY(std::size_t count, file.read(buffer));
        if (count == 0) break;
        good = archive_write_data(writer, buffer.data(), count) == static_cast<la_ssize_t>(count);
    }
    if (good) return Result<void>();
    return fail(Errc::too_large, "packing {}: an archive has at most {} bytes", path.string(),
                archive_bytes_max);
}

}  // namespace

Result<void> unpack_archive(BytesView archive, const fs::path& folder, ArchiveLimits limits) {
    SONM_CHECK(make_folder(folder, 0755));
    ::chmod(folder.c_str(), 0755);
    SONM_TRY(FileHandle handle, engine::open_folder(folder));
    return Unpacking(std::move(handle), limits).read(archive);
}

Result<Bytes> pack_archive(const fs::path& folder) {
    std::error_code error;
    std::set<fs::path> paths;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        paths.insert(at->path());
    if (error) return fail(Errc::not_found, "{}: {}", folder.string(), error.message());
    Bytes out;
    engine::ArchiveWriteHandle writer(archive_write_new());
    archive_write_set_format_pax_restricted(writer.get());
    archive_write_add_filter_gzip(writer.get());
    archive_write_set_options(writer.get(), "gzip:!timestamp");
    archive_write_set_bytes_in_last_block(writer.get(), 1);
    archive_write_open(writer.get(), &out, nullptr, put, nullptr);
    for (const fs::path& path : paths) {
        auto status = fs::symlink_status(path, error);
        engine::ArchiveEntryHandle entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), path.lexically_relative(folder).c_str());
        if (fs::is_regular_file(status)) {
            SONM_CHECK(add_file(writer.get(), entry.get(), path));
        } else if (fs::is_symlink(status)) {
            archive_entry_set_filetype(entry.get(), AE_IFLNK);
            archive_entry_set_perm(entry.get(), 0777);
            archive_entry_set_symlink(entry.get(), fs::read_symlink(path, error).c_str());
            archive_write_header(writer.get(), entry.get());
        }
    }
    if (archive_write_close(writer.get()) != ARCHIVE_OK)
        return fail(Errc::too_large, "packing {}: an archive has at most {} bytes", folder.string(),
                    archive_bytes_max);
    return out;
}

}  // namespace sonm::apphost
