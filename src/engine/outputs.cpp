#include "sonm/engine/outputs.hpp"

#include "sonm/engine/archive_handle.hpp"
#include "sonm/engine/safe_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

namespace sonm::engine {
namespace {

constexpr std::size_t step_bytes = 256 * KiB;
constexpr std::size_t left_out_max = 100;

struct Found {
    std::string path;
    bool folder = false;
    bool executable = false;
    std::uint64_t size = 0;
};

/// Finds what is to be packed, then packs it in steps. Blocking; one caller at a time.
class Packer {
public:
    Packer(FileHandle root, FileLimits limits)
        : root_(std::move(root)), limits_(limits), writer_(archive_write_new()) {
        archive_write_set_format_pax_restricted(writer_.get());
        archive_write_set_bytes_per_block(writer_.get(), 0);
        archive_write_open(writer_.get(), this, nullptr, keep, nullptr);
    }
    Packer(const Packer&) = delete;

    Result<void> find(const std::vector<std::string>& paths) {
        for (const std::string& given : paths) {
            SONM_TRY(std::string path, clean_relative(given, true));
            SONM_CHECK(look(path, true));
        }
        while (!folders_.empty()) {
            std::string path = std::move(folders_.back());
            folders_.pop_back();
            SONM_CHECK(look_into(path));
        }
        auto by_path = [](const Found& a, const Found& b) { return a.path < b.path; };
        std::sort(found_.begin(), found_.end(), by_path);
        return {};
    }

    /// The next bytes of the archive; empty at its end.
    Result<Bytes> step() {
        out_.clear();
        while (out_.size() < step_bytes && !closed_) {
            if (current_)
                SONM_CHECK(copy_some());
            else if (next_ < found_.size())
                SONM_CHECK(begin(found_[next_++]));
            else
                SONM_CHECK(finish());
        }
        return std::exchange(out_, Bytes());
    }

    const std::vector<std::string>& left_out() const { return left_out_; }
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t files() const { return files_; }

private:
    static la_ssize_t keep(archive*, void* self, const void* data, std::size_t size) {
        append(static_cast<Packer*>(self)->out_, BytesView(static_cast<const std::uint8_t*>(data), size));
        return static_cast<la_ssize_t>(size);
    }

    /// O_NONBLOCK: a pipe that nobody writes must not hold us.
    Result<FileHandle> open(const std::string& path) {
        return open_beneath(root_, path, O_RDONLY | O_NONBLOCK);
    }

    Result<void> look(const std::string& path, bool named) {
        if (!seen_.insert(path).second) return {};
        auto file = open(path);
        if (!file) {
            bool gone = file.error().is(Errc::not_found);
            if (gone && named) return fail(EngineErrc::output_missing, "{}", path);
            if (named) return tl::unexpected<Error>(std::move(file.error()));
            leave_out(path);
            return {};
        }
        struct stat status {};
        if (::fstat(file->get(), &status) != 0) return system_failure(errno, path);
        if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
            if (named) return fail(Errc::denied, "{} is neither a file nor a folder", path);
            leave_out(path);
            return {};
        }
        if (++files_ > limits_.files_max)
            return fail(EngineErrc::output_too_large, "more than {} files", limits_.files_max);
        Found found{path, S_ISDIR(status.st_mode), (status.st_mode & 0111) != 0, 0};
        if (found.folder) {
            folders_.push_back(path);
            if (path == ".") return {};
        } else {
            found.size = static_cast<std::uint64_t>(status.st_size);
            if (found.size > limits_.bytes_max - bytes_) {
                return fail(EngineErrc::output_too_large, "{}: with it more than {} bytes", path,
                            limits_.bytes_max);
            }
            bytes_ += found.size;
        }
        found_.push_back(std::move(found));
        return {};
    }

    Result<void> look_into(const std::string& path) {
        SONM_TRY(FileHandle folder, open_beneath(root_, path, O_RDONLY | O_DIRECTORY));
        int copy = ::dup(folder.get());
        std::unique_ptr<DIR, int (*)(DIR*)> entries(copy < 0 ? nullptr : ::fdopendir(copy), ::closedir);
        if (!entries) return system_failure(errno, path);
        while (const dirent* entry = ::readdir(entries.get())) {
            std::string name = entry->d_name;
            if (name == "." || name == "..") continue;
            SONM_CHECK(look(path == "." ? name : path + "/" + name, false));
        }
        return {};
    }

    void leave_out(const std::string& path) {
        if (left_out_.size() < left_out_max) left_out_.push_back(path);
    }

    Result<void> begin(const Found& found) {
        if (!found.folder) {
            SONM_TRY(current_, open(found.path));
            struct stat status {};
            if (::fstat(current_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return changed(found.path);
        }
        ArchiveEntryHandle entry(archive_entry_new());
        archive_entry_set_pathname(entry.get(), (found.folder ? found.path + "/" : found.path).c_str());
        archive_entry_set_filetype(entry.get(), found.folder ? AE_IFDIR : AE_IFREG);
        archive_entry_set_perm(entry.get(), found.folder || found.executable ? 0755 : 0644);
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(found.size));
        archive_entry_set_mtime(entry.get(), 0, 0);
        if (archive_write_header(writer_.get(), entry.get()) != ARCHIVE_OK)
            return fail(Errc::io, "{}: {}", found.path, archive_words(writer_.get()));
        left_ = found.size;
        if (left_ == 0) current_.close();
        return {};
    }

    Result<void> copy_some() {
        Bytes buffer(std::min<std::uint64_t>(64 * KiB, left_));
        SONM_TRY(std::size_t count, current_.read(buffer));
        if (count == 0) return changed(found_[next_ - 1].path);
        if (archive_write_data(writer_.get(), buffer.data(), count) < 0)
            return fail(Errc::io, "{}", archive_words(writer_.get()));
        left_ -= count;
        if (left_ == 0) current_.close();
        return {};
    }

    Result<void> finish() {
        closed_ = true;
        if (archive_write_close(writer_.get()) != ARCHIVE_OK)
            return fail(Errc::io, "{}", archive_words(writer_.get()));
        return {};
    }

    static tl::unexpected<Error> changed(const std::string& path) {
        return fail(Errc::conflict, "{} changed while it was read: collect after the container has ended",
                    path);
    }

    FileHandle root_;
    FileLimits limits_;
    std::set<std::string> seen_;
    std::vector<std::string> folders_;
    std::vector<Found> found_;
    std::vector<std::string> left_out_;
    std::uint64_t bytes_ = 0, files_ = 0;

    std::size_t next_ = 0;
    FileHandle current_;
    std::uint64_t left_ = 0;
    bool closed_ = false;
    Bytes out_;
    ArchiveWriteHandle writer_;  // last: its end still calls keep()
};

class PackedOutputs final : public Outputs {
public:
    explicit PackedOutputs(std::shared_ptr<Packer> packer) : packer_(std::move(packer)) {}
    Async<Bytes> read() override {
        // Shared with the pool for one step, so that a cancelled reader leaves it nothing dangling.
        auto work = [packer = packer_] { return packer->step(); };
        co_return co_await offload(std::move(work));
    }
    const std::vector<std::string>& left_out() const override { return packer_->left_out(); }
    std::uint64_t bytes() const override { return packer_->bytes(); }
    std::uint64_t files() const override { return packer_->files(); }

private:
    std::shared_ptr<Packer> packer_;
};

}  // namespace

Async<std::unique_ptr<Outputs>> collect(WorkFolder folder, std::vector<std::string> paths,
                                        FileLimits limits) {
    SONM_CO_TRY(FileHandle root, open_folder(folder.path));
    auto packer = std::make_shared<Packer>(std::move(root), limits);
    auto work = [packer, paths = std::move(paths)] { return packer->find(paths); };
    SONM_CO_CHECK(co_await offload(std::move(work)));
    auto outputs = std::make_unique<PackedOutputs>(std::move(packer));
    co_return Result<std::unique_ptr<Outputs>>(std::move(outputs));
}

}  // namespace sonm::engine
