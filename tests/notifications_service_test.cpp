#include "notifications_bench.hpp"

namespace sonm::notifications {
namespace {

Task<void> check_webhook(Bench& bench) {
    auto client = bench.client();
    auto [hook, secret] =
        (co_await client.call<"add_webhook">("t", bench.peer.url() + "/hook", std::nullopt)).value();
    bench.statuses = {500, 503};
    auto sequence = (co_await client.call<"publish">(about("t", "hello"))).value();
    (void)co_await client.call<"publish">(about("other", "not for it"));
    co_await bench.until_seen(3);
    PeerRequest& last = bench.peer.seen.back();
    EXPECT_EQ(last.target, "/hook");
    EXPECT_EQ(last.body, "hello");
    EXPECT_EQ(last.headers["content-type"], "text/plain");
    EXPECT_EQ(last.headers["sonm-attempt"], "3");
    EXPECT_EQ(last.headers["webhook-id"], fmt::format("msg_{}", sequence));
    UnixTime time(parse_int<std::uint64_t>(last.headers["webhook-timestamp"]).value());
    EXPECT_EQ(last.headers["webhook-signature"],
              sign(parse_secret(secret).value(), last.headers["webhook-id"], time, to_bytes("hello")));
    co_await sleep_for(50ms);
    auto hooks = (co_await client.call<"webhooks">()).value();
    EXPECT_EQ(hooks.at(0).pending, 0u);
    EXPECT_EQ(hooks.at(0).last_error, "status 503");
}
TEST(NotificationsService, a_webhook_gets_what_is_published_signed_and_again_until_it_takes_it) {
    with_notifications(check_webhook);
}

Task<void> check_dead(Bench& bench) {
    auto mine = bench.client(account(1)), other = bench.client(account(2));
    auto [hook, secret] = (co_await mine.call<"add_webhook">("t", bench.peer.url(), std::nullopt)).value();
    bench.statuses = {500, 500, 500, 410};
    auto first = (co_await mine.call<"publish">(about("t", "one"))).value();
    co_await bench.until_seen(3);
    auto second = (co_await mine.call<"publish">(about("t", "two"))).value();
    co_await bench.until_seen(4);
    co_await sleep_for(50ms);
    auto dead = (co_await mine.call<"dead_letters">(hook, 0, 10)).value();
    EXPECT_EQ(dead.size(), 2u);
    if (dead.size() != 2) co_return;
    EXPECT_EQ(dead[0].notification.sequence, first);
    EXPECT_EQ(dead[0].attempts, 3u);
    EXPECT_EQ(dead[1].error, "status 410");
    EXPECT_TRUE((co_await other.call<"dead_letters">(hook, 0, 10)).error().is(Errc::denied));
    EXPECT_TRUE((co_await other.call<"redeliver">(hook, first)).error().is(Errc::denied));
    EXPECT_TRUE((co_await other.call<"remove_webhook">(hook)).error().is(Errc::denied));
    EXPECT_TRUE(co_await mine.call<"redeliver">(hook, first));
    co_await bench.until_seen(5);
    EXPECT_TRUE(co_await mine.call<"drop">(hook, second));
    co_await sleep_for(50ms);
    EXPECT_TRUE((co_await mine.call<"dead_letters">(hook, 0, 10))->empty());
    EXPECT_TRUE(co_await mine.call<"remove_webhook">(hook));
    EXPECT_TRUE((co_await mine.call<"webhooks">())->empty());
    auto inside = co_await mine.call<"add_webhook">("t", "ftp://x/", std::nullopt);
    EXPECT_TRUE(inside.error().is(Errc::invalid));
}
TEST(NotificationsService, what_a_webhook_never_takes_becomes_a_dead_letter_of_its_owner) {
    with_notifications(check_dead);
}

Task<void> check_streams(Bench& bench) {
    auto client = bench.client();
    auto live = client.stream<"subscribe">("t", std::nullopt).value();
    co_await sleep_for(20ms);
    std::vector<std::uint64_t> sequences;
    for (int i = 0; i < 40; ++i)
        sequences.push_back((co_await client.call<"publish">(about("t", std::to_string(i)))).value());
    for (int i = 0; i < 40; ++i) {
        auto got = (co_await live.next()).value().value();
        EXPECT_EQ(as_text(got.body), std::to_string(i));
        EXPECT_FALSE(got.gap);
    }
    // Another one goes on after the tenth.
    auto resumed = client.stream<"subscribe">("t", sequences[9]).value();
    EXPECT_EQ((co_await resumed.next()).value()->sequence, sequences[10]);
    auto once = co_await client.call<"publish">(about("t", "x", "id"));
    EXPECT_EQ((co_await client.call<"publish">(about("t", "y", "id"))).value(), once.value());
    EXPECT_EQ((co_await live.next()).value()->sequence, once.value());
    auto bad = co_await client.call<"publish">(about("", "x"));
    EXPECT_TRUE(bad.error().is(Errc::invalid));
    bad = co_await client.call<"publish">(about("t\r\nx-evil: 1", "x"));
    EXPECT_TRUE(bad.error().is(Errc::invalid));
    bad = co_await client.call<"publish">(about("t", std::string(300 * KiB, 'x')));
    EXPECT_TRUE(bad.error().is(Errc::too_large));
}
TEST(NotificationsService, a_subscriber_goes_on_after_the_last_one_that_it_had) {
    with_notifications(check_streams);
}

Task<void> check_named(Bench& bench) {
    auto client = bench.client(account(1)), other = bench.client(account(2));
    const std::string topic = "t", name = "billing";
    {
        auto stream = client.stream<"subscribe_as">(topic, name, 0).value();
        for (int i = 0; i < 5; ++i)
            EXPECT_TRUE(co_await client.call<"publish">(about(topic, std::to_string(i))));
        for (int i = 0; i < 5; ++i)
            EXPECT_EQ(as_text((co_await stream.next()).value()->body), std::to_string(i));
        EXPECT_TRUE(co_await client.call<"acknowledge">(topic, name, 2));
        EXPECT_TRUE((co_await client.call<"subscribers">(topic)).value().at(0).open);
    }
    // Its stream has gone; what was not acknowledged comes again, and what came meanwhile.
    EXPECT_TRUE(co_await client.call<"publish">(about(topic, "5")));
    auto second = client.stream<"subscribe_as">(topic, name, std::nullopt).value();
    for (int i = 2; i < 6; ++i) EXPECT_EQ(as_text((co_await second.next()).value()->body), std::to_string(i));
    // A newer stream takes over from one whose program may be dead.
    auto third = client.stream<"subscribe_as">(topic, name, std::nullopt).value();
    EXPECT_EQ(as_text((co_await third.next()).value()->body), "2");
    auto over = co_await second.next();
    EXPECT_TRUE(!over && over.error().is(Errc::conflict)) << (over ? "goes on" : over.error().message());
    auto foreign = other.stream<"subscribe_as">(topic, name, std::nullopt).value();
    EXPECT_TRUE((co_await foreign.next()).error().is(Errc::denied));
    EXPECT_TRUE((co_await other.call<"acknowledge">(topic, name, 6)).error().is(Errc::denied));
    EXPECT_TRUE((co_await client.call<"acknowledge">(topic, name, 7)).error().is(Errc::invalid));
    EXPECT_TRUE(co_await client.call<"forget">(topic, name));
    std::optional<Error> ended;
    for (int i = 0; i < 8 && !ended; ++i) {
        auto next = co_await third.next();
        if (!next) ended = next.error();
    }
    EXPECT_TRUE(ended && ended->is(Errc::conflict));
    EXPECT_TRUE((co_await client.call<"subscribers">(topic)).value().empty());
}
TEST(NotificationsService, a_named_subscription_goes_on_where_it_acknowledged_and_has_one_stream) {
    with_notifications(check_named);
}

Task<void> check_full(Bench& bench) {
    auto read = [&](YamlReader& args) { EXPECT_TRUE(bench.notifications.reload(args)); };
    EXPECT_TRUE(read_yaml("store_max: 2000 B\nkeep_count: 1\n", "test", read));
    auto client = bench.client();
    const std::string topic = "t", name = "n", body(300, 'x');
    {
        auto stream = client.stream<"subscribe_as">(topic, name, 0).value();
        EXPECT_TRUE(co_await client.call<"publish">(about(topic, body)));
        EXPECT_EQ((co_await stream.next()).value()->sequence, 1u) << "had, but not acknowledged";
    }
    auto published = co_await client.call<"publish">(about(topic, body));
    bool refused = false;
    for (int i = 0; i < 200 && !(refused && published); ++i) {
        published = co_await client.call<"publish">(about(topic, body));
        refused = refused || (!published && published.error().is(Errc::no_space));
        co_await sleep_for(20ms);
    }
    EXPECT_TRUE(refused && published) << "who never comes back holds up nobody for long";
    EXPECT_GE((co_await client.call<"subscribers">(topic)).value().at(0).lost, 1u);
    auto again = client.stream<"subscribe_as">(topic, name, std::nullopt).value();
    EXPECT_TRUE((co_await again.next()).value()->gap);
}
TEST(NotificationsService, a_full_store_gives_up_what_only_named_subscriptions_are_owed) {
    with_notifications(check_full);
}

/// While there is one, no delivery that was made can be noted.
struct BrokenStore {
    explicit BrokenStore(Bench& bench)
        : database(Database::open((bench.folder / "n.db").string(), Store::migrations()).value()) {
        EXPECT_TRUE(database->script(
            "CREATE TRIGGER broken BEFORE DELETE ON delivery BEGIN SELECT RAISE(ABORT, 'broken'); END"));
    }
    ~BrokenStore() { EXPECT_TRUE(database->script("DROP TRIGGER broken")); }
    std::unique_ptr<Database> database;
};

Task<void> check_not_noted(Bench& bench) {
    auto client = bench.client();
    EXPECT_TRUE(co_await client.call<"add_webhook">("t", bench.peer.url(), std::nullopt));
    {
        BrokenStore broken(bench);
        EXPECT_TRUE(co_await client.call<"publish">(about("t", "x")));
        co_await bench.until_seen(1);
        co_await sleep_for(300ms);
        EXPECT_EQ(bench.peer.seen.size(), 1u);
    }
    std::uint64_t pending = 1;
    for (int i = 0; i < 100 && pending != 0; ++i) {
        co_await sleep_for(50ms);
        pending = (co_await client.call<"webhooks">()).value().at(0).pending;
    }
    EXPECT_EQ(pending, 0u);
    EXPECT_EQ(bench.peer.seen.size(), 1u) << "what it took it does not get again";
}
TEST(NotificationsService, a_delivery_that_cannot_be_noted_is_noted_later_and_not_made_again) {
    with_notifications(check_not_noted);
}

Task<void> check_drain_not_noted(Bench& bench) {
    auto client = bench.client();
    EXPECT_TRUE(co_await client.call<"add_webhook">("t", bench.peer.url(), std::nullopt));
    BrokenStore broken(bench);
    EXPECT_TRUE(co_await client.call<"publish">(about("t", "x")));
    co_await bench.until_seen(1);
    co_await sleep_for(100ms);
    co_await drain_at_once(bench);
}
TEST(NotificationsService, a_delivery_that_cannot_be_noted_does_not_hold_up_a_node_that_goes_down) {
    with_notifications(check_drain_not_noted);
}

Task<void> check_drain(Bench& bench) {
    auto client = bench.client();
    auto plain = client.stream<"subscribe">("t", 0).value();
    auto named = client.stream<"subscribe_as">("t", "n", std::nullopt).value();
    EXPECT_TRUE(co_await client.call<"publish">(about("t", "x")));
    EXPECT_TRUE((co_await plain.next()).value());
    EXPECT_TRUE((co_await named.next()).value());
    auto begun = std::chrono::steady_clock::now();
    auto draining = bench.notifications.drain();
    EXPECT_TRUE(co_await std::move(draining));
    EXPECT_FALSE((co_await plain.next()).value()) << "closed, well";
    EXPECT_FALSE((co_await named.next()).value());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
    EXPECT_TRUE(co_await client.call<"publish">(about("t", "y"))) << "calls are answered to the end";
}
TEST(NotificationsService, when_the_node_goes_down_open_streams_end_well_at_once) {
    with_notifications(check_drain);
}

Task<void> check_reload(Bench& bench) {
    auto client = bench.client();
    auto reload = [&](std::string_view yaml) {
        auto read = [&](YamlReader& args) { EXPECT_TRUE(bench.notifications.reload(args)); };
        EXPECT_TRUE(read_yaml(yaml, "test", read));
    };
    reload("body_max: 10 B\ntopics_max: 1\n");
    auto large = co_await client.call<"publish">(about("t", "more than ten bytes"));
    EXPECT_TRUE(large.error().is(Errc::too_large));
    EXPECT_TRUE(co_await client.call<"publish">(about("t", "x")));
    // The store takes it over within a second.
    auto second = co_await client.call<"publish">(about("u0", "x"));
    for (int i = 1; i < 50 && second; ++i) {
        co_await sleep_for(100ms);
        second = co_await client.call<"publish">(about(fmt::format("u{}", i), "x"));
    }
    EXPECT_TRUE(!second && second.error().is(Errc::busy));
    // Without `allow` the webhook on loopback is out of reach, with it it is not.
    auto [hook, secret] = (co_await client.call<"add_webhook">("t", bench.peer.url(), std::nullopt)).value();
    EXPECT_TRUE(co_await client.call<"publish">(about("t", "y")));
    co_await sleep_for(200ms);
    EXPECT_EQ(bench.peer.seen.size(), 0u);
    EXPECT_NE((co_await client.call<"webhooks">()).value().at(0).last_error, "");
    reload("allow: [127.0.0.1]\n");
    co_await bench.until_seen(1);
}
TEST(NotificationsService, limits_and_where_webhooks_may_be_are_reloaded) {
    with_notifications(check_reload);
}

TEST(NotificationsService, its_arguments_are_documented_and_read) {
    std::string text = describe_yaml([](YamlReader& reader) { (void)make(services::Environment(), reader); });
    EXPECT_NE(text.find("#dead_max: 10000"), text.npos) << text;
}

}  // namespace
}  // namespace sonm::notifications
