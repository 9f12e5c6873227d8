#pragma once

#include "sonm/cache/local_cache.hpp"
#include "sonm/rpc/client.hpp"
#include "sonm/services/continuum.hpp"

namespace sonm::cache {

struct ClusterSettings {
    Millis refresh{5'000};     ///< how often the nodes are asked for
    Millis answer_max{1'000};  ///< of another node
    Millis retry{2'000};       ///< a node that cannot be reached is left alone for so long
};

/// The nodes that share the keys, this one among them.
struct Members {
    std::string self;
    std::map<std::string, std::string> others;  ///< name and address of those that may offer the cache
};

/// Keys spread over nodes by the ring that routing groups have, too: each key is on one node, and stays
/// there when others come or go. A node that asks says so in a header, and is answered from memory there.
class ClusterStore final : public Store {
public:
    struct Parts {
        /// Who there is now.
        std::function<Async<Members>(TaskGroup&)> list;
        /// The cache of a node. Errors: rpc::LocatorErrc::service_not_available (it offers none).
        std::function<Async<rpc::Connection>(TaskGroup&, std::string address)> connect;
    };
    /// `local` must outlive this.
    ClusterStore(const Executor& executor, LocalCache& local, Parts parts, ClusterSettings settings)
        : executor_(executor), local_(local), parts_(std::move(parts)), settings_(settings) {}

    Async<CacheEntry> get(rpc::Context who, std::string key) override;
    Async<void> put(rpc::Context who, std::string key, Bytes value, Ttl ttl) override;
    Async<bool> remove(rpc::Context who, std::string key) override;
    Async<std::tuple<bool, std::uint64_t>> compare_and_put(rpc::Context who, std::string key,
                                                           std::uint64_t version, Bytes value,
                                                           Ttl ttl) override;
    Async<std::int64_t> increment(rpc::Context who, std::string key, std::int64_t delta, Ttl ttl) override;
    Task<void> run() override;
    std::uint64_t calls() const override { return calls_; }
    std::uint64_t failures() const override { return failures_; }
    std::size_t members() const override { return offering_.size(); }

private:
    using Client = services::CacheClient;
    struct Peer {
        Peer(const Executor& executor, std::string where) : address(std::move(where)), turn(executor, 1) {}
        std::string address;
        std::optional<rpc::Connection> connection;
        std::chrono::steady_clock::time_point retry_at{};
        bool offers = false;
        Channel<char> turn;  ///< one connects, the others wait for it
    };
    using PeerPtr = std::shared_ptr<Peer>;
    /// Nothing: the key is this node's, or the call came from another node.
    PeerPtr owner(const rpc::Context& who, const std::string& key) const;
    Async<Client> reach(PeerPtr peer);
    Async<void> refresh(TaskGroup& group);
    void rebuild();
    /// Counts, and says in the words of the protocol that the other node does not answer.
    Error failed(Error error);

    Executor executor_;
    LocalCache& local_;
    Parts parts_;
    ClusterSettings settings_;
    TaskGroup* group_ = nullptr;  ///< while run() runs
    std::string self_;
    std::map<std::string, PeerPtr> peers_;
    std::set<std::string> offering_;
    std::optional<services::Continuum> ring_;
    std::uint64_t calls_ = 0, failures_ = 0;
};

}  // namespace sonm::cache
