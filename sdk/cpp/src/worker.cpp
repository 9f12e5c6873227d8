#include "sonm/sdk/worker.hpp"

#include <cstdio>
#include <cstdlib>

namespace sonm::sdk {
namespace {

using Control = rpc::Talk<services::AppWorkerControl, services::AppWorkerControl>;

constexpr std::size_t children_max = 256;
constexpr std::chrono::seconds heartbeat_every{10};
/// How long the node may leave a heartbeat unanswered.
constexpr std::chrono::seconds disown_max{5};
/// What existing frameworks say of their own failures: category and codes.
constexpr int uncaught = 100, no_handler = 200;

/// Codes of an application itself; they reach the client with the category of unknown ones.
std::error_code app_error(int code) { return {code, rpc::remote_category()}; }

struct Heart {
    bool answered = true;
    bool ended = false;
    std::string why;
};

/// Listens to the node until it ends this worker.
Async<void> listen(Control& control, Heart& heart) {
    while (true) {
        SONM_CO_TRY(auto said, co_await control.hear());
        if (!said) co_return Result<void>();
        heart.answered = true;
        if (said->is<"heartbeat">()) continue;
        SONM_CO_TRY(auto last, said->args<"terminate">());
        (void)control.say_now<"terminate">(std::get<0>(last), std::get<1>(last));
        heart.ended = true;
        co_return Result<void>();
    }
}

Async<void> beat(Control& control, Heart& heart, const rpc::Session& session) {
    while (true) {
        heart.answered = false;
        // An answer that waits behind a request which a handler of ours does not read is not the node's
        // fault. It hears us all the same, and ends workers that it does not hear.
        for (bool held_up = true; held_up && !heart.answered;) {
            SONM_CO_CHECK(control.say_now<"heartbeat">());
            held_up = session.stalled();
            co_await sleep_for(disown_max);
            held_up |= session.stalled();
        }
        if (!heart.answered) co_return fail(Errc::timeout, "the node left a heartbeat unanswered");
        co_await sleep_for(heartbeat_every - disown_max);
    }
}

}  // namespace

Async<std::string> Request::read_text(rpc::Source<Bytes> source) {
    SONM_CO_TRY(std::optional<Bytes> chunk, co_await source.next());
    co_return chunk ? std::string(as_text(*chunk)) : std::string();
}

Worker::Worker(int argc, char** argv) {
    const std::pair<std::string_view, std::string*> flags[] = {{"--app", &app_},
                                                               {"--endpoint", &endpoint_},
                                                               {"--locator", &locator_},
                                                               {"--protocol", &protocol_},
                                                               {"--uuid", &uuid_}};
    for (int i = 1; i + 1 < argc; ++i)
        for (const auto& [flag, value] : flags)
            if (flag == argv[i]) *value = argv[i + 1];
    service_.on<"invoke">(
        [this](rpc::Context, std::string event, rpc::Source<Bytes> in, rpc::Sink<Bytes> out) {
            return handle(std::move(event), std::move(in), std::move(out));
        });
}

void Worker::on(std::string event, Handler handler) { handlers_[std::move(event)] = std::move(handler); }

Async<void> Worker::handle(std::string event, rpc::Source<Bytes> in, rpc::Sink<Bytes> out) {
    auto found = handlers_.find(event);
    if (found == handlers_.end()) found = handlers_.find("");
    if (found == handlers_.end()) co_return fail(app_error(no_handler), "no handler for event '{}'", event);
    auto handling = contain(found->second(Request(event, std::move(in)), Response(std::move(out))));
    auto handled = co_await std::move(handling);
    if (!handled && handled.error().is(Errc::internal))
        co_return fail(app_error(uncaught), "{}", handled.error().message());
    co_return handled;
}

Async<void> Worker::serve(TaskGroup& group) {
    auto dialling = connect_unix(endpoint_);
    SONM_CO_TRY(auto stream, co_await std::move(dialling));
    rpc::ConnectOptions options;
    options.serve = &service_;
    auto connecting = rpc::connect_over(group, std::move(stream), "", options);
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(connecting));
    rpc::Client<services::AppRuntimeProtocol> runtime(connection);
    SONM_CO_TRY(Control control, runtime.talk<"handshake">(uuid_));
    Heart heart;
    Result<void> beaten;
    auto body = [&](TaskGroup& both) -> Task<void> {
        auto beating = [&]() -> Task<void> {
            auto heartbeats = beat(control, heart, connection.session());
            beaten = co_await std::move(heartbeats);
            connection.close();
        };
        both.spawn(beating());
        auto listening = listen(control, heart);
        auto heard = co_await std::move(listening);
        if (!heard && beaten) beaten = std::move(heard);
    };
    auto work = scope(1, std::move(body));
    co_await std::move(work);
    if (heart.ended) co_return Result<void>();
    if (!beaten) co_return beaten;
    co_return fail(Errc::closed, "the node is gone");
}

int Worker::run() {
    if (endpoint_.empty() || uuid_.empty() || protocol_ != "1") {
        std::fprintf(
            stderr,
            "sonm worker: a node starts this program, with --app, --endpoint, --uuid and --protocol 1\n");
        return 2;
    }
    asio::io_context context(1);
    auto whole = [this]() -> Task<int> {
        Result<void> outcome;
        auto body = [&](TaskGroup& group) -> Task<void> {
            // A node tells workers without a network where they find it in SONM_NODE.
            const char* told = std::getenv("SONM_NODE");
            Node node(group, told && *told ? told : locator_);
            node_ = &node;
            auto serving = serve(group);
            outcome = co_await std::move(serving);
        };
        auto work = scope(children_max, std::move(body));
        co_await std::move(work);
        node_ = nullptr;
        if (outcome) co_return 0;
        std::fprintf(stderr, "sonm worker: %s\n", outcome.error().message().c_str());
        co_return 1;
    };
    return run_main(context, whole());
}

}  // namespace sonm::sdk
