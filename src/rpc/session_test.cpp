#include "sonm/rpc/session.hpp"

#include "sonm/rpc/testing_probe.hpp"

/// What sessions do with hostile, slow and greedy peers, byte by byte.
namespace sonm::rpc {
namespace {

using namespace std::chrono_literals;

using testing::ProbeService;

class Node {
public:
    Node(const Executor& executor, Limits limits) : server_(executor, options(limits)) {
        server_.add(service);
    }
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
Result<T> with_peer(F peer, Limits limits = Limits()) {
    return testing::talk_to<Node, T>("probe", std::move(peer), limits);
}

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
    std::string first =
                    "9305"
                    "00"
                    "920102",
                answer =
                    "93050091"
                    "03";
    EXPECT_EQ(answer_to((first + "930500920102"
                                 "930600920102")
                            .c_str()),
              answer)
        << "the same again";
    EXPECT_EQ(answer_to((first + "930400920102").c_str()), answer) << "a lower one";
    EXPECT_EQ(answer_to((first + "930500c0").c_str()), answer);
}

TEST(Session, wrong_arguments_are_answered_and_the_session_goes_on) {
    std::string answer = answer_to(
        "930100"
        "9101"
        "930200"
        "92a161a162"
        "930300"
        "920102");
    EXPECT_NE(answer.find(to_hex(as_bytes("add: b is missing"))), std::string::npos);
    EXPECT_NE(answer.find(to_hex(as_bytes("add: a: expected an integer, found bytes"))), std::string::npos);
    EXPECT_TRUE(answer.ends_with("9303009103")) << answer;
    EXPECT_EQ(answer_to("930100"
                        "94010203c0"),
              "9301009103")
        << "superfluous arguments are ignored";
}

TEST(Session, an_oversized_frame_ends_it_as_soon_as_its_size_is_known) {
    Limits limits;
    limits.frame_bytes_max = 1000;
    EXPECT_EQ(answer_to("930100"
                        "920102"
                        "930200"
                        "91db00ffffff",
                        limits),
              "9301009103");
    limits.elements_max = 100;
    EXPECT_EQ(answer_to("930100"
                        "dd00001000",
                        limits),
              "");
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
    EXPECT_EQ(answer_to("93010690"
                        "93020690"
                        "93030690"
                        "930400920102",
                        limits),
              "");
}

TEST(Session, a_frame_that_comes_too_slowly_ends_it) {
    Limits limits;
    limits.frame_max = Millis(40);
    auto drip = [](ByteStream& stream) -> Async<Bytes> {
        auto begin = std::chrono::steady_clock::now();
        const Bytes byte{0x93};
        for (int i = 0; i < 100; ++i) {
            Bytes next{static_cast<std::uint8_t>(i == 0   ? 0x93
                                                 : i == 1 ? 0x01
                                                 : i == 2 ? 0x00
                                                 : i == 3 ? 0x91
                                                 : i == 4 ? 0xdb
                                                          : 0x00)};
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

Bytes plain_items(std::uint64_t channel, int count, std::size_t bytes) {
    Bytes all;
    Writer out(all);
    for (int i = 0; i < count; ++i) {
        out.array(3);
        out.uint(channel);
        out.uint(0);
        out.array(1);
        out.raw(Bytes(bytes));
    }
    return all;
}

TEST(Session, items_without_credit_that_nobody_reads_stop_the_reading_and_end_it_after_the_stall_limit) {
    Limits limits;
    limits.stall_max = Millis(60);
    auto greedy = [](ByteStream& stream) -> Async<std::size_t> {
        auto begin = std::chrono::steady_clock::now();
        Bytes open = parse_hex("93010890").value();
        SONM_CO_CHECK(co_await stream.write(open));
        const Bytes items = plain_items(1, 1, 10'000);
        std::size_t taken = 0;
        for (int i = 0; i < 1000; ++i) {
            auto written = co_await stream.write(items);
            if (!written) break;
            taken += items.size();
        }
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 60ms);
        co_return taken;
    };
    std::size_t taken = with_peer<std::size_t>(greedy, limits).value();
    // The inbox, the input buffer and the pipe, no more.
    EXPECT_GE(taken, stream_window_bytes);
    EXPECT_LE(taken, stream_window_bytes + 300'000);
}

TEST(Session, empty_items_without_credit_are_bounded_by_their_number) {
    Limits limits;
    limits.stall_max = Millis(60);
    auto greedy = [](ByteStream& stream) -> Async<std::size_t> {
        Bytes open = parse_hex("93010890").value();
        SONM_CO_CHECK(co_await stream.write(open));
        const Bytes items = plain_items(1, 1000, 0);
        std::size_t taken = 0;
        for (int i = 0; i < 1000; ++i) {
            auto written = co_await stream.write(items);
            if (!written) break;
            taken += 1000;
        }
        co_return taken;
    };
    std::size_t taken = with_peer<std::size_t>(greedy, limits).value();
    EXPECT_LE(taken, stream_window_bytes / item_overhead_bytes + 300'000 / 6);
}

TEST(Session, streams_without_credit_together_hold_at_most_half_of_the_budget_and_the_rest_waits) {
    Limits limits;
    limits.inbound_bytes_max = 100'000;
    limits.stall_max = Millis(60);
    auto greedy = [](ByteStream& stream) -> Async<Bytes> {
        Bytes bytes = parse_hex("9301089093020890").value();
        append(bytes, plain_items(1, 300, 0));
        append(bytes, plain_items(2, 3000, 0));
        (void)co_await stream.write(bytes);
        co_return co_await testing::read_to_end(stream);
    };
    EXPECT_EQ(with_peer<Bytes>(greedy, limits).value().size(), 0u);
}

TEST(Session, plain_streams_whose_caller_never_says_its_last_word_do_not_count_once_answered) {
    Limits limits;
    limits.channels_max = 8;
    // One after the other: each has ended before the next begins. Then what is said too late.
    auto after = [&](std::string late, std::string answer) {
        std::vector<testing::VectorLine> lines;
        for (int channel = 1; channel <= 40; ++channel) {
            lines.push_back({'>', fmt::format("93{:02x}0990", channel)});
            lines.push_back({'<', fmt::format("93{:02x}0290", channel)});
        }
        auto peer = [lines, late](ByteStream& stream) -> Async<Bytes> {
            SONM_CO_CHECK(co_await testing::play(stream, lines));
            Bytes bytes = testing::hex_bytes(late);
            co_return co_await testing::send_and_read(stream, bytes);
        };
        EXPECT_EQ(to_hex(with_peer<Bytes>(peer, limits).value()), answer) << late;
    };
    after("93270091a0 93270290 9329cdfffd90", "93290090");
    after("93010091a0 9329cdfffd90", "");
    after("93270290 93270290 9329cdfffd90", "");
}

TEST(Session, control_messages_are_answered_or_end_it) {
    EXPECT_EQ(answer_to("9301cdfffd90"), "93010090") << "ping";
    EXPECT_EQ(answer_to("9301cdfffd90"
                        "930200920102"),
              "93010090"
              "9302009103");
    EXPECT_EQ(answer_to("9301cdffff920992070493020092"
                        "0102"),
              "93010090"
              "9302009103")
        << "revoke of a channel that nobody has";
    EXPECT_EQ(answer_to("930106909302cdffff92019207049303"
                        "00920102"),
              "93020090"
              "9303009103")
        << "revoke of an upload: its handler ends and nothing more is said on it";
    EXPECT_EQ(answer_to("9301cdfffe90930200920102"), "") << "settings";
    EXPECT_EQ(answer_to("9301cdfffc9192070493020092"
                        "0102"),
              "")
        << "goaway";
    EXPECT_EQ(answer_to("9301cdffff90"), "") << "revoke of nothing";
    EXPECT_EQ(answer_to("9301cdfffb90"), "") << "below the control messages";
}

}  // namespace

/// Takes everything and never comes to an end.
struct StuckStream : ByteStream {
    Async<std::size_t> read_some(std::span<std::uint8_t>) override {
        co_await sleep_for(1h);
        co_return std::size_t(0);
    }
    Async<void> write(BytesView) override {
        co_await sleep_for(1h);
        co_return Result<void>();
    }
    void shutdown_write() override {}
    void close() override { closed = true; }
    std::string peer() const override { return "stuck"; }
    explicit StuckStream(bool& c) : closed(c) {}
    bool& closed;
};

Task<void> cancel_while_writing(bool& closed) {
    auto executor = co_await asio::this_coro::executor;
    auto session =
        std::make_shared<Session>(executor, std::make_unique<StuckStream>(closed), Session::Options());
    auto body = [session](TaskGroup& group) -> Task<void> {
        group.spawn(Session::run(session));
        for (int i = 0; i < 3; ++i) {
            for (int j = 0; j < 10; ++j) co_await asio::post(asio::use_awaitable);
            if (i < 2) session->begin_call(5).array(0), (void)session->commit_notify();
        }
    };
    auto work = scope(4, std::move(body));
    co_await std::move(work);
    EXPECT_FALSE(session->is_open());
}

TEST(Session, cancelled_with_one_write_stuck_and_more_to_say_ends_at_once) {
    bool closed = false;
    run_test(cancel_while_writing(closed));
    EXPECT_TRUE(closed);
}

}  // namespace sonm::rpc
