#include "sonm/rpc/testing.hpp"

#include <set>

/// The bytes that existing clients exchange, and what a session does when they are damaged.
namespace sonm::rpc {
namespace {

using Blob = std::string;
struct Storage
    : Protocol<"storage", 1,
               Call<0, "read", Args<Arg<"collection", std::string>, Arg<"key", std::string>>, Returns<Blob>>,
               Call<1, "write",
                    Args<Arg<"collection", std::string>, Arg<"key", std::string>, Arg<"blob", Blob>,
                         Arg<"tags", std::optional<std::vector<std::string>>>>>,
               Call<2, "remove", Args<Arg<"collection", std::string>, Arg<"key", std::string>>>,
               Call<3, "find", Args<Arg<"collection", std::string>, Arg<"tags", std::vector<std::string>>>,
                    Returns<std::vector<std::string>>>> {};

struct MemoryStorage : Service<Storage> {
    struct Entry {
        Blob blob;
        std::set<std::string> tags;
    };
    std::map<std::pair<std::string, std::string>, Entry> entries;

    MemoryStorage() {
        on<"read">([this](const Context&, std::string collection, std::string key) -> Result<Blob> {
            auto found = entries.find({collection, key});
            if (found == entries.end())
                return fail(std::make_error_code(std::errc::no_such_file_or_directory),
                            "/{}/{}: No such file or directory", collection, key);
            return found->second.blob;
        });
        on<"write">([this](const Context&, std::string collection, std::string key, Blob blob,
                           std::optional<std::vector<std::string>> tags) -> Result<void> {
            Entry entry{std::move(blob), {}};
            if (tags) entry.tags.insert(tags->begin(), tags->end());
            entries[{collection, key}] = std::move(entry);
            return Result<void>();
        });
        on<"remove">([this](const Context&, std::string collection, std::string key) -> Result<void> {
            entries.erase({collection, key});
            return Result<void>();
        });
        on<"find">([this](const Context&, std::string collection,
                          std::vector<std::string> tags) -> Result<std::vector<std::string>> {
            std::vector<std::string> keys;
            for (auto& [where, entry] : entries) {
                bool all = where.first == collection && !tags.empty();
                for (auto& tag : tags) all = all && entry.tags.contains(tag);
                if (all) keys.push_back(where.second);
            }
            return keys;
        });
    }
};

struct App : Protocol<"app", 1,
                      PlainStream<0, "enqueue", Args<Arg<"event", std::string>>, Items<std::string>,
                                  Items<std::string>>> {};

Async<void> answer_event(Context, std::string event, Source<std::string> in, Sink<std::string> out) {
    while (true) {
        SONM_CO_TRY(std::optional<std::string> chunk, co_await in.next());
        if (!chunk) co_return Result<void>();
        SONM_CO_CHECK(co_await out.write((event == "ping" ? "pong:" : "?:") + *chunk));
    }
}

class Node {
public:
    explicit Node(const Executor& executor) : server_(executor, options()) {
        app_.on<"enqueue">(answer_event);
        server_.add(storage_);
        server_.add(app_);
    }
    Server& server() { return server_; }

private:
    static ServerOptions options() {
        ServerOptions options;
        options.advertise = {HostPort{"127.0.0.1", 41283}};
        return options;
    }
    MemoryStorage storage_;
    Service<App> app_;
    Server server_;
};

class Vectors : public ::testing::TestWithParam<const char*> {
protected:
    std::string file() const { return std::string(GetParam()) + ".txt"; }
    std::string root() const { return std::string(GetParam()) == "locator" ? "" : GetParam(); }
    Bytes callers_bytes() const { return testing::bytes_of(testing::read_vectors(file()), '>'); }
};

TEST_P(Vectors, a_client_that_speaks_them_gets_the_expected_bytes) {
    auto lines = testing::read_vectors(file());
    auto peer = [lines](ByteStream& stream) { return testing::play(stream, lines); };
    auto played = testing::talk_to<Node, bool>(root(), peer);
    ASSERT_TRUE(played) << played.error().message();
    EXPECT_TRUE(*played);
}

TEST_P(Vectors, cut_off_after_any_byte_they_end_the_session_cleanly) {
    Bytes whole = callers_bytes();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        auto peer = [part](ByteStream& stream) { return testing::send_and_read(stream, part); };
        ASSERT_TRUE((testing::talk_to<Node, Bytes>(root(), peer))) << length;
    }
}

TEST_P(Vectors, with_any_byte_changed_they_get_whole_frames_or_a_clean_end) {
    Bytes whole = callers_bytes();
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (std::uint8_t change : {0x01, 0x40, 0x80, 0xff}) {
            Bytes changed = whole;
            changed[at] ^= change;
            auto peer = [changed](ByteStream& stream) { return testing::send_and_read(stream, changed); };
            auto answer = testing::talk_to<Node, Bytes>(root(), peer);
            ASSERT_TRUE(answer) << at;
            // Whatever came back is a sequence of whole frames.
            detail::FrameInput frames{Limits()};
            frames.feed(*answer);
            for (auto frame = frames.next(); frame && *frame; frame = frames.next()) {}
            EXPECT_FALSE(frames.partial()) << at << ": " << to_hex(*answer);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Slave, Vectors, ::testing::Values("locator", "storage", "app"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Headers, vectors_of_three_calls_with_stored_and_indexed_entries_decode) {
    HeaderTable table;
    std::vector<Header> expected, got;
    for (const auto& line : testing::read_vectors("headers.txt")) {
        std::string text = line.text;
        if (line.direction == '<') {
            auto space = text.find(' ', 1);
            expected.push_back(Header{text.substr(1, space - 1),
                                      std::string(as_text(testing::hex_bytes(text.substr(space))))});
        }
    }
    Bytes pending;
    auto decode = [&] {
        if (pending.empty()) return;
        Reader in(pending);
        auto headers = table.decode(in, in.array().value());
        ASSERT_TRUE(headers) << headers.error().message();
        EXPECT_TRUE(in.done());
        got.insert(got.end(), headers->begin(), headers->end());
        pending.clear();
    };
    for (const auto& line : testing::read_vectors("headers.txt")) {
        if (line.direction == '>')
            append(pending, testing::hex_bytes(line.text));
        else
            decode();
    }
    EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace sonm::rpc
