#pragma once

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/base/yaml.hpp"
#include "sonm/notifications/notifications.hpp"
#include "sonm/web/sign.hpp"
#include "support/http_peer.hpp"
#include "support/service_bench.hpp"

namespace sonm::notifications {

using services::NotificationsClient;
using services::NotificationsProtocol;
using test::PeerRequest;
using test::write_answer;
using namespace std::chrono_literals;

inline Publication about(const std::string& topic, const std::string& body, std::string id = {}) {
    Publication out;
    out.topic = topic;
    out.body = to_bytes(body);
    out.type = "text/plain";
    out.id = std::move(id);
    return out;
}

inline Config local_config() {
    Config config;
    config.allow = {*web::parse_network("127.0.0.1")};
    config.attempts_max = 3;
    config.attempt_max = Millis(1'000);
    return config;
}

inline crypto::Address account(std::uint8_t number) {
    crypto::Address out;
    out.bytes.fill(number);
    return out;
}

/// A running service with a webhook's server that answers what `statuses` says, then 200.
struct Bench {
    Executor executor;
    TempDir folder;
    FakeClock clock;
    std::deque<int> statuses;
    test::HttpPeer peer;
    Notifications notifications;
    TaskGroup& group;

    Bench(const Executor& e, TaskGroup& g, Config config)
        : executor(e),
          peer(e,
               [this](PeerRequest, ByteStream& stream) {
                   int status = 200;
                   if (!statuses.empty()) {
                       status = statuses.front();
                       statuses.pop_front();
                   }
                   return write_answer(stream, status, "");
               }),
          notifications(e, std::move(config), clock, (folder / "n.db").string()),
          group(g) {}
    NotificationsClient client(std::optional<crypto::Address> identity = std::nullopt) {
        return test::call_local<NotificationsProtocol>(group, executor, notifications.handlers(), identity);
    }
    /// Waits until the peer has seen so many requests, the clock running fast meanwhile.
    Task<void> until_seen(std::size_t count) {
        for (int i = 0; i < 800 && peer.seen.size() < count; ++i) {
            clock.advance(Seconds(1));
            co_await sleep_for(10ms);
        }
        EXPECT_EQ(peer.seen.size(), count);
    }
};

template <class F>
void with_notifications(F body, Config config = local_config()) {
    test::run_group([body, config](TaskGroup& group) -> Task<void> {
        Bench bench(co_await asio::this_coro::executor, group, config);
        auto starting = bench.notifications.start();
        EXPECT_TRUE(co_await std::move(starting));
        group.spawn(bench.peer.run());
        group.spawn(bench.notifications.run());
        auto running = body(bench);
        co_await std::move(running);
        group.cancel();
        co_await group.join();
    });
}

inline Task<void> drain_at_once(Bench& bench) {
    auto begun = std::chrono::steady_clock::now();
    auto draining = bench.notifications.drain();
    EXPECT_TRUE(co_await std::move(draining));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 500ms);
}

}  // namespace sonm::notifications
