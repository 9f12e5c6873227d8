#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/sqlite.hpp"

#include <functional>

namespace sonm {

/// What may wait for a SharedDatabase; beyond it clients are refused as busy.
struct SharedDatabaseLimits {
    std::size_t waiting_max = 32'768;
    std::size_t waiting_bytes_max = 64 * MiB;
    std::size_t group_bytes_max = 32 * MiB;  ///< of what is written in one commit
};

/// For whom work is done. What a service has taken on already (a stream that it admitted, an outcome to be
/// noted, its own housekeeping) is bounded where it was taken on, and is never refused: a flood of clients
/// would end it. It waits in the same line.
enum class Asker : std::uint8_t { client, service };

/// One database file used by many callers of one executor, which it never holds up: the work is done on a
/// thread for blocking calls. What comes while it is busy is then done together, in the order in which it
/// came: one commit, one wait for the disk.
class SharedDatabase {
public:
    using Limits = SharedDatabaseLimits;
    explicit SharedDatabase(Executor executor, Limits limits = Limits());
    SharedDatabase(const SharedDatabase&) = delete;
    /// Waits for what the thread is doing.
    ~SharedDatabase();

    /// Before anything else. Errors: those of Database::open.
    Async<void> open(std::string file, std::vector<std::string_view> migrations);

    /// Runs `work(Database&) -> Result<T>` in a transaction: with a good answer all of it is on the disk,
    /// with another one nothing. It runs on a thread, so it owns what it uses or knows that nobody else uses
    /// it; it may be run again, from the beginning, when a whole group had to be rolled back. `done(T&)` is
    /// called on the executor once it is on the disk, also if the caller has gone meanwhile; if it throws,
    /// the caller gets that as Errc::internal. A caller that goes before its work was begun takes it back.
    /// `bytes`: what the work carries along, for the bounds. Errors: those of the work, of Database; busy.
    template <class F, class D>
    auto run(F work, D done, std::size_t bytes = 0, Asker asker = Asker::client)
        -> Async<typename std::invoke_result_t<F&, Database&>::value_type> {
        auto job = std::make_shared<JobOf<F, D>>(executor_, std::move(work), std::move(done), bytes);
        return finish<F, D>(*this, std::move(job), asker);
    }
    template <class F>
    auto run(F work, Asker asker = Asker::client) {
        return run(
            std::move(work), [](auto&...) {}, 0, asker);
    }

private:
    struct Job {
        explicit Job(const Executor& executor, std::size_t b) : bytes(b), over(executor, 1) {}
        virtual ~Job() = default;
        virtual Result<void> work(Database& database) = 0;
        virtual void done() = 0;
        std::size_t bytes;
        bool given_up = false;
        std::optional<Result<void>> outcome;
        Channel<char> over;
    };
    template <class F, class D>
    struct JobOf final : Job {
        using Outcome = std::invoke_result_t<F&, Database&>;
        JobOf(const Executor& executor, F w, D d, std::size_t b)
            : Job(executor, b), body(std::move(w)), then(std::move(d)) {}
        Result<void> work(Database& database) override {
            auto call = [&] { return body(database); };
            result = contain_call(call);
            if (!*result) return tl::unexpected<Error>(result->error());
            return Result<void>();
        }
        void done() override {
            if constexpr (std::is_void_v<typename Outcome::value_type>)
                then();
            else
                then(**result);
        }
        F body;
        D then;
        std::optional<Outcome> result;
    };
    template <class F, class D>
    static auto finish(SharedDatabase& self, std::shared_ptr<JobOf<F, D>> job, Asker asker)
        -> Async<typename std::invoke_result_t<F&, Database&>::value_type> {
        auto waiting = self.perform(job, asker);
        SONM_CO_CHECK(co_await std::move(waiting));
        co_return std::move(*job->result);
    }
    using Jobs = std::vector<std::shared_ptr<Job>>;
    struct State;
    Async<void> perform(std::shared_ptr<Job> job, Asker asker);
    static void run_together(Database& database, const Jobs& jobs);

    Executor executor_;
    std::shared_ptr<State> state_;
};

}  // namespace sonm
