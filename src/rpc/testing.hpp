#pragma once

#include "sonm/rpc/rpc.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

/// For this room's tests only: byte vectors, and a peer that speaks raw bytes.
namespace sonm::rpc::testing {

struct VectorLine {
    char direction;  ///< '>' or '<'
    std::string text;
};

/// The lines of tests/vectors/slave/<name>, consecutive ones of one direction joined.
inline std::vector<VectorLine> read_vectors(const std::string& name) {
    auto path = std::filesystem::path(__FILE__).parent_path() / "../../tests/vectors/slave" / name;
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    std::vector<VectorLine> lines;
    for (std::string line; std::getline(file, line);)
        if (!line.empty() && (line[0] == '>' || line[0] == '<'))
            lines.push_back(VectorLine{line[0], line.substr(1)});
    return lines;
}

inline Bytes hex_bytes(std::string text) {
    std::erase(text, ' ');
    auto bytes = parse_hex(text);
    EXPECT_TRUE(bytes) << text;
    return bytes.value_or(Bytes());
}

/// Everything that arrives until the stream ends.
inline Async<Bytes> read_to_end(ByteStream& stream) {
    Bytes all, buffer(4096);
    while (true) {
        auto reading = stream.read_some(buffer);
        auto count = co_await std::move(reading);
        if (!count) co_return all;
        append(all, BytesView(buffer).first(*count));
    }
}

inline Async<void> as_result(Task<void> task) {
    co_await std::move(task);
    co_return Result<void>();
}

/// Sends and expects line by line.
inline Async<bool> play(ByteStream& stream, std::vector<VectorLine> lines) {
    for (const VectorLine& line : lines) {
        Bytes bytes = hex_bytes(line.text);
        if (line.direction == '>') {
            SONM_CO_CHECK(co_await stream.write(bytes));
            continue;
        }
        Bytes got(bytes.size());
        auto reading = read_exactly(stream, got);
        SONM_CO_CHECK(co_await std::move(reading));
        EXPECT_EQ(to_hex(got), to_hex(bytes));
        if (got != bytes) co_return false;
    }
    co_return true;
}

/// What is said in one direction, all together.
inline Bytes bytes_of(const std::vector<VectorLine>& lines, char direction) {
    Bytes all;
    for (const auto& line : lines)
        if (line.direction == direction) append(all, hex_bytes(line.text));
    return all;
}
/// The same exchange from the other end.
inline std::vector<VectorLine> reversed(std::vector<VectorLine> lines) {
    for (auto& line : lines) line.direction = line.direction == '>' ? '<' : '>';
    return lines;
}

template <class Node>
Task<void> serve_node(Node& node, std::unique_ptr<ByteStream> stream, std::string root) {
    if constexpr (requires { node.server(); })
        return node.server().serve(std::move(stream), std::move(root));
    else
        return node.serve(std::move(stream));
}

/// Runs `peer(stream)` against one connection that `Node(executor, settings...)` serves, by its server() with
/// `root` or by itself; gives what it gives. Everything must be over within ten seconds.
template <class Node, class T, class F, class... Settings>
Result<T> talk_to(std::string root, F peer, Settings... settings) {
    auto main = [](std::string service, F talk, Settings... given) -> Async<T> {
        Executor executor = co_await asio::this_coro::executor;
        Node node(executor, given...);
        auto [near, far] = make_pipe(executor);
        std::optional<Result<T>> answer;
        auto both = [&, &stream = near, &other = far](TaskGroup& group) -> Task<void> {
            group.spawn(serve_node(node, std::move(other), service));
            auto talking = talk(*stream);
            answer = co_await std::move(talking);
            stream->close();
            auto ending = group.join();
            co_await std::move(ending);
        };
        auto work = as_result(scope(4, std::move(both)));
        auto limited = within(std::chrono::seconds(10), std::move(work));
        auto outcome = co_await std::move(limited);
        EXPECT_TRUE(outcome) << "the connection did not come to its end";
        if (!outcome) co_return tl::unexpected<Error>(std::move(outcome.error()));
        co_return std::move(*answer);
    };
    return run_test(main(std::move(root), std::move(peer), std::move(settings)...));
}

/// What comes back for `sent`, after which this side says no more.
inline Async<Bytes> send_and_read(ByteStream& stream, Bytes sent) {
    auto writing = stream.write(sent);
    (void)co_await std::move(writing);
    stream.shutdown_write();
    auto reading = read_to_end(stream);
    co_return co_await std::move(reading);
}

/// How many whole frames these bytes are; bytes behind the last are a failure.
inline std::size_t count_frames(BytesView bytes, bool partial_end = false) {
    detail::FrameInput frames{Limits()};
    frames.feed(bytes);
    std::size_t count = 0;
    for (auto frame = frames.next(); frame && *frame; frame = frames.next()) ++count;
    EXPECT_TRUE(partial_end || !frames.partial()) << to_hex(bytes);
    return count;
}

/// Plays `lines` up to the one with byte `at` of all that is sent. From there on what is left is sent at
/// once, without anything from that byte on, or (`change` is not 0) with that byte changed; then the end.
/// Gives what still comes back.
inline Async<Bytes> play_damaged(ByteStream& stream, std::vector<VectorLine> lines, std::size_t at,
                                 int change) {
    auto line = lines.begin();
    for (std::size_t left = at;; ++line) {
        std::size_t bytes = line->direction == '>' ? hex_bytes(line->text).size() : 0;
        if (bytes > left) break;
        left -= bytes;
    }
    std::vector<VectorLine> before(lines.begin(), line), after(line, lines.end());
    Bytes rest = bytes_of(after, '>');
    at -= bytes_of(before, '>').size();
    if (change == 0) rest.resize(at);
    if (change != 0) rest[at] ^= static_cast<std::uint8_t>(change);
    auto playing = play(stream, std::move(before));
    SONM_CO_TRY(bool played, co_await std::move(playing));
    if (!played) co_return fail(Errc::corrupt, "the bytes before the damage are not answered");
    auto sending = send_and_read(stream, std::move(rest));
    co_return co_await std::move(sending);
}

/// Runs all of it against a fresh Node each time: every byte cut off, and changed in each of these ways.
/// `judge(at, change, what came back)`.
template <class Node, class Judge, class... Settings>
void damage_everywhere(std::string root, const std::vector<VectorLine>& lines, std::vector<int> changes,
                       Judge judge, Settings... settings) {
    std::size_t size = bytes_of(lines, '>').size();
    for (std::size_t at = 0; at < size; ++at) {
        for (int change : changes) {
            auto peer = [&](ByteStream& stream) { return play_damaged(stream, lines, at, change); };
            auto answer = talk_to<Node, Bytes>(root, peer, settings...);
            ASSERT_TRUE(answer) << at << " ^ " << change << ": " << answer.error().message();
            judge(at, change, *answer);
            if (::testing::Test::HasFailure()) {
                ADD_FAILURE() << "byte " << at << " ^ " << change;
                return;
            }
        }
    }
}

}  // namespace sonm::rpc::testing
