#include "sonm/chain/cursor.hpp"

#include "sonm/base/log.hpp"
#include "sonm/crypto/keccak.hpp"

namespace sonm::chain {
namespace {

/// Checkpoints kept: how far back a reorganisation costs only what it undid. Deeper ones read everything
/// again.
constexpr std::uint64_t checkpoints_max = 2'048;
/// Rewinds remembered for followers that are slow; one that missed more starts over.
constexpr std::size_t rewinds_max = 64;
/// Logs handed to a follower at once.
constexpr std::uint64_t batch_logs_max = 5'000;
constexpr Millis pause_first{200};
/// Pages in a row that were read while the chain was reorganised.
constexpr int unsettled_max = 8;

Bytes pack(const std::vector<Hash>& topics) {
    Bytes out;
    for (const Hash& topic : topics) append(out, topic.bytes);
    return out;
}

std::vector<Hash> unpack(BytesView bytes) {
    std::vector<Hash> out(bytes.size() / 32);
    for (std::size_t i = 0; i < out.size(); ++i)
        std::copy_n(bytes.begin() + std::ptrdiff_t(32 * i), 32, out[i].bytes.begin());
    return out;
}

Log read_log_row(const Row& row) {
    Log out;
    out.block = row.get<std::uint64_t>(0);
    out.index = row.get<std::uint32_t>(1);
    out.block_hash.bytes = row.get<FixedBytes<32>>(2);
    out.block_time = row.get<UnixTime>(3);
    out.address.bytes = row.get<FixedBytes<20>>(4);
    out.topics = unpack(row.get<Bytes>(5));
    out.data = row.get<Bytes>(6);
    out.txn.bytes = row.get<FixedBytes<32>>(7);
    return out;
}

}  // namespace

LogCursor::LogCursor(Executor executor, Node& node, Database& db, CursorConfig config)
    : node_(node),
      db_(db),
      config_(std::move(config)),
      page_blocks_(config_.page_blocks_max),
      changed_(executor, asio::steady_timer::time_point::max()) {
    position_ = before_start();
}

LogCursor::Point LogCursor::before_start() const {
    Point point;
    point.block = config_.start_block > 0 ? config_.start_block - 1 : 0;
    return point;
}

/// Takes up what the store holds, if it is about the same chain and the same contracts; else starts over.
Async<void> LogCursor::open() {
    BlockRef first = std::uint64_t(0);
    SONM_CO_TRY(auto genesis, co_await node_.header(first));
    if (!genesis) co_return fail(ChainErrc::bad_answer, "the node has no block 0");
    std::vector<Address> addresses = config_.addresses;
    std::sort(addresses.begin(), addresses.end());
    Bytes identity = to_bytes(genesis->hash.bytes);
    for (const Address& address : addresses) append(identity, address.bytes);
    FixedBytes<32> start = to_word(config_.start_block);
    append(identity, start);
    scope_ = to_bytes(crypto::keccak256(identity).bytes);

    SONM_CO_TRY(auto stored_scope, db_.value<Bytes>("SELECT scope FROM cursor"));
    if (!stored_scope || *stored_scope != scope_) {
        SONM_CO_CHECK(drop_above(before_start()));
        SONM_CO_CHECK(db_.run("INSERT OR REPLACE INTO cursor (one, scope) VALUES (1, ?)", scope_));
    }
    auto read = [](const Row& row) {
        Point point;
        point.block = row.get<std::uint64_t>(0);
        point.hash.bytes = row.get<FixedBytes<32>>(1);
        point.time = row.get<UnixTime>(2);
        return point;
    };
    SONM_CO_TRY(auto newest,
                db_.all(read, "SELECT block, hash, time FROM checkpoint ORDER BY block DESC LIMIT 1"));
    position_ = newest.empty() ? before_start() : newest[0];
    opened_ = true;
    changed_.cancel();
    co_return Result<void>();
}

Task<void> LogCursor::run() {
    struct Running {
        LogCursor& cursor;
        explicit Running(LogCursor& c) : cursor(c) { cursor.running_ = true; }
        ~Running() {
            cursor.running_ = false;
            cursor.changed_.cancel();
        }
    } running(*this);
    Millis pause = pause_first;
    while (true) {
        auto advancing = advance();
        auto done = co_await std::move(advancing);
        if (done) {
            if (trouble_) SONM_LOG(info, "following the chain again, block {}", position_.block);
            trouble_.reset();
            pause = pause_first;
            co_await sleep_for(config_.poll);
            continue;
        }
        if (!trouble_) SONM_LOG(warn, "cannot follow the chain: {}; trying again", done.error().message());
        trouble_ = std::move(done).error();
        co_await sleep_for(pause);
        pause = std::min(pause * 2, config_.pause_max);
    }
}

Async<void> LogCursor::advance() {
    if (!opened_) SONM_CO_CHECK(co_await open());
    int unsettled = 0;
    while (true) {
        SONM_CO_TRY(bool there, co_await still_there());
        if (!there) SONM_CO_CHECK(co_await rewind());
        SONM_CO_TRY(std::uint64_t head, co_await node_.block_number());
        std::uint64_t target = head > config_.depth ? head - config_.depth : 0;
        if (target <= position_.block && !position_.hash.is_zero()) break;
        if (target < config_.start_block) break;
        std::uint64_t first = position_.hash.is_zero() ? config_.start_block : position_.block + 1;
        std::uint64_t last = std::min(target, first + page_blocks_ - 1);
        SONM_CO_TRY(bool smaller, co_await read_page(last));
        if (smaller) {
            if (page_blocks_ == 1)
                co_return fail(ChainErrc::too_many_results, "the node refuses the logs of block {} alone",
                               first);
            page_blocks_ = std::max<std::uint64_t>(1, (last - first + 1) / 2);
            continue;
        }
        if (position_.block != last || position_.hash.is_zero()) {
            if (++unsettled == unsettled_max)
                co_return fail(ChainErrc::bad_answer, "the chain changes faster than it can be read");
            continue;
        }
        page_blocks_ = std::min(config_.page_blocks_max, page_blocks_ * 2);
        changed_.cancel();
        if (last == target) break;
    }
    if (!live_) {
        live_ = true;
        changed_.cancel();
    }
    co_return Result<void>();
}

/// Whether the chain still has the block up to which everything was read.
Async<bool> LogCursor::still_there() {
    if (position_.hash.is_zero()) co_return true;
    BlockRef block = position_.block;
    SONM_CO_TRY(auto header, co_await node_.header(block));
    co_return header && header->hash == position_.hash;
}

Async<bool> LogCursor::read_page(std::uint64_t to_block) {
    BlockRef last = to_block;
    SONM_CO_TRY(auto before, co_await node_.header(last));
    if (!before) co_return false;  // the chain became shorter meanwhile: look again
    LogFilter filter;
    filter.from_block = position_.hash.is_zero() ? config_.start_block : position_.block + 1;
    filter.to_block = to_block;
    filter.addresses = config_.addresses;
    auto asking = node_.logs(std::move(filter));
    auto logs = co_await std::move(asking);
    if (!logs && logs.error().is(ChainErrc::too_many_results)) co_return true;
    if (!logs) co_return tl::unexpected<Error>(std::move(logs).error());
    SONM_CO_CHECK(co_await add_times(*logs));
    // The same last block before and after, and the same first: then the logs between are of one and the same
    // chain.
    SONM_CO_TRY(auto after, co_await node_.header(last));
    SONM_CO_TRY(bool there, co_await still_there());
    if (!there || !after || after->hash != before->hash) co_return false;
    Point point;
    point.block = to_block;
    point.hash = before->hash;
    point.time = before->time;
    SONM_CO_CHECK(keep(*logs, point));
    position_ = point;
    co_return false;
}

Async<void> LogCursor::add_times(std::vector<Log>& logs) {
    std::vector<std::uint64_t> blocks;
    for (const Log& log : logs) {
        if (log.block_time.value == 0 && (blocks.empty() || blocks.back() != log.block))
            blocks.push_back(log.block);
    }
    if (blocks.empty()) co_return Result<void>();
    auto asking = node_.headers(std::move(blocks));
    SONM_CO_TRY(auto headers, co_await std::move(asking));
    std::unordered_map<std::uint64_t, UnixTime> times;
    for (const auto& header : headers) {
        if (header) times[header->number] = header->time;
    }
    for (Log& log : logs) {
        if (log.block_time.value == 0) log.block_time = times[log.block];
    }
    co_return Result<void>();
}

Result<void> LogCursor::keep(const std::vector<Log>& logs, const Point& point) {
    return db_.transact([&]() -> Result<void> {
        for (const Log& log : logs) {
            Bytes topics = pack(log.topics);
            SONM_CHECK(db_.run("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", log.block, log.index,
                               log.block_hash.bytes, log.block_time, log.address.bytes, topics, log.data,
                               log.txn.bytes));
        }
        SONM_CHECK(db_.run("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?)", point.block,
                           point.hash.bytes, point.time));
        SONM_CHECK(
            db_.run("DELETE FROM checkpoint WHERE block < (SELECT min(block) FROM (SELECT block FROM "
                    "checkpoint ORDER BY block DESC LIMIT ?))",
                    checkpoints_max));
        return Result<void>();
    });
}

Result<void> LogCursor::drop_above(const Point& point) {
    bool all = point.hash.is_zero();
    SONM_CHECK(db_.transact([&]() -> Result<void> {
        if (all) return db_.script("DELETE FROM log; DELETE FROM checkpoint");
        SONM_CHECK(db_.run("DELETE FROM log WHERE block > ?", point.block));
        SONM_CHECK(db_.run("DELETE FROM checkpoint WHERE block > ?", point.block));
        return Result<void>();
    }));
    position_ = point;
    rewinds_.push_back(Rewind{++rewind_count_, point.block});
    if (rewinds_.size() > rewinds_max) rewinds_.pop_front();
    changed_.cancel();
    return Result<void>();
}

Async<void> LogCursor::rewind() {
    auto read = [](const Row& row) {
        Point point;
        point.block = row.get<std::uint64_t>(0);
        point.hash.bytes = row.get<FixedBytes<32>>(1);
        point.time = row.get<UnixTime>(2);
        return point;
    };
    SONM_CO_TRY(auto points, db_.all(read, "SELECT block, hash, time FROM checkpoint ORDER BY block DESC"));
    Point agreed = before_start();
    // Most reorganisations are short: look at a few, then at more and more.
    std::size_t step = 4;
    for (std::size_t from = 0; from < points.size(); from += step, step *= 4) {
        std::vector<std::uint64_t> blocks;
        for (std::size_t i = from; i < std::min(points.size(), from + step); ++i)
            blocks.push_back(points[i].block);
        auto asking = node_.headers(std::move(blocks));
        SONM_CO_TRY(auto headers, co_await std::move(asking));
        bool found = false;
        for (std::size_t i = 0; i < headers.size() && !found; ++i) {
            if (!headers[i] || headers[i]->hash != points[from + i].hash) continue;
            agreed = points[from + i];
            found = true;
        }
        if (found) break;
    }
    SONM_LOG(warn, "the chain was reorganised: back from block {} to {}", position_.block, agreed.block);
    SONM_CO_CHECK(drop_above(agreed));
    // Nothing in common: perhaps another chain altogether.
    if (agreed.hash.is_zero()) SONM_CO_CHECK(co_await open());
    co_return Result<void>();
}

Result<std::vector<Log>> LogCursor::stored(std::uint64_t from_block, std::uint64_t to_block) {
    return db_.all(read_log_row,
                   "SELECT block, position, block_hash, block_time, address, topics, data, txn FROM log "
                   "WHERE block BETWEEN ? AND ? "
                   "ORDER BY block, position",
                   from_block, to_block);
}

/// What one follower has not seen yet, at most about batch_logs_max logs. The follower has moved only if
/// there is no error.
Result<LogBatch> LogCursor::next_batch(Follower& follower) {
    LogBatch batch;
    std::uint64_t position = follower.position;
    if (follower.rewinds_seen < rewind_count_) {
        bool missed = rewinds_.empty() || rewinds_.front().number > follower.rewinds_seen + 1;
        if (missed) position = std::min(position, before_start().block);
        for (const Rewind& rewind : rewinds_) {
            if (rewind.number > follower.rewinds_seen) position = std::min(position, rewind.to_block);
        }
    }
    // A follower that brought its position from elsewhere may know more than the chain now has.
    position = std::min(position, position_.block);
    if (position < follower.position) batch.rewind_to = position;
    batch.up_to_block = position_.block;
    // The block in which a page of logs ends; all of them if there are fewer.
    SONM_TRY(auto cut, db_.value<std::uint64_t>(
                           "SELECT block FROM log WHERE block > ? ORDER BY block, position LIMIT 1 OFFSET ?",
                           position, batch_logs_max));
    if (cut) batch.up_to_block = *cut;
    SONM_TRY(batch.logs, stored(position + 1, batch.up_to_block));
    batch.block_time = cut && !batch.logs.empty() ? batch.logs.back().block_time : position_.time;
    batch.live = live_ && !cut;
    follower.position = batch.up_to_block;
    follower.rewinds_seen = rewind_count_;
    return batch;
}

Task<void> LogCursor::follow(std::uint64_t from_block, std::function<void(const LogBatch&)> deliver) {
    Follower follower{std::max(from_block, before_start().block), rewind_count_};
    std::uint64_t told_block = 0;
    bool told_live = false;
    while (true) {
        if (opened_) {
            auto batch = next_batch(follower);
            if (!batch) {
                SONM_LOG(error, "reading the stored logs: {}; trying again", batch.error().message());
                co_await sleep_for(config_.pause_max);
                continue;
            }
            if (batch->rewind_to || !batch->logs.empty() || batch->up_to_block != told_block ||
                batch->live != told_live) {
                told_block = batch->up_to_block;
                told_live = batch->live;
                deliver(*batch);
            }
            if (follower.position < position_.block) {
                co_await asio::post(asio::use_awaitable);  // history is long: let others work
                continue;
            }
        }
        co_await change();
    }
}

Task<void> LogCursor::reach(std::uint64_t block) {
    while (running_ && position_.block < block) co_await change();
}

Task<void> LogCursor::change() {
    // Woken by cancel(), which looks like an error; a real cancellation is told apart by the state.
    (void)co_await changed_.async_wait(as_tuple(asio::use_awaitable));
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw asio::system_error(asio::error::operation_aborted);
}

}  // namespace sonm::chain
