#include "sonm/base/log.hpp"
#include "sonm/locator/locator.hpp"

/// Other nodes: hearing of them, linking to them, believing them within bounds.
namespace sonm::locator {
namespace {

constexpr Millis connect_max{3'000};
constexpr Millis receive_rest{1'000};

rpc::ConnectOptions link_options() {
    rpc::ConnectOptions options;
    // What a node may offer fits; a stranger gets no more.
    options.limits.frame_bytes_max = 2 * node_bytes_max;
    options.limits.inbound_bytes_max = 2 * node_bytes_max;
    options.limits.channels_max = 8;
    return options;
}

}  // namespace

Task<void> Locator::listen() {
    while (true) {
        auto receiving = parts_.discovery->receive();
        auto datagram = co_await std::move(receiving);
        if (datagram) {
            heard(*datagram);
            continue;
        }
        SONM_LOG(warn, "locator: {}", datagram.error().message());
        auto resting = sleep_for(receive_rest);
        co_await std::move(resting);
    }
}

void Locator::heard(const Discovery::Heard& datagram) {
    if (!gateway_) return;  // this node announces itself, but needs nobody
    if (!throttle_.admit(datagram.source, now())) {
        ++ignored_;
        return;
    }
    auto said = parse_announcement(datagram.datagram);
    if (said && said->uuid == uuid_) return;
    auto taken = said ? peers_.announced(said->uuid, datagram.source, said->endpoints, now())
                      : Result<void>(tl::unexpected<Error>(said.error()));
    if (taken) return;
    ++ignored_;
    SONM_LOG(debug, "locator: announcement from {}: {}", datagram.source, taken.error().message());
}

void Locator::watch_links() {
    for (auto& [uuid, endpoints] : peers_.due(now())) {
        auto link = std::make_shared<Link>();
        link->answered = now();
        // Its former life may still be ending: then a little later. In the table before it starts: it may end
        // at once.
        bool fresh = links_.emplace(uuid, link).second;
        if (fresh && group_->spawn(follow(uuid, std::move(endpoints), link))) continue;
        if (fresh) links_.erase(uuid);
        peers_.lost(uuid, now());
    }
    for (const auto& [uuid, link] : links_) {
        if (!link->connection.is_open()) continue;
        auto quiet = now() - link->answered;
        // Together with the tick, one that stops answering is dropped before its third interval is over.
        if (quiet >= options_.interval * 5 / 2) {
            SONM_LOG(info, "locator: node {} does not answer and is dropped", uuid);
            link->connection.close();
        } else if (quiet >= options_.interval && !link->asking) {
            link->asking = true;
            if (!group_->spawn(ask(uuid, link))) link->asking = false;
        }
    }
}

Task<void> Locator::ask(std::string uuid, LinkPtr link) {
    rpc::Client<rpc::LocatorProtocol> remote(link->connection);
    // The one question that locators of all ages answer.
    auto asking = remote.call_within<"resolve">(2 * options_.interval, "locator", std::nullopt);
    auto contained = contain(std::move(asking));
    auto answer = co_await std::move(contained);
    link->asking = false;
    bool silent = !answer && (answer.error().is(Errc::timeout) || answer.error().is(Errc::closed));
    if (silent) co_return;
    link->answered = now();
    peers_.heard(uuid, now());
}

Task<void> Locator::follow(std::string uuid, Endpoints endpoints, LinkPtr link) {
    auto contained = contain(this->link(uuid, std::move(endpoints), link));
    auto outcome = co_await std::move(contained);
    link->connection.close();
    if (!outcome) refused(uuid, outcome.error());
    forget(uuid);
    links_.erase(uuid);
    peers_.lost(uuid, now());
}

void Locator::refused(const std::string& uuid, const Error& why) {
    auto peer = peers_.all().find(uuid);
    bool configured = peer != peers_.all().end() && peer->second.permanent;
    // Nodes of other clusters may be heard here all the time; they are meant if somebody has listed them.
    bool meant = why.code.category() == rpc::SecurityErrc_category() || (configured && why.is(Errc::denied));
    // Once: each try ends so, and there is no end of tries.
    if (meant && peers_.refused(uuid, why.code))
        SONM_LOG(warn, "locator: node {} is not linked: {}", uuid, why.message());
    else
        SONM_LOG(debug, "locator: node {}: {}", uuid, why.message());
}

void Locator::forget(const std::string& uuid) {
    for (const std::string& name : directory_.drop(uuid)) remote_changed(name);
}

Async<std::unique_ptr<ByteStream>> Locator::dial_any(Endpoints endpoints) {
    Error last{make_error_code(Errc::unavailable), "no endpoints"};
    for (const Endpoint& endpoint : endpoints) {
        auto dialing = parts_.dial(endpoint, connect_max);
        auto stream = co_await std::move(dialing);
        if (stream) co_return std::move(*stream);
        last = std::move(stream.error());
    }
    co_return tl::unexpected<Error>(std::move(last));
}

Async<void> Locator::link(std::string uuid, Endpoints endpoints, LinkPtr link) {
    // As locators of all ages take it; one that wants a proof says so.
    auto linking = link_to(uuid, endpoints, link, std::string());
    auto outcome = co_await std::move(linking);
    if (outcome || !outcome.error().is(rpc::SecurityErrc::token_not_found) || link->dropped)
        co_return outcome;
    if (!parts_.signer) co_return wrap(std::move(outcome.error()), "without a `key` of this node");
    auto proving = link_to(uuid, std::move(endpoints), link, std::string(rpc::LocatorProtocol::name));
    co_return co_await std::move(proving);
}

Async<void> Locator::link_to(std::string uuid, Endpoints endpoints, LinkPtr link, std::string service) {
    auto dialing = dial_any(std::move(endpoints));
    SONM_CO_TRY(auto stream, co_await std::move(dialing));
    rpc::ConnectOptions options = link_options();
    options.signer = service.empty() ? nullptr : parts_.signer;
    options.clock = &parts_.clock;
    options.between_nodes = true;
    auto opening = rpc::connect_over(*group_, std::move(stream), std::move(service), std::move(options));
    SONM_CO_TRY(link->connection, co_await std::move(opening));
    if (link->dropped) co_return fail(Errc::closed, "dropped while it was connected to");
    rpc::Client<rpc::LocatorProtocol> remote(link->connection);
    SONM_CO_TRY(auto talk, remote.talk<"connect">(uuid_));
    link->answered = now();
    while (true) {
        auto hearing = talk.hear();
        SONM_CO_TRY(auto said, co_await std::move(hearing));
        if (!said || !said->is<"write">()) co_return fail(Errc::closed, "it has nothing more to tell");
        SONM_CO_TRY(auto args, said->args<"write">());
        auto& [sender, services] = args;
        SONM_CO_CHECK(
            consume(uuid, *link, said->header(rpc::locator_extra_header), sender, std::move(services)));
    }
}

Result<void> Locator::consume(const std::string& uuid, Link& link, const std::string* header,
                              const std::string& sender, std::map<std::string, Offer> services) {
    if (sender != uuid) return fail(Errc::denied, "it says it is {}", sender);
    Extra extra;
    if (header) {
        SONM_TRY(extra, parse_extra(*header));
    }
    if (extra.cluster != options_.cluster)
        return fail(Errc::denied, "it belongs to the cluster '{}', this node to '{}'", extra.cluster,
                    options_.cluster);
    if (!std::exchange(link.told, true)) {
        peers_.linked(uuid, now());
        SONM_LOG(info, "locator: node {} is linked", uuid);
    }
    link.answered = now();
    peers_.heard(uuid, now());
    if ((extra.load || extra.weight) &&
        directory_.told(uuid, extra.load.value_or(0), extra.weight.value_or(1)))
        for (const std::string& name : directory_.names_of(uuid)) remote_changed(name);
    for (auto& [name, offer] : services) {
        if (name == rpc::LocatorProtocol::name) continue;  // each node has its own
        if (offer.endpoints.empty()) {
            directory_.remove(uuid, name);
        } else if (auto put = directory_.put(uuid, name, std::move(offer)); !put) {
            // One strange service must not cost the node's others.
            ++ignored_;
            directory_.remove(uuid, name);
            SONM_LOG(debug, "locator: node {}, service {}: {}", uuid, name, put.error().message());
        }
        remote_changed(name);
    }
    return {};
}

}  // namespace sonm::locator
