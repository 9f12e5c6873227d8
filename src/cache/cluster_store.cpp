#include "sonm/cache/cluster_store.hpp"

#include "sonm/base/log.hpp"

namespace sonm::cache {
namespace {

/// Says that the sender has found out whose key it is.
constexpr std::string_view hop_header = "x-sonm-cache-hop";

std::vector<rpc::Header> hop() { return {rpc::Header{std::string(hop_header), "1"}}; }

bool is_transport(const Error& error) {
    return error.is(Errc::closed) || error.is(Errc::timeout) || error.is(Errc::unavailable) ||
           error.is(Errc::busy) || error.code.category() == rpc::LocatorErrc_category() ||
           error.code.category() == rpc::SecurityErrc_category();
}

}  // namespace

ClusterStore::PeerPtr ClusterStore::owner(const rpc::Context& who, const std::string& key) const {
    // Two nodes may see different rings for a moment: a call is passed on once only.
    if (!ring_ || who.header(hop_header)) return nullptr;
    const std::string& name = ring_->pick(key);
    auto found = peers_.find(name);
    return found == peers_.end() ? nullptr : found->second;
}

Async<ClusterStore::Client> ClusterStore::reach(PeerPtr peer) {
    auto waiting = peer->turn.push(0);
    SONM_CO_CHECK(co_await std::move(waiting));
    struct Leave {
        explicit Leave(Channel<char>& t) : turn(t) {}
        Leave(const Leave&) = delete;
        ~Leave() { turn.try_pop(); }
        Channel<char>& turn;
    };
    Leave leave(peer->turn);
    if (!peer->connection || !peer->connection->is_open()) {
        auto now = std::chrono::steady_clock::now();
        if (!group_ || now < peer->retry_at)
            co_return fail(Errc::unavailable, "the cache at {} did not answer a moment ago", peer->address);
        peer->retry_at = now + settings_.retry;
        auto connecting = parts_.connect(*group_, peer->address);
        auto limited = within(settings_.answer_max, std::move(connecting));
        SONM_CO_TRY(peer->connection, co_await std::move(limited));
        peer->retry_at = {};
    }
    co_return Client(*peer->connection).with(hop());
}

Error ClusterStore::failed(Error error) {
    if (!is_transport(error)) return error;
    ++failures_;
    error.code =
        std::make_error_code(error.is(Errc::timeout) ? std::errc::timed_out : std::errc::not_connected);
    return error;
}

Async<CacheEntry> ClusterStore::get(rpc::Context who, std::string key) {
    PeerPtr peer = owner(who, key);
    if (!peer) co_return local_.get(key);
    SONM_CO_CHECK(check_key(key));
    ++calls_;
    auto reaching = reach(std::move(peer));
    auto client = co_await std::move(reaching);
    Result<CacheEntry> entry;
    if (client) {
        auto calling = client->call_within<"get_versioned">(settings_.answer_max, std::move(key));
        entry = co_await std::move(calling);
    } else {
        entry = tl::unexpected<Error>(std::move(client.error()));
    }
    if (entry) co_return entry;
    // A cache that cannot be asked has nothing.
    bool away = is_transport(entry.error());
    Error error = failed(std::move(entry.error()));
    if (away) co_return CacheEntry();
    co_return tl::unexpected<Error>(std::move(error));
}

Async<void> ClusterStore::put(rpc::Context who, std::string key, Bytes value, Ttl ttl) {
    PeerPtr peer = owner(who, key);
    if (!peer) co_return local_.put(key, std::move(value), ttl);
    SONM_CO_CHECK(check_key(key));
    SONM_CO_CHECK(local_.check_value(value));
    ++calls_;
    auto reaching = reach(std::move(peer));
    auto client = co_await std::move(reaching);
    if (!client) co_return tl::unexpected<Error>(failed(std::move(client.error())));
    auto calling =
        client->call_within<"put">(settings_.answer_max, std::move(key), std::move(value), std::move(ttl));
    auto done = co_await std::move(calling);
    if (!done) co_return tl::unexpected<Error>(failed(std::move(done.error())));
    co_return done;
}

Async<bool> ClusterStore::remove(rpc::Context who, std::string key) {
    PeerPtr peer = owner(who, key);
    if (!peer) co_return local_.remove(key);
    SONM_CO_CHECK(check_key(key));
    ++calls_;
    auto reaching = reach(std::move(peer));
    auto client = co_await std::move(reaching);
    if (!client) co_return tl::unexpected<Error>(failed(std::move(client.error())));
    auto calling = client->call_within<"remove">(settings_.answer_max, std::move(key));
    auto done = co_await std::move(calling);
    if (!done) co_return tl::unexpected<Error>(failed(std::move(done.error())));
    co_return done;
}

Async<std::tuple<bool, std::uint64_t>> ClusterStore::compare_and_put(rpc::Context who, std::string key,
                                                                     std::uint64_t version, Bytes value,
                                                                     Ttl ttl) {
    PeerPtr peer = owner(who, key);
    if (!peer) co_return local_.compare_and_put(key, version, std::move(value), ttl);
    SONM_CO_CHECK(check_key(key));
    SONM_CO_CHECK(local_.check_value(value));
    ++calls_;
    auto reaching = reach(std::move(peer));
    auto client = co_await std::move(reaching);
    if (!client) co_return tl::unexpected<Error>(failed(std::move(client.error())));
    auto calling = client->call_within<"compare_and_put">(settings_.answer_max, std::move(key), version,
                                                          std::move(value), std::move(ttl));
    auto done = co_await std::move(calling);
    if (!done) co_return tl::unexpected<Error>(failed(std::move(done.error())));
    co_return done;
}

Async<std::int64_t> ClusterStore::increment(rpc::Context who, std::string key, std::int64_t delta, Ttl ttl) {
    PeerPtr peer = owner(who, key);
    if (!peer) co_return local_.increment(key, delta, ttl);
    SONM_CO_CHECK(check_key(key));
    ++calls_;
    auto reaching = reach(std::move(peer));
    auto client = co_await std::move(reaching);
    if (!client) co_return tl::unexpected<Error>(failed(std::move(client.error())));
    auto calling =
        client->call_within<"increment">(settings_.answer_max, std::move(key), delta, std::move(ttl));
    auto done = co_await std::move(calling);
    if (!done) co_return tl::unexpected<Error>(failed(std::move(done.error())));
    co_return done;
}

void ClusterStore::rebuild() {
    std::set<std::string> offering{self_};
    for (const auto& [name, peer] : peers_)
        if (peer->offers) offering.insert(name);
    if (offering == offering_) return;
    offering_ = std::move(offering);
    services::Shares shares;
    for (const std::string& name : offering_) shares.emplace(name, 1);
    auto ring = services::Continuum::make(shares);
    if (ring)
        ring_ = std::move(*ring);
    else
        SONM_LOG(warn, "cache: the nodes as they were: {}", ring.error().message());
}

Async<void> ClusterStore::refresh(TaskGroup& group) {
    auto listing = parts_.list(group);
    auto limited = within(settings_.refresh, std::move(listing));
    SONM_CO_TRY(Members members, co_await std::move(limited));
    self_ = members.self;
    std::erase_if(peers_, [&](const auto& peer) {
        auto found = members.others.find(peer.first);
        return found == members.others.end() || found->second != peer.second->address;
    });
    for (const auto& [name, address] : members.others)
        if (name != self_ && !peers_.contains(name))
            peers_.emplace(name, std::make_shared<Peer>(executor_, address));
    // Who has a cache is known once it has answered; then it keeps its place as long as it is listed.
    std::vector<PeerPtr> unknown;
    for (const auto& [name, peer] : peers_)
        if (!peer->offers) unknown.push_back(peer);
    for (const PeerPtr& peer : unknown) {
        auto reaching = reach(peer);
        auto reached = co_await std::move(reaching);
        peer->offers = reached.has_value();
    }
    rebuild();
    co_return Result<void>();
}

Task<void> ClusterStore::run() {
    struct Leave {
        explicit Leave(ClusterStore& s) : store(s) {}
        Leave(const Leave&) = delete;
        ~Leave() {
            store.peers_.clear();
            store.offering_.clear();
            store.ring_.reset();
            store.group_ = nullptr;
        }
        ClusterStore& store;
    };
    auto body = [this](TaskGroup& group) -> Task<void> {
        Leave leave(*this);
        group_ = &group;
        while (true) {
            auto refreshing = refresh(group);
            auto done = co_await std::move(refreshing);
            if (!done) SONM_LOG(debug, "cache: asking for the other nodes: {}", done.error().message());
            auto resting = sleep_for(settings_.refresh);
            co_await std::move(resting);
        }
    };
    auto all = scope(1024, std::move(body));
    co_await std::move(all);
}

}  // namespace sonm::cache
