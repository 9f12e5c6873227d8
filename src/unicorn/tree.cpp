#include "sonm/unicorn/tree.hpp"

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

// The size is kept where what it measures is: one rollback takes both.
constexpr std::string_view measured = R"(
CREATE TABLE size (nodes INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO size SELECT count(*), sum(length(CAST(path AS BLOB)) + length(value)) FROM node;
CREATE TRIGGER node_added AFTER INSERT ON node BEGIN
    UPDATE size SET nodes = nodes + 1, bytes = bytes + length(CAST(NEW.path AS BLOB)) + length(NEW.value);
END;
CREATE TRIGGER node_gone AFTER DELETE ON node BEGIN
    UPDATE size SET nodes = nodes - 1, bytes = bytes - length(CAST(OLD.path AS BLOB)) - length(OLD.value);
END;
CREATE TRIGGER node_written AFTER UPDATE OF value ON node BEGIN
    UPDATE size SET bytes = bytes + length(NEW.value) - length(OLD.value);
END;
)";

tl::unexpected<Error> no_node(const std::string& path) {
    return fail(UnicornErrc::no_node, "{}", path.empty() ? "/" : path);
}

}  // namespace

std::vector<std::string_view> Tree::migrations() { return {tables, measured}; }

Result<TreeSize> Tree::begin() {
    SONM_CHECK(database_.run("DELETE FROM node WHERE ephemeral = 1"));
    return size();
}

Result<TreeSize> Tree::size() {
    TreeSize out;
    auto read = [&](const Row& row) { out = TreeSize{row.get<std::uint64_t>(0), row.get<std::uint64_t>(1)}; };
    SONM_CHECK(database_.each(read, "SELECT nodes, bytes FROM size"));
    return out;
}

Result<TreeSize> Tree::checked_size(const TreeSize& before, const TreeLimits& limits) {
    SONM_TRY(TreeSize now, size());
    if (now.nodes > std::max(limits.nodes_max, before.nodes))
        return fail(Errc::no_space, "the tree has its {} nodes already", limits.nodes_max);
    if (now.bytes > std::max(limits.bytes_max, before.bytes))
        return fail(Errc::no_space, "the tree would have {} bytes, at most {} are kept", now.bytes,
                    limits.bytes_max);
    return now;
}

Result<std::optional<Versioned>> Tree::find(const std::string& path) {
    std::optional<Versioned> found;
    auto keep = [&](const Row& row) {
        found = Versioned{rpc::Encoded{row.get<Bytes>(0)}, row.get<std::int64_t>(1)};
    };
    SONM_CHECK(database_.each(keep, "SELECT value, version FROM node WHERE path = ?", path));
    return found;
}

Result<bool> Tree::has_children(const std::string& path) {
    SONM_TRY(auto one, database_.value<std::int64_t>("SELECT 1 FROM node WHERE parent = ? LIMIT 1", path));
    return one.has_value();
}

Result<Versioned> Tree::look(const std::string& path) {
    SONM_TRY(auto found, find(path));
    if (!found) return no_node(path);
    return std::move(*found);
}

Result<Versioned> Tree::readable(const std::string& path) {
    SONM_TRY(Versioned found, look(path));
    SONM_TRY(bool parent, has_children(path));
    if (parent) return fail(UnicornErrc::child_not_allowed, "{} has children", path);
    return found;
}

Result<Children> Tree::children(const std::string& path) {
    Children out;
    SONM_TRY(auto version,
             database_.value<std::int64_t>("SELECT children_version FROM node WHERE path = ?", path));
    if (!version) return no_node(path);
    out.version = *version;
    auto name = [](const Row& row) { return std::string(name_of(row.get<std::string>(0))); };
    SONM_TRY(out.names, database_.all(name, "SELECT path FROM node WHERE parent = ? ORDER BY path", path));
    return out;
}

Result<Versioned> Tree::overwrite(const std::string& path, const rpc::Encoded& value, std::int64_t version,
                                  const TreeLimits& limits) {
    SONM_TRY(TreeSize before, size());
    SONM_CHECK(
        database_.run("UPDATE node SET value = ?, version = ? WHERE path = ?", value.bytes, version, path));
    SONM_CHECK(checked_size(before, limits));
    return Versioned{value, version};
}

Result<Tree::Changed<std::tuple<bool, Versioned>>> Tree::put(const std::string& path,
                                                             const rpc::Encoded& value, std::int64_t version,
                                                             const TreeLimits& limits) {
    Changed<std::tuple<bool, Versioned>> out;
    SONM_TRY(Versioned found, look(path));
    if (found.version != version) {
        out.value = std::tuple(false, std::move(found));
    } else {
        SONM_TRY(Versioned written, overwrite(path, value, version + 1, limits));
        out.value = std::tuple(true, std::move(written));
        out.paths = {path};
    }
    SONM_TRY(out.size, size());
    return out;
}

Result<void> Tree::add(std::string_view path, const rpc::Encoded& value, bool passing) {
    std::string parent(parent_of(path));
    auto inserted = database_.run("INSERT INTO node (path, parent, value, ephemeral) VALUES (?, ?, ?, ?)",
                                  std::string(path), parent, value.bytes, passing);
    if (!inserted && inserted.error().is(Errc::exists)) return fail(UnicornErrc::node_exists, "{}", path);
    SONM_CHECK(inserted);
    SONM_CHECK(
        database_.run("UPDATE node SET children_version = children_version + 1 WHERE path = ?", parent));
    return Result<void>();
}

Result<Tree::Change> Tree::insert(const std::string& path, const rpc::Encoded& value, bool passing,
                                  const TreeLimits& limits) {
    Change out;
    SONM_TRY(TreeSize before, size());
    auto with = [&](const std::string& each, const rpc::Encoded& content, bool ephemeral) -> Result<void> {
        out.paths.push_back(each);
        out.paths.emplace_back(parent_of(each));
        return add(each, content, ephemeral);
    };
    for (const std::string& above : ancestors_of(path)) {
        SONM_TRY(auto there, database_.value<bool>("SELECT ephemeral FROM node WHERE path = ?", above));
        if (there && *there) return fail(UnicornErrc::child_not_allowed, "{} is a place in a queue", above);
        if (there) break;
        SONM_CHECK(with(above, Versioned::nil(), false));
    }
    SONM_CHECK(with(path, value, passing));
    SONM_TRY(out.size, checked_size(before, limits));
    return out;
}

Result<Tree::Change> Tree::erase(const std::string& path) {
    Change out;
    SONM_TRY(std::size_t gone, database_.run("DELETE FROM node WHERE path = ?", path));
    if (gone != 0) {
        std::string parent(parent_of(path));
        SONM_CHECK(
            database_.run("UPDATE node SET children_version = children_version + 1 WHERE path = ?", parent));
        out.paths = {path, parent};
    }
    SONM_TRY(out.size, size());
    return out;
}

Result<Tree::Change> Tree::remove(const std::string& path, std::int64_t version) {
    SONM_TRY(Versioned found, look(path));
    if (version != version_absent && version != found.version)
        return fail(UnicornErrc::version_not_allowed, "{} has version {}", path, found.version);
    SONM_TRY(bool parent, has_children(path));
    if (parent) return fail(UnicornErrc::child_not_allowed, "{} has children", path);
    return erase(path);
}

Result<Tree::Changed<Versioned>> Tree::increment(const std::string& path, const rpc::Encoded& delta,
                                                 const TreeLimits& limits) {
    Changed<Versioned> out;
    SONM_TRY(auto found, find(path));
    if (!found) {
        SONM_TRY(Change made, insert(path, delta, false, limits));
        static_cast<Change&>(out) = std::move(made);
        out.value = Versioned{delta, 0};
        return out;
    }
    SONM_TRY(Versioned old, readable(path));
    SONM_TRY(rpc::Encoded sum, unicorn::add(old.value, delta));
    SONM_TRY(out.value, overwrite(path, sum, old.version + 1, limits));
    out.paths = {path};
    SONM_TRY(out.size, size());
    return out;
}

Result<std::optional<std::string>> Tree::front(const std::string& queue) {
    return database_.value<std::string>(
        "SELECT path FROM node WHERE parent = ? AND ephemeral = 1 ORDER BY id LIMIT 1", queue);
}

Result<Tree::Change> Tree::leave(const std::vector<std::string>& places) {
    Change out;
    for (const std::string& place : places) {
        SONM_TRY(Change gone, erase(place));
        out.size = gone.size;
        out.paths.insert(out.paths.end(), gone.paths.begin(), gone.paths.end());
    }
    return out;
}

}  // namespace sonm::unicorn
