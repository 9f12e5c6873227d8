#include "sonm/chain/store.hpp"

namespace sonm::chain {
namespace {

// scope: which chain (its genesis block) and which account; so a chain that begins anew begins a new journal.
constexpr std::string_view journal_tables = R"(
CREATE TABLE intent (
    scope BLOB NOT NULL,
    id TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    state INTEGER NOT NULL,
    block INTEGER NOT NULL DEFAULT 0,
    gas_used INTEGER NOT NULL DEFAULT 0,
    gas_price BLOB,
    PRIMARY KEY (scope, id)
) STRICT;
CREATE UNIQUE INDEX intent_nonce ON intent (scope, nonce);
CREATE TABLE attempt (
    scope BLOB NOT NULL,
    nonce INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (scope, nonce, number)
) STRICT;
)";

constexpr std::string_view log_tables = R"(
CREATE TABLE cursor (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    scope BLOB NOT NULL
) STRICT;
CREATE TABLE checkpoint (
    block INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    time INTEGER NOT NULL
) STRICT;
CREATE TABLE log (
    block INTEGER NOT NULL,
    position INTEGER NOT NULL,
    block_hash BLOB NOT NULL,
    block_time INTEGER NOT NULL,
    address BLOB NOT NULL,
    topics BLOB NOT NULL,
    data BLOB NOT NULL,
    txn BLOB NOT NULL,
    PRIMARY KEY (block, position)
) STRICT, WITHOUT ROWID;
)";

}  // namespace

Result<std::unique_ptr<Database>> open_journal(const std::string& path) {
    return Database::open(path, {journal_tables});
}

Result<std::unique_ptr<Database>> open_log_store(const std::string& path) {
    DatabaseOptions options;
    options.sync_every_commit = false;  // what a power cut loses is read again
    return Database::open(path, {log_tables}, options);
}

}  // namespace sonm::chain
