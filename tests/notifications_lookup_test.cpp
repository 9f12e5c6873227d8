#include "notifications_bench.hpp"
#include "support/slow_lookup.hpp"

namespace sonm::notifications {
namespace {

double failed(const Bench& bench) {
    std::vector<services::Metric> all;
    bench.notifications.measure(all);
    return std::ranges::find(all, "failed_total", &services::Metric::name)->value;
}

/// "s" has a webhook whose host is looked up slowly, "t" the peer; waits until `failures` attempts are noted.
Task<void> leave_lookups(Bench& bench, NotificationsClient& client, int failures) {
    std::string lost = fmt::format("http://{}/", test::slow_host);
    EXPECT_TRUE(co_await client.call<"add_webhook">("s", lost, std::nullopt));
    EXPECT_TRUE(co_await client.call<"add_webhook">("t", bench.peer.url(), std::nullopt));
    for (int i = 0; i < 2 * failures; ++i) EXPECT_TRUE(co_await client.call<"publish">(about("s", "x")));
    for (int i = 0; i < 500 && failed(bench) < failures; ++i) co_await sleep_for(10ms);
    co_await sleep_for(200ms);
    EXPECT_TRUE(co_await client.call<"publish">(about("t", "x")));
}

Task<void> check_lookups(Bench& bench) {
    auto client = bench.client();
    co_await leave_lookups(bench, client, 4);
    co_await bench.until_seen(1);
    bench.clock.advance(Seconds(3'600));
    co_await sleep_for(300ms);
    EXPECT_EQ(failed(bench), 4) << "more look-ups than attempts are not left behind";
    co_await drain_at_once(bench);
}
TEST(NotificationsService, look_ups_left_behind_hold_up_their_webhook_and_no_other) {
    Config config = local_config();
    config.attempts_at_once = 4;
    config.attempt_max = Millis(50);
    config.attempts_max = 100;
    config.lookup_max = Millis(60'000);
    with_notifications(check_lookups, config);
}

Task<void> check_lookups_bound(Bench& bench) {
    auto client = bench.client();
    co_await leave_lookups(bench, client, 2);
    co_await sleep_for(100ms);
    EXPECT_EQ(bench.peer.seen.size(), 0u);
    co_await bench.until_seen(1);
}
TEST(NotificationsService, as_many_look_ups_as_may_be_left_behind_hold_up_all_until_one_is_over) {
    Config config = local_config();
    config.attempt_max = Millis(50);
    config.lookup_max = Millis(1'500);
    config.lookups_left_max = config.webhook_attempts_at_once = 2;
    with_notifications(check_lookups_bound, config);
}

}  // namespace
}  // namespace sonm::notifications
