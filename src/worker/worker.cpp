#include "sonm/worker/worker.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/log.hpp"
#include "sonm/base/units.hpp"

namespace sonm::worker {
namespace {

constexpr const char* version = "0.1.0";
constexpr std::size_t children_max = 16'384;

/// Where consumers reach us: what the operator says, with the port that we listen on unless that is said too.
Result<std::string> endpoint_of(const std::string& advertise, const std::string& listening) {
    if (advertise.empty()) return listening;
    if (parse_host_port(advertise)) return advertise;
    SONM_TRY(HostPort own, parse_host_port(listening));
    return fmt::format("{}:{}", advertise, own.port);
}

}  // namespace

Worker::Worker(WorkerParts parts, WorkerConfig config, std::unique_ptr<Journal> journal, Resources capacity)
    : parts_(std::move(parts)),
      config_(std::move(config)),
      journal_(std::move(journal)),
      shop_(parts_.signer.address(), *journal_, parts_.machine, std::move(capacity)),
      blobs_(config_.state / "blobs"),
      workspaces_(config_.state / "tasks", blobs_),
      table_(parts_.executor, *journal_, parts_.clock, config_.limits),
      images_(parts_.executor, parts_.engine, blobs_, config_),
      driver_(TaskTools{parts_.engine, table_, images_, workspaces_, parts_.signer, parts_.clock,
                        parts_.chain_id, config_.limits}),
      changed_(parts_.executor) {}

Worker::~Worker() = default;

Result<std::unique_ptr<Worker>> Worker::open(WorkerParts parts, WorkerConfig config) {
    SONM_CHECK(make_folder(config.state, 0700));
    // The socket first: a second daemon on this folder is refused before it touches the journal.
    SONM_TRY(auto admin, listen_unix(parts.executor, admin_socket(config).string()));
    SONM_TRY(auto journal, Journal::open(config.state / "worker.db"));
    Resources capacity = config.resources.value_or(parts.machine.whole);
    if (!parts.machine.whole.covers(capacity)) {
        return fail(Errc::conflict, "the configuration sells {}, this machine has {}",
                    model::to_string(capacity), model::to_string(parts.machine.whole));
    }
    std::unique_ptr<Worker> worker(
        new Worker(std::move(parts), std::move(config), std::move(journal), std::move(capacity)));
    SONM_CHECK(worker->start(std::move(admin)));
    return worker;
}

Result<void> Worker::start(std::unique_ptr<Listener> admin) {
    SONM_CHECK(shop_.load(config_.ask_plans));
    SONM_CHECK(table_.load());
    for (const TaskEntry* task : table_.all()) {
        const TaskRecord& record = task->record;
        // What a deal that is over had was removed with it.
        const DealRecord* deal = shop_.deal(record.status.deal);
        if (!deal || deal->deal.bid != record.bid || record.image.is_zero()) continue;
        if (record.spec.image.blob) {
            images_.remember(record.status.deal, *record.spec.image.blob, image_id(record.image));
        } else {
            images_.remember(record.status.deal, image_id(record.image),
                             Images::Origin{record.image_fetched, record.image_guarded});
        }
    }
    SONM_TRY(std::string drained, journal_->get("draining"));
    draining_ = drained == "1";

    SONM_TRY(HostPort address, parse_host_port(config_.listen));
    // Port 0 takes the port of last time if it is free: consumers go on where they were, and nothing has to
    // be published anew.
    SONM_TRY(std::string last, journal_->get("port"));
    std::uint16_t wanted = address.port != 0 ? address.port : parse_int<std::uint16_t>(last).value_or(0);
    auto listener = listen_tcp(parts_.executor, address.host, wanted);
    if (!listener && address.port == 0) listener = listen_tcp(parts_.executor, address.host, 0);
    if (!listener) return tl::unexpected<Error>(std::move(listener.error()));
    SONM_TRY(endpoint_, endpoint_of(config_.advertise, (*listener)->address()));
    SONM_TRY(HostPort bound, parse_host_port((*listener)->address()));
    SONM_CHECK(journal_->set("port", fmt::format("{}", bound.port)));

    consumers_ = make_consumer_service(*this);
    admin_ = make_admin_service(*this);
    rpc::ServerOptions options;
    options.connections_max = config_.limits.connections_max;
    options.signer = &parts_.signer;
    options.clock = &parts_.clock;
    options.identity_required = true;
    options.is_customer = [this](const Address& account) {
        return std::ranges::any_of(shop_.deals(),
                                   [&](const auto& deal) { return deal.second.deal.consumer == account; });
    };
    // Whoever proves any account may connect: what one connection takes of memory and of file descriptors
    // stays small.
    options.limits.frame_bytes_max = 4 * MiB;
    options.limits.inbound_bytes_max = 8 * MiB;
    options.limits.channels_max = 64;
    server_ = std::make_unique<rpc::Server>(parts_.executor, options);
    server_->add(*consumers_);
    server_->listen(std::move(*listener));
    rpc::ServerOptions local;
    local.connections_max = 32;
    admin_server_ = std::make_unique<rpc::Server>(parts_.executor, local);
    admin_server_->add(*admin_);
    admin_server_->listen(std::move(admin));
    return Result<void>();
}

Task<void> Worker::run() {
    SONM_LOG(info, "worker {} ({}) listens on {} and sells at most {}", config_.name, address(), endpoint_,
             model::to_string(shop_.capacity()));
    auto bounding = bound_work_folders();
    co_await std::move(bounding);
    auto body = [this](TaskGroup& group) -> Task<void> {
        group.spawn(follow_market());
        group.spawn(server_->run());
        group.spawn(admin_server_->run());
        group.spawn(watch_engine());
        group.spawn(drive_tasks(group));
        auto loop = decide_and_act(group);
        co_await std::move(loop);
    };
    auto running = scope(children_max, std::move(body));
    co_await std::move(running);
}

Task<void> Worker::bound_work_folders() {
    if (parts_.quota) {
        workspaces_.set_quota(*parts_.quota);
        co_return;
    }
    auto probing = engine::WorkFolders::probe(workspaces_.root());
    auto support = co_await std::move(probing);
    if (!support || support->kind == engine::QuotaKind::none) {
        SONM_LOG(warn, "the size of work folders cannot be bounded on this machine: {}",
                 support ? support->reason : support.error().message());
    } else if (!support->reason.empty()) {
        SONM_LOG(warn, "work folders are bounded by {}: {}", engine::to_string(support->kind),
                 support->reason);
    }
    workspaces_.set_quota(support ? support->kind : engine::QuotaKind::none);
}

UnixTime Worker::now() const {
    UnixTime wall = parts_.clock.now();
    if (shop_.view().head_time().value == 0) return wall;
    auto since =
        std::chrono::duration_cast<std::chrono::seconds>(parts_.clock.steady() - head_heard_).count();
    return std::max(wall, shop_.view().head_time() +
                              Seconds(static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0))));
}

Task<void> Worker::follow_market() {
    while (true) {
        bool broken = false;
        Signal too_deep(parts_.executor);
        auto step = [&](const market::Step& step) {
            if (broken) return;
            bool was_live = shop_.view().live();
            if (auto applied = shop_.apply(step); !applied) {
                SONM_LOG(warn, "{}: reading all of the market again", applied.error().message());
                broken = true;
                too_deep.notify();
                return;
            }
            head_heard_ = parts_.clock.steady();
            if (step.live && !was_live)
                SONM_LOG(info, "the market has been read up to block {}", step.head_block);
            changed_.notify();
        };
        auto body = [&](TaskGroup& group) -> Task<void> {
            group.spawn(parts_.ledger.follow(0, step));
            while (!broken) co_await too_deep.wait();
        };
        auto following = scope(1, std::move(body));
        co_await std::move(following);
        shop_.reread();
    }
}

Task<void> Worker::drive_tasks(TaskGroup& group) {
    while (true) {
        for (TaskEntry* task : table_.all()) {
            if (task->record.clean || driven_.contains(task->id())) continue;
            if (group.spawn(drive(*task))) driven_.insert(task->id());
        }
        (void)co_await wait_for(table_.accepted(), std::chrono::seconds(10));
    }
}

Task<void> Worker::drive(TaskEntry& entry) {
    TaskId id = entry.id();
    auto driving = driver_.run(entry);
    co_await std::move(driving);
    driven_.erase(id);
    changed_.notify();
}

Task<void> Worker::watch_engine() {
    bool known = false;
    Signal never(parts_.executor);
    while (true) {
        auto asking = parts_.engine.info();
        auto info = co_await within(std::chrono::seconds(10), std::move(asking));
        bool was_down = engine_down_since_.has_value();
        if (info) {
            engine_down_since_.reset();
            engine_trouble_.clear();
        } else {
            if (!was_down) engine_down_since_ = now();
            engine_trouble_ = info.error().message();
        }
        if (info && (!known || was_down)) {
            SONM_LOG(info, "the container engine {} answers{}", info->version,
                     info->missing.empty()
                         ? ""
                         : "; it cannot: " + fmt::format("{}", fmt::join(info->missing, ", ")));
        }
        if (!info && (!known || !was_down)) {
            SONM_LOG(error,
                     "the container engine does not answer: {}. Nothing is sold until it does; trying again",
                     info.error().message());
        }
        if (info) {
            auto sweeping = sweep();
            if (auto swept = co_await std::move(sweeping); !swept)
                SONM_LOG(warn, "looking for stray containers: {}", swept.error().message());
        }
        known = true;
        changed_.notify();
        (void)co_await wait_for(never, info ? std::chrono::seconds(15) : std::chrono::seconds(2));
    }
}

/// Containers and networks with our label that no living task explains: made by a call that was cut short, or
/// known to a lost journal.
Async<void> Worker::sweep() {
    engine::Labels ours{{label_worker, crypto::to_string(address())}};
    auto listing = parts_.engine.list(ours);
    SONM_CO_TRY(std::vector<engine::ContainerInfo> found, co_await std::move(listing));
    for (const engine::ContainerInfo& container : found) {
        auto label = container.labels.find(label_task);
        TaskEntry* task = label == container.labels.end() ? nullptr : table_.find(TaskId(label->second));
        if (task && !task->record.clean) continue;
        SONM_LOG(warn, "removing container {}, which belongs to no living task", container.name);
        auto removing = parts_.engine.remove(container.id);
        SONM_CO_CHECK(co_await std::move(removing));
    }
    auto listing_networks = parts_.engine.list_networks(ours);
    SONM_CO_TRY(std::vector<engine::NetworkId> networks, co_await std::move(listing_networks));
    for (const engine::NetworkId& network : networks) {
        // It is called what its task's container is called.
        TaskEntry* task = table_.find(TaskId(network.value.substr(network.value.rfind('-') + 1)));
        if (task && !task->record.clean) continue;
        SONM_LOG(warn, "removing network {}, which belongs to no living task", network);
        auto removing = parts_.engine.remove_network(network);
        SONM_CO_CHECK(co_await std::move(removing));
    }
    co_return Result<void>();
}

/// Tasks whose deal is not ours any more; its number may be another deal's by now.
void Worker::stop_orphans() {
    for (TaskEntry* task : table_.all()) {
        if (task->final() || task->record.stop) continue;
        const DealRecord* deal = shop_.deal(task->record.status.deal);
        if (deal && deal->deal.bid == task->record.bid) continue;
        (void)table_.ask_stop(*task, "its deal is over");
    }
}

void Worker::housekeeping() {
    auto held = [&](const TaskRecord& task) {
        const DealRecord* deal = shop_.deal(task.status.deal);
        return deal && deal->deal.bid == task.bid;
    };
    for (const TaskId& task : table_.forget_old(held)) workspaces_.forget(task);
    if (auto pruned = shop_.prune(); !pruned) SONM_LOG(warn, "{}", pruned.error().message());
    std::erase_if(waiting_, [&](const auto& entry) {
        return parts_.clock.steady() > entry.second.until + std::chrono::hours(1);
    });
}

std::string Worker::not_selling() const {
    if (draining_) return "draining: deals run to their end, nothing more is sold";
    if (!engine_trouble_.empty()) return "the container engine: " + engine_trouble_;
    if (!shop_.view().live()) return "the market has not been read yet";
    if (shop_.plans().empty()) return "there are no ask plans: sonm ask create";
    return {};
}

services::WorkerInfo Worker::info() const {
    services::WorkerInfo out;
    out.name = config_.name;
    out.version = version;
    out.address = address();
    out.capacity = shop_.capacity();
    out.sold = shop_.sold();
    out.deals_open = shop_.deals().size();
    for (const TaskEntry* task : table_.all()) out.tasks_alive += task->final() ? 0 : 1;
    out.note = not_selling();
    out.selling = out.note.empty();
    return out;
}

Result<void> Worker::set_draining(bool on) {
    SONM_CHECK(journal_->set("draining", on ? "1" : "0"));
    draining_ = on;
    changed_.notify();
    return Result<void>();
}

}  // namespace sonm::worker
