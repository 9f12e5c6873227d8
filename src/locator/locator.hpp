#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/locator/announcement.hpp"
#include "sonm/locator/extra.hpp"
#include "sonm/locator/groups.hpp"
#include "sonm/locator/health.hpp"
#include "sonm/locator/options.hpp"
#include "sonm/locator/peers.hpp"
#include "sonm/locator/subscriber.hpp"
#include "sonm/rpc/client.hpp"
#include "sonm/rpc/server.hpp"
#include "sonm/services/platform.hpp"

namespace sonm::locator {

/// Opens a byte stream to another node.
using Dial = std::function<Async<std::unique_ptr<ByteStream>>(Endpoint, Millis limit)>;

/// What a locator stands on. Everything that is left empty is made from the options.
struct Parts {
    Parts(Executor e, const Clock& c, rpc::Server& s) : executor(std::move(e)), clock(c), server(s) {}
    Executor executor;
    const Clock& clock;
    rpc::Server& server;
    GroupStore* groups = nullptr;  ///< routing groups; without one there are none
    /// Proves this node to others that want it.
    const crypto::Signer* signer = nullptr;
    std::function<double()> load;          ///< told to other nodes; empty = share of the connections in use
    std::unique_ptr<Gateway> gateway;      ///< a plug-in in place of those that the options name
    std::unique_ptr<Discovery> discovery;  ///< in place of multicast
    Dial dial;                             ///< in place of TCP
    Random random;
    RunCommand run_command;
};

/// The locator of a node: says where services are, here and on other nodes; tells others what is here.
/// Installs itself in the server. Resource type; one executor; lives as long as the server runs.
class Locator {
public:
    Locator(Parts parts, Options options);
    ~Locator();
    Locator(const Locator&) = delete;

    /// Opens the multicast socket. Errors: invalid, io.
    Async<void> start();
    /// Finds nodes, links to them, tells and is told, until cancelled.
    Task<void> run();
    /// Takes `peers`, `weight`, `restricted` and `publishers`, and where routing groups are; the rest of
    /// `fresh` comes with a restart.
    void take_over(const Options& fresh, GroupStore* groups);
    /// Ends the streams and publications that others hold here: before the server drains.
    void drain();
    /// Looks at the clock: what is due is begun. run() does it every `options.tick`; simulations themselves.
    void tick();

    const std::string& uuid() const { return uuid_; }
    /// As for callers: routing group, this node, what others have published here, other nodes. Errors:
    /// service_not_available.
    Result<Offer> resolve(std::string name, const std::optional<std::string>& seed = std::nullopt);
    /// Other nodes and where they are; those not linked yet as 0.0.0.0:0.
    std::map<std::string, Endpoint> cluster() const;
    /// Names that other nodes offer.
    std::vector<std::string> remote_names() const { return directory_.names(); }
    /// Reads routing groups anew; all of them, if none is named. Errors: locator.routing_storage, invalid.
    Async<void> refresh(std::vector<std::string> names);
    void measure(std::vector<services::Metric>& out) const;

private:
    /// What one peer's link is about; shared by the coroutine that follows it and the table.
    struct Link {
        rpc::Connection connection;
        bool dropped = false, asking = false, told = false;
        TimePoint answered{};
    };
    using LinkPtr = std::shared_ptr<Link>;
    class Publication;

    // locator.cpp: what is due, and what callers ask
    TimePoint now() const { return parts_.clock.steady(); }
    void announce_self();
    void watch_links();
    void watch_health();
    void watch_groups();
    Task<void> reread();
    Task<void> try_endpoint(Endpoint endpoint);
    std::vector<Candidate> healthy(const std::string& name);
    void remote_changed(const std::string& name);
    bool is_usable(const Offer& offer) const;

    // locator_links.cpp: other nodes
    Task<void> listen();
    void heard(const Discovery::Heard& datagram);
    Task<void> follow(std::string uuid, Endpoints endpoints, LinkPtr link);
    Async<void> link(std::string uuid, Endpoints endpoints, LinkPtr link);
    /// With a `service`, after a proof of identity for it.
    Async<void> link_to(std::string uuid, Endpoints endpoints, LinkPtr link, std::string service);
    void refused(const std::string& uuid, const Error& why);
    Async<std::unique_ptr<ByteStream>> dial_any(Endpoints endpoints);
    Result<void> consume(const std::string& uuid, Link& link, const std::string* header,
                         const std::string& sender, std::map<std::string, Offer> services);
    Task<void> ask(std::string uuid, LinkPtr link);
    void forget(const std::string& uuid);

    // locator_service.cpp: what others ask
    void bind();
    using AnnounceTalk = rpc::Talk<rpc::Announced, rpc::Nothing>;
    using PublishTalk = rpc::Talk<rpc::Primitive<>, rpc::Discard>;
    using RoutingTalk = rpc::Talk<rpc::Rings, rpc::Discard>;
    Async<void> announce(std::string uuid, AnnounceTalk talk);
    Async<void> tell_all(AnnounceTalk& talk);
    Async<void> publish(rpc::Context who, std::string name, Endpoints endpoints,
                        std::optional<std::pair<std::uint32_t, rpc::Encoded>> metadata, PublishTalk talk);
    Async<void> routing(std::string router, RoutingTalk talk);
    Result<void> may_publish(const rpc::Context& who, const std::string& name) const;
    void local_changed(const std::string& name);
    std::optional<Offer> own_offer(const std::string& name) const;
    std::vector<rpc::Header> extra_headers();

    Parts parts_;
    Options options_;
    std::string uuid_;
    rpc::Service<rpc::LocatorProtocol> service_;
    std::unique_ptr<Gateway> gateway_;
    Peers peers_;
    Throttle throttle_;
    Directory directory_;
    Health health_;
    Groups groups_;
    std::map<std::string, LinkPtr> links_;
    std::map<std::string, Offer> published_;
    Subscribers announced_to_, routers_, publishers_;
    TaskGroup* group_ = nullptr;  ///< while run() is at work
    TimePoint announced_at_{}, told_at_{}, groups_at_{};
    bool started_ = false, groups_read_ = false, reading_ = false, draining_ = false;
    double told_load_ = -1;
    std::string groups_failure_;  ///< told already
    std::uint64_t ignored_ = 0, resolved_ = 0, unresolved_ = 0;
};

}  // namespace sonm::locator
