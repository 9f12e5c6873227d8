#include "sonm/logging/service.hpp"

#include "sonm/base/blocking.hpp"
#include "sonm/base/log.hpp"

namespace sonm::logging {
namespace {

/// What one write of an output takes.
constexpr std::size_t batch_bytes = MiB;

}  // namespace

LoggingService::LoggingService(const Executor& executor, const Clock& clock, Settings settings,
                               std::vector<std::unique_ptr<Output>> more)
    : executor_(executor), settings_(std::move(settings)), clock_(clock) {
    if (settings_.files) {
        auto files = std::make_unique<Segments>(*settings_.files);
        files_ = files.get();
        feeds_.push_back(Feed{std::move(files)});
    }
    if (!settings_.journal_socket.empty())
        feeds_.push_back(Feed{std::make_unique<JournalOutput>(settings_.journal_socket)});
    if (!settings_.syslog_socket.empty())
        feeds_.push_back(Feed{std::make_unique<SyslogOutput>(settings_.syslog_socket)});
    for (auto& output : more) feeds_.push_back(Feed{std::move(output)});
    bind();
}

void LoggingService::bind() {
    service_.on<"emit">([this](const rpc::Context&, std::int64_t priority, std::string source,
                               std::string message, std::optional<LogAttributes> attributes) {
        return emit(priority, std::move(source), std::move(message), std::move(attributes));
    });
    service_.on<"verbosity">([this](const rpc::Context&) -> Result<std::int64_t> {
        return static_cast<std::int64_t>(settings_.levels.least());
    });
    service_.on<"set_verbosity">([this](const rpc::Context& who, std::int64_t priority) -> Result<void> {
        SONM_CHECK(check_operator(who));
        settings_.levels.general = nearest_priority(priority);
        return {};
    });
    service_.on<"set_source_verbosity">(
        [this](const rpc::Context& who, std::string source, std::optional<std::int64_t> priority) {
            return set_level(who, std::move(source), priority);
        });
    service_.on<"levels">(
        [this](const rpc::Context&) -> Result<std::tuple<std::int64_t, std::map<std::string, std::int64_t>>> {
            std::map<std::string, std::int64_t> sources;
            for (const auto& [name, priority] : settings_.levels.sources)
                sources.emplace(name, static_cast<std::int64_t>(priority));
            return std::tuple(static_cast<std::int64_t>(settings_.levels.general), std::move(sources));
        });
    service_.on<"query">([this](rpc::Context who, LogFilter filter, rpc::Sink<LogEntry> out) {
        return query(std::move(who), std::move(filter), std::move(out));
    });
}

Result<void> LoggingService::check_operator(const rpc::Context& who) const {
    if (settings_.operators.empty()) return {};
    if (who.identity() && settings_.operators.contains(*who.identity())) return {};
    return fail(std::errc::permission_denied, "only the operators of this log may do that");
}

Result<void> LoggingService::set_level(const rpc::Context& who, std::string source,
                                       std::optional<std::int64_t> priority) {
    SONM_CHECK(check_operator(who));
    auto& sources = settings_.levels.sources;
    if (source.empty() || source.size() > source_bytes_max)
        return fail(std::errc::invalid_argument, "a source has 1 to {} bytes, not {}", source_bytes_max,
                    source.size());
    if (!priority)
        sources.erase(source);
    else if (sources.size() >= levels_max && !sources.contains(source))
        return fail(std::errc::resource_unavailable_try_again, "{} sources have levels already", levels_max);
    else
        sources.insert_or_assign(std::move(source), nearest_priority(*priority));
    return {};
}

Result<void> LoggingService::emit(std::int64_t number, std::string source, std::string message,
                                  std::optional<LogAttributes> attributes) {
    LogEntry entry;
    entry.priority = nearest_priority(number);
    if (!ring_) return {};
    if (!settings_.levels.keeps(source, entry.priority)) {
        ++below_level_;
        return {};
    }
    entry.time_us = clock_.now_us();
    entry.source = std::move(source);
    entry.message = std::move(message);
    if (attributes) entry.attributes = std::move(*attributes);
    if (cut_to_limits(entry)) ++cut_;
    ++kept_[static_cast<std::size_t>(entry.priority)];
    ring_->push(std::move(entry));
    return {};
}

Async<void> LoggingService::start() {
    std::uint64_t first = 1;
    if (files_) {
        auto work = [this] { return files_->open(); };
        auto opening = offload_blocking(std::move(work));
        auto opened = co_await std::move(opening);
        if (!opened) co_return wrap(std::move(opened.error()), "opening the log");
        first = files_->next_number();
    }
    ring_ = std::make_unique<Ring>(executor_, settings_.memory_bytes_max, first);
    for (Feed& feed : feeds_) feed.place = first;
    co_return Result<void>();
}

Task<void> LoggingService::run() {
    auto body = [this](TaskGroup& group) -> Task<void> {
        for (Feed& one : feeds_) group.spawn(feed(one));
        auto waiting = group.join();
        co_await std::move(waiting);
    };
    auto all = scope(feeds_.size() + 1, std::move(body));
    co_await std::move(all);
}

LogEntry LoggingService::note_of_missed(std::uint64_t number, std::uint64_t missed) {
    LogEntry note;
    note.number = number;
    note.time_us = clock_.now_us();
    note.priority = LogPriority::warning;
    note.source = "logging";
    note.message =
        fmt::format("{} entries are missing here: they came faster than they could be taken", missed);
    return note;
}

Task<void> LoggingService::feed(Feed& feed) {
    while (true) {
        while (feed.place >= ring_->end()) {
            auto waiting = ring_->change();
            co_await std::move(waiting);
        }
        Ring::Batch batch = ring_->take(feed.place, batch_bytes);
        if (batch.missed) {
            auto note = note_of_missed(batch.entries.front()->number - 1, batch.missed);
            batch.entries.insert(batch.entries.begin(), std::make_shared<const LogEntry>(std::move(note)));
        }
        auto work = [&output = *feed.output, entries = std::move(batch.entries)] {
            return output.write(entries);
        };
        auto writing = offload_blocking(std::move(work));
        Result<void> written = co_await std::move(writing);
        if (written) {
            if (feed.failing) SONM_LOG(info, "log {}: written again", feed.output->name());
            feed.failing = false;
            feed.missed += batch.missed;
            feed.place = batch.next;
            continue;
        }
        if (!feed.failing)
            SONM_LOG(error, "log {}: {}; trying again, the oldest entries are dropped meanwhile",
                     feed.output->name(), written.error().message());
        feed.failing = true;
        auto resting = sleep_for(settings_.retry);
        co_await std::move(resting);
    }
}

Async<void> LoggingService::drain() {
    if (!ring_) co_return Result<void>();
    draining_ = true;
    ring_->wake();
    auto waiting_for = [this](const Feed& feed) { return !feed.failing && feed.place < ring_->end(); };
    auto until = std::chrono::steady_clock::now() + settings_.drain_max;
    while (std::ranges::any_of(feeds_, waiting_for) && std::chrono::steady_clock::now() < until) {
        auto resting = sleep_for(std::chrono::milliseconds(5));
        co_await std::move(resting);
    }
    co_return Result<void>();
}

Result<void> LoggingService::reload(YamlReader& args) {
    Settings fresh;
    read_settings(args, settings_.folder, fresh);
    settings_.levels = std::move(fresh.levels);
    settings_.operators = std::move(fresh.operators);
    settings_.queries_max = fresh.queries_max;
    services::FixedArguments fixed;
    auto before = settings_.files.value_or(SegmentSettings()), now = fresh.files.value_or(SegmentSettings());
    fixed.compare("memory_max", settings_.memory_bytes_max, fresh.memory_bytes_max)
        .compare("files", settings_.files.has_value(), fresh.files.has_value())
        .compare("path", before.folder, now.folder)
        .compare("file_max", before.segment_bytes_max, now.segment_bytes_max)
        .compare("file_age", before.segment_age_max, now.segment_age_max)
        .compare("total_max", before.total_bytes_max, now.total_bytes_max)
        .compare("keep", before.kept_for, now.kept_for)
        .compare("journald", settings_.journal_socket, fresh.journal_socket)
        .compare("syslog", settings_.syslog_socket, fresh.syslog_socket);
    return fixed.check();
}

void LoggingService::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    auto add = [&](std::string name, std::string help, Kind kind, double value,
                   std::vector<std::pair<std::string, std::string>> labels = {}) {
        out.push_back({std::move(name), std::move(help), kind, value, std::move(labels)});
    };
    for (std::size_t i = 0; i < kept_.size(); ++i)
        add("entries_total", "Entries taken in, by level.", Kind::counter, double(kept_[i]),
            {{"level", std::string(to_string(static_cast<LogPriority>(i)))}});
    add("below_level_total", "Entries that were not urgent enough.", Kind::counter, double(below_level_));
    add("cut_total", "Entries that were too long and were cut.", Kind::counter, double(cut_));
    for (const Feed& feed : feeds_) {
        std::pair<std::string, std::string> label{"output", feed.output->name()};
        auto* socket = dynamic_cast<const SocketOutput*>(feed.output.get());
        add("missed_total", "Entries that an output could not take.", Kind::counter,
            double(feed.missed + (socket ? socket->refused() : 0)), {label});
        add("failing", "1 while an output cannot be written.", Kind::gauge, feed.failing ? 1 : 0, {label});
        add("behind", "Entries that an output has not taken yet.", Kind::gauge,
            ring_ ? double(ring_->end() - feed.place) : 0, {label});
    }
    add("query_missed_total", "Entries that slow readers of queries have missed.", Kind::counter,
        double(queries_missed_));
    add("queries_now", "Queries under way.", Kind::gauge, double(queries_));
    add("memory_bytes", "Newest entries, in memory.", Kind::gauge, ring_ ? double(ring_->bytes()) : 0);
    if (files_) add("disk_bytes", "Files of the log.", Kind::gauge, double(files_->disk_bytes()));
}

}  // namespace sonm::logging
