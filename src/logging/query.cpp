#include "sonm/base/blocking.hpp"
#include "sonm/logging/service.hpp"

/// What is asked of the log: first what there is, from files and memory, then what comes.
namespace sonm::logging {
namespace {

constexpr std::size_t batch_bytes = 256 * KiB;
/// Of the newest entries that a query holds before it sends them.
constexpr std::size_t last_bytes_max = 16 * MiB;
constexpr std::uint64_t last_max = 100'000;
/// Entries that are looked at before others have their turn.
constexpr std::size_t looks_at_once = 256;

/// A query under way.
struct Visit {
    explicit Visit(std::size_t& queries) : count(queries) { ++count; }
    Visit(const Visit&) = delete;
    ~Visit() { --count; }
    std::size_t& count;
};

Task<void> let_others_work() {
    auto later = asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    co_await std::move(later);
}

Result<void> check_filter(const LogFilter& filter) {
    if (filter.last > last_max)
        return fail(std::errc::invalid_argument, "last is {}; at most {} can be asked for", filter.last,
                    last_max);
    if (filter.text.size() > filter_text_bytes_max)
        return fail(std::errc::invalid_argument, "a text of {} bytes to look for, the limit is {}",
                    filter.text.size(), filter_text_bytes_max);
    if (filter.attributes.size() > attributes_max)
        return fail(std::errc::invalid_argument, "{} attributes to look for, the limit is {}",
                    filter.attributes.size(), attributes_max);
    return {};
}

}  // namespace

Async<void> LoggingService::send(rpc::Sink<LogEntry> out, LogFilter filter, Entries entries) {
    for (const EntryPtr& entry : entries) {
        if (!matches(filter, *entry)) continue;
        auto writing = out.write(*entry);
        SONM_CO_CHECK(co_await std::move(writing));
    }
    auto yielding = let_others_work();  // perhaps nothing was to be written
    co_await std::move(yielding);
    co_return Result<void>();
}

Task<std::shared_ptr<SegmentReader>> LoggingService::open_files(LogFilter filter, std::uint64_t from,
                                                                std::uint64_t before) const {
    auto work = [folder = settings_.files->folder, filter = std::move(filter), from, before] {
        return std::make_shared<SegmentReader>(folder, filter, from, before);
    };
    auto opening = offload_blocking(std::move(work));
    co_return co_await std::move(opening);
}

Async<void> LoggingService::send_last(LogFilter filter, rpc::Sink<LogEntry> out, std::uint64_t& place) {
    std::deque<EntryPtr> found;
    place = ring_->end();
    std::uint64_t number = place;
    for (std::size_t looked = 1; number > ring_->first() && found.size() < filter.last; ++looked) {
        EntryPtr entry = ring_->at(--number);
        if (matches(filter, *entry)) found.push_front(std::move(entry));
        if (looked % looks_at_once != 0) continue;
        auto yielding = let_others_work();
        co_await std::move(yielding);
    }
    Entries older;
    if (files_ && found.size() < filter.last) {
        LogFilter rest = filter;
        rest.last -= found.size();
        auto opening = open_files(std::move(rest), 0, number);
        auto reader = co_await std::move(opening);
        for (bool more = true; more;) {
            auto work = [reader] { return reader->look_back(last_bytes_max); };
            auto reading = offload_blocking(std::move(work));
            more = co_await std::move(reading);
        }
        older = reader->take_last();
    }
    older.insert(older.end(), found.begin(), found.end());
    auto sending = send(std::move(out), std::move(filter), std::move(older));
    co_return co_await std::move(sending);
}

Async<void> LoggingService::send_filed(LogFilter filter, rpc::Sink<LogEntry> out, std::uint64_t& place) {
    std::uint64_t before = ring_->first();
    std::uint64_t seen = 0;
    if (files_) {
        auto opening = open_files(std::move(filter), place, before);
        auto reader = co_await std::move(opening);
        while (!reader->ended()) {
            auto work = [reader] { return reader->next(); };
            auto reading = offload_blocking(std::move(work));
            Entries entries = co_await std::move(reading);
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
    SONM_CO_CHECK(check_filter(filter));
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
