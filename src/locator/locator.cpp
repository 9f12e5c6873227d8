#include "sonm/locator/locator.hpp"

#include "sonm/base/log.hpp"

#include <random>

namespace sonm::locator {
namespace {

constexpr Millis connect_probe_max{1'000};
constexpr std::size_t probes_per_tick = 8;

Random system_random() {
    // Which node a caller gets is no secret: seeded from the system, then a fast generator.
    Bytes seed = random_bytes(8);
    std::uint64_t number = 0;
    std::memcpy(&number, seed.data(), sizeof(number));
    auto engine = std::make_shared<std::mt19937>(static_cast<std::mt19937::result_type>(number));
    return [engine] { return static_cast<std::uint32_t>((*engine)()); };
}

Async<std::unique_ptr<ByteStream>> dial_tcp(Endpoint where, Millis limit) {
    return connect_tcp(where.first, where.second, limit);
}

std::unique_ptr<Gateway> make_gateway(const Options& options, Parts& parts) {
    if (parts.gateway) return std::move(parts.gateway);
    if (options.gateway == "adhoc") return make_adhoc(parts.random);
    if (options.gateway == "weighted") return make_weighted(parts.random);
    if (options.gateway == "least_loaded") return make_least_loaded(parts.random);
    if (options.gateway == "ipvs") return make_ipvs(options.ipvs, parts.random, parts.run_command);
    return nullptr;
}

PeersOptions peers_options(const Options& options) {
    PeersOptions out;
    out.interval = options.interval;
    out.peers_max = options.peers_max;
    return out;
}

}  // namespace

Locator::Locator(Parts parts, Options options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      uuid_(options_.uuid.empty() ? make_uuid() : options_.uuid),
      peers_(peers_options(options_)),
      throttle_(options_.interval),
      health_(options_.interval) {
    if (!parts_.random) parts_.random = system_random();
    if (!parts_.dial) parts_.dial = dial_tcp;
    if (!parts_.run_command) parts_.run_command = real_commands();
    if (!parts_.load) parts_.load = [this] { return parts_.server.fullness(); };
    gateway_ = make_gateway(options_, parts_);
    if (gateway_)
        for (const auto& [uuid, where] : options_.peers) peers_.add_permanent(uuid, where, now());
    bind();
    parts_.server.use_locator(service_);
    parts_.server.on_change([this](const std::string& name) { local_changed(name); });
}

Locator::~Locator() { parts_.server.on_change(nullptr); }

Async<void> Locator::start() {
    if (options_.gateway == "ipvs" && gateway_) {
        if (std::string missing = ipvs_missing(); !missing.empty())
            SONM_LOG(warn, "locator: {}; callers are sent to random nodes", missing);
    }
    if (options_.multicast && !parts_.discovery) {
        SONM_CO_TRY(parts_.discovery, open_multicast(parts_.executor, *options_.multicast));
    }
    co_return Result<void>();
}

Task<void> Locator::run() {
    struct Ending {
        explicit Ending(Locator& l) : locator(l) {}
        ~Ending() {
            locator.group_ = nullptr;
            auto links = std::exchange(locator.links_, {});
            for (const auto& [uuid, link] : links) locator.forget(uuid);
        }
        Locator& locator;
    } ending(*this);
    auto body = [this](TaskGroup& group) -> Task<void> {
        group_ = &group;
        if (parts_.discovery) group.spawn(listen());
        if (gateway_) group.spawn(gateway_->run());
        while (true) {
            tick();
            auto resting = sleep_for(options_.tick);
            co_await std::move(resting);
        }
    };
    // Each peer has a coroutine that follows it, its session, and a question under way.
    auto work = scope(3 * options_.peers_max + 64, std::move(body));
    co_await std::move(work);
}

void Locator::take_over(const Options& fresh, GroupStore* groups) {
    if (groups) parts_.groups = groups;
    for (const auto& [uuid, where] : options_.peers) {
        auto still = fresh.peers.find(uuid);
        if (still != fresh.peers.end() && still->second == where) continue;
        peers_.remove(uuid);
        auto link = links_.find(uuid);
        if (link == links_.end()) continue;
        link->second->dropped = true;
        link->second->connection.close();
    }
    if (gateway_)
        for (const auto& [uuid, where] : fresh.peers)
            if (!options_.peers.contains(uuid) || options_.peers.at(uuid) != where)
                peers_.add_permanent(uuid, where, now());
    options_.peers = fresh.peers;
    options_.publishers = fresh.publishers;
    std::set<std::string> changed;
    std::ranges::set_symmetric_difference(options_.restricted, fresh.restricted,
                                          std::inserter(changed, changed.end()));
    options_.restricted = fresh.restricted;
    bool weighs = std::exchange(options_.weight, fresh.weight) != fresh.weight;
    announced_to_.each([&](Subscriber& one) {
        for (const std::string& name : changed) one.tell(name);
        if (weighs) one.tell_anew();
    });
}

void Locator::drain() {
    draining_ = true;
    auto end = [](Subscriber& one) { one.end(); };
    announced_to_.each(end);
    routers_.each(end);
    publishers_.each(end);
}

void Locator::tick() {
    if (!group_) return;
    announce_self();
    if (gateway_) {
        for (const std::string& uuid : peers_.silent(now())) {
            SONM_LOG(info, "locator: node {} is silent and dropped", uuid);
            auto found = links_.find(uuid);
            if (found == links_.end()) continue;
            found->second->dropped = true;
            found->second->connection.close();
        }
        watch_links();
        if (options_.health) watch_health();
    }
    watch_groups();
}

void Locator::announce_self() {
    bool first = !std::exchange(started_, true);
    if (parts_.discovery && !draining_ && (first || now() - announced_at_ >= options_.interval)) {
        announced_at_ = now();
        Announcement own;
        own.uuid = uuid_;
        for (const Endpoint& endpoint : parts_.server.endpoints())
            if (own.endpoints.size() < endpoints_max && check_endpoint(endpoint))
                own.endpoints.push_back(endpoint);
        Bytes datagram = encode(own);
        if (!own.endpoints.empty())
            if (auto sent = parts_.discovery->send(datagram); !sent)
                SONM_LOG(warn, "locator: {}", sent.error().message());
    }
    // Load is told when it has changed enough to matter.
    if (now() - told_at_ < options_.interval) return;
    told_at_ = now();
    if (std::abs(parts_.load() - told_load_) < 0.01) return;
    announced_to_.each([](Subscriber& one) { one.tell_anew(); });
}

void Locator::watch_health() {
    if (gateway_->watches_all())
        for (const std::string& name : directory_.names())
            for (const Candidate& one : directory_.offering(name))
                health_.used(one.offer->endpoints.front(), now());
    for (Endpoint& endpoint : health_.due(probes_per_tick, now()))
        if (!group_->spawn(try_endpoint(endpoint))) health_.answered(endpoint, now());
    health_.forget_idle(now());
}

Task<void> Locator::try_endpoint(Endpoint endpoint) {
    auto dialing = within(2 * connect_probe_max, parts_.dial(endpoint, connect_probe_max));
    auto contained = contain(std::move(dialing));
    auto stream = co_await std::move(contained);
    bool before = health_.usable(endpoint);
    if (stream)
        health_.answered(endpoint, now());
    else
        health_.refused(endpoint, now());
    if (before == stream.has_value()) co_return;
    SONM_LOG(info, "locator: {} {}", to_string(endpoint), stream ? "answers again" : "refuses connections");
    for (const std::string& name : directory_.names()) remote_changed(name);
}

void Locator::watch_groups() {
    if (!parts_.groups || reading_) return;
    // Until the first time it worked, once per interval: the storage may still be starting.
    bool due = !groups_read_
                   ? now() - groups_at_ >= options_.interval
                   : options_.groups_interval.count() > 0 && now() - groups_at_ >= options_.groups_interval;
    if (!due) return;
    groups_at_ = now();
    reading_ = true;
    if (!group_->spawn(reread())) reading_ = false;
}

Task<void> Locator::reread() {
    auto reading = contain(refresh(std::vector<std::string>()));
    auto outcome = co_await std::move(reading);
    reading_ = false;
    groups_read_ = groups_read_ || outcome;
    // Once: a cluster may have no storage, and it may come later than this node.
    std::string failure = outcome ? "" : outcome.error().message();
    if (!failure.empty() && failure != groups_failure_ && !parts_.groups->missing())
        SONM_LOG(warn, "locator: {}", failure);
    groups_failure_ = std::move(failure);
}

Async<void> Locator::refresh(std::vector<std::string> names) {
    if (!parts_.groups)
        co_return fail(rpc::LocatorErrc::routing_storage, "this node has no storage of groups");
    auto reading = locator::refresh(*parts_.groups, groups_, std::move(names));
    auto outcome = co_await std::move(reading);
    routers_.each([](Subscriber& one) { one.tell_anew(); });
    co_return outcome;
}

bool Locator::is_usable(const Offer& offer) const {
    return std::ranges::any_of(offer.endpoints, [&](const Endpoint& e) { return health_.usable(e); });
}

std::vector<Candidate> Locator::healthy(const std::string& name) {
    std::vector<Candidate> out = directory_.offering(name);
    std::erase_if(out, [&](const Candidate& one) { return !is_usable(*one.offer); });
    return out;
}

void Locator::remote_changed(const std::string& name) {
    if (gateway_) gateway_->changed(name, healthy(name));
}

Result<Offer> Locator::resolve(std::string name, const std::optional<std::string>& seed) {
    if (const std::string* routed = groups_.route(name, seed, parts_.random)) name = *routed;
    ++resolved_;
    if (auto local = parts_.server.resolve(name))
        return Offer{std::get<0>(*local), std::get<1>(*local), std::get<2>(*local)};
    auto candidates = gateway_ ? healthy(name) : std::vector<Candidate>();
    if (candidates.empty()) {
        --resolved_;
        ++unresolved_;
        return tl::unexpected<Error>(Error{make_error_code(rpc::LocatorErrc::service_not_available), {}});
    }
    SONM_TRY(Offer offer, gateway_->resolve(name, candidates));
    std::erase_if(offer.endpoints, [&](const Endpoint& e) { return !health_.usable(e); });
    if (!gateway_->watches_all() && options_.health)
        for (const Endpoint& endpoint : offer.endpoints) health_.used(endpoint, now());
    return offer;
}

std::map<std::string, Endpoint> Locator::cluster() const {
    std::map<std::string, Endpoint> out;
    for (const auto& [uuid, peer] : peers_.all())
        out.emplace(uuid, peer.state == Peers::State::linked && !peer.endpoints.empty()
                              ? peer.endpoints.front()
                              : Endpoint("0.0.0.0", 0));
    return out;
}

void Locator::measure(std::vector<services::Metric>& out) const {
    auto add = [&](const char* name, const char* help, double value, bool counts = false) {
        services::Metric metric;
        metric.name = name;
        metric.help = help;
        metric.kind = counts ? services::Metric::Kind::counter : services::Metric::Kind::gauge;
        metric.value = value;
        out.push_back(std::move(metric));
    };
    add("peers", "Other nodes that are known.", static_cast<double>(peers_.all().size()));
    add("peers_linked", "Other nodes that tell what they offer.", static_cast<double>(peers_.linked_count()));
    add("remote_services", "Services of other nodes.", static_cast<double>(directory_.services()));
    add("endpoints_set_aside", "Endpoints that refuse connections.",
        static_cast<double>(health_.set_aside()));
    add("announce_streams", "Nodes that listen to this one.", static_cast<double>(announced_to_.size()));
    add("published", "Names that others have published here.", static_cast<double>(published_.size()));
    add("routing_groups", "Routing groups.", static_cast<double>(groups_.all().size()));
    add("ignored_announcements_total", "Datagrams and offers that were refused.",
        static_cast<double>(ignored_), true);
    add("resolved_total", "Names that were found.", static_cast<double>(resolved_), true);
    add("unresolved_total", "Names that were not.", static_cast<double>(unresolved_), true);
}

}  // namespace sonm::locator
