#include "sonm/storage/files_store.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/open_file.hpp"
#include "sonm/storage/page.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm::storage {
namespace {

namespace fs = std::filesystem;

/// Above what any node lets in: only a damaged file is larger.
constexpr std::size_t record_bytes_max = 256 * MiB;

/// The head of the record at `path`. Errors: not_found, corrupt, io.
Result<RecordHead> read_head(const fs::path& path) {
    SONM_TRY(OpenFile file, OpenFile::open(path, O_RDONLY));
    Bytes front(4 * KiB);
    SONM_TRY(std::size_t count, file.read_at(front, 0));
    if (count == front.size()) {
        // Only heads with many or long tags do not fit into the first piece.
        auto head = decode_head(front);
        if (head) return head;
        front.resize(head_bytes_max);
        SONM_TRY(count, file.read_at(front, 0));
    }
    front.resize(count);
    auto head = decode_head(front);
    if (!head) return wrap(std::move(head.error()), "{}", path.native());
    return head;
}

/// What things take of a disk, about: a block for a folder; for a mark its inode and its name.
constexpr std::uint64_t block_bytes = 4 * KiB, mark_bytes = 512;

std::uint64_t file_cost(std::uint64_t bytes) { return (bytes + block_bytes - 1) / block_bytes * block_bytes; }
/// Of the file at `path`; 0 if there is none.
std::uint64_t file_cost(const fs::path& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? file_cost(static_cast<std::uint64_t>(found.st_size)) : 0;
}

}  // namespace

Result<void> FilesStore::make_counted(const fs::path& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0)
        return errno == EEXIST ? Result<void>() : system_failure("making the folder", folder);
    if (auto room = quota_.take(block_bytes); !room) {
        if (::rmdir(folder.c_str()) != 0) quota_.add(block_bytes);  // somebody else uses it already
        return room;
    }
    return sync_folder(folder.parent_path());
}

bool FilesStore::remove_counted(const fs::path& folder) {
    if (::rmdir(folder.c_str()) != 0) return errno == ENOENT;
    quota_.give_back(block_bytes);
    return true;
}

class FilesStore::Use {
public:
    Use(FilesStore& store, fs::path collection) : store_(store) {
        std::lock_guard lock(store_.uses_lock_);
        at_ = store_.uses_.try_emplace(std::move(collection), 0).first;
        ++at_->second;
    }
    Use(const Use&) = delete;
    ~Use() {
        std::lock_guard lock(store_.uses_lock_);
        if (--at_->second != 0) return;
        const fs::path& collection = at_->first;
        if (store_.remove_counted(collection / "values") && store_.remove_counted(collection / "tags"))
            store_.remove_counted(collection);
        store_.uses_.erase(at_);
    }

private:
    FilesStore& store_;
    std::map<fs::path, std::size_t>::iterator at_;
};

Result<bool> FilesStore::mark(const fs::path& folder, const std::string& file) {
    SONM_CHECK(make_counted(folder));
    int fd = ::open((folder / file).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) return false;
    if (fd < 0) return system_failure("marking", folder / file);
    ::close(fd);
    auto done = quota_.take(mark_bytes);
    if (!done) {
        ::unlink((folder / file).c_str());
        remove_counted(folder);
        return tl::unexpected<Error>(std::move(done.error()));
    }
    SONM_CHECK(sync_folder(folder));
    return true;
}

Result<void> FilesStore::count() {
    std::uint64_t used = 0;
    std::error_code error;
    auto end = fs::directory_iterator();
    for (auto at = fs::directory_iterator(root_ / "data", error); !error && at != end; at.increment(error)) {
        const fs::path collection = at->path(), values = collection / "values", tags = collection / "tags";
        std::error_code none;
        for (const auto& value : fs::directory_iterator(values, none)) used += file_cost(value.path());
        for (const auto& tag : fs::directory_iterator(tags, none)) {
            ::rmdir(tag.path().c_str());  // only if it is empty
            for (const auto& left : fs::directory_iterator(tag.path(), none))
                used += left.exists(none) ? mark_bytes : 0;
            if (fs::exists(tag.path(), none)) used += block_bytes;
        }
        for (const fs::path& folder : {tags, values, collection})
            if (::rmdir(folder.c_str()) != 0) used += block_bytes;
    }
    if (error) return fail(error, "counting {}", (root_ / "data").native());
    quota_.set_used(used);
    return {};
}

Result<void> FilesStore::open() {
    SONM_CHECK(make_folder(root_, 0700));
    SONM_TRY(OpenFile lock, OpenFile::open(root_ / "lock", O_RDWR | O_CREAT, 0600));
    SONM_CHECK(lock.lock());
    lock_ = std::move(lock);
    SONM_CHECK(make_folder(root_ / "data", 0700));
    SONM_CHECK(make_folder(root_ / "new", 0700));
    // What a killed process was writing was never acknowledged.
    std::error_code error;
    for (const auto& left : fs::directory_iterator(root_ / "new", error)) ::unlink(left.path().c_str());
    SONM_CHECK(count());
    return sync_folder(root_);
}

fs::path FilesStore::folder_of(const std::string& collection) const {
    return root_ / "data" / to_file_name(collection);
}
fs::path FilesStore::value_path(const Name& name) const {
    return folder_of(name.collection) / "values" / to_file_name(name.key);
}
fs::path FilesStore::tag_folder(const std::string& collection, const std::string& tag) const {
    return folder_of(collection) / "tags" / to_file_name(tag);
}

Result<Bytes> FilesStore::read(const Name& name) const {
    fs::path path = value_path(name);
    SONM_TRY(Bytes record, read_file(path, record_bytes_max));
    auto head = decode_record(record);
    if (!head) return wrap(std::move(head.error()), "{}", path.native());
    if (head->key != name.key) return fail(Errc::corrupt, "{} holds the value of another key", path.native());
    return record;
}

Result<void> FilesStore::write(const Name& name, BytesView value, std::set<std::string> tags) {
    fs::path collection = folder_of(name.collection);
    Use use(*this, collection);
    fs::path path = value_path(name);
    auto old = read_head(path);
    bool exists = old.has_value();
    // A damaged record is replaced; nothing can be kept of it.
    if (!old && !old.error().is(Errc::not_found) && !old.error().is(Errc::corrupt))
        return tl::unexpected<Error>(std::move(old.error()));
    if (exists) tags.insert(old->tags.begin(), old->tags.end());
    if (tags.size() > tags_max)
        return fail(Errc::too_large, "{} would have {} tags; at most {} are allowed", name.path(),
                    tags.size(), tags_max);
    for (const fs::path& folder : {collection, collection / "values", collection / "tags"})
        SONM_CHECK(make_counted(folder));
    // Marks first: one without its record says nothing, a record without its mark would not be found.
    std::set<std::string> added;
    Result<void> done = add_marks(name, tags, added);
    if (done) done = put(path, encode_record(name.key, tags, value));
    if (!done) remove_marks(name, added);
    return done;
}

Result<void> FilesStore::add_marks(const Name& name, const std::set<std::string>& tags,
                                   std::set<std::string>& added) {
    std::string file = to_file_name(name.key);
    for (const std::string& tag : tags) {
        fs::path folder = tag_folder(name.collection, tag);
        Result<bool> made = mark(folder, file);
        // The folder may go between two steps: the last key with this tag is being removed.
        for (int again = 0; again < 3 && !made && made.error().is(Errc::not_found); ++again)
            made = mark(folder, file);
        if (!made) return tl::unexpected<Error>(std::move(made.error()));
        if (*made) added.insert(tag);
    }
    return {};
}

void FilesStore::remove_marks(const Name& name, const std::set<std::string>& tags) {
    std::string file = to_file_name(name.key);
    for (const std::string& tag : tags) {
        fs::path folder = tag_folder(name.collection, tag);
        if (::unlink((folder / file).c_str()) == 0) quota_.give_back(mark_bytes);
        remove_counted(folder);
    }
}

Result<void> FilesStore::put(const fs::path& path, BytesView record) {
    std::uint64_t wanted = file_cost(record.size());
    SONM_CHECK(quota_.change(file_cost(path), wanted));
    fs::path fresh = root_ / "new" / fmt::format("{}", next_++);
    auto written = [&]() -> Result<void> {
        SONM_TRY(OpenFile file, OpenFile::open(fresh, O_WRONLY | O_CREAT | O_EXCL, 0600));
        SONM_CHECK(file.write_all(record));
        return file.sync();
    }();
    if (written && ::rename(fresh.c_str(), path.c_str()) != 0) written = system_failure("replacing", path);
    if (!written) {
        ::unlink(fresh.c_str());
        quota_.give_back(wanted);
        quota_.add(file_cost(path));
        return written;
    }
    return sync_folder(path.parent_path());
}

Result<void> FilesStore::remove(const Name& name) {
    Use use(*this, folder_of(name.collection));
    fs::path path = value_path(name);
    auto head = read_head(path);
    if (!head && head.error().is(Errc::not_found)) return {};
    if (!head && !head.error().is(Errc::corrupt)) return tl::unexpected<Error>(std::move(head.error()));
    std::uint64_t freed = file_cost(path);
    if (::unlink(path.c_str()) == 0)
        quota_.give_back(freed);
    else if (errno != ENOENT)
        return system_failure("removing", path);
    SONM_CHECK(sync_folder(path.parent_path()));
    if (head) remove_marks(name, head->tags);
    return {};
}

Result<std::vector<std::string>> FilesStore::find(const Query& query) const {
    fs::path values = folder_of(query.collection) / "values";
    std::vector<fs::path> others;
    for (const std::string& tag : query.tags) others.push_back(tag_folder(query.collection, tag));
    fs::path first = std::move(others.back());
    others.pop_back();

    std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(first.c_str()), &::closedir);
    if (!folder && errno == ENOENT) return std::vector<std::string>();
    if (!folder) return system_failure("reading the folder", first);
    Page page(query);
    auto is_marked = [&](const char* file) {
        return std::ranges::all_of(
            others, [&](const fs::path& other) { return ::access((other / file).c_str(), F_OK) == 0; });
    };
    while (dirent* entry = ::readdir(folder.get())) {
        std::string_view file(entry->d_name);
        if (file == "." || file == ".." || !is_marked(entry->d_name)) continue;
        auto key = from_file_name(file);
        if (key && !page.wants(*key)) continue;
        auto head = read_head(values / file);
        // Gone, or marked by a write that was cut off; a damaged one is told to whoever reads it.
        if (!head) continue;
        if (std::ranges::includes(head->tags, query.tags)) page.add(std::move(head->key));
    }
    return page.take();
}

}  // namespace sonm::storage
