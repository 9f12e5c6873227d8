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
    EXPECT_EQ(client.transfers(), 0u);
    EXPECT_FALSE(seen.expired());
    Error next = co_await ask(client, "127.0.0.1", Millis(5'000));
    EXPECT_TRUE(next.is(Errc::unavailable)) << next.message();
    for (int i = 0; i < 500 && !seen.expired(); ++i) co_await sleep_for(10ms);
    EXPECT_TRUE(seen.expired());
}
TEST(WebLookup, a_request_given_up_while_its_host_is_looked_up_holds_what_it_was_given_but_no_place) {
    run_test(check_given_up());
}

Task<void> check_connect_max() {
    Options options = options_for(Millis(300));
    options.limits.connect_max = Millis(20);
    Client client(co_await asio::this_coro::executor, options);
    auto ticket = std::make_shared<int>();
    std::weak_ptr<int> seen = ticket;
    Error slow = co_await ask(client, test::slow_host, Millis(5'000), std::move(ticket));
    EXPECT_TRUE(slow.is(Errc::timeout)) << slow.message();
    EXPECT_FALSE(seen.expired());
}
TEST(WebLookup, a_look_up_that_curl_gives_up_holds_it_too) { run_test(check_connect_max()); }

Task<void> check_ended(std::weak_ptr<int>& left) {
    Client client(co_await asio::this_coro::executor, options_for(Millis(60'000)));
    auto ticket = std::make_shared<int>();
    left = ticket;
    Error missing = co_await ask(client, test::missing_host, Millis(5'000), std::move(ticket));
    EXPECT_TRUE(missing.is(Errc::unavailable)) << missing.message();
    EXPECT_TRUE(left.expired());
    ticket = std::make_shared<int>();
    left = ticket;
    Error slow = co_await ask(client, test::slow_host, Millis(20), std::move(ticket));
    EXPECT_TRUE(slow.is(Errc::timeout)) << slow.message();
    EXPECT_FALSE(left.expired());
}
TEST(WebLookup, a_look_up_that_has_ended_holds_nothing_and_a_client_that_goes_waits_for_none) {
    auto begun = std::chrono::steady_clock::now();
    std::weak_ptr<int> left;
    run_test(check_ended(left));
    EXPECT_TRUE(left.expired());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

}  // namespace
}  // namespace sonm::web
