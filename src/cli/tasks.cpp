#include "sonm/base/units.hpp"
#include "sonm/buyer/result_files.hpp"
#include "sonm/buyer/rpc_worker_link.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/describe.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/cli/run_options.hpp"
#include "sonm/crypto/sha256.hpp"

#include <fstream>

namespace sonm::cli {
namespace {

using buyer::WorkerLink;
using json = nlohmann::ordered_json;

/// A deal, the way to its worker, and which of its tasks is meant.
struct Place {
    model::Deal deal;
    bool open = false;
    std::unique_ptr<WorkerLink> link;
    std::optional<model::TaskStatus> task;
};

Async<Place> reach(Context& context, TaskGroup& group, std::string deal_text) {
    SONM_CO_TRY(market::Ledger * ledger, co_await context.ledger(group));
    SONM_CO_TRY(auto view, co_await market_view(context, group, *ledger));
    SONM_CO_TRY(DealEntry entry, view->deal(deal_text));
    SONM_CO_TRY(const crypto::Signer* signer, co_await context.signer());
    SONM_CO_TRY(std::string endpoint,
                co_await ledger->attribute(entry.deal.supplier, services::endpoint_attribute()));
    if (endpoint.empty())
        co_return fail(Errc::unavailable, "worker {} has published no endpoint", entry.deal.supplier);
    buyer::RpcWorkerLinks links(group, *signer, context.clock());
    auto link = co_await links.connect(entry.deal.supplier, endpoint);
    if (!link) co_return wrap(link.error(), "connecting to worker {} at {}", entry.deal.supplier, endpoint);
    Place place;
    place.deal = entry.deal;
    place.open = entry.state.status == model::DealStatus::open;
    place.link = std::move(*link);
    co_return std::move(place);
}

/// A deal that was opened a moment ago may be a block ahead of its worker.
Async<void> until_known(WorkerLink& link, model::DealId deal) {
    constexpr Millis patience{15'000}, pause{300};
    auto give_up = std::chrono::steady_clock::now() + patience;
    while (true) {
        auto asking = link.tasks(deal);
        auto tasks = co_await std::move(asking);
        if (tasks) co_return Result<void>();
        if (!tasks.error().is(Errc::not_found) || std::chrono::steady_clock::now() >= give_up)
            co_return tl::unexpected<Error>(std::move(tasks.error()));
        auto waiting = sleep_for(pause);
        co_await std::move(waiting);
    }
}

/// "7/3f21": a task of deal 7; "7" alone if it has just one.
Async<Place> find_task(Context& context, TaskGroup& group, std::string text) {
    std::size_t slash = text.find('/');
    std::string wanted = slash == std::string::npos ? "" : text.substr(slash + 1);
    SONM_CO_TRY(Place place, co_await reach(context, group, text.substr(0, slash)));
    SONM_CO_TRY(auto tasks, co_await place.link->tasks(place.deal.id));
    for (auto& task : tasks) {
        if (!task.id.value.starts_with(wanted)) continue;
        if (place.task)
            co_return fail(Errc::invalid, "'{}' is the beginning of several tasks: see `sonm task ls {}`",
                           text, place.deal.id);
        place.task = std::move(task);
    }
    if (!place.task)
        co_return fail(Errc::not_found, "no task {}: see `sonm task ls {}`", text, place.deal.id);
    co_return std::move(place);
}

struct StartOptions {
    std::string deal, file;
    TaskOptions task;
};

Async<Exit> start(Context& context, TaskGroup& group, StartOptions options) {
    model::TaskFile file;
    if (!options.file.empty()) {
        SONM_CO_TRY(file, model::read_task_file(options.file));
    }
    SONM_CO_CHECK(apply(options.task, file));
    SONM_CO_TRY(PreparedTask prepared, co_await prepare_task(std::move(file)));
    SONM_CO_TRY(Place place, co_await reach(context, group, options.deal));
    if (!place.open) co_return fail(Errc::not_found, "deal {} is closed", place.deal.id);
    SONM_CO_CHECK(co_await until_known(*place.link, place.deal.id));
    for (const auto& blob : prepared.blobs) {
        SONM_CO_TRY(bool there, co_await place.link->has_blob(place.deal.id, blob.sha256));
        if (there) continue;
        ProgressLine progress("sending " + blob.path.filename().string());
        auto sent = [&](std::uint64_t bytes) { progress.update(bytes, blob.bytes); };
        SONM_CO_CHECK(co_await place.link->put_blob(place.deal.id, blob.sha256, blob.path, std::move(sent)));
    }
    model::TaskId id(to_hex(random_bytes(16)));
    SONM_CO_TRY(auto status, co_await place.link->start(place.deal.id, id, std::move(prepared.spec)));
    context.emit(task_json(status), fmt::format("{}/{}\n", place.deal.id, id.value.substr(0, 8)));
    co_return Exit::ok;
}

Async<Exit> list(Context& context, TaskGroup& group, std::string deal) {
    SONM_CO_TRY(Place place, co_await reach(context, group, deal));
    SONM_CO_TRY(auto tasks, co_await place.link->tasks(place.deal.id));
    Table table({"TASK", "STATE", "EXIT", "STARTED", "CPU", "MEMORY", "REASON"}, {2, 4, 5});
    json out = json::array();
    for (const auto& task : tasks) {
        bool ended = task.state == model::TaskState::finished;
        table.add({fmt::format("{}/{}", task.deal, task.id.value.substr(0, 8)),
                   std::string(model::to_string(task.state)), ended ? std::to_string(task.exit_code) : "",
                   task.started_at.value ? to_utc(task.started_at) : "-",
                   fmt::format("{} ms", task.usage.cpu_ms), print_bytes(task.usage.memory_peak_bytes),
                   task.reason});
        out.push_back(task_json(task));
    }
    context.emit(out, table.empty() ? "no tasks\n" : table.to_text());
    co_return Exit::ok;
}

Async<Exit> status(Context& context, TaskGroup& group, std::string text) {
    SONM_CO_TRY(Place place, co_await find_task(context, group, text));
    context.emit(task_json(*place.task), task_text(*place.task));
    co_return Exit::ok;
}

Async<Exit> logs(Context& context, TaskGroup& group, std::string text, bool follow) {
    SONM_CO_TRY(Place place, co_await find_task(context, group, text));
    auto chunk = [](const buyer::LogChunk& piece) { print_foreign(piece.bytes, piece.is_stderr); };
    SONM_CO_CHECK(co_await place.link->logs(place.task->id, 0, follow, std::move(chunk)));
    co_return Exit::ok;
}

Async<Exit> stop(Context& context, TaskGroup& group, std::string text) {
    SONM_CO_TRY(Place place, co_await find_task(context, group, text));
    SONM_CO_CHECK(co_await place.link->stop(place.task->id));
    SONM_CO_TRY(auto now, co_await place.link->status(place.task->id));
    context.emit(task_json(now), task_text(now));
    co_return Exit::ok;
}

Async<Exit> pull(Context& context, TaskGroup& group, std::string text, std::string archive,
                 std::vector<std::string> outputs) {
    SONM_CO_TRY(Place place, co_await find_task(context, group, text));
    SONM_CO_TRY(auto network, context.network());
    SONM_CO_TRY(services::SignedReceipt receipt, co_await place.link->receipt(place.task->id));
    auto signer =
        crypto::recover(model::receipt_digest(receipt.receipt, network.chain_id), receipt.signature);
    bool about_this = receipt.receipt.deal == place.deal.id && receipt.receipt.task == place.task->id;
    if (signer != place.deal.supplier || !about_this)
        co_return fail(Errc::denied, "the receipt of task {} is not signed by worker {}", text,
                       place.deal.supplier);
    if (receipt.receipt.outputs.is_zero()) co_return fail(Errc::not_found, "task {} left no outputs", text);
    std::string path = archive.empty()
                           ? fmt::format("{}-{}.tar", place.deal.id, place.task->id.value.substr(0, 8))
                           : archive;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!file) co_return fail(Errc::io, "opening {}", path);
    ProgressLine progress("fetching " + path);
    std::uint64_t bytes = 0;
    crypto::Sha256 hash;
    auto sink = [&](BytesView piece) -> Result<void> {
        if (piece.size() > place.task->output_bytes - bytes)
            return fail(Errc::too_large, "the worker sends more than the {} bytes that it announced",
                        place.task->output_bytes);
        hash.update(piece);
        file.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
        if (!file) return fail(Errc::no_space, "writing {}", path);
        bytes += piece.size();
        progress.update(bytes, place.task->output_bytes);
        return {};
    };
    SONM_CO_CHECK(co_await place.link->pull(place.task->id, std::move(sink)));
    file.close();
    if (hash.finish() != receipt.receipt.outputs)
        co_return fail(Errc::corrupt, "{} does not have the hash that the worker signed", path);
    progress.finish(print_bytes(bytes));
    std::vector<buyer::OutputFile> places;
    for (const auto& output : outputs) {
        std::size_t colon = output.rfind(':');
        std::string remote = output.substr(0, colon);
        std::string local = colon == std::string::npos ? std::filesystem::path(remote).filename().string()
                                                       : output.substr(colon + 1);
        places.push_back({remote, std::filesystem::absolute(local)});
    }
    if (!places.empty()) {
        auto taken = buyer::extract_outputs(path, places, bytes);
        if (archive.empty()) std::filesystem::remove(path);
        SONM_CO_CHECK(std::move(taken));
    }
    json out{{"bytes", bytes}, {"archive", places.empty() ? path : ""}};
    context.emit(out, places.empty() ? path + "\n" : "");
    co_return Exit::ok;
}

}  // namespace

void add_task_commands(Commands& commands) {
    CLI::App* task = commands.app.add_subcommand(
        "task", "Containers inside a deal; a task is named DEAL/TASK, as `sonm task ls DEAL` prints it");
    task->require_subcommand(1);
    add_command(commands, *task, "start", "Start a task in one of your deals",
                "  sonm task start 7 --file task.yaml\n  sonm task start 7 --image alpine:3 -- echo hello",
                [](CLI::App& leaf) -> Handler {
                    auto options = std::make_shared<StartOptions>();
                    leaf.add_option("deal", options->deal, "Number of the deal")->required();
                    leaf.add_option("--file", options->file, "Task file (`sonm init task` writes one)")
                        ->check(CLI::ExistingFile);
                    add_task_options(leaf, options->task);
                    return [options](Context& context, TaskGroup& group) {
                        return start(context, group, *options);
                    };
                });
    add_command(commands, *task, "ls", "Tasks of a deal", "  sonm task ls 7", [](CLI::App& leaf) -> Handler {
        auto deal = std::make_shared<std::string>();
        leaf.add_option("deal", *deal, "Number of the deal")->required();
        return [deal](Context& context, TaskGroup& group) { return list(context, group, *deal); };
    });
    add_command(
        commands, *task, "status", "One task", "  sonm task status 7/3f21", [](CLI::App& leaf) -> Handler {
            auto name = std::make_shared<std::string>();
            leaf.add_option("task", *name, "DEAL/TASK, or DEAL if it has one task")->required();
            return [name](Context& context, TaskGroup& group) { return status(context, group, *name); };
        });
    add_command(commands, *task, "logs", "What a task printed", "  sonm task logs 7/3f21 -f",
                [](CLI::App& leaf) -> Handler {
                    auto name = std::make_shared<std::string>();
                    auto follow = std::make_shared<bool>(false);
                    leaf.add_option("task", *name, "DEAL/TASK, or DEAL if it has one task")->required();
                    leaf.add_flag("-f,--follow", *follow, "Go on until it ends");
                    return [name, follow](Context& context, TaskGroup& group) {
                        return logs(context, group, *name, *follow);
                    };
                });
    add_command(commands, *task, "stop", "Stop a task: SIGTERM, after its grace SIGKILL",
                "  sonm task stop 7/3f21", [](CLI::App& leaf) -> Handler {
                    auto name = std::make_shared<std::string>();
                    leaf.add_option("task", *name, "DEAL/TASK, or DEAL if it has one task")->required();
                    return [name](Context& context, TaskGroup& group) { return stop(context, group, *name); };
                });
    add_command(commands, *task, "pull", "Fetch the outputs of an ended task",
                "  sonm task pull 7/3f21\n  sonm task pull 7/3f21 --out picture.png",
                [](CLI::App& leaf) -> Handler {
                    auto name = std::make_shared<std::string>();
                    auto archive = std::make_shared<std::string>();
                    auto outputs = std::make_shared<std::vector<std::string>>();
                    leaf.add_option("task", *name, "DEAL/TASK, or DEAL if it has one task")->required();
                    leaf.add_option("--archive", *archive, "Where the tar goes (default DEAL-TASK.tar)");
                    leaf.add_option("--out", *outputs, "Take these out of it instead, REMOTE[:LOCAL]")
                        ->allow_extra_args(false);
                    return [name, archive, outputs](Context& context, TaskGroup& group) {
                        return pull(context, group, *name, *archive, *outputs);
                    };
                });
}

}  // namespace sonm::cli
