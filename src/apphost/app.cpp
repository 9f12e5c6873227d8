#include "sonm/apphost/app.hpp"

#include "sonm/apphost/app_parts.hpp"
#include "sonm/base/log.hpp"

namespace sonm::apphost {
namespace {

/// Beside one for each worker: the listener and the clock.
constexpr std::size_t children_max = 4096;

Task<void> wait(asio::steady_timer& timer) {
    // Moving or cancelling the timer ends the wait; only a real cancellation throws.
    (void)co_await timer.async_wait(as_tuple(asio::use_awaitable));
    co_await detail::throw_if_cancelled();
}

}  // namespace

App::App(AppParts parts, std::string name, Version version, Profile profile)
    : parts_(std::move(parts)),
      name_(std::move(name)),
      version_(std::move(version)),
      profile_(profile),
      timer_(parts_.executor),
      born_(now()),
      meter_(born_) {
    service_.on<"enqueue">([this](rpc::Context who, std::string event, std::optional<std::string>,
                                  rpc::Source<Bytes> in, rpc::Sink<Bytes> out) {
        return enqueue(std::move(who), std::move(event), std::move(in), std::move(out));
    });
    service_.on<"info">(
        [this](const rpc::Context&) -> Result<rpc::Encoded> { return rpc::Encoded{info(1)}; });
    service_.on<"control">(
        [this](rpc::Context, rpc::Talk<rpc::Primitive<>, rpc::Streaming<std::int64_t>> talk) {
            return control(std::move(talk));
        });
}

App::~App() { SONM_ASSERT(calls_.empty()); }

Result<void> App::listen() {
    SONM_TRY(listener_, listen_unix(parts_.executor, parts_.socket.string()));
    return Result<void>();
}

Task<void> App::run() {
    struct Ending {
        explicit Ending(App& a) : app(a) {}
        ~Ending() {
            app.group_ = nullptr;
            app.pool_.workers.clear();
            app.workers_.clear();
            app.listener_.reset();
            auto calls = app.calls_;
            for (auto& [number, call] : calls)
                app.decided(number, fail(services::NodeErrc::not_running, "{}", app.name_));
        }
        App& app;
    } ending(*this);
    auto body = [this](TaskGroup& group) {
        group_ = &group;
        group.spawn(accept());
        return look_again();
    };
    auto work = scope(children_max, std::move(body));
    co_await std::move(work);
}

Task<void> App::look_again() {
    while (true) {
        armed_ = Time::max();
        timer_.expires_at(Time::max());
        step();
        if (pool_.stopping && workers_.empty()) co_return;
        auto waiting = wait(timer_);
        co_await std::move(waiting);
    }
}

void App::stop() {
    pool_.stopping = true;
    auto waiting = pool_.queue;
    for (const QueuedCall& call : waiting)
        decided(call.number, fail(services::NodeErrc::not_running, "{} is being stopped", name_));
    step();
    timer_.cancel();
}

void App::replace(Version version) {
    version_ = std::move(version);
    ++pool_.version;
    pool_.failures = 0;
    step();
}

void App::set_profile(Profile profile) {
    profile_ = profile;
    step();
}

void App::set_wished(std::optional<std::size_t> count) {
    pool_.wished = count;
    step();
}

void App::step() {
    again_ = true;
    if (stepping_ || !group_) return;
    stepping_ = true;
    Time wake = Time::max();
    while (again_) {
        again_ = false;
        Decision decision = decide(pool_, profile_, now());
        for (const Action& action : decision.actions) act(action);
        again_ |= !decision.actions.empty();
        wake = decision.wake;
    }
    stepping_ = false;
    // To look too early does no harm; so the timer moves only to an earlier time.
    if (wake < armed_) {
        armed_ = wake;
        // The clock that decides and the timer that wakes may differ (in tests); spans are the same.
        timer_.expires_at(asio::steady_timer::clock_type::now() + (wake - now()));
    }
    if (pool_.stopping && workers_.empty()) timer_.cancel();
}

void App::act(const Action& action) {
    using Kind = Action::Kind;
    switch (action.kind) {
        case Kind::spawn: return spawn_worker();
        case Kind::assign: return decided(action.call, action.worker);
        case Kind::expire:
            return decided(action.call,
                           fail(services::NodeErrc::deadline, "no worker of {} was free in time", name_));
        case Kind::time_out:
            return decided(action.call, fail(services::NodeErrc::timeout, "slave has been discarded"));
        case Kind::seal:
            if (PoolWorker* worker = pool_.find(action.worker)) {
                worker->state = WorkerState::sealing;
                worker->since = now();
            }
            return;
        case Kind::terminate: return terminate(action.worker, action.why);
        case Kind::kill: return kill(action.worker, action.why);
    }
}

}  // namespace sonm::apphost
