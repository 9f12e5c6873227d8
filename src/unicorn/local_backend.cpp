#include "sonm/unicorn/local_backend.hpp"

#include "sonm/base/log.hpp"
#include "sonm/unicorn/number.hpp"

namespace sonm::unicorn {
namespace {

// id: in order of creation, which is the order of a queue. children_version: counts what came and went.
constexpr std::string_view tables = R"(
CREATE TABLE node (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    parent TEXT NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL DEFAULT 0,
    children_version INTEGER NOT NULL DEFAULT 0,
    ephemeral INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX node_parent ON node (parent);
INSERT INTO node (path, parent, value) VALUES ('', '-', x'c0');
)";

template <class T>
Async<T> ready(Result<T> result) {
    co_return std::move(result);
}

tl::unexpected<Error> no_node(const std::string& path) {
    return fail(UnicornErrc::no_node, "{}", path.empty() ? "/" : path);
}

}  // namespace

/// A place in a queue, as a child of the lock's path. All of them live in this process.
class LocalBackend::LocalSeat final : public Seat {
public:
    LocalSeat(LocalBackend& backend, std::string queue, std::string path)
        : backend_(backend),
          queue_(std::move(queue)),
          path_(std::move(path)),
          watch_(backend.watchers_, queue_) {}
    ~LocalSeat() override {
        auto gone = backend_.erase(path_);
        if (!gone) SONM_LOG(error, "unicorn: leaving {}: {}", path_, gone.error().message());
    }
    Async<void> first() override {
        while (true) {
            auto front = backend_.database_->value<std::string>(
                "SELECT path FROM node WHERE parent = ? AND ephemeral = 1 ORDER BY id LIMIT 1", queue_);
            if (!front) co_return tl::unexpected<Error>(std::move(front.error()));
            if (*front == path_) co_return Result<void>();
            auto waiting = watch_.changed();
            SONM_CO_CHECK(co_await std::move(waiting));
        }
    }
    Async<void> lost() override {
        // Never: what ends this place is the end of its channel, or of this process.
        Channel<bool> never(backend_.executor_, 1);
        auto waiting = never.pop();
        SONM_CO_CHECK(co_await std::move(waiting));
        co_return Result<void>();
    }

private:
    LocalBackend& backend_;
    std::string queue_, path_;
    Watchers::Watch watch_;
};

LocalBackend::LocalBackend(Executor executor, std::string file, std::size_t nodes_max)
    : executor_(executor), file_(std::move(file)), nodes_max_(nodes_max), watchers_(executor) {}
LocalBackend::~LocalBackend() = default;

Async<void> LocalBackend::start() {
    SONM_CO_TRY(database_, Database::open(file_, {tables}));
    SONM_CO_CHECK(database_->run("DELETE FROM node WHERE ephemeral = 1"));
    SONM_CO_TRY(auto count, database_->value<std::uint64_t>("SELECT count(*) FROM node"));
    nodes_ = count.value_or(0);
    co_return Result<void>();
}

Result<std::optional<Versioned>> LocalBackend::find(const std::string& path) {
    std::optional<Versioned> found;
    auto keep = [&](const Row& row) {
        found = Versioned{rpc::Encoded{row.get<Bytes>(0)}, row.get<std::int64_t>(1)};
    };
    SONM_CHECK(database_->each(keep, "SELECT value, version FROM node WHERE path = ?", path));
    return found;
}

Result<bool> LocalBackend::has_children(const std::string& path) {
    SONM_TRY(auto one, database_->value<std::int64_t>("SELECT 1 FROM node WHERE parent = ? LIMIT 1", path));
    return one.has_value();
}

Result<Versioned> LocalBackend::look(const std::string& path) {
    SONM_TRY(auto found, find(path));
    if (!found) return no_node(path);
    return std::move(*found);
}

Result<Versioned> LocalBackend::readable(const std::string& path) {
    SONM_TRY(Versioned found, look(path));
    SONM_TRY(bool parent, has_children(path));
    if (parent) return fail(UnicornErrc::child_not_allowed, "{} has children", path);
    return found;
}

Async<Versioned> LocalBackend::get(std::string path) { return ready(readable(path)); }

Async<Children> LocalBackend::children(std::string path) {
    Children out;
    auto version = database_->value<std::int64_t>("SELECT children_version FROM node WHERE path = ?", path);
    if (!version) return ready<Children>(tl::unexpected<Error>(std::move(version.error())));
    if (!*version) return ready<Children>(no_node(path));
    out.version = **version;
    auto name = [](const Row& row) { return std::string(name_of(row.get<std::string>(0))); };
    auto names = database_->all(name, "SELECT path FROM node WHERE parent = ? ORDER BY path", path);
    if (!names) return ready<Children>(tl::unexpected<Error>(std::move(names.error())));
    out.names = std::move(*names);
    return ready<Children>(std::move(out));
}

Result<Versioned> LocalBackend::overwrite(const std::string& path, const rpc::Encoded& value,
                                          std::int64_t version) {
    SONM_CHECK(
        database_->run("UPDATE node SET value = ?, version = ? WHERE path = ?", value.bytes, version, path));
    watchers_.wake(path);
    return Versioned{value, version};
}

Async<std::tuple<bool, Versioned>> LocalBackend::put(std::string path, rpc::Encoded value,
                                                     std::int64_t version) {
    SONM_CO_TRY(Versioned found, look(path));
    if (found.version != version) co_return std::tuple(false, std::move(found));
    SONM_CO_TRY(Versioned written, overwrite(path, value, version + 1));
    co_return std::tuple(true, std::move(written));
}

Result<std::vector<std::string>> LocalBackend::insert(const std::string& path, const rpc::Encoded& value,
                                                      bool ephemeral) {
    std::vector<std::string> changed;
    auto add = [&](std::string_view at, const rpc::Encoded& content, bool passing) -> Result<void> {
        if (nodes_ + changed.size() / 2 >= nodes_max_)
            return fail(Errc::no_space, "the tree has its {} nodes already", nodes_max_);
        std::string parent(parent_of(at));
        auto inserted =
            database_->run("INSERT INTO node (path, parent, value, ephemeral) VALUES (?, ?, ?, ?)",
                           std::string(at), parent, content.bytes, passing);
        if (!inserted && inserted.error().is(Errc::exists)) return fail(UnicornErrc::node_exists, "{}", at);
        if (!inserted) return tl::unexpected<Error>(std::move(inserted.error()));
        SONM_CHECK(
            database_->run("UPDATE node SET children_version = children_version + 1 WHERE path = ?", parent));
        changed.push_back(std::string(at));
        changed.push_back(parent);
        return Result<void>();
    };
    auto body = [&]() -> Result<void> {
        for (const std::string& above : ancestors_of(path)) {
            SONM_TRY(auto there, database_->value<bool>("SELECT ephemeral FROM node WHERE path = ?", above));
            if (there && *there)
                return fail(UnicornErrc::child_not_allowed, "{} is a place in a queue", above);
            if (there) break;
            SONM_CHECK(add(above, Versioned::nil(), false));
        }
        return add(path, value, ephemeral);
    };
    SONM_CHECK(database_->transact(body));
    nodes_ += changed.size() / 2;
    return changed;
}

void LocalBackend::wake(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) watchers_.wake(path);
}

Async<void> LocalBackend::create(std::string path, rpc::Encoded value) {
    auto made = insert(path, value, false);
    if (made) wake(*made);
    return ready<void>(made.map([](const auto&) {}));
}

Result<void> LocalBackend::erase(const std::string& path) {
    auto body = [&]() -> Result<void> {
        SONM_CHECK(database_->run("DELETE FROM node WHERE path = ?", path));
        SONM_CHECK(database_->run("UPDATE node SET children_version = children_version + 1 WHERE path = ?",
                                  std::string(parent_of(path))));
        return Result<void>();
    };
    SONM_CHECK(database_->transact(body));
    --nodes_;
    watchers_.wake(path);
    watchers_.wake(parent_of(path));
    return Result<void>();
}

Async<void> LocalBackend::remove(std::string path, std::int64_t version) {
    SONM_CO_TRY(Versioned found, look(path));
    if (version != version_absent && version != found.version)
        co_return fail(UnicornErrc::version_not_allowed, "{} has version {}", path, found.version);
    SONM_CO_TRY(bool parent, has_children(path));
    if (parent) co_return fail(UnicornErrc::child_not_allowed, "{} has children", path);
    co_return erase(path);
}

Async<Versioned> LocalBackend::increment(std::string path, rpc::Encoded delta) {
    SONM_CO_TRY(auto found, find(path));
    if (!found) {
        auto making = create(path, delta);
        SONM_CO_CHECK(co_await std::move(making));
        co_return Versioned{std::move(delta), 0};
    }
    SONM_CO_TRY(Versioned old, readable(path));
    SONM_CO_TRY(rpc::Encoded sum, add(old.value, delta));
    co_return overwrite(path, sum, old.version + 1);
}

Async<std::unique_ptr<Seat>> LocalBackend::enqueue(std::string path, rpc::Encoded value) {
    std::string place = path + "/lock-" + to_hex(random_bytes(8));
    SONM_CO_TRY(auto changed, insert(place, value, true));
    auto seat = std::make_unique<LocalSeat>(*this, path, place);
    wake(changed);
    co_return Result<std::unique_ptr<Seat>>(std::move(seat));
}

}  // namespace sonm::unicorn
