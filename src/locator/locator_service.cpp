#include "sonm/base/stream.hpp"
#include "sonm/locator/locator.hpp"

/// The methods of the locator, as other nodes and clients call them.
namespace sonm::locator {
namespace {

using std::optional;
using std::string;

/// Bytes of one message of the first dump, about; a node with much to tell takes several.
constexpr std::size_t dump_bytes = 512 * KiB;
constexpr std::size_t published_max = 1024;
constexpr std::size_t routers_max = 256;

bool is_this_machine(const string& peer) {
    if (peer.starts_with("unix:") || peer == "this process" || peer == "pipe") return true;
    auto parsed = parse_host_port(peer);
    if (!parsed) return false;
    std::error_code error;
    auto address = asio::ip::make_address(parsed->host, error);
    if (error) return false;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
    return address.is_loopback();
}

/// Ends `held` when the other side says `discard`, or nothing more.
template <class Talk>
Task<void> end_when_discarded(Talk& talk, Subscriber& held) {
    while (true) {
        auto hearing = talk.hear();
        auto said = co_await std::move(hearing);
        if (!said || !*said) break;
    }
    held.end();
}

Task<void> wait_for_end(Subscriber& held) {
    while (!held.ended) {
        held.anew = false;
        held.names.clear();
        auto waiting = held.wait();
        co_await std::move(waiting);
    }
}

}  // namespace

void Locator::bind() {
    using rpc::Context;
    service_.on<"resolve">(
        [this](const Context&, string name, optional<string> seed) -> Result<rpc::Resolved> {
            SONM_TRY(Offer offer, resolve(std::move(name), seed));
            return rpc::Resolved(std::move(offer.endpoints), offer.version, std::move(offer.graph));
        });
    service_.on<"connect">([this](Context, string uuid, AnnounceTalk talk) {
        return announce(std::move(uuid), std::move(talk));
    });
    service_.on<"refresh">([this](Context, std::vector<string> names) { return refresh(std::move(names)); });
    service_.on<"cluster">(
        [this](const Context&) -> Result<std::map<string, Endpoint>> { return cluster(); });
    service_.on<"publish">([this](Context who, string name, Endpoints endpoints,
                                  optional<std::pair<std::uint32_t, rpc::Encoded>> metadata,
                                  PublishTalk talk) {
        return publish(std::move(who), std::move(name), std::move(endpoints), std::move(metadata),
                       std::move(talk));
    });
    service_.on<"routing">([this](Context, string router, RoutingTalk talk) {
        return routing(std::move(router), std::move(talk));
    });
    service_.on<"uuid">([this](const Context&) -> Result<string> { return uuid_; });
}

optional<Offer> Locator::own_offer(const string& name) const {
    if (name == rpc::LocatorProtocol::name || options_.restricted.contains(name)) return std::nullopt;
    auto published = published_.find(name);
    if (published != published_.end()) return published->second;
    auto local = parts_.server.resolve(name);
    if (!local || std::get<0>(*local).empty()) return std::nullopt;
    return Offer{std::get<0>(*local), std::get<1>(*local), std::get<2>(*local)};
}

void Locator::local_changed(const string& name) {
    if (name == rpc::LocatorProtocol::name || options_.restricted.contains(name)) return;
    announced_to_.each([&](Subscriber& one) { one.tell(name); });
}

std::vector<rpc::Header> Locator::extra_headers() {
    Extra extra;
    extra.cluster = options_.cluster;
    extra.load = told_load_ = parts_.load();
    extra.weight = options_.weight;
    return {rpc::Header{string(rpc::locator_extra_header), encode(extra)}};
}

Async<void> Locator::announce(string uuid, AnnounceTalk talk) {
    SONM_CO_CHECK(check_uuid(uuid));
    if (!options_.is_clustered() || draining_)
        co_return Result<void>();  // nothing to tell: the stream closes
    if (!announced_to_.contains(uuid) && announced_to_.size() >= options_.peers_max)
        co_return fail(Errc::busy, "{} nodes listen to this one already", announced_to_.size());
    Subscribers::Place place(announced_to_, parts_.executor, uuid);
    auto telling = tell_all(talk);
    SONM_CO_CHECK(co_await std::move(telling));
    while (true) {
        auto waiting = place->wait();
        co_await std::move(waiting);
        if (place->ended) co_return Result<void>();
        std::map<string, Offer> changes;
        if (!place->names.empty()) {
            string name = std::move(place->names.extract(place->names.begin()).value());
            changes.emplace(name, own_offer(name).value_or(Offer()));
        }
        place->anew = false;  // the header of any message tells the load
        auto saying = talk.say_with<"write">(extra_headers(), uuid_, std::move(changes));
        SONM_CO_CHECK(co_await std::move(saying));
    }
}

Async<void> Locator::tell_all(AnnounceTalk& talk) {
    std::map<string, Offer> page;
    std::vector<string> names;
    for (const rpc::ServedName& served : parts_.server.names()) names.push_back(served.name);
    for (const auto& [name, offer] : published_) names.push_back(name);
    std::size_t bytes = 0;
    for (const string& name : names) {
        auto offer = own_offer(name);
        if (!offer) continue;
        bytes += name.size() + offer->graph.bytes.size() + 64 * offer->endpoints.size();
        page.emplace(name, std::move(*offer));
        if (bytes < dump_bytes) continue;
        auto saying = talk.say_with<"write">(extra_headers(), uuid_, std::exchange(page, {}));
        SONM_CO_CHECK(co_await std::move(saying));
        bytes = 0;
    }
    // Also when there is nothing: the first message says that this is the node.
    auto saying = talk.say_with<"write">(extra_headers(), uuid_, std::move(page));
    co_return co_await std::move(saying);
}

/// A published name, for as long as its channel is held.
class Locator::Publication {
public:
    Publication(Locator& locator, string name, Offer offer) : locator_(locator), name_(std::move(name)) {
        locator_.published_.emplace(name_, std::move(offer));
        locator_.local_changed(name_);
        locator_.remote_changed(name_);
    }
    Publication(const Publication&) = delete;
    ~Publication() {
        locator_.published_.erase(name_);
        locator_.directory_.remove(locator_.uuid_, name_);
        locator_.local_changed(name_);
        locator_.remote_changed(name_);
    }

private:
    Locator& locator_;
    string name_;
};

Result<void> Locator::may_publish(const rpc::Context& who, const string& name) const {
    bool allowed = options_.publishers == Publishers::anyone ||
                   (options_.publishers == Publishers::this_machine && is_this_machine(who.peer()));
    if (!allowed)
        return fail(
            rpc::SecurityErrc::permission_denied,
            "{} may not publish here; see `publish` in the section locator of this node's configuration",
            who.peer());
    if (parts_.server.resolve(name) || published_.contains(name))
        return fail(Errc::exists, "{} is served by this node already", name);
    if (published_.size() >= published_max)
        return fail(Errc::busy, "{} names are published here", published_.size());
    if (draining_) return fail(Errc::closed, "the node is going down");
    return {};
}

Async<void> Locator::publish(rpc::Context who, string name, Endpoints endpoints,
                             optional<std::pair<std::uint32_t, rpc::Encoded>> metadata, PublishTalk talk) {
    SONM_CO_CHECK(may_publish(who, name));
    Offer offer;
    offer.endpoints = std::move(endpoints);
    if (metadata) {
        offer.version = metadata->first;
        offer.graph = std::move(metadata->second);
    }
    SONM_CO_CHECK(directory_.put(uuid_, name, offer));
    Publication publication(*this, name, std::move(offer));
    Subscribers::Place place(publishers_, parts_.executor, name);
    SONM_CO_CHECK(talk.say_now<"value">());
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(end_when_discarded(talk, *place));
        return wait_for_end(*place);
    };
    auto holding = scope(1, std::move(body));
    co_await std::move(holding);
    co_return Result<void>();
}

Async<void> Locator::routing(string router, RoutingTalk talk) {
    SONM_CO_CHECK(check_name(router));
    if (!routers_.contains(router) && routers_.size() >= routers_max)
        co_return fail(Errc::busy, "{} routers listen to this node", routers_.size());
    Subscribers::Place place(routers_, parts_.executor, router);
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(end_when_discarded(talk, *place));
        while (!place->ended) {
            place->anew = false;
            std::map<string, std::vector<Continuum::Point>> rings;
            for (const auto& [name, ring] : groups_.all()) rings.emplace(name, ring.points());
            auto saying = talk.say<"write">(std::move(rings));
            if (auto said = co_await std::move(saying); !said) co_return;
            auto waiting = place->wait();
            co_await std::move(waiting);
        }
    };
    auto holding = scope(1, std::move(body));
    co_await std::move(holding);
    co_return Result<void>();
}

}  // namespace sonm::locator
