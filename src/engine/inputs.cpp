#include "sonm/engine/archive_handle.hpp"
#include "sonm/engine/outputs.hpp"
#include "sonm/engine/safe_files.hpp"
#include "sonm/engine/sources.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm::engine {
namespace {

/// The folder is the task's own disk: when that is full, it is not the machine's.
Error full(Error error) {
    if (error.is(Errc::no_space)) error.code = make_error_code(EngineErrc::work_folder_full);
    return error;
}

Async<void> copy(FileHandle file, ByteSource bytes) {
    while (true) {
        SONM_CO_TRY(Bytes piece, co_await bytes());
        if (piece.empty()) co_return Result<void>();
        SONM_CO_CHECK(file.write_all(piece));
    }
}

Result<void> unpack_file(archive* reader, FileHandle& file) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    while (true) {
        int status = archive_read_data_block(reader, &block, &size, &offset);
        if (status == ARCHIVE_EOF) return {};
        if (status != ARCHIVE_OK)
            return fail(Errc::invalid, "the archive is damaged: {}", archive_words(reader));
        if (::lseek(file.get(), offset, SEEK_SET) < 0) return system_failure(errno, "unpacking");
        SONM_CHECK(file.write_all(BytesView(static_cast<const std::uint8_t*>(block), size)));
    }
}

Result<Unpacked> unpack_blocking(const std::filesystem::path& tar_file, const std::filesystem::path& to,
                                 FileLimits limits) {
    SONM_TRY(FileHandle root, open_folder(to));
    ArchiveReadHandle reader = make_tar_reader(false);
    if (archive_read_open_filename(reader.get(), tar_file.c_str(), 64 * KiB) != ARCHIVE_OK) {
        return fail(Errc::invalid, "{}: {}", tar_file.string(), archive_words(reader.get()));
    }
    Unpacked out;
    std::uint64_t entries = 0;
    while (true) {
        archive_entry* entry = nullptr;
        int status = archive_read_next_header(reader.get(), &entry);
        if (status == ARCHIVE_EOF) return out;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return fail(Errc::invalid, "the archive is damaged: {}", archive_words(reader.get()));
        if (++entries > limits.files_max)
            return fail(Errc::too_large, "the archive has more than {} files", limits.files_max);
        const char* name = archive_entry_pathname(entry);
        SONM_TRY(std::string path, clean_relative(name ? name : "", true));
        bool file = archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry);
        if (archive_entry_filetype(entry) == AE_IFDIR) {
            SONM_TRY(FileHandle made, make_parents(root, path + "/x"));
        } else if (!file) {
            if (out.left_out.size() < 100) out.left_out.push_back(path);
        } else {
            la_int64_t size = archive_entry_size(entry);
            if (size < 0 || static_cast<std::uint64_t>(size) > limits.bytes_max - out.bytes) {
                return fail(Errc::too_large, "the archive unpacks to more than {} bytes", limits.bytes_max);
            }
            out.bytes += static_cast<std::uint64_t>(size);
            SONM_TRY(FileHandle made, create_beneath(root, path, false));
            // A receiver's file, readable as any other; nothing from a stranger is executable by itself.
            ::fchmod(made.get(), 0644);
            SONM_CHECK(unpack_file(reader.get(), made));
            if (::ftruncate(made.get(), size) != 0) return system_failure(errno, path);
            out.files.push_back(std::move(path));
        }
    }
}

}  // namespace

Async<void> place(WorkFolder folder, std::string path, ByteSource bytes, std::uint64_t bytes_max,
                  bool executable) {
    SONM_CO_TRY(std::string clean, clean_relative(path, false));
    SONM_CO_TRY(FileHandle root, open_folder(folder.path));
    auto file = create_beneath(root, clean, executable);
    if (!file) co_return tl::unexpected<Error>(full(std::move(file.error())));
    auto limited =
        bounded(std::move(bytes), bytes_max, make_error_code(Errc::too_large), nullptr, "input " + clean);
    auto copied = co_await copy(std::move(*file), std::move(limited));
    if (copied) co_return Result<void>();
    if (auto parent = make_parents(root, clean))
        ::unlinkat(parent->get(), std::filesystem::path(clean).filename().c_str(), 0);
    co_return tl::unexpected<Error>(full(std::move(copied.error())));
}

Async<Unpacked> unpack(std::filesystem::path tar_file, std::filesystem::path to, FileLimits limits) {
    auto work = [tar_file = std::move(tar_file), to = std::move(to), limits] {
        return unpack_blocking(tar_file, to, limits);
    };
    co_return co_await offload(std::move(work));
}

}  // namespace sonm::engine
