#include "sonm/rpc/msgpack.hpp"

#include "sonm/rpc/pack.hpp"

#include <gtest/gtest.h>
#include <msgpack.hpp>

#include <random>

namespace sonm::rpc {
namespace {

std::string hex_of(auto write) {
    Bytes bytes;
    Writer out(bytes);
    write(out);
    return to_hex(bytes);
}
Bytes bytes_of(std::string_view hex) { return parse_hex(hex).value(); }

TEST(Msgpack, strings_of_every_length_use_the_old_raw_family_only) {
    EXPECT_EQ(hex_of([](Writer& w) { w.raw("abc"); }), "a3616263");
    EXPECT_EQ(hex_of([](Writer& w) { w.raw(std::string(42, 'x')); }).substr(0, 6), "da002a");
    EXPECT_EQ(hex_of([](Writer& w) { w.raw(std::string(300, 'x')); }).substr(0, 6), "da012c");
    EXPECT_EQ(hex_of([](Writer& w) { w.raw(std::string(70'000, 'x')); }).substr(0, 10), "db00011170");
}

TEST(Msgpack, bytes_of_every_family_read_as_raw) {
    for (const char* hex : {"a3616263", "d903616263", "da0003616263", "db00000003616263", "c403616263",
                            "c50003616263", "c600000003616263"}) {
        Bytes bytes = bytes_of(hex);
        Reader in(bytes);
        EXPECT_EQ(as_text(in.raw().value()), "abc") << hex;
        EXPECT_TRUE(in.done());
    }
}

TEST(Msgpack, integers_that_are_longer_than_needed_are_read) {
    for (const char* hex : {"05", "cc05", "cd0005", "ce00000005", "cf0000000000000005", "d005", "d10005",
                            "d200000005", "d30000000000000005"}) {
        Bytes bytes = bytes_of(hex);
        EXPECT_EQ(Reader(bytes).uint().value(), 5u) << hex;
        EXPECT_EQ(Reader(bytes).sint().value(), 5) << hex;
    }
    for (const char* hex : {"ff", "d0ff", "d1ffff", "d2ffffffff", "d3ffffffffffffffff"}) {
        Bytes bytes = bytes_of(hex);
        EXPECT_EQ(Reader(bytes).sint().value(), -1) << hex;
        EXPECT_FALSE(Reader(bytes).uint()) << hex;
    }
}

TEST(Msgpack, wrong_types_name_what_was_expected_and_found) {
    Bytes bytes = bytes_of("a161");
    EXPECT_EQ(Reader(bytes).uint().error().context, "expected an integer, found bytes");
    EXPECT_EQ(Reader(bytes).map().error().context, "expected a map, found bytes");
    Bytes ext = bytes_of("c1");
    EXPECT_EQ(Reader(ext).raw().error().context, "expected bytes, found the byte 0xc1, which means nothing");
}

TEST(Msgpack, counts_that_exceed_the_bytes_are_refused_before_memory_is_taken) {
    for (const char* hex : {"ddffffffff00", "dfffffffff0000", "dbffffffff61"}) {
        Bytes bytes = bytes_of(hex);
        EXPECT_FALSE(Reader(bytes).array() || Reader(bytes).map() || Reader(bytes).raw()) << hex;
    }
}

/// A random value, written by both writers.
void random_value(std::mt19937_64& random, Writer& ours, msgpack::packer<msgpack::sbuffer>& theirs,
                  int depth) {
    switch (random() % (depth > 3 ? 6 : 8)) {
        case 0:
            ours.nil();
            theirs.pack_nil();
            break;
        case 1:
            ours.boolean(true);
            theirs.pack_true();
            break;
        case 2: {
            std::uint64_t value = random() >> random() % 64;
            ours.uint(value);
            theirs.pack_uint64(value);
            break;
        }
        case 3: {
            std::int64_t value = -static_cast<std::int64_t>(random() >> (1 + random() % 63));
            ours.sint(value);
            theirs.pack_int64(value);
            break;
        }
        case 4:
            ours.real(1.0 / static_cast<double>(random() | 1));
            theirs.pack_nil();
            break;
        case 5: {
            std::string text(random() % 80, 'r');
            ours.raw(text);
            theirs.pack_v4raw(static_cast<std::uint32_t>(text.size()));
            theirs.pack_v4raw_body(text.data(), static_cast<std::uint32_t>(text.size()));
            break;
        }
        case 6: {
            std::size_t count = random() % 20;
            ours.array(count);
            theirs.pack_array(static_cast<std::uint32_t>(count));
            for (std::size_t i = 0; i < count; ++i) random_value(random, ours, theirs, depth + 1);
            break;
        }
        default: {
            std::size_t count = random() % 18;
            ours.map(count);
            theirs.pack_map(static_cast<std::uint32_t>(count));
            for (std::size_t i = 0; i < 2 * count; ++i) random_value(random, ours, theirs, depth + 1);
        }
    }
}

TEST(Msgpack, random_values_are_written_as_the_library_writes_them_and_scanned_to_their_end) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 2000; ++round) {
        Bytes bytes;
        Writer ours(bytes);
        msgpack::sbuffer buffer;
        msgpack::packer<msgpack::sbuffer> theirs(buffer);
        auto state = random;
        random_value(random, ours, theirs, 0);
        (void)state;
        auto object = msgpack::unpack(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        // Reals are written by us only: compare as the library reads and writes them again.
        std::size_t offset = 0;
        (void)msgpack::unpack(reinterpret_cast<const char*>(bytes.data()), bytes.size(), offset);
        EXPECT_EQ(offset, bytes.size());
        if (as_text(bytes).find('\xcb') == std::string_view::npos)
            EXPECT_EQ(as_text(bytes), std::string_view(buffer.data(), buffer.size()));
        Scanner scanner{Scanner::Limits()};
        EXPECT_EQ(scanner.scan(bytes), Scanner::State::complete);
        EXPECT_EQ(scanner.length(), bytes.size());
        // In pieces: every prefix says "more", and nothing is looked at twice.
        Scanner slow{Scanner::Limits()};
        for (std::size_t length = 0; length < bytes.size(); ++length)
            ASSERT_EQ(slow.scan(BytesView(bytes).first(length)), Scanner::State::more);
        EXPECT_EQ(slow.scan(bytes), Scanner::State::complete);
        EXPECT_EQ(slow.length(), bytes.size());
        Reader in(bytes);
        EXPECT_EQ(in.skip().value().size(), bytes.size());
    }
}

TEST(Msgpack, a_scanner_refuses_too_many_bytes_elements_and_levels) {
    Scanner::Limits limits;
    limits.bytes_max = 10;
    limits.elements_max = 4;
    limits.depth_max = 2;
    auto scan = [&](std::string_view hex) {
        Bytes bytes = bytes_of(hex);
        return Scanner(limits).scan(bytes);
    };
    EXPECT_EQ(scan("a9616161616161616161"), Scanner::State::complete);
    EXPECT_EQ(scan("aa61616161616161616161"), Scanner::State::too_large);
    EXPECT_EQ(scan("aa"), Scanner::State::too_large) << "known from the head alone";
    EXPECT_EQ(scan("9400000000"), Scanner::State::complete);
    EXPECT_EQ(scan("95"), Scanner::State::too_large);
    EXPECT_EQ(scan("9191c0"), Scanner::State::complete);
    EXPECT_EQ(scan("919191c0"), Scanner::State::too_large);
    EXPECT_EQ(scan("c1"), Scanner::State::malformed);
    EXPECT_EQ(scan("dfffffffff"), Scanner::State::too_large);
}

enum class Colour : std::uint8_t { red, green };
struct Point {
    std::int32_t x = 0, y = 0;
    std::string name = "unnamed";
    bool operator==(const Point&) const = default;
};

}  // namespace

template <>
inline constexpr auto enum_max<Colour> = Colour::green;
template <>
struct Fields<Point> {
    static constexpr auto list =
        fields(field<"x">(&Point::x), field<"y">(&Point::y), field<"name">(&Point::name));
};

namespace {

template <class T>
void expect_round_trip(const T& value) {
    Bytes bytes;
    Writer out(bytes);
    pack(out, value);
    Reader in(bytes);
    auto back = unpack<T>(in);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_TRUE(*back == value);
    EXPECT_TRUE(in.done());
}

TEST(Pack, values_of_every_travelling_type_come_back_unchanged) {
    expect_round_trip(true);
    expect_round_trip(std::uint8_t(255));
    expect_round_trip(std::int64_t(-5'000'000'000));
    expect_round_trip(1.5);
    expect_round_trip(std::string(100, 'a'));
    expect_round_trip(Bytes{0, 1, 2});
    expect_round_trip(FixedBytes<4>{1, 2, 3, 4});
    expect_round_trip(u256_max);
    expect_round_trip(Tokens(U256(7)));
    expect_round_trip(UnixTime(1'700'000'000));
    expect_round_trip(crypto::Address{{1, 2, 3}});
    expect_round_trip(std::optional<std::string>());
    expect_round_trip(std::optional<std::string>("x"));
    expect_round_trip(std::vector<std::pair<std::string, std::uint16_t>>{{"a", 1}, {"b", 2}});
    expect_round_trip(std::map<std::string, std::vector<int>>{{"a", {1, -2}}, {"b", {}}});
    expect_round_trip(std::tuple<int, std::string, Colour>{1, "x", Colour::green});
    expect_round_trip(Point{-1, 2, "p"});
}

TEST(Pack, a_struct_of_an_older_peer_keeps_defaults_and_one_of_a_newer_peer_is_cut) {
    Bytes older = bytes_of("920102");
    Reader in(older);
    EXPECT_EQ(unpack<Point>(in).value(), (Point{1, 2, "unnamed"}));
    Bytes newer = bytes_of("940102a17093c0c0c0");
    Reader more(newer);
    EXPECT_EQ(unpack<Point>(more).value(), (Point{1, 2, "p"}));
    EXPECT_TRUE(more.done());
}

TEST(Pack, wrong_values_are_refused_with_the_name_of_the_field) {
    Bytes bytes = bytes_of("9201a161");
    Reader in(bytes);
    EXPECT_EQ(unpack<Point>(in).error().context, "y: expected an integer, found bytes");
    Bytes colour = bytes_of("02");
    Reader wrong(colour);
    EXPECT_FALSE(unpack<Colour>(wrong));
    Bytes wide = bytes_of("cd0100");
    Reader narrow(wide);
    EXPECT_FALSE(unpack<std::uint8_t>(narrow));
}

}  // namespace
}  // namespace sonm::rpc
