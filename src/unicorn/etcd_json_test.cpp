#include "sonm/unicorn/etcd_json.hpp"

#include <gtest/gtest.h>

namespace sonm::unicorn::etcd {
namespace {

TEST(EtcdJson, an_answer_to_a_transaction_is_read_with_its_ranges) {
    auto answer = parse_txn(R"({"header":{"cluster_id":"1","revision":"42"},"succeeded":true,"responses":[
        {"response_put":{"header":{"revision":"42"}}},
        {"response_range":{"header":{"revision":"42"},"count":"3","kvs":[
            {"key":"YQ==","create_revision":"7","mod_revision":"9","version":"2","value":"wA==","lease":"11"}]}},
        {"response_range":{"header":{}}}]})");
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_TRUE(answer->succeeded);
    EXPECT_EQ(answer->revision, 42);
    ASSERT_EQ(answer->ranges.size(), 2u);
    EXPECT_EQ(answer->ranges[0].count, 3);
    const KeyValue& kv = answer->ranges[0].kvs.at(0);
    EXPECT_EQ(kv.key, "a");
    EXPECT_EQ(kv.value, Bytes{0xc0});
    EXPECT_EQ(kv.version, 2);
    EXPECT_EQ(kv.create_revision, 7);
    EXPECT_EQ(kv.lease, 11);
    EXPECT_TRUE(answer->ranges[1].kvs.empty());
}

TEST(EtcdJson, events_leases_and_errors_are_read) {
    auto events = parse_watch(
        R"({"result":{"header":{},"events":[{"kv":{"key":"YQ=="}},{"type":"DELETE","kv":{"key":"Yg=="}}]}})");
    EXPECT_EQ(events.value().keys, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(parse_watch(R"({"result":{"created":true}})")->created);
    EXPECT_TRUE(parse_watch(R"({"result":{"canceled":true}})")->canceled);
    EXPECT_EQ(parse_lease(R"({"ID":"7587853452","TTL":"10"})").value(), 7587853452);
    EXPECT_EQ(parse_keep_alive("{\"result\":{\"ID\":\"5\",\"TTL\":\"10\"}}\n").value(), 10);
    EXPECT_EQ(parse_keep_alive("{\"result\":{\"ID\":\"5\"}}\n").value(), 0) << "gone";
    EXPECT_EQ(parse_error(R"({"error":"etcdserver: no leader","code":14})"), "etcdserver: no leader");
    EXPECT_EQ(parse_error("<html>"), "<html>");
}

TEST(EtcdJson, answers_of_another_form_are_refused) {
    for (const char* text :
         {"", "[]", "null", "{}", "{", R"({"header":5,"responses":5})", R"({"header":{"revision":true}})",
          R"({"header":{},"responses":[{"response_range":{"kvs":5}}]})",
          R"({"header":{},"responses":[{"response_range":{"kvs":[{"key":"!"}]}}]})",
          R"({"header":{"revision":"99999999999999999999"}})"})
        EXPECT_TRUE(!parse_txn(text) || parse_txn(text)->ranges.empty()) << text;
    EXPECT_FALSE(parse_lease("{}"));
    EXPECT_FALSE(parse_watch("{}"));
    EXPECT_FALSE(parse_watch(R"({"result":{"events":[{}]}})"));
    EXPECT_FALSE(parse_keep_alive("{}"));
}

TEST(EtcdJson, a_prefix_ends_before_the_next_one) {
    EXPECT_EQ(prefix_end("ab"), "ac");
    EXPECT_EQ(prefix_end("a\xff"), "b");
    EXPECT_EQ(prefix_end("\xff"), std::string(1, '\0'));
}

}  // namespace
}  // namespace sonm::unicorn::etcd
