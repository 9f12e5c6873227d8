#include "sonm/buyer/result_files.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <fstream>

namespace sonm::buyer {
namespace {

namespace fs = std::filesystem;

struct ArchiveCloser {
    void operator()(::archive* a) const { archive_read_free(a); }
};
using Archive = std::unique_ptr<::archive, ArchiveCloser>;

/// "a/b" from "./a//b"; nothing for what is absolute or climbs.
std::optional<std::string> clean(std::string_view raw) {
    if (raw.empty() || raw.front() == '/' || raw.find('\0') != std::string_view::npos) return std::nullopt;
    fs::path out;
    for (const auto& part : fs::path(raw)) {
        if (part == "..") return std::nullopt;
        if (part != "." && !part.empty()) out /= part;
    }
    return out.string();
}

Error disk_error(const fs::path& path) {
    return Error{make_error_code(errno == ENOSPC || errno == EDQUOT ? Errc::no_space : Errc::io),
                 fmt::format("writing {}", path.string())};
}

Result<void> write_entry(::archive* in, const fs::path& target, std::uint64_t& room) {
    std::error_code error;
    if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
    fs::path part = target;
    part += ".part";
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    std::vector<char> piece(256 * KiB);
    while (out) {
        la_ssize_t got = archive_read_data(in, piece.data(), piece.size());
        if (got < 0) return fail(Errc::corrupt, "the result archive: {}", archive_error_string(in));
        if (got == 0) break;
        if (static_cast<std::uint64_t>(got) > room)
            return fail(Errc::too_large, "the result unpacks to more than was agreed");
        room -= static_cast<std::uint64_t>(got);
        out.write(piece.data(), got);
    }
    out.close();
    if (!out) return tl::unexpected<Error>(disk_error(part));
    fs::rename(part, target, error);
    if (error) return fail(Errc::io, "putting {} in place: {}", target.string(), error.message());
    return {};
}

}  // namespace

Result<void> extract_outputs(const fs::path& archive, const std::vector<OutputFile>& outputs,
                             std::uint64_t bytes_max) {
    Archive in(archive_read_new());
    archive_read_support_format_tar(in.get());
    if (archive_read_open_filename(in.get(), archive.c_str(), 64 * KiB) != ARCHIVE_OK)
        return fail(Errc::corrupt, "the result archive {}: {}", archive.string(),
                    archive_error_string(in.get()));
    // "." is the whole work folder, which may be empty.
    std::vector<bool> seen(outputs.size(), false);
    for (std::size_t i = 0; i < outputs.size(); ++i) seen[i] = clean(outputs[i].remote) == "";
    std::uint64_t room = bytes_max;
    ::archive_entry* entry = nullptr;
    int status;
    while ((status = archive_read_next_header(in.get(), &entry)) == ARCHIVE_OK) {
        const char* raw = archive_entry_pathname(entry);
        auto path = clean(raw ? raw : "");
        if (!path)
            return fail(Errc::corrupt, "the result archive holds a path that leaves its folder: '{}'",
                        raw ? raw : "");
        bool folder = archive_entry_filetype(entry) == AE_IFDIR;
        if (!folder && archive_entry_filetype(entry) != AE_IFREG)
            return fail(Errc::corrupt, "the result archive holds something that is no plain file: '{}'",
                        *path);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            auto wanted = clean(outputs[i].remote);
            if (!wanted) continue;
            std::string folder_name = wanted->empty() ? "" : *wanted + "/";
            bool exact = *path == *wanted;
            if (!exact && !path->starts_with(folder_name)) continue;
            seen[i] = true;
            fs::path target = exact ? outputs[i].local : outputs[i].local / path->substr(folder_name.size());
            if (folder) {
                std::error_code error;
                fs::create_directories(target, error);
                if (error)
                    return fail(Errc::io, "making the folder {}: {}", target.string(), error.message());
            } else {
                SONM_CHECK(write_entry(in.get(), target, room));
            }
            break;
        }
    }
    if (status != ARCHIVE_EOF)
        return fail(Errc::corrupt, "the result archive: {}", archive_error_string(in.get()));
    for (std::size_t i = 0; i < outputs.size(); ++i)
        if (!seen[i]) return fail(Errc::not_found, "the task left no output '{}'", outputs[i].remote);
    return {};
}

}  // namespace sonm::buyer
