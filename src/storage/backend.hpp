#pragma once

#include "sonm/base/async.hpp"
#include "sonm/storage/names.hpp"
#include "sonm/storage/quota.hpp"

#include <set>

namespace sonm::storage {

/// What a find asks for.
struct Query {
    std::string collection;
    std::set<std::string> tags;  ///< at least one; a key must have all of them
    std::string after;           ///< only keys behind this one
    std::size_t keys_max = 0;
};

/// Tags that one key can have.
inline constexpr std::size_t tags_max = 64;

/// Where values are kept. Names are checked by the caller. Implementations: FilesBackend, SqliteBackend,
/// MemoryBackend (for tests), and behind servers S3Backend, PostgresBackend. One executor; calls may overlap.
///
/// Errors of every call: no_space, denied, corrupt, io, busy, and with servers unavailable, timeout.
class Backend {
public:
    virtual ~Backend() = default;
    /// Before everything else.
    virtual Async<void> open() = 0;
    /// Errors: not_found.
    virtual Async<Bytes> read(Name name) = 0;
    /// Replaces the value and adds the tags, both or neither; durable when it answers. Errors: too_large
    /// (more than tags_max).
    virtual Async<void> write(Name name, Bytes value, std::set<std::string> tags) = 0;
    /// Durable when it answers; what is not there is removed already.
    virtual Async<void> remove(Name name) = 0;
    /// Keys, sorted bytewise.
    virtual Async<std::vector<std::string>> find(Query query) = 0;
    /// What it keeps, if it counts that; null: whoever runs its server says how much that may be. Writes that
    /// would make it more than the limit are refused as on a full disk.
    virtual Quota* quota() { return nullptr; }
};

}  // namespace sonm::storage
