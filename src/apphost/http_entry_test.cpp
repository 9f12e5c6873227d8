#include "sonm/apphost/http_entry.hpp"

#include <gtest/gtest.h>

namespace sonm::apphost {
namespace {

http::Incoming request(std::string target, std::vector<http::Header> headers = {}) {
    http::Incoming out;
    out.method = "GET";
    out.target = std::move(target);
    out.headers = std::move(headers);
    return out;
}

TEST(HttpEntry, a_path_names_application_and_event_and_the_rest_is_the_uri) {
    auto target = http_target(request("/app/shop/list/books?page=2"));
    ASSERT_TRUE(target);
    EXPECT_EQ(target->app, "shop");
    EXPECT_EQ(target->event, "list");
    EXPECT_EQ(target->uri, "/books?page=2");
    EXPECT_EQ(http_target(request("/app/shop/list?x=1"))->uri, "/?x=1");
    EXPECT_EQ(http_target(request("/app/a%20b/c"))->app, "a b");
}

TEST(HttpEntry, headers_name_them_too_and_leave_the_target_alone) {
    auto target =
        http_target(request("/any/path", {{"x-cocaine-service", "shop"}, {"X-Cocaine-Event", "list"}}));
    ASSERT_TRUE(target);
    EXPECT_EQ(target->app, "shop");
    EXPECT_EQ(target->uri, "/any/path");
}

TEST(HttpEntry, other_requests_are_not_for_applications) {
    for (const char* path : {"/", "/app", "/app/", "/app/shop", "/app/shop/", "/application/x/y", "/app//x"})
        EXPECT_FALSE(is_app_request(request(path))) << path;
    EXPECT_FALSE(is_app_request(request("/", {{"X-Cocaine-Service", "shop"}})));
}

TEST(HttpEntry, calls_and_heads_survive_a_round_trip) {
    HttpCall call{"POST", "/x", "1.1", {{"A", "b"}}, to_bytes("body")};
    EXPECT_EQ(*parse_http_call(pack_http_call(call)), call);
    HttpHead head{404, {{"Content-Type", "text/plain"}}};
    EXPECT_EQ(*parse_http_head(pack_http_head(head)), head);
}

TEST(HttpEntry, an_answer_that_is_no_HTTP_is_refused) {
    EXPECT_FALSE(parse_http_head(to_bytes("hello")));
    EXPECT_FALSE(parse_http_head(pack_http_head(HttpHead{42, {}})));
    EXPECT_FALSE(parse_http_head(pack_http_head(HttpHead{100, {}})));
    EXPECT_FALSE(parse_http_head({}));
}

}  // namespace
}  // namespace sonm::apphost
