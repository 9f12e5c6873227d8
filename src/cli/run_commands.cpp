#include "sonm/base/units.hpp"
#include "sonm/buyer/rpc_worker_link.hpp"
#include "sonm/buyer/runner.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/cli/run_options.hpp"

#include <nlohmann/json.hpp>

namespace sonm::cli {
namespace {

using buyer::Journal;
using buyer::Outcome;
using buyer::RunId;
using buyer::RunRecord;
using json = nlohmann::ordered_json;

/// Tells a person what a run does: steps and progress on stderr, the task's own output where it belongs.
class Teller final : public buyer::RunObserver {
public:
    explicit Teller(bool json) : json_(json) {}

    void on_step(buyer::Step step) override {
        if (step != buyer::Step::done) note(fmt::format("· {}", buyer::to_string(step)));
    }
    void on_deal(const model::Deal& deal, const model::DealState& state) override {
        if (told_deal_) return;
        told_deal_ = true;
        note(fmt::format("  deal {} with {}, {}, {} in escrow", deal.id, deal.supplier,
                         price_text(deal.price, deal.currency), print_tokens(state.escrow)));
    }
    void on_upload(std::string_view name, std::uint64_t done, std::uint64_t total) override {
        if (!upload_) upload_.emplace("  sending " + std::string(name));
        upload_->update(done, total);
        if (done >= total) upload_.reset();
    }
    void on_task(const model::TaskStatus& status) override {
        if (status.state == model::TaskState::preparing && status.progress_total > 0) {
            if (!preparing_) preparing_.emplace("  worker prepares");
            preparing_->update(status.progress_done, status.progress_total);
            return;
        }
        preparing_.reset();
        if (shown_ == status.state) return;
        shown_ = status.state;
        note(fmt::format(
            "  task {}{}{}", model::to_string(status.state),
            status.state == model::TaskState::finished ? fmt::format(", exit code {}", status.exit_code) : "",
            status.reason.empty() ? "" : ": " + status.reason));
    }
    void on_log(const buyer::LogChunk& chunk) override {
        print_foreign(chunk.bytes, chunk.is_stderr || json_);
    }
    void on_trouble(const Error& error) override {
        std::string text = error.message();
        if (text != last_trouble_) note("  " + text + "; trying again");
        last_trouble_ = std::move(text);
    }

private:
    bool json_;
    bool told_deal_ = false;
    std::optional<ProgressLine> upload_, preparing_;
    std::optional<model::TaskState> shown_;
    std::string last_trouble_;
};

/// Says how to go on if the process is interrupted while a run is under way.
struct InterruptedNote {
    explicit InterruptedNote(RunId run) : id(std::move(run)) {}
    ~InterruptedNote() {
        if (!done)
            note(
                fmt::format("\nrun {} is not done: go on with `sonm run resume {}`, or get the money back "
                            "with `sonm run cancel {}`",
                            id, id, id));
    }
    RunId id;
    bool done = false;
};

Exit exit_of_outcome(Outcome outcome) {
    if (outcome == Outcome::succeeded) return Exit::ok;
    return outcome == Outcome::no_deal ? Exit::no_deal : Exit::failed;
}

json run_json(const RunRecord& record) {
    json out{{"run", record.id.value},
             {"created", record.created.value},
             {"outcome", record.outcome},
             {"task", record.plan.task.value},
             {"bid", crypto::to_string(model::order_id(record.plan.bid).value)},
             {"exit_code", record.exit_code},
             {"reason", record.reason},
             {"cancel_asked", record.cancel_asked}};
    if (record.task) out["task_state"] = model::to_string(*record.task);
    if (!record.receipt_json.empty()) out["receipt"] = json::parse(record.receipt_json, nullptr, false);
    return out;
}

Result<std::unique_ptr<Journal>> journal_of(Context& context) {
    SONM_TRY(auto folder, context.account_folder());
    return Journal::open(folder / "runs.db");
}

Async<Exit> carry_out(Context& context, TaskGroup& group, market::Ledger& ledger, Journal& journal,
                      RunId id) {
    SONM_CO_TRY(const crypto::Signer* signer, co_await context.signer());
    SONM_CO_TRY(auto network, context.network());
    buyer::RpcWorkerLinks links(group, *signer, context.clock());
    Teller teller(context.json());
    buyer::RunPolicy policy;
    policy.chain_id = network.chain_id;
    buyer::Runner runner(ledger, links, journal, context.clock(), teller, policy);
    InterruptedNote interrupted(id);
    auto running = runner.run(id);
    auto outcome = co_await std::move(running);
    interrupted.done = true;
    if (!outcome) co_return wrap(outcome.error(), "run {}", id);
    SONM_CO_TRY(RunRecord record, journal.get(id.value));
    std::string text;
    for (const auto& output : record.plan.outputs)
        if (record.result_saved) text += fmt::format("  {} → {}\n", output.remote, output.local.string());
    note(fmt::format("run {} {}{}", id, buyer::to_string(*outcome),
                     record.reason.empty() ? "" : ": " + record.reason));
    if (context.json())
        print(run_json(record).dump(2) + "\n");
    else if (!text.empty())
        note(text.substr(0, text.size() - 1));
    co_return exit_of_outcome(*outcome);
}

Async<Exit> start_run(Context& context, TaskGroup& group, TaskOptions task_options, BidOptions bid_options) {
    SONM_CO_TRY(market::Ledger * ledger, co_await context.ledger(group));
    SONM_CO_TRY(model::Order bid,
                make_bid(bid_options, ledger->self(), task_options.network, context.clock().now()));
    model::TaskFile file;
    SONM_CO_CHECK(apply(task_options, file));
    SONM_CO_TRY(PreparedTask prepared, co_await prepare_task(std::move(file)));
    SONM_CO_TRY(Tokens escrow, co_await ledger->escrow_needed(bid));
    SONM_CO_TRY(auto have, co_await ledger->balances(ledger->self()));
    SONM_CO_TRY(Tokens total, checked_add(have.wallet, have.market));
    if (total < escrow)
        co_return fail(
            Errc::conflict,
            "this needs {} in escrow and the account {} has {}: lower --max-price or --for, or get SNM",
            print_tokens(escrow), ledger->self(), print_tokens(total));
    SONM_CO_CHECK(context.confirm_intent(
        fmt::format("Places a bid for {} at up to {}: freezes {}, of which what is not used comes back.",
                    bid.is_spot() ? "an open-ended deal" : print_span(bid.duration), bid_options.max_price,
                    print_tokens(escrow))));
    buyer::RunPlan plan;
    plan.bid = std::move(bid);
    plan.escrow = escrow;
    plan.task = model::TaskId(to_hex(random_bytes(16)));
    plan.spec = std::move(prepared.spec);
    plan.blobs = std::move(prepared.blobs);
    plan.outputs = std::move(prepared.outputs);
    plan.registry_password_file = std::move(prepared.registry_password_file);
    SONM_CO_TRY(auto journal, journal_of(context));
    SONM_CO_TRY(RunId id, journal->add(plan, context.clock().now()));
    note(fmt::format("run {}", id));
    co_return co_await carry_out(context, group, *ledger, *journal, id);
}

Async<Exit> go_on(Context& context, TaskGroup& group, std::string prefix, bool cancel) {
    SONM_CO_TRY(market::Ledger * ledger, co_await context.ledger(group));
    SONM_CO_TRY(auto journal, journal_of(context));
    SONM_CO_TRY(RunRecord record, journal->get(prefix));
    if (!record.outcome.empty()) {
        context.emit(run_json(record), fmt::format("run {} is done: {}\n", record.id, record.outcome));
        co_return Exit::ok;
    }
    if (cancel) SONM_CO_CHECK(journal->ask_cancel(record.id));
    auto carrying = carry_out(context, group, *ledger, *journal, record.id);
    auto ended = co_await std::move(carrying);
    if (!ended && cancel && ended.error().is(Errc::busy)) {
        note(fmt::format("another process is working on run {} and will take it back", record.id));
        co_return Exit::ok;
    }
    // A run that was taken back as asked is a success of `cancel`.
    if (ended && cancel) co_return Exit::ok;
    co_return ended;
}

Async<Exit> list_runs(Context& context) {
    SONM_CO_TRY(auto journal, journal_of(context));
    SONM_CO_TRY(auto records, journal->all());
    Table table({"RUN", "CREATED", "TASK", "STATE", "COMMAND"});
    json out = json::array();
    for (const auto& record : records) {
        std::string state = !record.outcome.empty() ? record.outcome
                            : record.task           ? std::string(model::to_string(*record.task))
                                                    : "waiting for a deal";
        table.add({record.id.value, to_utc(record.created), record.plan.task.value.substr(0, 8), state,
                   fmt::format("{}", fmt::join(record.plan.spec.command, " ")).substr(0, 60)});
        out.push_back(run_json(record));
    }
    context.emit(out, table.empty() ? "no runs yet\n" : table.to_text());
    co_return Exit::ok;
}

Async<Exit> show_run(Context& context, std::string prefix) {
    SONM_CO_TRY(auto journal, journal_of(context));
    SONM_CO_TRY(RunRecord record, journal->get(prefix));
    json out = run_json(record);
    context.emit(out, out.dump(2) + "\n");
    co_return Exit::ok;
}

}  // namespace

void add_task_options(CLI::App& leaf, TaskOptions& options) {
    // Without allow_extra_args(false) such an option would swallow the -- before the command.
    leaf.add_option("--image", options.image,
                    "Archive from `docker save`, or a reference that the worker pulls");
    leaf.add_option("--in", options.inputs, "Input file, LOCAL[:REMOTE]; may be repeated")
        ->allow_extra_args(false);
    leaf.add_option("--out", options.outputs, "Output file or folder, REMOTE[:LOCAL]; may be repeated")
        ->allow_extra_args(false);
    leaf.add_option("--env", options.environment, "KEY=value for the task; may be repeated")
        ->allow_extra_args(false);
    leaf.add_option("--workdir", options.working_dir, "Where the work folder is mounted")
        ->capture_default_str();
    leaf.add_option(
        "--user", options.user,
        "User inside the container, a number (default: the image's if that is one, else 65534; never root)");
    leaf.add_option("--time-limit", options.time_limit, "Stop the task after this, e.g. '5 min'");
    leaf.add_flag("--network", options.network, "Outbound internet for the task");
    leaf.add_option("command", options.command, "What to run, after --");
}

void add_run_commands(Commands& commands) {
    auto task = std::make_shared<TaskOptions>();
    auto bid = std::make_shared<BidOptions>();
    CLI::App* run = add_command(
        commands, commands.app, "run",
        "Rent a machine, run a container on it, get the result, pay for the time used",
        "  sonm run --image sonm/povray.tar --in scene.pov --out picture.png --cores 1 --for 10min \\\n"
        "    --max-price '0.02 USD/h' -- povray +Iscene.pov +Opicture.png +W640 +H480\n"
        "  sonm run ls\n  sonm run resume 3f21\n  sonm run cancel 3f21",
        [task, bid](CLI::App& leaf) -> Handler {
            add_task_options(leaf, *task);
            leaf.add_option("--cores", bid->cores, "CPU cores")->capture_default_str();
            leaf.add_option("--ram", bid->ram, "Memory")->capture_default_str();
            leaf.add_option("--storage", bid->storage, "Disk for image, inputs and outputs")
                ->capture_default_str();
            leaf.add_option("--for", bid->duration, "Length of the deal; what is not used is not paid")
                ->capture_default_str();
            leaf.add_flag("--spot", bid->spot,
                          "No fixed length: until either side ends it or the deposit is used up");
            leaf.add_option("--max-price", bid->max_price,
                            "The most that it may cost, e.g. '0.5 SNM/h' or '0.02 USD/h'");
            leaf.add_option("--counterparty", bid->counterparty, "Only this supplier");
            leaf.add_option("--expires", bid->expires, "How long the bid waits for a supplier")
                ->capture_default_str();
            return [task, bid](Context& context, TaskGroup& group) {
                return start_run(context, group, *task, *bid);
            };
        });
    run->require_subcommand(0, 1);
    run->group("Subcommands");
    add_command(commands, *run, "ls", "Runs of this account", "", [](CLI::App&) -> Handler {
        return [](Context& context, TaskGroup&) { return list_runs(context); };
    });
    for (bool cancel : {false, true})
        add_command(commands, *run, cancel ? "cancel" : "resume",
                    cancel ? "Take a run back: stop what runs, return the money"
                           : "Go on with a run that was interrupted",
                    "", [cancel](CLI::App& leaf) -> Handler {
                        auto id = std::make_shared<std::string>();
                        leaf.add_option("run", *id, "Its id or the beginning of it")->required();
                        return [id, cancel](Context& context, TaskGroup& group) {
                            return go_on(context, group, *id, cancel);
                        };
                    });
    add_command(commands, *run, "show", "One run, with its receipt", "", [](CLI::App& leaf) -> Handler {
        auto id = std::make_shared<std::string>();
        leaf.add_option("run", *id, "Its id or the beginning of it")->required();
        return [id](Context& context, TaskGroup&) { return show_run(context, *id); };
    });
}

}  // namespace sonm::cli
