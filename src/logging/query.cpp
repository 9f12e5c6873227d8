#include "sonm/base/blocking.hpp"
#include "sonm/logging/service.hpp"

/// What is asked of the log: first what there is, from files and memory, then what comes.
namespace sonm::logging {
namespace {

constexpr std::size_t batch_bytes = 256 * KiB;
/// Of the newest entries that a query holds before it sends them.
constexpr std::size_t last_bytes_max = 16 * MiB;
constexpr std::uint64_t last_max = 100'000;

/// A query under way.
struct Visit {
    explicit Visit(std::size_t& queries) : count(queries) { ++count; }
    Visit(const Visit&) = delete;
    ~Visit() { --count; }
    std::size_t& count;
};

}  // namespace

Async<void> LoggingService::send(rpc::Sink<LogEntry> out, LogFilter filter, Entries entries) {
    for (const EntryPtr& entry : entries) {
        if (!matches(filter, *entry)) continue;
        auto writing = out.write(*entry);
        SONM_CO_CHECK(co_await std::move(writing));
    }
    co_return Result<void>();
}

Async<void> LoggingService::send_last(LogFilter filter, rpc::Sink<LogEntry> out, std::uint64_t& place) {
    std::deque<EntryPtr> found;
    std::uint64_t begin = ring_->first();
    place = ring_->end();
    for (std::uint64_t number = place; number-- > begin && found.size() < filter.last;)
        if (matches(filter, *ring_->at(number))) found.push_front(ring_->at(number));
    Entries older;
    if (files_ && found.size() < filter.last) {
        LogFilter rest = filter;
        rest.last -= found.size();
        auto work = [folder = settings_.files->folder, rest = std::move(rest), begin] {
            return SegmentReader(folder, rest, 0, begin).last(last_bytes_max);
        };
        auto reading = offload_blocking(std::move(work));
        older = co_await std::move(reading);
    }
    older.insert(older.end(), found.begin(), found.end());
    auto sending = send(std::move(out), std::move(filter), std::move(older));
    co_return co_await std::move(sending);
}

Async<void> LoggingService::send_filed(LogFilter filter, rpc::Sink<LogEntry> out, std::uint64_t& place) {
    std::uint64_t before = ring_->first();
    std::uint64_t seen = 0;
    if (files_) {
        auto reader =
            std::make_shared<SegmentReader>(settings_.files->folder, std::move(filter), place, before);
        while (true) {
            auto work = [reader] { return reader->next(); };
            auto reading = offload_blocking(std::move(work));
            Entries entries = co_await std::move(reading);
            if (entries.empty()) break;
            auto sending = send(out, LogFilter(), std::move(entries));
            SONM_CO_CHECK(co_await std::move(sending));
        }
        seen = reader->seen();
    }
    // The history begins where the files begin; only what went missing behind that is worth a word.
    if (place != 0 && seen < before - place) {
        std::uint64_t missed = before - place - seen;
        queries_missed_ += missed;
        auto writing = out.write(note_of_missed(before - 1, missed));
        SONM_CO_CHECK(co_await std::move(writing));
    }
    place = before;
    co_return Result<void>();
}

Async<void> LoggingService::query(rpc::Context who, LogFilter filter, rpc::Sink<LogEntry> out) {
    SONM_CO_CHECK(check_operator(who));
    if (!ring_) co_return fail(std::errc::not_connected, "the log is not open yet");
    if (queries_ >= settings_.queries_max)
        co_return fail(std::errc::resource_unavailable_try_again, "{} queries are under way already",
                       settings_.queries_max);
    if (filter.last > last_max)
        co_return fail(std::errc::invalid_argument, "last is {}; at most {} can be asked for", filter.last,
                       last_max);
    Visit visit(queries_);
    std::uint64_t end = ring_->end(), place = 0;
    if (filter.last != 0) {
        auto sending = send_last(filter, out, place);
        SONM_CO_CHECK(co_await std::move(sending));
    }
    bool follow = filter.follow && filter.until_us == 0;
    while (place < end || (follow && !draining_)) {
        if (place < ring_->first()) {
            auto sending = send_filed(filter, out, place);
            SONM_CO_CHECK(co_await std::move(sending));
            continue;
        }
        if (place >= ring_->end()) {
            auto waiting = ring_->change();
            co_await std::move(waiting);
            continue;
        }
        Ring::Batch batch = ring_->take(place, batch_bytes);
        if (batch.missed) continue;
        place = batch.next;
        auto sending = send(out, filter, std::move(batch.entries));
        SONM_CO_CHECK(co_await std::move(sending));
    }
    co_return Result<void>();
}

}  // namespace sonm::logging
