#include "sonm/engine/docker_streams.hpp"

#include <nlohmann/json.hpp>

namespace sonm::engine::docker {
namespace {

constexpr std::size_t piece_bytes_max = 64 * KiB;
constexpr std::size_t line_bytes_max = 1 * MiB;

}  // namespace

Error engine_error(Error error) {
    bool wrong_answer = error.is(Errc::invalid) || error.is(Errc::too_large);
    bool own = error.code.category() == EngineErrc_category();
    if (!own && !error.is(Errc::busy))
        error.code = wrong_answer ? EngineErrc::bad_answer : EngineErrc::engine_down;
    return error;
}

Result<void> LogDemux::feed(BytesView bytes) {
    while (!bytes.empty()) {
        if (payload_left_ == 0) {
            std::size_t count = std::min(bytes.size(), header_.size() - header_have_);
            std::copy_n(bytes.begin(), count, header_.begin() + static_cast<std::ptrdiff_t>(header_have_));
            header_have_ += count;
            bytes = bytes.subspan(count);
            if (header_have_ < header_.size()) break;
            if (header_[0] > 2 || header_[1] || header_[2] || header_[3]) {
                return fail(EngineErrc::bad_answer, "output in a frame that starts with {}", to_hex(header_));
            }
            payload_left_ = std::uint32_t(header_[4]) << 24 | std::uint32_t(header_[5]) << 16 |
                            std::uint32_t(header_[6]) << 8 | header_[7];
            header_have_ = 0;
            first_piece_ = true;
            continue;
        }
        std::size_t count =
            std::min({bytes.size(), std::size_t(payload_left_), piece_bytes_max - piece_.size()});
        append(piece_, bytes.first(count));
        bytes = bytes.subspan(count);
        payload_left_ -= static_cast<std::uint32_t>(count);
        if (payload_left_ == 0 || piece_.size() == piece_bytes_max) emit();
    }
    return {};
}

void LogDemux::emit() {
    LogRecord record;
    record.channel = header_[0] == 2 ? LogChannel::err : LogChannel::out;
    BytesView text(piece_);
    if (timed_ && first_piece_) {
        auto blank =
            std::find(text.begin(), text.begin() + std::min<std::ptrdiff_t>(std::ssize(text), 64), ' ');
        std::size_t length = static_cast<std::size_t>(blank - text.begin());
        record.time_ns = parse_time_ns(as_text(text.first(length)));
        if (record.time_ns) text = text.subspan(length < text.size() ? length + 1 : length);
    }
    record.text = to_bytes(text);
    piece_.clear();
    first_piece_ = false;
    ready_.push_back(std::move(record));
}

std::optional<LogRecord> LogDemux::take() {
    if (ready_.empty()) return std::nullopt;
    std::optional<LogRecord> record(std::move(ready_.front()));
    ready_.pop_front();
    return record;
}

Result<void> LogDemux::finish() const {
    if (payload_left_ || header_have_)
        return fail(EngineErrc::engine_down, "the output broke off in the middle of a line");
    return {};
}

Result<void> JsonLines::add(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    SONM_TRY(Json json, parse_json(line, "a line of the engine's answer"));
    ready_.push_back(std::move(json));
    return {};
}

Result<void> JsonLines::feed(BytesView bytes) {
    partial_ += as_text(bytes);
    std::size_t start = 0;
    for (std::size_t end = 0; (end = partial_.find('\n', start)) != std::string::npos; start = end + 1) {
        SONM_CHECK(add(std::string_view(partial_).substr(start, end - start)));
    }
    partial_.erase(0, start);
    if (partial_.size() > line_bytes_max)
        return fail(EngineErrc::bad_answer, "a line of more than {} bytes", line_bytes_max);
    return {};
}

Result<void> JsonLines::finish() {
    std::string last = std::exchange(partial_, std::string());
    return add(last);
}

std::optional<Json> JsonLines::take() {
    if (ready_.empty()) return std::nullopt;
    std::optional<Json> json(std::move(ready_.front()));
    ready_.pop_front();
    return json;
}

Async<std::optional<LogRecord>> DockerLogs::next() {
    while (true) {
        if (auto record = demux_.take()) co_return Result<std::optional<LogRecord>>(std::move(record));
        auto bytes = co_await body_->read();
        if (!bytes) co_return tl::unexpected<Error>(engine_error(std::move(bytes.error())));
        if (bytes->empty()) {
            SONM_CO_CHECK(demux_.finish());
            co_return Result<std::optional<LogRecord>>(std::nullopt);
        }
        SONM_CO_CHECK(demux_.feed(*bytes));
    }
}

Async<Event> DockerEvents::next() {
    while (true) {
        while (auto json = lines_.take()) {
            // The engine may tell of other things than containers; they are not ours.
            if (text_of(*json, "Type") == "container") co_return to_event(*json);
        }
        auto bytes = co_await body_->read();
        if (!bytes) co_return tl::unexpected<Error>(engine_error(std::move(bytes.error())));
        if (bytes->empty()) co_return fail(EngineErrc::engine_down, "the events have ended");
        SONM_CO_CHECK(lines_.feed(*bytes));
    }
}

Async<Bytes> DockerBytes::read() {
    auto bytes = co_await body_->read();
    if (!bytes) co_return tl::unexpected<Error>(engine_error(std::move(bytes.error())));
    if (bytes->size() > left_) co_return fail(Errc::too_large, "the archive is over its size limit");
    left_ -= bytes->size();
    co_return Result<Bytes>(std::move(*bytes));
}

}  // namespace sonm::engine::docker
