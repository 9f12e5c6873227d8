#include "sonm/base/shared_database.hpp"

#include "sonm/base/blocking.hpp"

#include <future>

namespace sonm {
namespace {

/// Of one group, so that a long line does not make those in front wait for its end.
constexpr std::size_t group_max = 1'024;

/// SQLite rolls a whole transaction back by itself after some failures; what follows would then be written
/// one by one, unnoticed.
bool is_rolled_back(Database& database) {
    bool outside = database.script("BEGIN").has_value();
    if (outside) (void)database.script("COMMIT");
    return outside;
}

}  // namespace

/// Outlives the object while a group is on its way back from the thread.
struct SharedDatabase::State : std::enable_shared_from_this<State> {
    State(Executor e, Limits l) : executor(std::move(e)), limits(l) {}

    bool is_full(std::size_t more) const {
        return waiting.size() >= limits.waiting_max || (bytes > 0 && bytes + more > limits.waiting_bytes_max);
    }

    void begin() {
        Jobs group;
        std::size_t together = 0;
        while (!waiting.empty() && group.size() < group_max) {
            auto& next = waiting.front();
            if (!next->given_up) {
                if (together > 0 && together + next->bytes > limits.group_bytes_max) break;
                together += next->bytes;
                group.push_back(next);
            }
            bytes -= next->bytes;
            waiting.pop_front();
        }
        busy = !group.empty();
        if (!busy) return;
        std::promise<void> left;
        thread_left = left.get_future();
        auto back = asio::prefer(executor, asio::execution::outstanding_work.tracked);
        auto work = [self = shared_from_this(), group = std::move(group), back,
                     left = std::move(left)]() mutable {
            run_together(*self->database, group);
            auto arrive = [self = std::move(self), group = std::move(group)] { self->arrive(group); };
            {
                // Not held beyond the end of this: the event loop may be gone then.
                auto home = std::move(back);
                asio::post(home, std::move(arrive));
            }
            left.set_value();
        };
        asio::post(blocking_pool(), std::move(work));
    }

    void arrive(const Jobs& group) {
        if (closed) return;
        for (const auto& job : group) {
            auto tell = [&]() -> Result<void> {
                job->done();
                return Result<void>();
            };
            // What goes wrong here is this caller's alone.
            if (*job->outcome) job->outcome = contain_call(tell);
            (void)job->over.try_push(0);
        }
        begin();
    }

    Executor executor;
    const Limits limits;
    std::unique_ptr<Database> database;
    std::deque<std::shared_ptr<Job>> waiting;
    std::size_t bytes = 0;  ///< of those that wait
    bool busy = false, closed = false;
    std::future<void> thread_left;
};

SharedDatabase::SharedDatabase(Executor executor, Limits limits)
    : executor_(executor), state_(std::make_shared<State>(executor, limits)) {}

SharedDatabase::~SharedDatabase() {
    state_->closed = true;
    if (state_->thread_left.valid()) state_->thread_left.wait();
}

Async<void> SharedDatabase::open(std::string file, std::vector<std::string_view> migrations) {
    auto work = [file = std::move(file), migrations = std::move(migrations)] {
        return Database::open(file, migrations);
    };
    auto opening = offload_blocking(std::move(work));
    SONM_CO_TRY(state_->database, co_await std::move(opening));
    co_return Result<void>();
}

Async<void> SharedDatabase::perform(std::shared_ptr<Job> job, Asker asker) {
    State& state = *state_;
    if (asker == Asker::client && state.is_full(job->bytes))
        co_return fail(Errc::busy, "{} calls with {} bytes wait for the disk already", state.waiting.size(),
                       state.bytes);
    struct GiveUp {
        explicit GiveUp(Job& j) : job(j) {}
        GiveUp(const GiveUp&) = delete;
        ~GiveUp() { job.given_up = true; }
        Job& job;
    };
    GiveUp leaving(*job);
    state.waiting.push_back(job);
    state.bytes += job->bytes;
    if (!state.busy) state.begin();
    auto waiting = job->over.pop();
    SONM_CO_CHECK(co_await std::move(waiting));
    co_return std::move(*job->outcome);
}

void SharedDatabase::run_together(Database& database, const Jobs& jobs) {
    auto one = [&](Job& job) {
        auto work = [&] { return job.work(database); };
        job.outcome = database.transact(work);
    };
    if (jobs.size() > 1) {
        auto all = [&]() -> Result<void> {
            for (const auto& job : jobs) {
                one(*job);
                if (!*job->outcome && is_rolled_back(database)) return *job->outcome;
            }
            return Result<void>();
        };
        auto done = database.transact(all);
        if (done) return;
        if (!jobs.front()->outcome) {
            // Not even begun: somebody else has the file. Each would wait as long again.
            for (const auto& job : jobs) job->outcome = done;
            return;
        }
    }
    for (const auto& job : jobs) one(*job);
}

}  // namespace sonm
