#include "sonm/locator/ipvs.hpp"

#include "sonm/base/log.hpp"
#include "sonm/engine/command.hpp"

#include <filesystem>

namespace sonm::locator {
namespace {

const std::map<std::string, std::string> forwarding{
    {"masquerade", "--masquerading"}, {"direct", "--gatewaying"}, {"tunnel", "--ipip"}};
const std::vector<std::string> schedulers{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh",
                                          "sh", "sed", "nq", "fo",  "ovf",  "mh"};

std::optional<Endpoint> endpoint_behind(std::string_view line, std::string_view flag) {
    auto at = line.find(flag);
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view rest = line.substr(at + flag.size());
    auto parsed = parse_endpoint(rest.substr(0, rest.find(' ')));
    if (!parsed) return std::nullopt;
    return *parsed;
}

}  // namespace

Result<void> check_ipvs(const IpvsOptions& options) {
    SONM_CHECK(check_endpoint(Endpoint(options.address, options.port_low)));
    if (options.port_low > options.port_high)
        return fail(Errc::invalid, "ports {}-{}", options.port_low, options.port_high);
    if (!forwarding.contains(options.forward))
        return fail(Errc::invalid, "forward: {}; write masquerade, direct or tunnel", options.forward);
    if (std::ranges::find(schedulers, options.scheduler) == schedulers.end())
        return fail(Errc::invalid, "scheduler: {}; the kernel has {}", options.scheduler,
                    fmt::join(schedulers, ", "));
    return {};
}

std::vector<Command> ipvs_commands(const IpvsOptions& options, const VirtualServers& has,
                                   const VirtualServers& wants) {
    const std::string& way = forwarding.at(options.forward);
    std::vector<Command> out;
    auto command = [&](const char* what, const Endpoint& where) -> Command& {
        return out.emplace_back(Command{options.program, what, "--tcp-service", to_string(where)});
    };
    auto real = [&](const char* what, const VirtualServer& server, const Endpoint& node) -> Command& {
        Command& made = command(what, server.where);
        made.insert(made.end(), {"--real-server", to_string(node)});
        return made;
    };
    for (const auto& [name, server] : has) {
        auto wanted = wants.find(name);
        if (wanted == wants.end() || wanted->second.where != server.where)
            command("--delete-service", server.where);
    }
    for (const auto& [name, server] : wants) {
        auto found = has.find(name);
        bool known = found != has.end() && found->second.where == server.where;
        if (!known) {
            Command& made = command("--add-service", server.where);
            made.insert(made.end(), {"--scheduler", options.scheduler});
        }
        static const std::map<Endpoint, std::uint32_t> nobody;
        const auto& before = known ? found->second.real : nobody;
        for (const auto& [node, weight] : server.real) {
            auto there = before.find(node);
            if (there != before.end() && there->second == weight) continue;
            Command& made = real(there == before.end() ? "--add-server" : "--edit-server", server, node);
            made.insert(made.end(), {way, "--weight", std::to_string(weight)});
        }
        for (const auto& [node, weight] : before)
            if (!server.real.contains(node)) real("--delete-server", server, node);
    }
    return out;
}

std::vector<Command> ipvs_leftovers(const IpvsOptions& options, std::string_view saved) {
    std::vector<Command> out;
    while (!saved.empty()) {
        std::string_view line = saved.substr(0, saved.find('\n'));
        saved.remove_prefix(std::min(line.size() + 1, saved.size()));
        if (!line.starts_with("-A ")) continue;
        auto where = endpoint_behind(line, "-t ");
        if (!where || where->first != options.address || where->second < options.port_low ||
            where->second > options.port_high)
            continue;
        out.push_back({options.program, "--delete-service", "--tcp-service", to_string(*where)});
    }
    return out;
}

namespace {

class Ipvs final : public Gateway {
public:
    Ipvs(IpvsOptions options, Random random, RunCommand run)
        : options_(std::move(options)), fallback_(make_adhoc(std::move(random))), run_(std::move(run)) {}
    std::string_view type() const override { return "ipvs"; }
    bool watches_all() const override { return true; }

    Result<Offer> resolve(const std::string& name, std::span<const Candidate> healthy) override {
        auto found = has_.find(name);
        if (found == has_.end() || found->second.real.empty()) return fallback_->resolve(name, healthy);
        // All nodes of one name speak one protocol: whoever differs is not in the same group of nodes.
        Offer offer = *healthy.front().offer;
        offer.endpoints.assign(1, found->second.where);
        return offer;
    }

    void changed(const std::string& name, std::span<const Candidate> healthy) override {
        VirtualServer server;
        for (const Candidate& one : healthy)
            if (const Endpoint* reached = reachable(one.offer->endpoints))
                server.real.emplace(*reached, one.node->weight);
        if (server.real.empty()) {
            wants_.erase(name);
            return;
        }
        auto found = wants_.find(name);
        if (found != wants_.end()) {
            server.where = found->second.where;
        } else {
            auto port = free_port(name);
            if (!port) return;  // the range is full: such names are served at random
            server.where = Endpoint(options_.address, *port);
        }
        wants_.insert_or_assign(name, std::move(server));
    }

    Task<void> run() override {
        auto cleaning = contain(clean());
        auto cleaned = co_await std::move(cleaning);
        if (!cleaned) SONM_LOG(warn, "ipvs: {}", cleaned.error().message());
        while (true) {
            auto applying = contain(apply());
            auto applied = co_await std::move(applying);
            if (!applied) SONM_LOG(warn, "ipvs: {}", applied.error().message());
            // What failed is tried again with a rest in between; a new wish waits as long.
            auto resting = sleep_for(std::chrono::milliseconds(applied ? 100 : 5'000));
            co_await std::move(resting);
        }
    }

private:
    /// The kernel does not send callers of one family of addresses on to the other.
    const Endpoint* reachable(const std::vector<Endpoint>& endpoints) const {
        auto is_v6 = [](const std::string& host) { return host.find(':') != host.npos; };
        auto fits = [&](const Endpoint& one) { return is_v6(one.first) == is_v6(options_.address); };
        auto found = std::ranges::find_if(endpoints, fits);
        return found == endpoints.end() ? nullptr : &*found;
    }

    std::optional<std::uint16_t> free_port(const std::string& name) const {
        std::set<std::uint16_t> taken;
        for (const auto& [other, server] : wants_) taken.insert(server.where.second);
        std::size_t count = std::size_t(options_.port_high - options_.port_low) + 1;
        if (taken.size() >= count) return std::nullopt;
        // By the name's hash first, so that a restart gives it the same port again where it can.
        std::size_t at = std::hash<std::string>()(name) % count;
        while (taken.contains(static_cast<std::uint16_t>(options_.port_low + at))) at = (at + 1) % count;
        return static_cast<std::uint16_t>(options_.port_low + at);
    }

    Async<void> clean() {
        Command list{options_.program, "--save", "--numeric"};
        auto listing = run_(std::move(list));
        SONM_CO_TRY(std::string saved, co_await std::move(listing));
        for (Command& command : ipvs_leftovers(options_, saved)) {
            auto running = run_(std::move(command));
            SONM_CO_CHECK(co_await std::move(running));
        }
        co_return Result<void>();
    }

    /// Each service for itself: one that the kernel refuses costs the others nothing.
    Async<void> apply() {
        VirtualServers before = has_, wants = wants_;
        Result<void> all;
        for (const auto& [name, server] : before) {
            if (wants.contains(name)) continue;
            auto changing = change(name, wants);
            auto changed = co_await std::move(changing);
            if (!changed) all = std::move(changed);
        }
        for (const auto& [name, server] : wants) {
            auto changing = change(name, wants);
            auto changed = co_await std::move(changing);
            if (!changed) all = std::move(changed);
        }
        co_return all;
    }

    Async<void> change(std::string name, const VirtualServers& wants) {
        auto only = [&](const VirtualServers& all) {
            auto found = all.find(name);
            return found == all.end() ? VirtualServers() : VirtualServers{*found};
        };
        VirtualServers before = only(has_), after = only(wants);
        for (Command& command : ipvs_commands(options_, before, after)) {
            auto running = run_(std::move(command));
            auto done = co_await std::move(running);
            if (done) continue;
            // What the kernel has of it now is unknown: begin anew.
            has_.erase(name);
            const Endpoint& where = (after.empty() ? before : after).begin()->second.where;
            auto removing =
                run_(Command{options_.program, "--delete-service", "--tcp-service", to_string(where)});
            (void)co_await std::move(removing);
            co_return tl::unexpected<Error>(std::move(done.error()));
        }
        has_.erase(name);
        has_.merge(after);
        co_return Result<void>();
    }

    IpvsOptions options_;
    std::unique_ptr<Gateway> fallback_;
    RunCommand run_;
    VirtualServers has_, wants_;
};

}  // namespace

std::unique_ptr<Gateway> make_ipvs(IpvsOptions options, Random random, RunCommand run) {
    return std::make_unique<Ipvs>(std::move(options), std::move(random), std::move(run));
}

RunCommand real_commands() {
    return [](Command command) { return engine::run_command(std::move(command), Millis(5'000)); };
}

std::string ipvs_missing() {
    if (!std::filesystem::exists("/proc/net/ip_vs")) return "the kernel has no IPVS (no /proc/net/ip_vs)";
    return {};
}

}  // namespace sonm::locator
