#pragma once

#include "sonm/rpc/rpc.hpp"

/// How the service speaks on channels that their caller may close at any time.
namespace sonm::unicorn {

/// Says what `work` gives as the one value.
template <class Talk, class T>
Async<void> answer(Talk talk, Async<T> work) {
    SONM_CO_TRY(T value, co_await std::move(work));
    if constexpr (requires { std::tuple_size<T>::value; }) {
        auto say = [&](auto&... each) { return talk.template say<"value">(std::move(each)...); };
        auto saying = std::apply(say, value);
        co_return co_await std::move(saying);
    } else {
        auto saying = talk.template say<"value">(std::move(value));
        co_return co_await std::move(saying);
    }
}

namespace detail {
inline Task<void> tell_end(Channel<Result<void>>& ends, Async<void> work) {
    auto outcome = co_await std::move(work);
    (void)ends.try_push(std::move(outcome));
}
/// Ends, well, when the other side can say nothing more: it has closed the channel, or is gone.
template <class Talk>
Async<void> heard_all(Talk talk) {
    while (true) {
        auto hearing = talk.hear();
        auto said = co_await std::move(hearing);
        if (!said || !*said) co_return Result<void>();
    }
}
}  // namespace detail

/// Runs `work` until it ends or the caller closes the channel; then it is cancelled.
template <class Talk>
Async<void> while_open(Talk talk, Async<void> work) {
    Executor executor = co_await asio::this_coro::executor;
    Channel<Result<void>> ends(executor, 2);
    Result<void> outcome;
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(detail::tell_end(ends, std::move(work)));
        group.spawn(detail::tell_end(ends, detail::heard_all(talk)));
        auto waiting = ends.pop();
        auto first = co_await std::move(waiting);
        outcome = std::move(*first);
    };
    auto running = scope(2, std::move(body));
    co_await std::move(running);
    co_return outcome;
}

}  // namespace sonm::unicorn
