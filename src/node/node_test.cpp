#include "sonm/node/testing.hpp"

namespace sonm::node {
namespace {

using testing::Diary;
using testing::EchoClient;
using testing::NodeTest;

TEST_F(NodeTest, services__start_in_order_run_drain_and_go) {
    write("services:\n  - {name: a, type: echo}\n  - {name: b, type: echo}\n");
    auto done = serve(stop_at_once);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_LT(at("a start"), at("b start"));
    EXPECT_LT(at("b start"), at("b drain"));
    EXPECT_LT(at("b drain"), at("b gone"));
    EXPECT_EQ(at("a start without a folder"), diary.lines.size());
}

Task<void> call(Node& node, std::string& heard, services::NodeInfo& info, std::string& metrics) {
    auto connecting = node.connect("a");
    auto connection = co_await std::move(connecting);
    if (connection) {
        EchoClient echo(std::move(*connection));
        auto said = co_await echo.call<"say">(std::string("you"));
        heard = said ? *said : said.error().message();
    }
    info = node.info();
    metrics = node.metrics();
    node.stop();
}

TEST_F(NodeTest, a_service__is_reached_by_name_from_within_and_shows_in_metrics) {
    write("services:\n  - {name: a, type: echo, args: {greeting: 'hi '}}\n");
    std::string heard, metrics;
    services::NodeInfo info;
    auto done = serve([&](Node& node) { return call(node, heard, info, metrics); });
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(heard, "hi you");
    ASSERT_EQ(info.services.size(), 1u);
    EXPECT_EQ(info.services[0].protocol, "echo");
    EXPECT_NE(metrics.find("sonm_echo_greeting_bytes{service=\"a\"} 3\n"), std::string::npos) << metrics;
    EXPECT_NE(metrics.find("sonm_node_service_up{service=\"a\",type=\"echo\"} 1\n"), std::string::npos)
        << metrics;
    EXPECT_NE(metrics.find("sonm_locator_peers_linked 0\n"), std::string::npos) << metrics;
}

TEST_F(NodeTest, a_service_that_does_not_start__keeps_the_node_down_and_is_named) {
    diary.fails_to_start = "b";
    write("services:\n  - {name: a, type: echo}\n  - {name: b, type: echo}\n");
    auto done = serve(stop_at_once);
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().is(Errc::no_space));
    EXPECT_NE(done.error().message().find("service b (echo): no room for the index"), std::string::npos)
        << done.error().message();
}

Task<void> look(Node& node, std::vector<std::string>& states) {
    for (const auto& one : node.info().services) states.push_back(one.state + ":" + one.note);
    node.stop();
    co_return;
}

TEST_F(NodeTest, a_defect_in_one_service__is_told_and_leaves_the_others) {
    diary.breaks = "a";
    write("services:\n  - {name: a, type: echo}\n  - {name: b, type: echo}\n");
    std::vector<std::string> states;
    auto done = serve([&](Node& node) { return look(node, states); });
    ASSERT_TRUE(done) << done.error().message();
    ASSERT_EQ(states.size(), 2u);
    EXPECT_NE(states[0].find("failed:the index is gone"), std::string::npos) << states[0];
    EXPECT_EQ(states[1], "running:");
}

TEST_F(NodeTest, when_all_services_have_failed__the_node_ends_with_the_reason) {
    diary.breaks = "a";
    write("services:\n  - {name: a, type: echo}\n");
    auto done = serve(stop_at_once);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message().find("the index is gone"), std::string::npos) << done.error().message();
}

Task<void> wait_for_answer(EchoClient echo, std::string& outcome) {
    auto said = co_await echo.call<"wait">();
    outcome = said ? "answered" : said.error().message();
}

Task<void> stop_during_call(Node& node, Diary& diary, std::string& outcome) {
    auto connecting = node.connect("a");
    auto connection = co_await std::move(connecting);
    EchoClient echo(std::move(*connection));
    auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(wait_for_answer(echo, outcome));
        while (std::ranges::find(diary.lines, "a waiting") == diary.lines.end())
            co_await asio::post(asio::use_awaitable);
        node.stop();
        auto joining = group.join();
        co_await std::move(joining);
    };
    auto calling = scope(1, std::move(body));
    co_await std::move(calling);
}

TEST_F(NodeTest, a_call_under_way__is_answered_before_the_node_ends) {
    write("services:\n  - {name: a, type: echo}\n");
    std::string outcome;
    auto done = serve([&](Node& node) { return stop_during_call(node, diary, outcome); });
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(outcome, "answered");
}

TEST_F(NodeTest, reload__takes_over_what_it_can_and_says_what_needs_a_restart) {
    write("services:\n  - {name: a, type: echo}\n  - {name: b, type: echo}\n  - {name: c, type: echo}\n");
    diary.refuses_arguments = "b";
    std::vector<std::string> first, second;
    std::string wrong, heard, metrics;
    services::NodeInfo info;
    auto body = [&](Node& node) -> Task<void> {
        first = node.reload().value();
        write(
            "services:\n  - {name: a, type: echo, args: {greeting: 'ciao '}}\n  - {name: b, type: echo, "
            "args: {greeting: x}}\n"
            "  - {name: d, type: echo}\n",
            "drain: 3 s\nname: other\n");
        second = node.reload().value();
        write("services:\n  - {name: a, type: echo, args: {grreting: x}}\n");
        wrong = node.reload().error().message();
        auto calling = call(node, heard, info, metrics);
        co_await std::move(calling);
    };
    auto done = serve(body);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_TRUE(first.empty());
    EXPECT_EQ(second,
              (std::vector<std::string>{"service a: new arguments taken over",
                                        "service b: this service takes changed arguments only with a restart",
                                        "service d is new: it comes with a restart",
                                        "service c is no longer listed: it goes with a restart",
                                        "drain: taken over", "name: needs a restart"}));
    EXPECT_NE(wrong.find("node.yaml:8: services[0].args.grreting: is no known key"), std::string::npos)
        << wrong;
    EXPECT_EQ(heard, "ciao you");
}

Task<void> start_second(Node& first, const Types& types, const Clock& clock, std::filesystem::path file,
                        std::string& said) {
    Executor executor = co_await asio::this_coro::executor;
    Node second(NodeParts{executor, clock, types, "1"});
    EXPECT_TRUE(second.load(file));
    auto serving = second.serve();
    auto done = co_await std::move(serving);
    said = done ? "served" : done.error().message();
    first.stop();
}

TEST_F(NodeTest, a_second_daemon_on_the_same_folder__is_refused_before_its_services_start) {
    write("services:\n  - {name: a, type: echo}\n");
    std::string said;
    auto done =
        serve([&](Node& node) { return start_second(node, types, clock, folder / "node.yaml", said); });
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_NE(said.find("node.sock"), std::string::npos) << said;
    EXPECT_EQ(std::ranges::count(diary.lines, "a start"), 1);
}

TEST_F(NodeTest, check__touches_nothing) {
    write("services:\n  - {name: a, type: echo}\n");
    asio::io_context context;
    EXPECT_TRUE(Node::check(NodeParts{context.get_executor(), clock, types, "1"}, folder / "node.yaml"));
    EXPECT_FALSE(std::filesystem::exists(folder / "state"));
    EXPECT_EQ(at("a start"), diary.lines.size());
}

}  // namespace
}  // namespace sonm::node
