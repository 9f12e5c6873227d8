#include "sonm/node/calls.hpp"

#include <gtest/gtest.h>

namespace sonm::node {
namespace {

http::Incoming good_call() {
    http::Incoming call;
    call.method = "POST";
    call.target = "/v1/storage/read";
    call.headers = {{"Host", "localhost:9464"}, {"Content-Type", "application/json; charset=utf-8"}};
    call.peer = "127.0.0.1:5";
    return call;
}
int status_of(const http::Incoming& call, const NodeConfig& config = NodeConfig()) {
    auto refused = refuse_call(config, call);
    return refused ? refused->status : 0;
}

TEST(node_calls, a_call_of_this_machine__is_let_through) {
    http::Incoming call = good_call();
    EXPECT_EQ(status_of(call), 0);
    call.peer = "[::1]:7";
    call.headers[0].value = "[::1]:9464";
    EXPECT_EQ(status_of(call), 0);
}

TEST(node_calls, a_call_from_elsewhere__is_let_through_only_if_configured) {
    http::Incoming call = good_call();
    call.peer = "10.0.0.1:5";
    EXPECT_EQ(status_of(call), 403);
    NodeConfig open;
    open.http.calls = CallsFrom::anybody;
    EXPECT_EQ(status_of(call, open), 0);
    open.http.calls = CallsFrom::nobody;
    EXPECT_EQ(status_of(good_call(), open), 403);
}

TEST(node_calls, where_accounts_are_wanted__nobody_is_let_through_who_cannot_prove_one) {
    NodeConfig strict;
    strict.identity_required = true;
    strict.http.calls = CallsFrom::anybody;
    EXPECT_EQ(status_of(good_call(), strict), 403);
}

TEST(node_calls, a_page_in_a_browser__cannot_call) {
    http::Incoming simple_form = good_call();
    simple_form.headers[1].value = "text/plain";
    EXPECT_EQ(status_of(simple_form), 415);
    http::Incoming rebound = good_call();
    rebound.headers[0].value = "evil.example:9464";
    EXPECT_EQ(status_of(rebound), 403);
    NodeConfig named;
    named.http.hosts = {"evil.example"};
    EXPECT_EQ(status_of(rebound, named), 0);
}

TEST(node_calls, another_method__is_refused) {
    http::Incoming call = good_call();
    call.method = "GET";
    EXPECT_EQ(status_of(call), 405);
}

}  // namespace
}  // namespace sonm::node
