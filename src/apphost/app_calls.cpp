#include "sonm/apphost/app_parts.hpp"
#include "sonm/base/log.hpp"

/// Calls: admitted, queued, given to a worker, relayed both ways.
namespace sonm::apphost {
namespace {

using services::NodeErrc;
using services::PoolErrc;
using AppWorkerClient = rpc::Client<services::AppWorkerProtocol>;
using Invocation = decltype(std::declval<AppWorkerClient>().stream<"invoke">(std::string()))::value_type;

/// What clients are told of a worker that has died under their call.
Error discarded() {
    return Error{std::error_code(ECONNRESET, std::system_category()), "slave has been discarded"};
}

Task<void> pump_up(rpc::Source<Bytes>& in, rpc::BasicSink<rpc::Items<Bytes>>& out) {
    while (true) {
        auto chunk = co_await in.next();
        if (!chunk) co_return out.fail(std::move(chunk.error()));
        if (!*chunk) co_return out.finish();
        auto writing = out.write(std::move(**chunk));
        auto written = co_await std::move(writing);
        // The worker has had enough, or is gone: then its answer says so.
        if (!written) co_return;
    }
}

Async<void> put(rpc::Sink<Bytes>& out, Bytes chunk) {
    bool ready = out.writable();
    auto writing = out.write(std::move(chunk));
    if (ready) co_return co_await std::move(writing);
    auto bounded = within(client_stall_max, std::move(writing));
    auto written = co_await std::move(bounded);
    if (!written && written.error().is(Errc::timeout))
        co_return fail(Errc::timeout, "the answer was not read for {} ms", client_stall_max.count());
    co_return written;
}

Async<void> pump_down(rpc::BasicSource<rpc::Items<Bytes>>& in, rpc::Sink<Bytes>& out,
                      const rpc::Connection& worker) {
    while (true) {
        auto chunk = co_await in.next();
        if (!chunk && !worker.is_open()) co_return tl::unexpected<Error>(discarded());
        if (!chunk) co_return tl::unexpected<Error>(std::move(chunk.error()));
        if (!*chunk) co_return Result<void>();
        auto putting = put(out, std::move(**chunk));
        SONM_CO_CHECK(co_await std::move(putting));
    }
}

}  // namespace

Task<void> App::Call::change() {
    (void)co_await changed.async_wait(as_tuple(asio::use_awaitable));
    co_await detail::throw_if_cancelled();
}

/// Takes the call out of the books, however its handler ends.
class App::CallEntry {
public:
    CallEntry(App& app, Call& call) : app_(app), call_(call) {}
    CallEntry(const CallEntry&) = delete;
    ~CallEntry() { app_.leave(call_); }

private:
    App& app_;
    Call& call_;
};

Result<void> App::admit(Call& call) {
    bool running = group_ && !pool_.stopping;
    bool room = pool_.queue.size() < profile_.queue_limit;
    if (!running) {
        ++counters_.rejected;
        return fail(NodeErrc::not_running, "{}", name_);
    }
    call.number = next_call_++;
    pool_.queue.push_back(QueuedCall{call.number, call.began, call.deadline});
    calls_.emplace(call.number, &call);
    step();
    // A call that found a free worker at once has not waited, even where nothing may wait.
    if (call.worker || call.failure || room) return Result<void>();
    ++counters_.rejected;
    decided(call.number, fail(PoolErrc::queue_full, "queue is full"));
    return Result<void>();
}

Async<void> App::enqueue(rpc::Context who, std::string event, rpc::Source<Bytes> in, rpc::Sink<Bytes> out) {
    SONM_CO_TRY(std::optional<Millis> limit, who.request_timeout());
    Call call(parts_.executor);
    call.began = now();
    call.deadline = call.began + std::min(limit.value_or(profile_.request_timeout), Millis(31'536'000'000));
    SONM_CO_CHECK(admit(call));
    CallEntry entry(*this, call);
    while (!call.worker && !call.failure) {
        auto waiting = call.change();
        co_await std::move(waiting);
    }
    if (call.failure) co_return tl::unexpected<Error>(std::move(*call.failure));
    auto relaying = relay(call, std::move(who), std::move(event), std::move(in), std::move(out));
    auto outcome = co_await std::move(relaying);
    if (!outcome) ++counters_.failed;
    co_return outcome;
}

Async<void> App::relay(Call& call, rpc::Context who, std::string event, rpc::Source<Bytes> in,
                       rpc::Sink<Bytes> out) {
    auto found = workers_.find(*call.worker);
    if (found == workers_.end() || !found->second->link.is_open())
        co_return tl::unexpected<Error>(discarded());
    rpc::Connection link = found->second->link;
    AppWorkerClient worker(link);
    auto invoked = worker.with(who.headers()).stream<"invoke">(std::move(event));
    if (!invoked) co_return tl::unexpected<Error>(link.is_open() ? std::move(invoked.error()) : discarded());
    Invocation invocation = std::move(*invoked);
    auto down = [&]() -> Task<void> {
        auto pumping = pump_down(invocation.source, out, link);
        call.answer = co_await std::move(pumping);
        call.done = true;
        call.wake();
    };
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(pump_up(in, invocation.sink));
        group.spawn(down());
        while (!call.done && !call.failure) {
            auto waiting = call.change();
            co_await std::move(waiting);
        }
    };
    auto work = scope(2, std::move(body));
    co_await std::move(work);
    if (call.done) co_return std::move(call.answer);
    invocation.sink.fail(*call.failure);
    co_return tl::unexpected<Error>(*call.failure);
}

void App::decided(CallNumber number, Result<WorkerNumber> outcome) {
    auto found = calls_.find(number);
    if (found == calls_.end()) return;
    Call& call = *found->second;
    auto queued = std::find_if(pool_.queue.begin(), pool_.queue.end(),
                               [&](const QueuedCall& entry) { return entry.number == number; });
    if (queued != pool_.queue.end()) pool_.queue.erase(queued);
    if (outcome) {
        call.worker = *outcome;
        PoolWorker* worker = pool_.find(*outcome);
        ++worker->load;
        ++workers_.at(*outcome)->accepted;
        ++counters_.accepted;
        meter_.mark(now());
        pool_.running.emplace(call.deadline, number);
    } else {
        pool_.running.erase({call.deadline, number});
        call.failure = std::move(outcome.error());
        calls_.erase(found);
    }
    queue_average_ += (static_cast<double>(pool_.queue.size()) - queue_average_) * 0.05;
    call.wake();
}

void App::leave(Call& call) {
    calls_.erase(call.number);
    pool_.running.erase({call.deadline, call.number});
    std::erase_if(pool_.queue, [&](const QueuedCall& entry) { return entry.number == call.number; });
    if (call.worker) {
        timings_.add(now() - call.began);
        PoolWorker* worker = pool_.find(*call.worker);
        if (worker && --worker->load == 0) worker->idle_since = now();
        // A worker of this kind lives and works.
        if (worker && worker->version == pool_.version && call.done && call.answer) pool_.failures = 0;
    }
    step();
}

Async<void> App::control(rpc::Talk<rpc::Primitive<>, rpc::Streaming<std::int64_t>> talk) {
    struct Automatic {
        explicit Automatic(App& a) : app(a) {}
        ~Automatic() { app.set_wished(std::nullopt); }
        App& app;
    } automatic(*this);
    while (true) {
        SONM_CO_TRY(auto said, co_await talk.hear());
        if (!said) co_return talk.say_now<"value">();
        if (!said->is<"write">()) continue;
        SONM_CO_TRY(std::int64_t count, said->args<"write">());
        if (count > 0)
            set_wished(static_cast<std::size_t>(count));
        else
            set_wished(std::nullopt);
    }
}

}  // namespace sonm::apphost
