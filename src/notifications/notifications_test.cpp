#include "sonm/notifications/notifications.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/web/sign.hpp"

#include <gtest/gtest.h>

namespace sonm::notifications {
namespace {

constexpr UnixTime start(1'700'000'000);

struct SmallStore {
    explicit SmallStore(Keeping keeping)
        : database(Database::open(":memory:", Store::migrations()).value()), store(*database, keeping) {}
    Store* operator->() { return &store; }
    void clean(UnixTime now, bool squeeze = false) {
        std::optional<std::string> topic("");
        while (topic) topic = store.clean(now, *topic).value();
        std::optional<Store::Squeezed> at = Store::Squeezed();
        while (squeeze && at) at = store.squeeze(now, *at).value();
    }
    std::unique_ptr<Database> database;
    Store store;
};
SmallStore small_store(Keeping keeping = Keeping()) { return SmallStore(keeping); }
Publication about(const std::string& topic, std::string body = "b", std::string id = {}) {
    Publication out;
    out.topic = topic;
    out.body = to_bytes(body);
    out.id = std::move(id);
    return out;
}

TEST(Delivery, the_signature_is_that_of_the_specification) {
    // Source: the test vector of the Standard Webhooks libraries.
    Bytes secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
    EXPECT_EQ(sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", UnixTime(1614265330),
                   as_bytes("{\"test\": 2432232314}")),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    EXPECT_EQ(print_secret(secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    for (const char* wrong : {"", "whsec_", "whsec_Zg==", "whsec_!", "short"})
        EXPECT_FALSE(parse_secret(wrong)) << wrong;
}

TEST(Delivery, pauses_grow_to_an_hour_and_differ) {
    EXPECT_EQ(pause_after(1, 0).value, 2u);
    EXPECT_EQ(pause_after(5, 0).value, 32u);
    EXPECT_EQ(pause_after(5, 255).value, 24u);
    EXPECT_EQ(pause_after(11, 0).value, 2048u);
    EXPECT_EQ(pause_after(12, 0).value, 3600u);
    EXPECT_EQ(pause_after(1000, 0).value, 3600u);
}

TEST(Store, the_same_id_is_accepted_once_per_topic) {
    auto store = small_store();
    auto first = store->publish(about("t", "one", "id"), start).value();
    EXPECT_TRUE(first.second);
    EXPECT_EQ(store->publish(about("t", "two", "id"), start).value(), std::pair(first.first, false));
    EXPECT_TRUE(store->publish(about("u", "one", "id"), start)->second);
    EXPECT_TRUE(store->publish(about("t"), start)->second);
    auto read = store->after("t", 0, 10).value();
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(as_text(read[0].body), "one");
    EXPECT_FALSE(read[0].gap);
}

TEST(Store, what_is_too_old_or_too_much_goes_but_not_what_is_to_be_delivered) {
    Keeping keeping;
    keeping.count_max = 2;
    auto store = small_store(keeping);
    auto hook = store->add_webhook("t", "http://x/", Bytes(24), "").value();
    auto first = store->publish(about("t"), start)->first;
    for (int i = 0; i < 4; ++i) (void)store->publish(about("t"), start);
    for (std::uint64_t sequence = first + 1; sequence < first + 5; ++sequence)
        EXPECT_TRUE(store->delivered({hook, sequence}));
    store.clean(start);
    auto read = store->after("t", 0, 10).value();
    ASSERT_EQ(read.size(), 3u) << "the undelivered one and the newest two";
    EXPECT_EQ(read[0].sequence, first);
    EXPECT_TRUE(read[0].gap);
    EXPECT_FALSE(store->after("t", first + 2, 10)->front().gap);
    EXPECT_TRUE(store->delivered({hook, first}));
    store.clean(start + Seconds(8 * 86'400));
    EXPECT_TRUE(store->after("t", 0, 10)->empty());
    EXPECT_EQ(store->counts()->bytes, 0u);
}

TEST(Store, a_full_store_refuses_and_goes_on_when_there_is_room) {
    Keeping keeping;
    keeping.bytes_max = 1'200;
    keeping.topics_max = 1;
    auto store = small_store(keeping);
    EXPECT_TRUE(store->publish(about("t", std::string(600, 'x')), start));
    EXPECT_TRUE(store->publish(about("t", std::string(400, 'x')), start).error().is(Errc::no_space));
    auto refused = store.database->transact([&] { return store->publish(about("u", "1"), start); });
    EXPECT_TRUE(refused.error().is(Errc::busy)) << "one topic only";
    store.clean(start + Seconds(8 * 86'400));
    EXPECT_TRUE(store->publish(about("t", "345"), start));
}

TEST(Store, one_webhook_with_a_long_queue_does_not_hide_another) {
    auto store = small_store();
    auto slow = store->add_webhook("t", "http://slow/", Bytes(24), "").value();
    for (int i = 0; i < 20; ++i) (void)store->publish(about("t"), start);
    auto other = store->add_webhook("u", "http://other/", Bytes(24), "").value();
    auto sequence = store->publish(about("u"), start)->first;
    auto due = store->due(start, {}, 32, 4).value();
    ASSERT_EQ(due.size(), 5u);
    EXPECT_EQ(std::count_if(due.begin(), due.end(), [&](auto& d) { return d.webhook == slow; }), 4);
    EXPECT_EQ(due.back().webhook, other);
    std::set<DeliveryKey> busy;
    for (auto& delivery : due) busy.insert({delivery.webhook, delivery.notification.sequence});
    EXPECT_TRUE(store->due(start, busy, 32, 4)->empty());
    EXPECT_TRUE(store->retry({other, sequence}, start + Seconds(5), "status 500"));
    EXPECT_TRUE(store->due(start + Seconds(4), busy, 32, 4)->empty());
    busy.erase({other, sequence});
    due = store->due(start + Seconds(5), busy, 32, 4).value();
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].attempts, 1u);
}

TEST(Store, dead_letters_are_read_tried_again_dropped_and_bounded) {
    Keeping keeping;
    keeping.dead_max = 2;
    auto store = small_store(keeping);
    auto hook = store->add_webhook("t", "http://x/", Bytes(24), "me").value();
    std::vector<std::uint64_t> sequences;
    for (int i = 0; i < 3; ++i) sequences.push_back(store->publish(about("t"), start)->first);
    for (auto sequence : sequences) EXPECT_TRUE(store->dead({hook, sequence}, "gone"));
    EXPECT_EQ(store->counts()->dropped, 1u);
    auto dead = store->dead_letters(hook, 0, 10).value();
    ASSERT_EQ(dead.size(), 2u);
    EXPECT_EQ(dead[0].notification.sequence, sequences[1]);
    EXPECT_EQ(dead[0].error, "gone");
    EXPECT_TRUE(store->redeliver({hook, sequences[1]}, start));
    EXPECT_TRUE(store->redeliver({hook, sequences[1]}, start).error().is(Errc::not_found));
    EXPECT_EQ(store->due(start, {}, 9, 9)->at(0).attempts, 0u);
    EXPECT_TRUE(store->drop({hook, sequences[2]}));
    EXPECT_EQ(store->webhooks("me")->at(0).pending, 1u);
    EXPECT_EQ(store->webhooks("me")->at(0).last_error, "gone");
    EXPECT_TRUE(store->webhooks("you")->empty());
}

std::vector<std::uint64_t> publish(SmallStore& store, int count, UnixTime at = start) {
    std::vector<std::uint64_t> out;
    for (int i = 0; i < count; ++i) out.push_back(store->publish(about("t"), at)->first);
    return out;
}

TEST(Subscribers, a_named_one_goes_on_behind_what_it_acknowledged) {
    auto store = small_store();
    auto before = publish(store, 2);
    EXPECT_EQ(store->attach("t", "new", "", std::nullopt).value(), before[1]) << "from now on";
    EXPECT_EQ(store->attach("t", "old", "", before[0]).value(), before[0]);
    EXPECT_EQ(store->attach("t", "far", "", before[1] + 100).value(), before[1]) << "nothing may be skipped";
    auto more = publish(store, 3);
    EXPECT_TRUE(store->acknowledge("t", "new", "", more[1]));
    EXPECT_TRUE(store->acknowledge("t", "new", "", more[0])) << "does nothing: it never goes back";
    EXPECT_EQ(store->attach("t", "new", "", before[0]).value(), more[1])
        << "only a new name begins elsewhere";
    EXPECT_TRUE(store->acknowledge("t", "new", "", more[2] + 1).error().is(Errc::invalid));
    EXPECT_TRUE(store->acknowledge("t", "nobody", "", 1).error().is(Errc::not_found));
    auto listed = store->subscribers("t", "").value();
    ASSERT_EQ(listed.size(), 3u);
    EXPECT_EQ(listed[1].name, "new");
    EXPECT_EQ(listed[1].owed, 1u);
    EXPECT_EQ(listed[2].owed, 4u);
}

TEST(Subscribers, a_named_one_is_its_accounts_alone_and_their_number_is_bounded) {
    Keeping keeping;
    keeping.subscribers_max = 1;
    auto store = small_store(keeping);
    auto sequence = publish(store, 1)[0];
    EXPECT_TRUE(store->attach("t", "s", "me", std::nullopt));
    EXPECT_TRUE(store->attach("t", "s", "you", std::nullopt).error().is(Errc::denied));
    EXPECT_TRUE(store->acknowledge("t", "s", "you", sequence).error().is(Errc::denied));
    EXPECT_TRUE(store->forget("t", "s", "").error().is(Errc::denied));
    EXPECT_TRUE(store->subscribers("t", "you")->empty());
    EXPECT_TRUE(store->attach("t", "more", "me", std::nullopt).error().is(Errc::busy));
    EXPECT_TRUE(store->forget("t", "s", "me"));
    EXPECT_TRUE(store->forget("t", "s", "me").error().is(Errc::not_found));
    EXPECT_TRUE(store->attach("t", "more", "me", std::nullopt));
}

TEST(Subscribers, what_a_named_one_is_owed_outlives_the_retention_until_it_is_acknowledged) {
    Keeping keeping;
    keeping.count_max = 2;
    auto store = small_store(keeping);
    (void)store->attach("t", "s", "", 0);
    auto all = publish(store, 6);
    store.clean(start + Seconds(8 * 86'400));
    auto owed = store->after("t", 0, 10).value();
    ASSERT_EQ(owed.size(), 6u);
    EXPECT_FALSE(owed[0].gap);
    EXPECT_TRUE(store->acknowledge("t", "s", "", all[3]));
    store.clean(start + Seconds(8 * 86'400));
    owed = store->after("t", all[3], 10).value();
    ASSERT_EQ(owed.size(), 2u);
    EXPECT_FALSE(owed[0].gap) << "what went it has had";
    EXPECT_EQ(store->after("t", 0, 10)->size(), 2u);
    EXPECT_TRUE(store->forget("t", "s", ""));
    store.clean(start + Seconds(8 * 86'400));
    EXPECT_TRUE(store->after("t", 0, 10)->empty());
    EXPECT_EQ(store->counts()->lost, 0u);
}

TEST(Subscribers, beyond_the_bounds_a_named_one_loses_the_oldest_is_told_and_it_is_counted) {
    Keeping keeping;
    keeping.count_max = 1;
    keeping.owed_max = 4;
    keeping.owed_age_max = Seconds(30 * 86'400);
    auto store = small_store(keeping);
    (void)store->attach("t", "s", "", 0);
    auto all = publish(store, 6);
    (void)store->acknowledge("t", "s", "", all[0]);
    store.clean(start);
    auto owed = store->after("t", all[0], 10).value();
    ASSERT_EQ(owed.size(), 4u);
    EXPECT_EQ(owed[0].sequence, all[2]);
    EXPECT_TRUE(owed[0].gap);
    EXPECT_EQ(store->subscribers("t", "")->at(0).lost, 1u);
    keeping.bytes_max = 1;
    store->keep(keeping);
    store.clean(start, true);
    EXPECT_EQ(store->after("t", all[0], 10)->size(), 1u) << "squeezed, only the retention's own is left";
    EXPECT_EQ(store->counts()->lost, 4u);
    store.clean(start + Seconds(31 * 86'400));
    EXPECT_EQ(store->counts()->kept, 0u) << "nothing is owed for ever";
    EXPECT_EQ(store->counts()->lost, 5u);
}

TEST(Subscribers, a_store_that_is_nearly_full_takes_the_oldest_of_all_topics_and_no_more_than_it_must) {
    Keeping keeping;
    keeping.count_max = 1;
    auto store = small_store(keeping);
    for (const char* topic : {"a", "b"}) (void)store->attach(topic, "s", "", 0);
    std::vector<std::uint64_t> all;
    for (int i = 0; i < 100; ++i)
        all.push_back(store->publish(about(i % 2 == 0 ? "b" : "a", std::string(1'000, 'x')), start)->first);
    std::uint64_t bytes = store->counts()->bytes;
    // 4 of 100 lie above nine tenths.
    keeping.bytes_max = (bytes - 3 * bytes / 100 - bytes / 200) / 9 * 10;
    store->keep(keeping);
    store.clean(start, true);
    EXPECT_EQ(store->counts()->lost, 4u);
    EXPECT_EQ(store->after("a", 0, 1)->at(0).sequence, all[5]);
    EXPECT_EQ(store->after("b", 0, 1)->at(0).sequence, all[4]);
    store.clean(start, true);
    EXPECT_EQ(store->counts()->lost, 4u) << "it is not nearly full any more";
}

TEST(Subscribers, a_full_disk_takes_nothing_from_named_ones_and_a_full_store_what_one_more_needs) {
    Keeping keeping;
    keeping.count_max = 1;
    keeping.bytes_max = 40'000;
    auto store = small_store(keeping);
    (void)store->attach("t", "s", "", 0);
    auto full = [&](std::size_t bytes) {
        auto work = [&] { return store->publish(about("t", std::string(bytes, 'x')), start); };
        auto published = store.database->transact(work);
        return !published && published.error().is(Errc::no_space);
    };
    EXPECT_FALSE(full(10'000));
    EXPECT_FALSE(full(10'000));
    EXPECT_TRUE(store.database->script("PRAGMA max_page_count = 1"));
    EXPECT_TRUE(full(9'000)) << "the database cannot grow";
    EXPECT_FALSE(store->counts()->refused);
    store.clean(start, true);
    EXPECT_EQ(store->counts()->lost, 0u);
    EXPECT_TRUE(store.database->script("PRAGMA max_page_count = 10000"));
    EXPECT_FALSE(full(10'000));
    EXPECT_TRUE(full(15'000));
    EXPECT_FALSE(store->counts()->crowded);
    EXPECT_TRUE(store->counts()->refused);
    store.clean(start, true);
    EXPECT_EQ(store->counts()->lost, 1u);
    EXPECT_FALSE(store->counts()->refused);
    EXPECT_FALSE(full(15'000));
    EXPECT_TRUE(store->publish(about("t", std::string(40'001, 'x')), start).error().is(Errc::too_large));
}

TEST(Subscribers, what_was_kept_at_the_start_is_squeezed_only_if_it_grows_or_for_a_refused_publication) {
    Keeping keeping;
    keeping.count_max = 1;
    auto store = small_store(keeping);
    (void)store->attach("t", "s", "", 0);
    for (int i = 0; i < 20; ++i) (void)store->publish(about("t", std::string(1'000, 'x')), start);
    std::uint64_t bytes = store->counts()->bytes, each = bytes / 20;
    // As after a start with another limit, or with another way to count.
    auto lost_with = [&](std::uint64_t bytes_max) {
        keeping.bytes_max = bytes_max;
        store->keep(keeping);
        EXPECT_TRUE(store->begin());
        store.clean(start, true);
        EXPECT_FALSE(store->counts()->crowded);
        return store->counts()->lost;
    };
    EXPECT_EQ(lost_with(bytes - 2 * each - 1), 0u);
    EXPECT_TRUE(store->publish(about("t"), start).error().is(Errc::no_space));
    store.clean(start, true);
    EXPECT_EQ(store->counts()->lost, 3u);
    EXPECT_TRUE(store->publish(about("t"), start));
    bytes = store->counts()->bytes;
    EXPECT_EQ(lost_with(bytes + 2 * each), 3u);
    EXPECT_TRUE(store->publish(about("t"), start));
    EXPECT_TRUE(store->counts()->crowded);
    store.clean(start, true);
    EXPECT_EQ(store->counts()->lost, 4u) << "it has grown";
}

TEST(Store, a_page_is_bounded_in_bytes_and_has_one_at_least) {
    auto store = small_store();
    for (int i = 0; i < 4; ++i) (void)store->publish(about("t", std::string(200 * KiB, 'x')), start);
    auto page = store->after("t", 0, 16).value();
    EXPECT_EQ(page.size(), 2u);
    EXPECT_EQ(store->after("t", page.back().sequence, 16)->size(), 2u);
    (void)store->publish(about("u", std::string(300 * KiB, 'x')), start);
    EXPECT_EQ(store->after("u", 0, 16)->size(), 1u);
}

TEST(Store, what_is_kept_is_counted_with_what_it_takes_on_the_disk_and_back_to_nothing) {
    TempDir folder;
    std::string file = (folder / "n.db").string();
    auto database = Database::open(file, Store::migrations()).value();
    Keeping keeping;
    keeping.pending_max = 1'500;
    Store store(*database, keeping);
    std::string topic = std::string(240, 't');
    std::uint64_t hook = store.add_webhook(topic, "http://x/", Bytes(24), "").value();
    auto fill = [&]() -> Result<void> {
        for (int i = 0; i < 2'000; ++i) {
            Publication next = about(topic, "", fmt::format("{:0250}", i * 7'919 % 2'000));
            next.type = std::string(250, 'y');
            SONM_CHECK(store.publish(next, start));
        }
        return Result<void>();
    };
    ASSERT_TRUE(database->transact(fill));
    std::uint64_t pages = database->value<std::uint64_t>("PRAGMA page_count").value().value_or(0);
    std::uint64_t page = database->value<std::uint64_t>("PRAGMA page_size").value().value_or(0);
    EXPECT_LE(pages * page, store.counts()->bytes);
    EXPECT_TRUE(store.retry({hook, 1}, start, std::string(400, 'e')));
    EXPECT_TRUE(store.dead({hook, 2}, std::string(100, 'e')));
    auto remove = [&] { return store.remove_webhook(hook); };
    EXPECT_TRUE(database->transact(remove));
    auto clean = [&] { return store.clean(start + Seconds(8 * 86'400), ""); };
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(database->transact(clean));
    EXPECT_EQ(store.counts()->bytes, 0u);
}

TEST(Store, what_a_publication_needs_is_what_is_counted_of_it) {
    Keeping keeping;
    auto store = small_store(keeping);
    for (int i = 0; i < 2; ++i) (void)store->add_webhook("tö", "http://x/", Bytes(24), "");
    Publication next = about("tö", "body", "íd");
    next.type = "text/plain";
    EXPECT_TRUE(store->publish(next, start));
    std::uint64_t needed = store->counts()->bytes;
    next.id = "ìd";
    keeping.bytes_max = 2 * needed - 1;
    store->keep(keeping);
    EXPECT_TRUE(store->publish(next, start).error().is(Errc::no_space));
    keeping.bytes_max = 2 * needed;
    store->keep(keeping);
    EXPECT_TRUE(store->publish(next, start));
    EXPECT_EQ(store->counts()->bytes, keeping.bytes_max);
}

TEST(Store, what_a_program_without_named_subscribers_wrote_is_counted_as_it_is) {
    TempDir folder;
    std::string file = (folder / "n.db").string();
    {
        auto old = Database::open(file, {Store::migrations()[0]}).value();
        ASSERT_TRUE(
            old->script("INSERT INTO topic (name) VALUES ('t');"
                        "INSERT INTO notification (topic, time, type, body) VALUES ('t', 1, '', x'0102');"
                        "INSERT INTO webhook (topic, url, secret, owner) VALUES ('t', 'u', x'', '');"
                        "INSERT INTO delivery (webhook, sequence, next_at) VALUES (1, 1, 0);"
                        "INSERT INTO delivery (webhook, sequence, next_at, dead) VALUES (1, 2, 0, 1)"));
    }
    auto database = Database::open(file, Store::migrations()).value();
    auto counts = Store(*database, Keeping()).counts().value();
    EXPECT_EQ(counts.kept, 1u);
    EXPECT_EQ(counts.bytes, (256u + 2 + 3) + 2 * 128) << "the body, the topic three times, two deliveries";
    EXPECT_EQ(counts.pending, 1u);
    EXPECT_EQ(counts.dead, 1u);
}

}  // namespace
}  // namespace sonm::notifications
