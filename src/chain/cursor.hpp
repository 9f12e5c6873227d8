#pragma once

#include "sonm/base/sqlite.hpp"
#include "sonm/chain/node.hpp"

#include <functional>

namespace sonm::chain {

struct CursorConfig {
    std::vector<Address> addresses;  ///< whose logs
    std::uint64_t start_block = 0;   ///< the first block that can hold one
    std::uint64_t depth = 0;         ///< blocks that must follow before a log counts
    Millis poll{1'000};              ///< between looks at the head; 100 ms on a development chain
    Millis pause_max{5'000};         ///< longest pause while the node does not answer
    std::uint64_t page_blocks_max =
        10'000;  ///< asked for at once; halved as often as the node finds it too much
};

/// What a follower gets. First undo, then do.
struct LogBatch {
    std::optional<std::uint64_t> rewind_to;  ///< everything above this block is void
    std::vector<Log> logs;                   ///< in the chain's order, with block times
    std::uint64_t up_to_block = 0;           ///< complete up to here
    UnixTime block_time;                     ///< of that block
    bool live = false;                       ///< false while history is still being read
};

/// Follows the logs of some contracts: from the start block through history to the head, and on. What it has
/// read it keeps in the store, so that a restart goes on where it stopped and any number of followers can
/// read from the beginning.
///
/// A block hash is kept for each page read. When the chain no longer has it (a reorganisation, a chain
/// restored from an older state, or another chain), everything above the newest block that both agree on is
/// dropped, and followers are told to rewind. Resource type; one executor.
class LogCursor {
public:
    /// `node` and `db` (from open_log_store) must outlive it.
    LogCursor(Executor executor, Node& node, Database& db, CursorConfig config);
    LogCursor(const LogCursor&) = delete;

    /// Reads until cancelled. Whatever fails, the node or the store (a full disk), is tried again for ever;
    /// see `trouble`.
    Task<void> run();
    /// One look: reads up to the head. For tests, and for programs that want the state of now and no more.
    Async<void> advance();

    /// Calls `deliver` for everything above `from_block`, then for everything new, until cancelled. `run`
    /// must be running. While the store fails, nothing is delivered; nothing is left out afterwards.
    Task<void> follow(std::uint64_t from_block, std::function<void(const LogBatch&)> deliver);

    /// Waits until block `block` is read, as long as `run` is running. For callers that know of a block and
    /// want its logs delivered.
    Task<void> reach(std::uint64_t block);

    /// Why the last look failed; nothing if it did not.
    const std::optional<Error>& trouble() const { return trouble_; }
    /// Last block that is read completely; start_block - 1 if none is.
    std::uint64_t position() const { return position_.block; }

private:
    struct Point {
        std::uint64_t block = 0;
        Hash hash;
        UnixTime time;
    };
    struct Rewind {
        std::uint64_t number;
        std::uint64_t to_block;
    };

    Async<void> open();
    /// Waits until something is new.
    Task<void> change();
    /// True if it could not be read at once and a smaller page shall be tried.
    Async<bool> read_page(std::uint64_t to_block);
    Async<bool> still_there();
    Async<void> rewind();
    Async<void> add_times(std::vector<Log>& logs);
    Result<void> keep(const std::vector<Log>& logs, const Point& point);
    Result<void> drop_above(const Point& point);
    Result<std::vector<Log>> stored(std::uint64_t from_block, std::uint64_t to_block);
    /// How far a follower has come.
    struct Follower {
        std::uint64_t position;
        std::uint64_t rewinds_seen;
    };
    Result<LogBatch> next_batch(Follower& follower);
    Point before_start() const;

    Node& node_;
    Database& db_;
    CursorConfig config_;
    Bytes scope_;
    Point position_;
    bool opened_ = false;
    bool live_ = false;
    bool running_ = false;
    std::uint64_t page_blocks_;
    std::deque<Rewind> rewinds_;
    std::uint64_t rewind_count_ = 0;
    std::optional<Error> trouble_;
    asio::steady_timer changed_;
};

}  // namespace sonm::chain
