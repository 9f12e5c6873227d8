#include "sonm/fetch/fetch.hpp"
#include "support/http_peer.hpp"
#include "support/service_bench.hpp"
#include "support/slow_lookup.hpp"

namespace sonm::fetch {
namespace {

using services::FetchAnswer;
using services::FetchClient;
using services::FetchFields;
using services::FetchProtocol;
using services::FetchRequest;
using test::PeerRequest;
using test::write_answer;
using namespace std::chrono_literals;

Config local_config() {
    Config config;
    config.allow = {*web::parse_network("127.0.0.0/8")};
    config.limits.time_max = Millis(3'000);
    config.limits.body_bytes_max = 100 * KiB;
    config.limits.caller_requests_max = 2;
    return config;
}

Async<void> answer(PeerRequest request, ByteStream& stream) {
    const std::string& target = request.target;
    if (target == "/moved") return write_answer(stream, 302, "", "location: /hello\r\n");
    if (target == "/hello") return write_answer(stream, 200, "hello", "x-two: a\r\nx-two: b\r\n");
    if (target == "/echo") return write_answer(stream, 202, request.method + request.body);
    if (target == "/cookie")
        return write_answer(stream, 200, request.headers["cookie"] + request.headers["x-a"]);
    if (target == "/big") return write_answer(stream, 200, std::string(8 * MiB, 'b'));
    if (target == "/slow") {
        auto slow = [](ByteStream& out) -> Async<void> {
            co_await sleep_for(300ms);
            co_return co_await write_answer(out, 200, "at last");
        };
        return slow(stream);
    }
    return write_answer(stream, 404, "nothing");
}

struct Bench {
    test::HttpPeer& peer;
    Fetch& fetch;
    FetchClient client;
    FetchRequest request(const std::string& path) const {
        FetchRequest out;
        out.url = peer.url() + path;
        return out;
    }
};

template <class F>
void with_fetch(F body, Config config = local_config()) {
    test::run_group([body, config](TaskGroup& group) -> Task<void> {
        Executor executor = co_await asio::this_coro::executor;
        test::HttpPeer peer(executor, answer);
        Fetch fetch(executor, config);
        group.spawn(peer.run());
        Bench bench{peer, fetch, test::call_local<FetchProtocol>(group, executor, fetch.handlers())};
        auto running = body(bench);
        co_await std::move(running);
        bench.client.connection().session().close(Error{make_error_code(Errc::closed), "done"});
        group.cancel();
        co_await group.join();
    });
}

/// Changed arguments.
void reload(Bench& bench, std::string_view text) {
    auto take = [&](YamlReader& args) { EXPECT_TRUE(bench.fetch.reload(args)); };
    EXPECT_TRUE(read_yaml(text, "args", take));
}

Task<void> check_reload(Bench& bench) {
    auto outcome = [&](const std::string& path) -> Task<std::string> {
        auto got = co_await bench.client.call<"fetch">(bench.request(path));
        co_return got ? fmt::format("{}", got->status) : got.error().message();
    };
    std::string before = co_await outcome("/hello");
    EXPECT_EQ(before, "200");
    std::string large = co_await outcome("/big");
    EXPECT_NE(large.find("over a size limit"), std::string::npos) << large;
    reload(bench, "{allow: [127.0.0.0/8], body_max: 10 MiB}");
    std::string fits = co_await outcome("/big");
    EXPECT_EQ(fits, "200");
    // A connection that is open is of no use to what is forbidden now.
    reload(bench, "{allow: [192.0.2.0/24]}");
    std::string forbidden = co_await outcome("/hello");
    EXPECT_NE(forbidden.find("is no public address"), std::string::npos) << forbidden;
    reload(bench, "{allow: [127.0.0.1], redirects_max: 0, time_max: 1 s}");
    std::string moved = co_await outcome("/moved");
    EXPECT_EQ(moved, "302");
    reload(bench, "{allow: [127.0.0.1], requests_max: 0}");
    std::string busy = co_await outcome("/hello");
    EXPECT_NE(busy.find("requests of this caller"), std::string::npos) << busy;
    reload(bench, "{allow: [127.0.0.1], caller_requests_max: 0}");
    busy = co_await outcome("/hello");
    EXPECT_NE(busy.find("requests of this caller"), std::string::npos) << busy;
    reload(bench, "{allow: [127.0.0.1]}");
    std::string again = co_await outcome("/hello");
    EXPECT_EQ(again, "200");
}
TEST(FetchService, changed_arguments__hold_for_requests_from_now_on) { with_fetch(check_reload); }

Task<void> check_reload_under_way(Bench& bench) {
    std::string body;
    auto ask = [&](TaskGroup& group) -> Task<void> {
        auto slow = [](Bench& b, std::string& out) -> Task<void> {
            auto got = co_await b.client.call<"fetch">(b.request("/slow"));
            out = got ? std::string(as_text(got->body)) : got.error().message();
        };
        group.spawn(slow(bench, body));
        co_await sleep_for(100ms);
        reload(bench, "{allow: [192.0.2.0/24]}");
        co_await group.join();
    };
    auto all = scope(1, std::move(ask));
    co_await std::move(all);
    EXPECT_EQ(body, "at last");
}
TEST(FetchService, a_request_under_way__ends_under_the_arguments_that_it_began_with) {
    with_fetch(check_reload_under_way);
}

Task<void> check_known_calls(Bench& bench) {
    std::string url = bench.peer.url();
    auto got = co_await bench.client.call<"get">(url + "/moved", std::nullopt, std::nullopt, std::nullopt,
                                                 std::nullopt);
    EXPECT_TRUE(got) << got.error().message();
    if (!got) co_return;
    EXPECT_TRUE(std::get<0>(*got));
    EXPECT_EQ(std::get<1>(*got), to_bytes("hello"));
    EXPECT_EQ(std::get<2>(*got), 200);
    EXPECT_EQ(std::get<3>(*got).at("x-two"), "a, b");
    auto stayed = co_await bench.client.call<"get">(url + "/moved", 1000, std::nullopt, std::nullopt, false);
    EXPECT_EQ(std::get<2>(*stayed), 302);
    auto missing =
        co_await bench.client.call<"get">(url + "/x", std::nullopt, std::nullopt, std::nullopt, std::nullopt);
    EXPECT_FALSE(std::get<0>(*missing));
    FetchFields cookies{{"k", "v"}, {"l", "w"}}, headers{{"X-A", "!"}};
    auto sent =
        co_await bench.client.call<"get">(url + "/cookie", std::nullopt, cookies, headers, std::nullopt);
    EXPECT_EQ(std::get<1>(*sent), to_bytes("k=v; l=w!"));
    auto posted = co_await bench.client.call<"post">(url + "/echo", to_bytes("body"), std::nullopt,
                                                     std::nullopt, std::nullopt, std::nullopt);
    EXPECT_EQ(std::get<1>(*posted), to_bytes("POSTbody"));
}
TEST(FetchService, the_calls_that_existing_clients_know_give_success_body_status_and_headers) {
    with_fetch(check_known_calls);
}

Task<void> check_fetch(Bench& bench) {
    FetchRequest request = bench.request("/echo");
    request.method = "PATCH";
    request.body = to_bytes("x");
    auto answered = co_await bench.client.call<"fetch">(request);
    EXPECT_EQ(answered->status, 202u);
    EXPECT_EQ(answered->body, to_bytes("PATCHx"));
    for (std::string name : {"Connection", "content-length", "Transfer-Encoding", "bad name"}) {
        FetchRequest wrong = bench.request("/hello");
        wrong.headers = {{name, "7"}};
        auto refused = co_await bench.client.call<"fetch">(wrong);
        EXPECT_TRUE(!refused && refused.error().is(Errc::invalid)) << name;
    }
    auto large = co_await bench.client.call<"fetch">(bench.request("/big"));
    EXPECT_TRUE(large.error().is(Errc::too_large)) << large.error().message();
    FetchRequest slow = bench.request("/slow");
    slow.timeout_ms = 50;
    EXPECT_TRUE((co_await bench.client.call<"fetch">(slow)).error().is(Errc::timeout));
    FetchRequest private_one;
    private_one.url = "http://169.254.169.254/latest/meta-data/";
    EXPECT_TRUE((co_await bench.client.call<"fetch">(private_one)).error().is(Errc::denied));
}
TEST(FetchService, any_method_within_the_limits_and_to_allowed_addresses_only) { with_fetch(check_fetch); }

Task<void> check_streams(Bench& bench) {
    auto source = bench.client.stream<"download">(bench.request("/big")).value();
    auto head = (co_await source.next()).value().value();
    EXPECT_EQ(head.head->status, 200u);
    EXPECT_TRUE(head.piece.empty());
    co_await sleep_for(100ms);
    std::vector<services::Metric> metrics;
    bench.fetch.measure(metrics);
    EXPECT_LT(metrics.back().value, 2.0 * MiB) << "nobody reads: the server is held up";
    std::size_t total = 0;
    while (true) {
        auto part = co_await source.next();
        EXPECT_TRUE(part) << part.error().message();
        if (!part || !*part) break;
        total += (*part)->piece.size();
    }
    EXPECT_EQ(total, 8 * MiB);
    FetchRequest up = bench.request("/echo");
    up.method = "PUT";
    auto upload = bench.client.stream<"upload">(up, std::optional<std::uint64_t>(60'000)).value();
    for (int i = 0; i < 3; ++i) {
        auto piece = Bytes(20'000, 'u');
        EXPECT_TRUE(co_await upload.write(std::move(piece)));
    }
    auto answered = co_await upload.reply();
    EXPECT_EQ(answered->body.size(), 60'003u);
}
TEST(FetchService, bodies_travel_in_pieces_as_fast_as_they_are_read) { with_fetch(check_streams); }

Task<void> check_bound(Bench& bench) {
    std::vector<int> outcomes;
    auto one = [](Bench& b, std::vector<int>& out) -> Task<void> {
        auto got = co_await b.client.call<"fetch">(b.request("/slow"));
        out.push_back(got ? 1 : got.error().is(Errc::busy) ? 2 : 3);
    };
    auto work = [&](TaskGroup& group) -> Task<void> {
        for (int i = 0; i < 5; ++i) group.spawn(one(bench, outcomes));
        co_await group.join();
    };
    auto all = scope(8, std::move(work));
    co_await std::move(all);
    EXPECT_EQ(outcomes, (std::vector<int>{2, 2, 2, 1, 1}));
    EXPECT_EQ((co_await bench.client.call<"fetch">(bench.request("/hello")))->status, 200u);
}
TEST(FetchService, a_caller_with_too_many_requests_under_way_is_told_so_at_once) { with_fetch(check_bound); }

Task<void> check_lookups(Bench& bench) {
    for (int i = 0; i < 2; ++i) {
        FetchRequest slow;
        slow.url = fmt::format("http://{}/", test::slow_host);
        slow.timeout_ms = 50;
        EXPECT_TRUE((co_await bench.client.call<"fetch">(slow)).error().is(Errc::timeout));
    }
    auto busy = co_await bench.client.call<"fetch">(bench.request("/hello"));
    EXPECT_TRUE(!busy && busy.error().is(Errc::busy));
    co_await sleep_for(700ms);
    auto after = co_await bench.client.call<"fetch">(bench.request("/hello"));
    EXPECT_TRUE(after) << (after ? "" : after.error().message());
}
TEST(FetchService, a_request_given_up_while_its_host_is_looked_up_counts_for_its_caller_still) {
    Config config = local_config();
    config.limits.lookup_max = Millis(500);
    with_fetch(check_lookups, config);
}

TEST(FetchService, its_arguments_are_documented_and_read) {
    std::string text = describe_yaml([](YamlReader& reader) { (void)make(services::Environment(), reader); });
    EXPECT_NE(text.find("#caller_requests_max: 16"), text.npos) << text;
    asio::io_context context;
    services::Environment environment;
    environment.executor = context.get_executor();
    auto read = [&](std::string_view yaml) {
        return read_yaml(yaml, "node.yaml", [&](YamlReader& reader) { (void)make(environment, reader); });
    };
    EXPECT_TRUE(read("allow: [10.0.0.0/8, \"::1\"]\nbody_max: 1 MiB\n"));
    EXPECT_FALSE(read("allow: [everything]\n"));
    EXPECT_FALSE(read("body_max: 1 GiB\n"));
}

}  // namespace
}  // namespace sonm::fetch
