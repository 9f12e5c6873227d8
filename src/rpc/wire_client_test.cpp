#include "sonm/rpc/testing.hpp"

/// The same vectors from the other end: this project's client says what existing clients say, and meets what
/// servers answer, whole and damaged.
namespace sonm::rpc {
namespace {

struct Storage
    : Protocol<"storage", 1,
               Call<0, "read", Args<Arg<"collection", std::string>, Arg<"key", std::string>>,
                    Returns<std::string>>,
               Call<1, "write",
                    Args<Arg<"collection", std::string>, Arg<"key", std::string>, Arg<"blob", std::string>,
                         Arg<"tags", std::vector<std::string>>>>,
               Call<3, "find", Args<Arg<"collection", std::string>, Arg<"tags", std::vector<std::string>>>,
                    Returns<std::vector<std::string>>>> {};
struct Locator
    : Protocol<"locator", 3,
               Call<0, "resolve", Args<Arg<"name", std::string>>,
                    Returns<std::vector<std::pair<std::string, std::uint16_t>>, std::uint32_t, Encoded>>> {};
struct App : Protocol<"app", 1,
                      PlainStream<0, "enqueue", Args<Arg<"event", std::string>>, Items<std::string>,
                                  Items<std::string>>> {};

/// Says everything, whatever comes back; counts what came back well.
Async<int> say_all(const Connection& connection) {
    int good = 0;
    Client<Locator> locator(connection);
    auto resolving = locator.call<"resolve">("storage");
    auto resolved = co_await std::move(resolving);
    if (resolved && std::get<0>(*resolved)[0].second == 41283 && std::get<1>(*resolved) == 1) ++good;
    Client<Storage> storage(connection);
    std::vector<std::string> tags{"tagA", "tagB"};
    auto writing = storage.call<"write">("collection", "key", "value-1", tags);
    if (co_await std::move(writing)) ++good;
    auto reading = storage.call<"read">("collection", "key");
    auto blob = co_await std::move(reading);
    if (blob && *blob == "value-1") ++good;
    tags.pop_back();
    auto finding = storage.call<"find">("collection", tags);
    auto keys = co_await std::move(finding);
    if (keys && *keys == std::vector<std::string>{"key", "key2"}) ++good;
    auto missing = storage.call<"read">("collection", "key");
    auto none = co_await std::move(missing);
    if (!none && none.error().code == std::errc::no_such_file_or_directory) ++good;
    Client<App> app(connection);
    auto event = app.stream<"enqueue">("ping");
    if (!event) co_return good;
    auto sending = event->sink.write("hello");
    (void)co_await std::move(sending);
    event->sink.finish();
    auto hearing = event->source.next();
    auto answer = co_await std::move(hearing);
    if (answer && *answer && **answer == "pong:hello") ++good;
    auto ending = event->source.next();
    auto end = co_await std::move(ending);
    if (end && !*end) ++good;
    co_return good;
}

class Caller {
public:
    Caller(const Executor&, int* good) : good_(good) {}
    Task<void> serve(std::unique_ptr<ByteStream> stream) {
        auto body = [this, &stream](TaskGroup& group) -> Task<void> {
            auto saying = say(group, std::move(stream));
            (void)co_await std::move(saying);
        };
        auto work = scope(4, std::move(body));
        co_await std::move(work);
    }

private:
    Async<void> say(TaskGroup& group, std::unique_ptr<ByteStream> stream) {
        ConnectOptions options;
        options.call_max = Millis(2'000);
        auto connecting = connect_over(group, std::move(stream), "", options);
        SONM_CO_TRY(auto connection, co_await std::move(connecting));
        auto saying = say_all(connection);
        SONM_CO_TRY(*good_, co_await std::move(saying));
        co_return Result<void>();
    }
    int* good_;
};

int play_caller(std::vector<testing::VectorLine> lines) {
    int good = 0;
    auto peer = [lines](ByteStream& stream) { return testing::play(stream, lines); };
    auto played = testing::talk_to<Caller, bool>("", peer, &good);
    EXPECT_TRUE(played && *played);
    return good;
}

TEST(WireClient, it_says_the_bytes_of_existing_clients_and_understands_their_servers) {
    auto lines = testing::reversed(testing::read_vectors("client.txt"));
    EXPECT_EQ(play_caller(lines), 7);
}

TEST(WireClient, answers_cut_off_or_changed_anywhere_are_understood_up_to_there_and_end_in_errors_or_values) {
    auto lines = testing::reversed(testing::read_vectors("client.txt"));
    Bytes answers = testing::bytes_of(lines, '>');
    int good = -1;
    // Each answer is one thing that went well.
    auto judge = [&](std::size_t at, int change, const Bytes&) {
        int whole = static_cast<int>(testing::count_frames(BytesView(answers).first(at), true));
        EXPECT_GE(good, whole);
        EXPECT_LE(good, change == 0 ? whole : 7);
        good = -1;
    };
    testing::damage_everywhere<Caller>("", lines, {0, 0x01, 0x80, 0xff}, judge, &good);
}

}  // namespace
}  // namespace sonm::rpc
