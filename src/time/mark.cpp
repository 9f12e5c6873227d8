#include "sonm/time/mark.hpp"

#include "sonm/base/blocking.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/base/log.hpp"
#include "sonm/base/units.hpp"

namespace sonm::time {
namespace {

constexpr Millis write_max{1'000};
constexpr Millis retry{1'000};
constexpr std::size_t file_bytes_max = 64;

Result<std::optional<std::int64_t>> read_mark(const std::filesystem::path& file) {
    auto text = read_text(file, file_bytes_max);
    if (!text && text.error().is(Errc::not_found)) return std::optional<std::int64_t>();
    if (!text) return tl::unexpected<Error>(std::move(text.error()));
    auto mark = parse_int<std::int64_t>(std::string_view(*text).substr(0, text->find('\n')));
    if (!mark) return fail(Errc::corrupt, "{} is no time in microseconds", file.native());
    return std::optional<std::int64_t>(*mark);
}

}  // namespace

Async<std::optional<std::int64_t>> Mark::load() {
    auto work = [file = file_] { return read_mark(file); };
    auto task = offload_blocking(std::move(work));
    SONM_CO_TRY(auto mark, co_await std::move(task));
    if (mark) newest_ = kept_ = std::max(newest_, *mark);
    co_return mark;
}

Task<void> Mark::run() {
    while (true) {
        auto waiting = wake_.pop();
        (void)co_await std::move(waiting);
        std::int64_t target = newest_ + ahead_;
        if (target == kept_) {
            changed_.wake_all();
            continue;
        }
        auto work = [file = file_, text = fmt::format("{}\n", target)] {
            return write_atomically(file, as_bytes(text), 0600);
        };
        auto task = offload_blocking(std::move(work));
        auto done = co_await std::move(task);
        if (done) {
            kept_ = target;
            failing_ = false;
            ++written_;
        } else {
            failed(done.error().message());
        }
        changed_.wake_all();
        if (!done) {
            auto resting = sleep_for(retry);
            co_await std::move(resting);
        }
    }
}

void Mark::failed(std::string_view why) {
    ++failures_;
    if (std::exchange(failing_, true)) return;
    SONM_LOG(warn, "time: after a restart readings may go back, since how far they are cannot be kept: {}",
             why);
}

bool Mark::covers(std::int64_t reading) {
    newest_ = std::max(newest_, reading);
    if (newest_ + std::min(refresh_us, ahead_) > kept_) (void)wake_.try_push(true);
    return reading <= kept_ || failing_;
}

Task<void> Mark::changed() {
    Watchers::Watch watch(changed_, "");
    auto waiting = within(write_max, watch.changed());
    if (auto done = co_await std::move(waiting); !done) failed(done.error().message());
}

Task<void> Mark::settle() {
    ahead_ = 0;
    // Not until it is exact: those who ask meanwhile have it written for themselves.
    while (kept_ > newest_ && !failing_) {
        (void)wake_.try_push(true);
        auto waiting = changed();
        co_await std::move(waiting);
    }
}

}  // namespace sonm::time
