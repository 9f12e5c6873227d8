#include "sonm/rpc/session.hpp"

#include "sonm/rpc/testing.hpp"

/// What sessions do with hostile, slow and vanishing peers, and with handlers that fail.
namespace sonm::rpc {
namespace {

using namespace std::chrono_literals;

enum class RoomErrc : int { broken = 7 };
struct RoomCategory final : std::error_category {
    const char* name() const noexcept override { return "room"; }
    std::string message(int) const override { return "broken"; }
};
std::error_code make_error_code(RoomErrc value) {
    static const RoomCategory category;
    return {static_cast<int>(value), category};
}

struct Probe : Protocol<"probe", 1, Errors<0x53ff, RoomErrc>,
    Call<0, "add", Args<Arg<"a", std::uint64_t>, Arg<"b", std::uint64_t>>, Returns<std::uint64_t>>,
    Call<1, "hang">,
    Call<2, "fail", Args<Arg<"how", std::uint32_t>>>,
    Call<3, "blob", Args<Arg<"bytes", std::uint64_t>>, Returns<Bytes>>,
    Notify<4, "mute", Args<Arg<"bad", bool>>>,
    ServerStream<5, "endless", Args<>, Items<Bytes>>,
    ClientStream<6, "unread", Args<>, Items<Bytes>, Returns<std::uint64_t>>,
    ClientStream<7, "refuse", Args<>, Items<Bytes>, Returns<std::uint64_t>>,
    PlainStream<8, "plain", Args<>, Items<Bytes>, Items<Bytes>>> {};

struct Alive {
    explicit Alive(int& c) : count(c) { ++count; }
    ~Alive() { --count; }
    int& count;
};

class ProbeService : public Service<Probe> {
public:
    int handlers = 0;  ///< at work now

    ProbeService() {
        on<"add">([](const Context&, std::uint64_t a, std::uint64_t b) -> Result<std::uint64_t> { return a + b; });
        on<"hang">([this](Context) { return hang(); });
        on<"fail">([](const Context&, std::uint32_t how) -> Result<void> { return failure(how); });
        on<"blob">([](const Context&, std::uint64_t bytes) -> Result<Bytes> { return Bytes(bytes); });
        on<"mute">([](const Context&, bool bad) -> Result<void> {
            if (bad) return fail(Errc::invalid, "bad");
            return Result<void>();
        });
        on<"endless">([this](Context, Sink<Bytes> out) { return endless(std::move(out)); });
        on<"unread">([this](Context, Source<Bytes> in) { return unread(std::move(in)); });
        on<"refuse">([](Context, Source<Bytes> in) { return refuse(std::move(in)); });
        on<"plain">([this](Context, Source<Bytes> in, Sink<Bytes>) { return plain(std::move(in)); });
    }

private:
    static Result<void> failure(std::uint32_t how) {
        if (how == 0) return fail(Errc::not_found, "no such thing");
        if (how == 1) return fail(std::make_error_code(std::errc::permission_denied), "Permission denied");
        if (how == 2) return fail(RoomErrc::broken, "the room");
        if (how == 3) throw std::runtime_error("a defect");
        return fail(std::error_code(5, std::iostream_category()), "streams");
    }
    Async<void> hang() {
        Alive alive(handlers);
        co_await sleep_for(1h);
        co_return Result<void>();
    }
    Async<void> endless(Sink<Bytes> out) {
        Alive alive(handlers);
        while (true) {
            Bytes piece(10'000);
            SONM_CO_CHECK(co_await out.write(std::move(piece)));
        }
    }
    Async<std::uint64_t> unread(Source<Bytes> in) {
        Alive alive(handlers);
        co_await sleep_for(1h);
        co_return 0u;
    }
    static Async<std::uint64_t> refuse(Source<Bytes> in) {
        SONM_CO_CHECK(co_await in.next());
        co_return fail(Errc::no_space, "disk full");
    }
    Async<void> plain(Source<Bytes> in) {
        Alive alive(handlers);
        co_await sleep_for(1h);
        co_return Result<void>();
    }
};

class Node {
public:
    Node(const Executor& executor, Limits limits) : server_(executor, options(limits)) { server_.add(service); }
    Server& server() { return server_; }
    ProbeService service;

private:
    static ServerOptions options(Limits limits) {
        ServerOptions options;
        options.limits = limits;
        return options;
    }
    Server server_;
};

template <class T, class F>
Result<T> with_peer(F peer, Limits limits = Limits()) { return testing::talk_to<Node, T>("probe", std::move(peer), limits); }

/// Sends frames given in hex and gives what comes back until the end, in hex.
std::string answer_to(const char* hex, Limits limits = Limits()) {
    Bytes sent = parse_hex(hex).value();
    auto peer = [sent](ByteStream& stream) { return testing::send_and_read(stream, sent); };
    return to_hex(with_peer<Bytes>(peer, limits).value());
}

TEST(Session, offences_end_it_without_an_answer) {
    const std::pair<const char*, const char*> offences[] = {
        {"c1", "not MessagePack"},
        {"05", "not an array"},
        {"920100", "two elements"},
        {"93a1310090", "channel is a string"},
        {"93ff0090", "negative channel"},
        {"93010005", "arguments are no array"},
        {"94010090c0", "headers are nil"},
        {"940100929001 9100", "header index 0"},
        {"93016390", "unknown method"},
        {"9301049180", "mute call with wrong arguments"},
        {"930104 91c3", "mute call that fails"},
    };
    for (auto& [hex, what] : offences) {
        std::string spaced = hex;
        std::erase(spaced, ' ');
        EXPECT_EQ(answer_to(spaced.c_str()), "") << what;
    }
}

TEST(Session, a_channel_number_that_does_not_rise_ends_it_after_the_earlier_answers) {
    std::string first = "9305" "00" "920102", answer = "93050091" "03";
    EXPECT_EQ(answer_to((first + "930500920102" "930600920102").c_str()), answer) << "the same again";
    EXPECT_EQ(answer_to((first + "930400920102").c_str()), answer) << "a lower one";
    EXPECT_EQ(answer_to((first + "930500c0").c_str()), answer);
}

TEST(Session, wrong_arguments_are_answered_and_the_session_goes_on) {
    std::string answer = answer_to("930100" "9101" "930200" "92a161a162" "930300" "920102");
    EXPECT_NE(answer.find(to_hex(as_bytes("add: b is missing"))), std::string::npos);
    EXPECT_NE(answer.find(to_hex(as_bytes("add: a: expected an integer, found bytes"))), std::string::npos);
    EXPECT_TRUE(answer.ends_with("9303009103")) << answer;
    EXPECT_EQ(answer_to("930100" "94010203c0"), "9301009103") << "superfluous arguments are ignored";
}

TEST(Session, an_oversized_frame_ends_it_as_soon_as_its_size_is_known) {
    Limits limits;
    limits.frame_bytes_max = 1000;
    EXPECT_EQ(answer_to("930100" "920102" "930200" "91db00ffffff", limits), "9301009103");
    limits.elements_max = 100;
    EXPECT_EQ(answer_to("930100" "dd00001000", limits), "");
}

Async<std::string> flood(ByteStream& stream) {
    Bytes calls;
    Writer out(calls);
    auto head = [&](std::uint64_t channel, std::uint64_t type, std::size_t args) {
        out.array(3);
        out.uint(channel);
        out.uint(type);
        out.array(args);
    };
    for (std::uint64_t channel = 1; channel <= 100'000; ++channel) head(channel, 1, 0);
    head(0x20000, 0, 2);
    out.uint(1);
    out.uint(2);
    // Written by a child, since the answers do not fit into the pipe: whoever does not read is held back.
    std::string answer;
    auto body = [&](TaskGroup& group) -> Task<void> {
        auto write_all = [](ByteStream& to, BytesView bytes) -> Task<void> {
            (void)co_await to.write(bytes);
            to.shutdown_write();
        };
        group.spawn(write_all(stream, calls));
        auto all = co_await testing::read_to_end(stream);
        answer = to_hex(all.value());
    };
    auto work = scope(1, std::move(body));
    co_await std::move(work);
    co_return answer;
}

TEST(Session, a_hundred_thousand_hanging_calls_are_refused_beyond_the_limit_and_the_next_call_is_answered) {
    Limits limits;
    limits.channels_max = 50;
    auto peer = [](ByteStream& stream) { return flood(stream); };
    std::string answer = with_peer<std::string>(peer, limits).value();
    EXPECT_TRUE(answer.ends_with("93ce00020000009103")) << answer.substr(answer.size() - 60);
    EXPECT_GT(answer.size(), 99'000u * 2 * 30) << "each refused call has its answer";
}

TEST(Session, streams_beyond_the_limit_end_it) {
    Limits limits;
    limits.channels_max = 2;
    EXPECT_EQ(answer_to("93010690" "93020690" "93030690" "930400920102", limits), "");
}

TEST(Session, a_frame_that_comes_too_slowly_ends_it) {
    Limits limits;
    limits.frame_max = Millis(40);
    auto drip = [](ByteStream& stream) -> Async<Bytes> {
        auto begin = std::chrono::steady_clock::now();
        const Bytes byte{0x93};
        for (int i = 0; i < 100; ++i) {
            Bytes next{static_cast<std::uint8_t>(i == 0 ? 0x93 : i == 1 ? 0x01 : i == 2 ? 0x00 : i == 3 ? 0x91 : i == 4 ? 0xdb : 0x00)};
            auto written = co_await stream.write(next);
            if (!written) break;
            co_await sleep_for(Millis(5));
        }
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
        co_return Bytes();
    };
    EXPECT_TRUE((with_peer<Bytes>(drip, limits)));
}

TEST(Session, silence_ends_it_after_the_idle_limit) {
    Limits limits;
    limits.idle_max = Millis(30);
    auto wait = [](ByteStream& stream) -> Async<Bytes> {
        auto call = parse_hex("930100920102").value();
        SONM_CO_CHECK(co_await stream.write(call));
        co_return co_await testing::read_to_end(stream);
    };
    EXPECT_EQ(to_hex(with_peer<Bytes>(wait, limits).value()), "9301009103");
}

TEST(Session, a_peer_that_does_not_read_its_answers_is_held_back_and_then_dropped) {
    Limits limits;
    limits.outbound_bytes_max = 64 * KiB;
    limits.write_max = Millis(60);
    limits.flush_max = Millis(20);
    auto greedy = [](ByteStream& stream) -> Async<std::uint64_t> {
        Bytes calls;
        Writer out(calls);
        for (std::uint64_t channel = 1; channel <= 200'000; ++channel) {
            out.array(3);
            out.uint(channel);
            out.uint(0);
            out.array(2);
            out.uint(1);
            out.uint(2);
        }
        auto written = co_await stream.write(calls);
        EXPECT_FALSE(written) << "all of it went in";
        co_return 0u;
    };
    EXPECT_TRUE((with_peer<std::uint64_t>(greedy, limits)));
}

TEST(Session, items_beyond_the_credit_end_it) {
    auto greedy = [](ByteStream& stream) -> Async<Bytes> {
        Bytes bytes = parse_hex("93010690").value();
        Writer out(bytes);
        for (int i = 0; i < 30; ++i) {
            out.array(3);
            out.uint(1);
            out.uint(0);
            out.array(1);
            out.raw(Bytes(20'000));
        }
        (void)co_await stream.write(bytes);
        co_return co_await testing::read_to_end(stream);
    };
    EXPECT_EQ(with_peer<Bytes>(greedy).value().size(), 0u);
}

TEST(Session, items_without_credit_are_bounded_by_the_sessions_budget) {
    Limits limits;
    limits.inbound_bytes_max = 100'000;
    auto greedy = [](ByteStream& stream) -> Async<Bytes> {
        Bytes bytes = parse_hex("93010890").value();
        Writer out(bytes);
        for (int i = 0; i < 10'000; ++i) out.encoded(parse_hex("93010091a0").value());
        (void)co_await stream.write(bytes);
        co_return co_await testing::read_to_end(stream);
    };
    EXPECT_EQ(with_peer<Bytes>(greedy, limits).value().size(), 0u);
}

/// Runs `body(service, client)` against the probe in this process.
template <class F>
void with_client(F body) {
    auto main = [](F run) -> Async<bool> {
        ProbeService service;
        Executor executor = co_await asio::this_coro::executor;
        auto inside = [&](TaskGroup& group) {
            auto connection = connect_local(group, executor, service);
            return run(service, Client<Probe>(std::move(*connection)));
        };
        auto work = testing::as_result(scope(64, std::move(inside)));
        auto limited = within(10s, std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome);
        EXPECT_EQ(service.handlers, 0) << "handlers outlived their session";
        co_return true;
    };
    EXPECT_TRUE(run_test(main(std::move(body))));
}

Task<void> check_errors(ProbeService&, Client<Probe> client) {
    auto missing = co_await client.call<"fail">(0u);
    EXPECT_TRUE(missing.error().is(Errc::not_found)) << missing.error().message();
    EXPECT_EQ(missing.error().context, "fail: no such thing");
    auto denied = co_await client.call<"fail">(1u);
    EXPECT_EQ(denied.error().code, std::make_error_code(std::errc::permission_denied));
    auto room = co_await client.call<"fail">(2u);
    EXPECT_EQ(room.error().code, make_error_code(RoomErrc::broken)) << room.error().message();
    auto defect = co_await client.call<"fail">(3u);
    EXPECT_TRUE(defect.error().is(DispatchErrc::uncaught)) << defect.error().message();
    auto other = co_await client.call<"fail">(4u);
    EXPECT_EQ(other.error().code.category(), remote_category());
    EXPECT_EQ(other.error().code.value(), 5);
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
}
TEST(Session, failures_of_handlers_arrive_as_the_same_errors_and_hurt_nobody_else) { with_client(check_errors); }

Task<void> check_deadline(ProbeService& service, Client<Probe> client) {
    auto late = co_await client.call_within<"hang">(Millis(20));
    EXPECT_TRUE(late.error().is(Errc::timeout)) << late.error().message();
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
    EXPECT_EQ(service.handlers, 1) << "a call that was given up is ended with its session only";
}
TEST(Session, a_call_beyond_its_deadline_times_out_and_the_session_goes_on) { with_client(check_deadline); }

Async<void> call_hang(Client<Probe> client) { co_return co_await client.call<"hang">(); }

Task<void> check_close(ProbeService& service, Client<Probe> client) {
    auto body = [&](TaskGroup& group) -> Task<void> {
        std::optional<Result<void>> outcome;
        auto caller = [](Client<Probe> c, std::optional<Result<void>>& out) -> Task<void> { out = co_await call_hang(c); };
        group.spawn(caller(client, outcome));
        while (service.handlers == 0) co_await sleep_for(Millis(1));
        Connection connection = client.connection();
        connection.close();
        auto joining = group.join();
        co_await std::move(joining);
        EXPECT_TRUE(outcome && !*outcome && outcome->error().is(Errc::closed));
        while (service.handlers != 0) co_await sleep_for(Millis(1));
        EXPECT_FALSE(co_await client.call<"add">(1u, 2u));
        EXPECT_FALSE(client.stream<"endless">());
    };
    auto work = scope(4, std::move(body));
    co_await std::move(work);
}
TEST(Session, closing_fails_what_waits_and_stops_the_handlers) { with_client(check_close); }

Task<void> check_cancel(ProbeService& service, Client<Probe> client) {
    {
        auto source = client.stream<"endless">().value();
        EXPECT_TRUE(co_await source.next());
        EXPECT_EQ(service.handlers, 1);
    }
    while (service.handlers != 0) co_await sleep_for(Millis(1));
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
}
TEST(Session, dropping_a_source_cancels_its_handler) { with_client(check_cancel); }

Task<void> check_stall(ProbeService&, Client<Probe> client) {
    auto upload = client.stream<"unread">().value();
    std::size_t written = 0;
    while (true) {
        Bytes piece(64 * KiB);
        auto writing = within(Millis(30), upload.write(std::move(piece)));
        if (!co_await std::move(writing)) break;
        written += 64 * KiB;
    }
    EXPECT_LE(written, stream_window_bytes + 64 * KiB);
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u) << "another channel is not held up";
    auto source = client.stream<"endless">().value();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(co_await source.next());
}
TEST(Session, a_reader_that_does_not_read_stops_its_writer_and_no_one_else) { with_client(check_stall); }

Task<void> check_refusal(ProbeService&, Client<Probe> client) {
    auto upload = client.stream<"refuse">().value();
    Result<void> written;
    for (int i = 0; i < 1000 && written; ++i) {
        Bytes piece(10'000);
        written = co_await upload.write(std::move(piece));
    }
    EXPECT_FALSE(written);
    EXPECT_TRUE(written.error().is(Errc::no_space)) << written.error().message();
    auto reply = co_await upload.reply();
    EXPECT_TRUE(reply.error().is(Errc::no_space));
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
}
TEST(Session, an_upload_that_is_refused_early_tells_the_writer_why) { with_client(check_refusal); }

Task<void> check_large(ProbeService&, Client<Probe> client) {
    EXPECT_EQ((co_await client.call<"blob">(10 * MiB)).value().size(), 10 * MiB);
    auto large = co_await client.call<"blob">(20 * MiB);
    EXPECT_TRUE(large.error().is(Errc::too_large)) << large.error().message();
    EXPECT_EQ((co_await client.call<"add">(1u, 2u)).value(), 3u);
}
TEST(Session, an_answer_beyond_the_frame_limit_becomes_an_error) { with_client(check_large); }

}  // namespace
}  // namespace sonm::rpc
