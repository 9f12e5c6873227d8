#include "sonm/rpc/json_answer.hpp"

namespace sonm::rpc {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Since when the other side is waited for; nothing while it is not.
using Since = std::optional<SteadyClock::time_point>;

struct Heard {
    Result<std::optional<Json>> item;
};
/// So that its own failing by a deadline is not taken for silence.
Async<Heard> hear_once(JsonStream stream) {
    Heard out;
    auto waiting = stream.next();
    out.item = co_await std::move(waiting);
    co_return std::move(out);
}

Async<Json> hear(JsonStream stream, const Since& since, Millis limit) {
    while (true) {
        std::chrono::nanoseconds left = limit;
        if (since) left -= SteadyClock::now() - *since;
        if (left <= left.zero())
            co_return fail(Errc::timeout, "{}: no answer within {} ms", stream.method().name, limit.count());
        auto waiting = within(left, hear_once(stream));
        auto heard = co_await std::move(waiting);
        if (!heard) continue;
        SONM_CO_TRY(std::optional<Json> item, std::move(heard->item));
        if (!item) co_return fail(Errc::closed, "no answer came");
        co_return std::move(*item);
    }
}

Async<void> keep(Async<Json> hearing, Json& out) {
    SONM_CO_TRY(out, co_await std::move(hearing));
    co_return Result<void>();
}

Async<std::optional<Json>> next_of(const JsonItems& items, Since& since) {
    since.reset();
    auto asking = items();
    auto item = co_await std::move(asking);
    since = SteadyClock::now();
    co_return item;
}

}  // namespace

Async<Json> json_answer(JsonStream stream, JsonItems items, Millis limit) {
    limit = std::max(limit, Millis(1));
    Json answer;
    Since since = SteadyClock::now();
    JsonItems timed = [&] { return next_of(items, since); };
    auto listen = [&](JsonStream from) { return keep(hear(std::move(from), since, limit), answer); };
    auto exchanging = json_exchange(std::move(stream), std::move(timed), std::move(listen));
    SONM_CO_CHECK(co_await std::move(exchanging));
    co_return std::move(answer);
}

}  // namespace sonm::rpc
