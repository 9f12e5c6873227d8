#include "sonm/apphost/app_parts.hpp"

/// What an application tells of itself, in the words that existing tools read.
namespace sonm::apphost {
namespace {

using rpc::Writer;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

void entry(Writer& out, std::string_view key, std::uint64_t value) {
    out.raw(key);
    out.uint(value);
}
void entry(Writer& out, std::string_view key, std::string_view value) {
    out.raw(key);
    out.raw(value);
}
void entry(Writer& out, std::string_view key, double value) {
    out.raw(key);
    out.real(value);
}
std::uint64_t whole_seconds(Time from, Time to) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration_cast<seconds>(to - from).count()));
}

}  // namespace

Bytes App::info(std::uint64_t flags) const {
    Bytes bytes;
    Writer out(bytes);
    Time now = this->now();
    bool pool = (flags & 1) != 0, manifest = (flags & 2) != 0, profile = (flags & 4) != 0;
    std::size_t load = 0, active = 0, idle = 0;
    for (const PoolWorker& worker : pool_.workers) {
        load += worker.load;
        if (worker.state == WorkerState::active) ++(worker.load > 0 ? active : idle);
    }
    out.map(4 + (pool ? 6 : 0) + (manifest ? 1 : 0) + (profile ? 1 : 0));
    entry(out, "state", std::string_view(pool_.stopping ? "stopping" : group_ ? "running" : "stopped"));
    entry(out, "uptime", whole_seconds(born_, now));
    entry(out, "load", std::uint64_t(load));
    entry(out, "version", version_.digest);
    if (pool) {
        out.raw("queue");
        out.map(4);
        entry(out, "capacity", std::uint64_t(profile_.queue_limit));
        entry(out, "depth", std::uint64_t(pool_.queue.size()));
        entry(out, "depth_average", queue_average_);
        auto oldest =
            pool_.queue.empty() ? 0 : duration_cast<milliseconds>(now - pool_.queue.front().queued).count();
        entry(out, "oldest_event_age", static_cast<std::uint64_t>(oldest));
        out.raw("rate");
        out.array(3);
        for (double rate : meter_.rates(now)) out.real(rate);
        entry(out, "rate_mean", meter_.mean(now));
        out.raw("requests");
        out.map(3);
        entry(out, "accepted", counters_.accepted);
        entry(out, "rejected", counters_.rejected);
        entry(out, "failed", counters_.failed);
        out.raw("timings");
        const std::pair<const char*, double> quantiles[] = {{"50.00%", 0.5},  {"75.00%", 0.75},
                                                            {"90.00%", 0.9},  {"95.00%", 0.95},
                                                            {"98.00%", 0.98}, {"99.00%", 0.99}};
        out.map(std::size(quantiles) + 1);
        entry(out, "mean", timings_.mean_ms());
        for (auto [name, share] : quantiles) entry(out, name, timings_.quantile_ms(share));
        out.raw("pool");
        out.map(6);
        entry(out, "active", std::uint64_t(active));
        entry(out, "idle", std::uint64_t(idle));
        entry(out, "capacity", std::uint64_t(profile_.pool_limit));
        out.raw("slaves");
        out.map(pool_.workers.size());
        for (const PoolWorker& worker : pool_.workers) {
            const Worker& life = *workers_.at(worker.number);
            out.raw(life.uuid);
            out.map(5);
            entry(out, "state", to_string(worker.state));
            entry(out, "uptime", whole_seconds(life.born, now));
            entry(out, "accepted", life.accepted);
            entry(out, "load:total", std::uint64_t(worker.load));
            entry(out, "current", std::uint64_t(worker.version == pool_.version));
        }
        entry(out, "total:spawned", counters_.spawned);
        entry(out, "total:crashed", counters_.crashed);
    }
    if (manifest) {
        out.raw("manifest");
        out.encoded(pack_manifest(version_.manifest));
    }
    if (profile) {
        out.raw("profile");
        out.encoded(pack_profile(profile_));
    }
    return bytes;
}

std::vector<services::AppOutputLine> App::output() const {
    std::vector<services::AppOutputLine> out;
    for (const PoolWorker& entry : pool_.workers) {
        const Worker& worker = *workers_.at(entry.number);
        for (std::string& line : worker.output.lines())
            out.push_back(services::AppOutputLine{worker.uuid, std::move(line)});
    }
    return out;
}

}  // namespace sonm::apphost
