#pragma once

#include "sonm/base/open_file.hpp"
#include "sonm/storage/backend.hpp"
#include "sonm/storage/record.hpp"

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>

namespace sonm::storage {

/// Values as files; every call blocks on the disk and may come from any thread, but only one at a time may
/// change one name.
///
///     <root>/lock                                  held by the process that uses the folder
///     <root>/new/<number>                          being written
///     <root>/data/<collection>/values/<key>        a record (record.hpp): the truth, replaced as a whole
///     <root>/data/<collection>/tags/<tag>/<key>    an empty file: this record may have that tag
class FilesStore {
public:
    explicit FilesStore(std::filesystem::path root) : root_(std::move(root)) {}
    FilesStore(const FilesStore&) = delete;

    /// Takes the folder. Errors: busy (another process has it).
    Result<void> open();
    Result<Bytes> read(const Name& name) const;
    Result<void> write(const Name& name, BytesView value, std::set<std::string> tags);
    Result<void> remove(const Name& name);
    Result<std::vector<std::string>> find(const Query& query) const;
    /// Files in steps of 4 KiB, folders with 4 KiB, marks with 512 bytes each. Counted by open(), which
    /// removes empty folders that a killed process left.
    Quota& quota() { return quota_; }

private:
    std::filesystem::path folder_of(const std::string& collection) const;
    std::filesystem::path value_path(const Name& name) const;
    std::filesystem::path tag_folder(const std::string& collection, const std::string& tag) const;
    Result<void> add_marks(const Name& name, const std::set<std::string>& tags, std::set<std::string>& added);
    void remove_marks(const Name& name, const std::set<std::string>& tags);
    Result<void> put(const std::filesystem::path& path, BytesView record);
    Result<void> count();
    /// Makes the folder, durably, if it is not there. Its parent must be.
    Result<void> make_counted(const std::filesystem::path& folder);
    /// Makes an empty file, durably; false if it is there already.
    Result<bool> mark(const std::filesystem::path& folder, const std::string& file);
    /// Takes it away if it is empty. False if something is in it.
    bool remove_counted(const std::filesystem::path& folder);
    /// A change of a collection under way: its folders stay. The last to end takes empty ones away.
    class Use;

    std::filesystem::path root_;
    std::optional<OpenFile> lock_;
    std::atomic<std::uint64_t> next_{0};
    std::mutex uses_lock_;
    std::map<std::filesystem::path, std::size_t> uses_;  ///< changes under way, by the collection's folder
    Quota quota_;
};

}  // namespace sonm::storage
