#pragma once

#include "sonm/base/fs.hpp"
#include "sonm/node/node.hpp"

#include <gtest/gtest.h>

/// A node without network for tests, with services that say what happens to them.
namespace sonm::node::testing {

using EchoProtocol = rpc::Protocol<
    "echo", 1, rpc::Call<0, "say", rpc::Args<rpc::Arg<"text", std::string>>, rpc::Returns<std::string>>,
    rpc::Call<1, "wait">,
    rpc::ServerStream<2, "count", rpc::Args<rpc::Arg<"to", std::uint64_t>>, rpc::Items<std::uint64_t>>,
    rpc::Dialog<3, "look", rpc::Args<rpc::Arg<"at", std::string>>, rpc::State<rpc::Say<0, "close">>,
                rpc::Primitive<std::string>>,
    rpc::Dialog<4, "watch", rpc::Args<>, rpc::State<rpc::Say<0, "close">>, rpc::Streaming<std::uint64_t>>,
    rpc::PlainStream<5, "chat", rpc::Args<rpc::Arg<"name", std::string>>, rpc::Items<std::string>,
                     rpc::Items<std::string>>,
    rpc::ClientStream<6, "add", rpc::Args<>, rpc::Items<std::uint64_t>, rpc::Returns<std::uint64_t>>>;
using EchoClient = rpc::Client<EchoProtocol>;

/// What the fake services of one test did, in order; and what they shall do.
struct Diary {
    std::vector<std::string> lines;
    std::string fails_to_start, breaks, refuses_arguments;
};

/// Notes its life. `wait` answers once it is drained.
class Echo final : public services::PlatformService {
public:
    Echo(services::Environment environment, Diary& diary, std::string greeting)
        : environment_(std::move(environment)),
          diary_(diary),
          greeting_(std::move(greeting)),
          drained_(environment_.executor, 1) {
        service_.on<"say">(
            [this](const rpc::Context&, std::string text) { return Result<std::string>(greeting_ + text); });
        service_.on<"wait">([this](rpc::Context) { return wait(); });
        service_.on<"count">([](rpc::Context, std::uint64_t to, rpc::Sink<std::uint64_t> out) {
            return count(to, std::move(out));
        });
        service_.on<"look">(
            [](rpc::Context, std::string at, auto talk) { return look(std::move(at), std::move(talk)); });
        service_.on<"watch">([](rpc::Context, auto talk) { return watch(std::move(talk)); });
        service_.on<"chat">([](rpc::Context, std::string name, auto in, auto out) {
            return chat(std::move(name), std::move(in), std::move(out));
        });
        service_.on<"add">([](rpc::Context, rpc::Source<std::uint64_t> in) { return add(std::move(in)); });
    }
    ~Echo() override { tell("gone"); }

    const rpc::ServiceBase& handlers() const override { return service_; }
    Async<void> start() override {
        tell(std::filesystem::is_directory(environment_.folder) ? "start" : "start without a folder");
        if (diary_.fails_to_start == environment_.name)
            co_return fail(Errc::no_space, "no room for the index");
        co_return Result<void>();
    }
    Task<void> run() override {
        tell("run");
        if (diary_.breaks == environment_.name) throw std::runtime_error("the index is gone");
        co_return;
    }
    Async<void> drain() override {
        tell("drain");
        drained_.close();
        co_return Result<void>();
    }
    Result<void> reload(YamlReader& args) override {
        if (diary_.refuses_arguments == environment_.name) return PlatformService::reload(args);
        args.optional({"greeting"}, greeting_, yaml_text);
        return {};
    }
    void measure(std::vector<services::Metric>& out) const override {
        out.push_back({"greeting_bytes", "", services::Metric::Kind::gauge, double(greeting_.size()), {}});
    }

private:
    Async<void> wait() {
        tell("waiting");
        (void)co_await drained_.pop();
        co_return Result<void>();
    }
    /// 0, 1, ... `to` - 1; fails at 13.
    static Async<void> count(std::uint64_t to, rpc::Sink<std::uint64_t> out) {
        for (std::uint64_t i = 0; i < to; ++i) {
            if (i == 13) co_return fail(Errc::corrupt, "13 brings bad luck");
            auto writing = out.write(i);
            SONM_CO_CHECK(co_await std::move(writing));
        }
        co_return Result<void>();
    }
    template <class T>
    static Async<void> look(std::string at, T talk) {
        if (at.empty()) co_return fail(Errc::not_found, "there is nothing to see");
        co_return co_await talk.template say<"value">("seen " + at);
    }
    template <class T>
    static Async<void> watch(T talk) {
        for (std::uint64_t i = 1; i <= 2; ++i) SONM_CO_CHECK(talk.template say_now<"write">(i));
        co_return talk.template say_now<"close">();
    }
    static Async<void> chat(std::string name, rpc::Source<std::string> in, rpc::Sink<std::string> out) {
        while (true) {
            SONM_CO_TRY(auto said, co_await in.next());
            if (!said) co_return Result<void>();
            SONM_CO_CHECK(co_await out.write(name + ": " + *said));
        }
    }
    static Async<std::uint64_t> add(rpc::Source<std::uint64_t> in) {
        std::uint64_t sum = 0;
        while (true) {
            SONM_CO_TRY(auto number, co_await in.next());
            if (!number) co_return sum;
            sum += *number;
        }
    }
    void tell(std::string_view what) {
        diary_.lines.push_back(fmt::format("{} {}", environment_.name, what));
    }

    services::Environment environment_;
    Diary& diary_;
    std::string greeting_;
    Channel<bool> drained_;
    rpc::Service<EchoProtocol> service_;
};

/// A node of a file in a folder of its own, without any network.
class NodeTest : public ::testing::Test {
protected:
    NodeTest() {
        auto make = [this](services::Environment environment,
                           YamlReader& args) -> Result<std::unique_ptr<services::PlatformService>> {
            std::string greeting = "hello ";
            args.optional({"greeting"}, greeting, yaml_text);
            if (args.describing()) return std::unique_ptr<services::PlatformService>();
            return std::make_unique<Echo>(std::move(environment), diary, greeting);
        };
        types.add("echo", "Says it back.", make);
    }
    void write(std::string_view more, std::string_view head = "drain: 2 s\n") {
        std::string text = fmt::format(
            "state: state\nlisten: ['unix:{}/node']\nports: none\nhttp: {{listen: 'off', calls: "
            "anybody}}\nlog_level: "
            "off\n{}{}",
            folder.path().string(), head, more);
        EXPECT_TRUE(write_atomically(folder / "node.yaml", as_bytes(text)));
    }
    /// Serves until `body` is done with it; then what serve() said.
    template <class F>
    Result<void> serve(F body) {
        auto all = [&]() -> Task<Result<void>> {
            Executor executor = co_await asio::this_coro::executor;
            Node node(NodeParts{executor, clock, types, "1", signer});
            if (auto loaded = node.load(folder / "node.yaml"); !loaded) co_return loaded;
            std::optional<Result<void>> outcome;
            auto when_up = [&]() -> Task<void> {
                while (node.info().state != "running" && !outcome) co_await asio::post(asio::use_awaitable);
                if (outcome) co_return;
                auto doing = body(node);
                co_await std::move(doing);
            };
            auto both = [&](TaskGroup& group) -> Task<void> {
                group.spawn(when_up());
                auto serving = node.serve();
                outcome = co_await std::move(serving);
                auto joining = group.join();
                co_await std::move(joining);
            };
            auto working = scope(8, std::move(both));
            co_await std::move(working);
            co_return *outcome;
        };
        return run_test(all());
    }
    static Task<void> stop_at_once(Node& node) {
        node.stop();
        co_return;
    }
    std::size_t at(std::string_view line) const {
        return static_cast<std::size_t>(std::ranges::find(diary.lines, line) - diary.lines.begin());
    }

    TempDir folder;
    FakeClock clock;
    Diary diary;
    Types types;
    const crypto::Signer* signer = nullptr;
};

}  // namespace sonm::node::testing
