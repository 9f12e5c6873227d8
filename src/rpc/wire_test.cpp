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

/// Answers with the headers that a call came with.
struct Mirror
    : Protocol<"headers", 1, Call<0, "look", Args<>, Returns<std::vector<std::pair<std::string, Bytes>>>>> {};

class Node {
public:
    explicit Node(const Executor& executor) : server_(executor, options()) {
        app_.on<"enqueue">(answer_event);
        mirror_.on<"look">([](const Context& who) -> Result<std::vector<std::pair<std::string, Bytes>>> {
            std::vector<std::pair<std::string, Bytes>> seen;
            for (const Header& header : who.headers())
                seen.emplace_back(header.name, to_bytes(as_bytes(header.value)));
            return seen;
        });
        server_.add(mirror_);
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
    Service<Mirror> mirror_;
    Server server_;
};

/// The header arrays of headers.txt, each on a call of its own, and the answers of Mirror.
std::vector<testing::VectorLine> calls_with_headers() {
    std::vector<testing::VectorLine> out;
    std::vector<std::pair<std::string, Bytes>> expected;
    auto answer = [&] {
        if (expected.empty()) return;
        Bytes frame{0x93, static_cast<std::uint8_t>(out.size() / 2 + 1), 0};
        Writer writer(frame);
        writer.array(1);
        Codec<decltype(expected)>::pack(writer, expected);
        out.push_back({'<', to_hex(frame)});
        expected.clear();
    };
    for (const auto& line : testing::read_vectors("headers.txt")) {
        if (line.direction == '<') {
            auto space = line.text.find(' ', 1);
            expected.emplace_back(line.text.substr(1, space - 1),
                                  testing::hex_bytes(line.text.substr(space)));
            continue;
        }
        answer();
        if (out.size() % 2 == 0) out.push_back({'>', fmt::format("94 {:02x} 00 90", out.size() / 2 + 1)});
        out.back().text += line.text;
    }
    answer();
    return out;
}

class Vectors : public ::testing::TestWithParam<const char*> {
protected:
    std::string name() const { return GetParam(); }
    std::string root() const { return name() == "locator" ? "" : name(); }
    std::vector<testing::VectorLine> lines() const {
        return name() == "headers" ? calls_with_headers() : testing::read_vectors(name() + ".txt");
    }
};

TEST_P(Vectors, a_client_that_speaks_them_gets_the_expected_bytes) {
    auto said = lines();
    auto peer = [said](ByteStream& stream) { return testing::play(stream, said); };
    auto played = testing::talk_to<Node, bool>(root(), peer);
    ASSERT_TRUE(played) << played.error().message();
    EXPECT_TRUE(*played);
}

TEST_P(Vectors, cut_off_after_any_byte_they_are_answered_up_to_there_and_the_session_ends) {
    auto judge = [&](std::size_t, int, const Bytes& answer) {
        // An app has a chunk to answer as soon as it comes; a call nothing before its last byte.
        EXPECT_LE(testing::count_frames(answer), name() == "app" ? 2u : 0u);
    };
    testing::damage_everywhere<Node>(root(), lines(), {0}, judge);
}

TEST_P(Vectors, with_any_byte_changed_they_are_answered_up_to_there_and_then_with_whole_frames) {
    std::size_t all = testing::count_frames(testing::bytes_of(lines(), '<'));
    auto judge = [&](std::size_t, int, const Bytes& answer) {
        EXPECT_LE(testing::count_frames(answer), all);
    };
    testing::damage_everywhere<Node>(root(), lines(), {0x01, 0x40, 0x80, 0xff}, judge);
}

INSTANTIATE_TEST_SUITE_P(Slave, Vectors, ::testing::Values("locator", "storage", "app", "headers"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace sonm::rpc
