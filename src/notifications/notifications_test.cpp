#include "sonm/notifications/notifications.hpp"

#include "sonm/web/sign.hpp"

#include <gtest/gtest.h>

namespace sonm::notifications {
namespace {

constexpr UnixTime start(1'700'000'000);

std::unique_ptr<Store> small_store(Keeping keeping = Keeping()) {
    return std::move(*Store::open(":memory:", keeping));
}
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
    EXPECT_TRUE(store->clean(start));
    auto read = store->after("t", 0, 10).value();
    ASSERT_EQ(read.size(), 3u) << "the undelivered one and the newest two";
    EXPECT_EQ(read[0].sequence, first);
    EXPECT_TRUE(read[0].gap);
    EXPECT_FALSE(store->after("t", first + 2, 10)->front().gap);
    EXPECT_TRUE(store->delivered({hook, first}));
    EXPECT_TRUE(store->clean(start + Seconds(8 * 86'400)));
    EXPECT_TRUE(store->after("t", 0, 10)->empty());
    EXPECT_EQ(store->bytes(), 0u);
}

TEST(Store, a_full_store_refuses_and_goes_on_when_there_is_room) {
    Keeping keeping;
    keeping.bytes_max = 10;
    keeping.topics_max = 1;
    auto store = small_store(keeping);
    EXPECT_TRUE(store->publish(about("t", "12345678"), start));
    EXPECT_TRUE(store->publish(about("t", "345"), start).error().is(Errc::no_space));
    EXPECT_TRUE(store->publish(about("u", "1"), start).error().is(Errc::busy)) << "one topic only";
    EXPECT_TRUE(store->clean(start + Seconds(8 * 86'400)));
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
    EXPECT_EQ(store->dropped(), 1u);
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

}  // namespace
}  // namespace sonm::notifications
