#pragma once

#include "sonm/unicorn/backend.hpp"
#include "sonm/unicorn/etcd_json.hpp"
#include "sonm/web/client.hpp"

#include <set>

namespace sonm::unicorn {

struct EtcdConfig {
    std::vector<std::string> urls;         ///< of the cluster's members: "http://127.0.0.1:2379"
    std::string prefix = "sonm/unicorn/";  ///< of all keys; trees with other prefixes do not meet
    std::string ca_file;
    Millis answer_max{3'000};
    Seconds lease{10};         ///< a holder that died lets go after at most this
    Millis keep_alive{2'500};  ///< between two signs of life
    Millis reconnect{500};
};

/// The tree in an etcd cluster, through its JSON gateway. Many nodes may use one tree. Keys are the prefix,
/// the path's depth in two digits, and the path, so that the children of a node are one range of keys. Each
/// lock has a lease of its own.
class EtcdBackend final : public Backend {
public:
    EtcdBackend(Executor executor, EtcdConfig config);
    ~EtcdBackend() override;

    Async<void> start() override;
    Task<void> run() override;
    Async<Versioned> get(std::string path, Asker asker) override;
    Async<Children> children(std::string path, Asker asker) override;
    Async<std::tuple<bool, Versioned>> put(std::string path, rpc::Encoded value,
                                           std::int64_t version) override;
    Async<void> create(std::string path, rpc::Encoded value) override;
    Async<void> remove(std::string path, std::int64_t version) override;
    Async<Versioned> increment(std::string path, rpc::Encoded delta) override;
    Async<std::unique_ptr<Seat>> enqueue(std::string path, rpc::Encoded value) override;
    Watchers& watchers() override { return watchers_; }
    /// Leases of locks that are given up are given back, or others would wait for their end; those of holders
    /// when these have been told.
    Async<void> drain() override;

private:
    using TimePoint = std::chrono::steady_clock::time_point;
    class EtcdSeat;
    struct Found {
        std::optional<Versioned> node;
        std::int64_t children = 0;
    };
    std::string key(std::string_view path) const;
    std::pair<std::string, std::string> children_range(std::string_view path) const;
    std::string_view path_of(std::string_view key) const;

    Async<std::string> ask(std::string what, std::string body);
    Async<etcd::Txn> transact(std::string body);
    Async<Found> find(std::string path);
    /// With lease: a place in a queue. Gives the revision that made it.
    Async<std::int64_t> insert(std::string path, rpc::Encoded value, std::int64_t lease);
    /// Who is first in the queue, as a key; empty if nobody is. And whether `own` is in it.
    Async<std::pair<std::string, bool>> front(std::string queue, std::string own);

    Task<void> follow();
    Async<void> watch_once();
    Task<void> keep_alive();
    Task<void> keep_alive_one(std::int64_t lease);
    Task<void> revoke();
    Async<void> until_revoked();
    web::Request request(std::string what, std::string body) const;

    Executor executor_;
    EtcdConfig config_;
    web::Client web_;
    std::size_t url_ = 0;  ///< which member is asked
    Watchers watchers_;
    std::map<std::int64_t, EtcdSeat*> seats_;  ///< by lease
    struct Revoked {
        std::int64_t lease;
        TimePoint until;  ///< it matters
    };
    std::multimap<TimePoint, Revoked> revoked_;  ///< by when they may be
    Channel<bool> revoke_;
    bool draining_ = false;
};

}  // namespace sonm::unicorn
