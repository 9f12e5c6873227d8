#include "sonm/web/client.hpp"
#include "support/slow_lookup.hpp"

#include <gtest/gtest.h>

namespace sonm::web {
namespace {

using namespace std::chrono_literals;

Options options_for(Millis lookup) {
    Options options;
    options.guard = AddressGuard::open();
    options.limits.lookup_max = lookup;
    options.limits.transfers_max = 1;
    return options;
}

/// Why a request to that host fails; `held` is what it holds meanwhile.
Task<Error> ask(Client& client, const char* host, Millis limit, std::shared_ptr<void> held = nullptr) {
    Request request;
    request.url = fmt::format("http://{}:1/", host);
    request.answer_max = limit;
    request.held = std::move(held);
    auto asking = client.request(std::move(request));
    auto answer = co_await std::move(asking);
    EXPECT_FALSE(answer);
    co_return answer ? Error() : answer.error();
}

Task<void> check_given_up() {
    Client client(co_await asio::this_coro::executor, options_for(Millis(300)));
    auto ticket = std::make_shared<int>();
    std::weak_ptr<int> seen = ticket;
    Error slow = co_await ask(client, test::slow_host, Millis(20), std::move(ticket));
    EXPECT_TRUE(slow.is(Errc::timeout)) << slow.message();
    EXPECT_EQ(client.transfers(), 1u);
    EXPECT_FALSE(seen.expired());
    Error turn = co_await ask(client, "127.0.0.1", Millis(20));
    EXPECT_TRUE(turn.is(Errc::timeout)) << turn.message();
    Error later = co_await ask(client, "127.0.0.1", Millis(5'000));
    EXPECT_TRUE(later.is(Errc::unavailable)) << later.message();
    EXPECT_EQ(client.transfers(), 0u);
    EXPECT_TRUE(seen.expired());
}
TEST(WebLookup, a_request_given_up_while_its_host_is_looked_up_keeps_its_place_for_a_while) {
    run_test(check_given_up());
}

Task<void> check_connect_max() {
    Options options = options_for(Millis(300));
    options.limits.connect_max = Millis(20);
    Client client(co_await asio::this_coro::executor, options);
    Error slow = co_await ask(client, test::slow_host, Millis(5'000));
    EXPECT_TRUE(slow.is(Errc::timeout)) << slow.message();
    EXPECT_EQ(client.transfers(), 1u);
}
TEST(WebLookup, a_look_up_that_curl_gives_up_keeps_its_place_too) { run_test(check_connect_max()); }

Task<void> check_ended() {
    Client client(co_await asio::this_coro::executor, options_for(Millis(60'000)));
    Error missing = co_await ask(client, test::missing_host, Millis(5'000));
    EXPECT_TRUE(missing.is(Errc::unavailable)) << missing.message();
    EXPECT_EQ(client.transfers(), 0u);
    Error slow = co_await ask(client, test::slow_host, Millis(20));
    EXPECT_TRUE(slow.is(Errc::timeout)) << slow.message();
    EXPECT_EQ(client.transfers(), 1u);
}
TEST(WebLookup, a_look_up_that_has_ended_keeps_nothing_and_a_client_that_goes_waits_for_none) {
    auto begun = std::chrono::steady_clock::now();
    run_test(check_ended());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

}  // namespace
}  // namespace sonm::web
