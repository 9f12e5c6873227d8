#include "sonm/engine/fake_engine.hpp"

#include <gtest/gtest.h>

namespace sonm::engine {
namespace {

const ImageId image("sha256:aa");

ContainerSpec spec(std::string name) {
    ContainerSpec out;
    out.name = std::move(name);
    out.image = image.value;
    out.labels["deal"] = "1";
    return out;
}

Task<void> scripted() {
    FakeEngine engine(co_await asio::this_coro::executor);
    FakeRun run;
    run.exit_code = 3;
    run.output.push_back(LogRecord{LogChannel::err, 0, to_bytes("oops\n")});
    bool seen = false;
    run.effect = [&seen](const ContainerSpec& spec) { seen = spec.name == "a"; };
    engine.add_image(image, run);
    auto id = co_await engine.create(spec("a"));
    EXPECT_TRUE(id && co_await engine.start(*id));
    auto report = co_await engine.wait(*id);
    EXPECT_EQ(report->exit_code, 3);
    EXPECT_TRUE(seen);
    auto logs = co_await engine.logs(*id, LogQuery());
    auto record = co_await (*logs)->next();
    EXPECT_EQ(as_text((*record)->text), "oops\n");
    auto end = co_await (*logs)->next();
    EXPECT_TRUE(end && !*end);
    auto twice = co_await engine.create(spec("a"));
    EXPECT_TRUE(twice.error().is(EngineErrc::name_taken));
}
TEST(FakeEngine, ScriptedRun_EndsWithItsCodeOutputAndEffect) { run_test(scripted()); }

Task<void> wait_for(FakeEngine& engine, ContainerId id, Result<ExitReport>& out) {
    out = co_await engine.wait(std::move(id));
}

struct Death {
    Task<void> body(TaskGroup& group) {
        FakeEngine engine(co_await asio::this_coro::executor);
        FakeRun run;
        run.runs_until_told = true;
        engine.add_image(image, run);
        auto id = co_await engine.create(spec("a"));
        EXPECT_TRUE(co_await engine.start(*id));
        Result<ExitReport> report;
        group.spawn(wait_for(engine, *id, report));
        engine.die();
        auto joining = group.join();
        co_await std::move(joining);
        EXPECT_TRUE(report.error().is(EngineErrc::engine_down));
        auto down = co_await engine.list(Labels());
        EXPECT_TRUE(down.error().is(EngineErrc::engine_down));
        engine.revive();
        auto listed = co_await engine.list(spec("a").labels);
        EXPECT_EQ(listed->at(0).state, ContainerState::running);
        group.spawn(wait_for(engine, *id, report));
        engine.finish(*id, 9);
        auto again = group.join();
        co_await std::move(again);
        EXPECT_EQ(report->exit_code, 9);
        EXPECT_EQ(engine.made().at(0).starts, 1);
    }
};
TEST(FakeEngine, EngineDiesAndComesBack_ContainersHaveGoneOn) {
    Death death;
    auto body = [&death](TaskGroup& group) { return death.body(group); };
    run_test(scope(4, body));
}

Task<void> failing() {
    FakeEngine engine(co_await asio::this_coro::executor);
    engine.add_image(image);
    Error broken{make_error_code(EngineErrc::refused_by_engine), "told to"};
    engine.fail_next(EngineCall::create, broken);
    auto first = co_await engine.create(spec("a"));
    EXPECT_TRUE(first.error().is(EngineErrc::refused_by_engine));
    EXPECT_TRUE(engine.made().empty());
    engine.fail_after(EngineCall::create, broken);
    auto second = co_await engine.create(spec("a"));
    EXPECT_FALSE(second);
    EXPECT_EQ(engine.made().size(), 1u) << "made, and nobody told the caller";
    auto found = co_await engine.find("a");
    EXPECT_TRUE(found);
}
TEST(FakeEngine, ToldToFailBeforeOrAfter_TheWorkIsNotOrIsDone) { run_test(failing()); }

}  // namespace
}  // namespace sonm::engine
