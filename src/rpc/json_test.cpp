#include "sonm/rpc/json_call.hpp"
#include "sonm/rpc/rpc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// What JSON becomes on the wire and back, and calls by name.
namespace sonm::rpc {
namespace {

using ::testing::HasSubstr;

enum class Colour : std::uint8_t { red, green };
std::string_view to_string(Colour colour) { return colour == Colour::red ? "red" : "green"; }

struct Inner {
    std::string name;
    std::optional<std::uint32_t> count;
    bool flag = false;
};
struct Everything {
    std::int8_t small = 0;
    std::uint64_t large = 0;
    double real = 0;
    Bytes bytes;
    crypto::Address address;
    Tokens money{};
    Colour colour{};
    std::vector<Inner> list;
    std::map<std::string, std::int32_t> map;
    std::pair<std::string, bool> pair;
    Encoded any{Bytes{0xc0}};
};

}  // namespace

template <>
inline constexpr auto enum_max<Colour> = Colour::green;
template <>
struct Fields<Inner> {
    static constexpr auto list =
        fields(field<"name">(&Inner::name), field<"count">(&Inner::count), field<"flag">(&Inner::flag));
};
template <>
struct Fields<Everything> {
    static constexpr auto list = fields(
        field<"small">(&Everything::small), field<"large">(&Everything::large),
        field<"real">(&Everything::real), field<"bytes">(&Everything::bytes),
        field<"address">(&Everything::address), field<"money">(&Everything::money),
        field<"colour">(&Everything::colour), field<"list">(&Everything::list),
        field<"map">(&Everything::map), field<"pair">(&Everything::pair), field<"any">(&Everything::any));
};

namespace {

template <class T>
std::string round_trip(std::string_view text) {
    Bytes bytes;
    Writer out(bytes);
    auto json = parse_json(text);
    EXPECT_TRUE(json) << text;
    auto written = json_to_value(Describe<T>::info, *json, out);
    if (!written) return written.error().context;
    // What was written is what the type itself understands.
    Reader typed(bytes);
    auto value = unpack<T>(typed);
    EXPECT_TRUE(value) << value.error().message();
    EXPECT_TRUE(typed.done());
    Reader in(bytes);
    return to_text(value_to_json(Describe<T>::info, in).value());
}

TEST(Json, a_record_of_everything_comes_back_as_it_went) {
    std::string text =
        R"({"small":-128,"large":"18446744073709551615","real":1.5,"bytes":"AAH/",)"
        R"("address":"0x00112233445566778899aabbccddeeff00112233","money":"1000000000000000000000",)"
        R"("colour":"green","list":[{"name":"a","count":7,"flag":true},{"name":"b","count":null,"flag":false}],)"
        R"("map":{"x":-1,"y":2},"pair":["p",true],"any":{"deep":[1,-2,0.5,null,"t"]}})";
    EXPECT_EQ(round_trip<Everything>(text), text);
}

TEST(Json, other_spellings_are_understood) {
    EXPECT_EQ(round_trip<Tokens>("5"), "\"5\"");
    EXPECT_EQ(round_trip<Tokens>("\"0xff\""), "\"255\"");
    EXPECT_EQ(round_trip<Colour>("1"), "\"green\"");
    EXPECT_EQ(round_trip<std::int64_t>("\"-9223372036854775808\""), "\"-9223372036854775808\"");
    EXPECT_EQ(round_trip<std::uint64_t>("9007199254740991"), "9007199254740991");
    EXPECT_EQ(round_trip<Bytes>(R"({"$text":"hello"})"), "\"aGVsbG8=\"");
    EXPECT_EQ(round_trip<std::string>(R"({"$base64":"/w=="})"), R"({"$base64":"/w=="})");
    EXPECT_EQ(round_trip<Inner>(R"(["by place"])"), R"({"name":"by place"})");
    EXPECT_EQ(round_trip<double>("\"Infinity\""), "\"Infinity\"");
    EXPECT_EQ((round_trip<std::map<std::uint32_t, std::string>>(R"([[1,"a"],[2,"b"]])")),
              R"({"1":"a","2":"b"})");
}

TEST(Json, mistakes_are_refused_with_the_place_where_they_are) {
    EXPECT_THAT(round_trip<Everything>(R"({"small":128})"), HasSubstr("small: the number is out of range"));
    EXPECT_THAT(round_trip<Everything>(R"({"smal":1})"),
                HasSubstr("\"smal\" is not known here; known are: small"));
    EXPECT_THAT(round_trip<Everything>(R"({"large":1})"), HasSubstr("small is missing"));
    EXPECT_THAT(round_trip<std::vector<Inner>>(R"([{"name":"a"},{"name":1}])"),
                HasSubstr("[1]: name: expected text, found a number"));
    EXPECT_THAT(round_trip<Bytes>("\"hello\""), HasSubstr("$text"));
    EXPECT_THAT(round_trip<Bytes>("\"AA=A\""), HasSubstr("not base64"));
    EXPECT_THAT(round_trip<crypto::Address>("\"0x00\""), HasSubstr("expected 20 bytes of hex, found 1"));
    EXPECT_THAT(round_trip<Colour>("\"blue\""), HasSubstr("expected one of red, green"));
    EXPECT_THAT(round_trip<Colour>("2"), HasSubstr("out of range"));
    EXPECT_THAT(round_trip<Tokens>("-1"), HasSubstr("expected Tokens, found a number"));
    EXPECT_THAT(round_trip<std::uint64_t>("1.5"), HasSubstr("expected u64"));
    EXPECT_FALSE(parse_json("{"));
    EXPECT_FALSE(parse_json(std::string(33, '[') + std::string(33, ']')));
    EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']')));
    EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
}

TEST(Json, what_is_no_json_on_the_wire_is_kept_apart) {
    auto any = [](const char* hex) {
        Bytes bytes = parse_hex(hex).value();
        Reader in(bytes);
        auto json = value_to_json(Describe<Encoded>::info, in);
        return json ? to_text(*json) : json.error().context;
    };
    EXPECT_EQ(any("81c0c3"), "[[null,true]]") << "a key that is no text";
    EXPECT_EQ(any("8201a161a13102"), R"([[1,"a"],["1",2]])") << "keys that would be one";
    EXPECT_EQ(any("8200a16101a162"), R"({"0":"a","1":"b"})");
    EXPECT_EQ(any("a1ff"), R"({"$base64":"/w=="})");
    EXPECT_EQ(any("a3eda080"), R"({"$base64":"7aCA"})") << "a surrogate";
}

#define SONM_SHOP_ERRORS(X) X(shut, 1, "the shop is shut")
SONM_ERROR_ENUM(ShopErrc, "shop", SONM_SHOP_ERRORS)

}  // namespace
}  // namespace sonm::rpc

SONM_REGISTER_ERROR_ENUM(sonm::rpc::ShopErrc)

namespace sonm::rpc {
namespace {

struct Shop
    : Protocol<
          "shop", 1, Errors<0x53f0, ShopErrc>,
          Call<0, "add", Args<Arg<"a", std::uint64_t>, Arg<"b", std::optional<std::uint64_t>>>,
               Returns<std::uint64_t>>,
          Call<1, "both", Args<Arg<"inner", Inner>>, Returns<std::string, bool>>,
          Notify<2, "tell", Args<Arg<"text", std::string>>>,
          ServerStream<3, "count", Args<Arg<"to", std::uint32_t>>, Items<std::uint32_t>>,
          ClientStream<4, "join", Args<>, Items<std::string>, Returns<std::string>>,
          Dialog<5, "talk", Args<>, State<Say<0, "ask", Args<Arg<"what", std::string>>, Same>, Say<1, "bye">>,
                 Streaming<std::string>>,
          Dialog<6, "peek", Args<Arg<"at", std::string>>, State<Say<0, "close">>,
                 Primitive<std::string, bool>>,
          Dialog<7, "total", Args<>, Streaming<std::int64_t>, Primitive<std::int64_t>>,
          PlainStream<8, "echo", Args<>, Items<std::string>, Items<std::string>>> {};

Async<void> count_to(Context, std::uint32_t to, Sink<std::uint32_t> out) {
    for (std::uint32_t i = 0; i < to; ++i) SONM_CO_CHECK(co_await out.write(i));
    co_return Result<void>();
}
Async<std::string> join(Context, Source<std::string> in) {
    std::string all;
    while (true) {
        SONM_CO_TRY(auto item, co_await in.next());
        if (!item) co_return all;
        all += *item;
    }
}
template <class T>
Async<void> answer(T talk) {
    while (true) {
        SONM_CO_TRY(auto said, co_await talk.hear());
        if (!said || said->template is<"bye">()) co_return Result<void>();
        SONM_CO_TRY(std::string what, said->template args<"ask">());
        SONM_CO_CHECK(co_await talk.template say<"write">("about " + what));
    }
}

template <class T>
Async<void> peek(std::string at, T talk) {
    if (at == "nowhere") co_return fail(Errc::not_found, "there is nothing at {}", at);
    if (at == "home") co_return fail(ShopErrc::shut, "at home");
    if (at == "never") {
        auto waiting = talk.hear();
        (void)co_await std::move(waiting);
        co_return Result<void>();
    }
    co_return co_await talk.template say<"value">("seen " + at, true);
}
template <class T>
Async<void> sum_up(T talk) {
    std::int64_t total = 0;
    while (true) {
        SONM_CO_TRY(auto said, co_await talk.hear());
        if (!said || !said->template is<"write">()) break;
        SONM_CO_TRY(std::int64_t number, said->template args<"write">());
        total += number;
    }
    co_return co_await talk.template say<"value">(total);
}
/// Sends back what comes; enough of it is an error.
Async<void> echo(Context, Source<std::string> in, Sink<std::string> out) {
    while (true) {
        SONM_CO_TRY(auto item, co_await in.next());
        if (!item) co_return Result<void>();
        if (*item == "enough") co_return fail(Errc::denied, "that was enough");
        SONM_CO_CHECK(co_await out.write(std::move(*item)));
    }
}

struct ShopService : Service<Shop> {
    std::string told;
    ShopService() {
        on<"add">(
            [](const Context&, std::uint64_t a, std::optional<std::uint64_t> b) -> Result<std::uint64_t> {
                if (a == 13) return fail(Errc::denied, "unlucky");
                return a + b.value_or(1);
            });
        on<"both">([](const Context&, Inner inner) -> Result<std::tuple<std::string, bool>> {
            return std::tuple(inner.name, inner.flag);
        });
        on<"tell">([this](const Context&, std::string text) -> Result<void> {
            told = text;
            return Result<void>();
        });
        on<"count">(count_to);
        on<"join">(join);
        on<"talk">([](Context, auto talk) { return answer(std::move(talk)); });
        on<"peek">([](Context, std::string at, auto talk) { return peek(std::move(at), std::move(talk)); });
        on<"total">([](Context, auto talk) { return sum_up(std::move(talk)); });
        on<"echo">(echo);
    }
};

Async<std::optional<Json>> give(std::optional<Json> item) { co_return std::move(item); }
Async<void> collect(JsonStream from, std::string& got) {
    while (true) {
        SONM_CO_TRY(auto item, co_await from.next());
        if (!item) co_return Result<void>();
        got += to_text(*item) + " ";
        if (has_one_answer(from.method())) co_return Result<void>();
    }
}
/// The items that come while these are sent, or the failure.
Task<std::string> all_of(Connection connection, const ProtocolInfo& protocol, const char* method,
                         const char* items) {
    auto stream = json_stream(connection, protocol, method, Json()).value();
    Json list = parse_json(items).value();
    std::string got;
    JsonItems source = [&list, at = std::size_t{0}]() mutable -> Async<std::optional<Json>> {
        return give(at < list.size() ? std::optional<Json>(list[at++]) : std::nullopt);
    };
    auto hear = [&got](JsonStream from) { return collect(std::move(from), got); };
    auto exchanging = json_exchange(std::move(stream), std::move(source), std::move(hear));
    auto outcome = co_await std::move(exchanging);
    co_return outcome ? got : outcome.error().message();
}

Task<void> check_calls() {
    ShopService service;
    Executor executor = co_await asio::this_coro::executor;
    auto inside = [&](TaskGroup& group) -> Task<void> {
        auto connection = connect_local(group, executor, service).value();
        const ProtocolInfo& shop = Shop::info();
        auto call = [&](const char* method, const char* args) -> Task<std::string> {
            Json json = parse_json(args).value();
            auto calling = json_call(connection, shop, method, std::move(json), Millis(1000));
            auto outcome = co_await std::move(calling);
            co_return outcome ? to_text(*outcome) : outcome.error().message();
        };
        EXPECT_EQ(co_await call("add", R"({"b":2,"a":1})"), "3");
        EXPECT_EQ(co_await call("add", "[4]"), "5");
        EXPECT_EQ(co_await call("both", R"({"inner":{"name":"n","count":null,"flag":true}})"),
                  R"(["n",true])");
        EXPECT_THAT(co_await call("add", "{}"), HasSubstr("add: a is missing"));
        EXPECT_THAT(co_await call("add", "[1,2,3]"), HasSubstr("3 values, 2 are expected"));
        EXPECT_THAT(co_await call("add", "[13]"), HasSubstr("unlucky"));
        EXPECT_THAT(co_await call("sub", "[]"), HasSubstr("it has: add, both"));
        EXPECT_THAT(co_await call("count", "[1]"), HasSubstr("of another kind"));

        EXPECT_TRUE(json_notify(connection, shop, "tell", Json::array({"hello"})));
        EXPECT_EQ(co_await call("add", "[1]"), "2");
        EXPECT_EQ(service.told, "hello");

        auto counting = json_stream(connection, shop, "count", Json::array({3})).value();
        for (const char* expected : {"0", "1", "2"}) {
            auto item = co_await counting.next();
            EXPECT_EQ(to_text(item.value().value()), expected);
        }
        EXPECT_FALSE((co_await counting.next()).value());

        auto joining = json_stream(connection, shop, "join", Json()).value();
        EXPECT_TRUE(co_await joining.write(Json("a")));
        EXPECT_TRUE(co_await joining.write(Json("b")));
        EXPECT_FALSE(co_await joining.write(Json(1)));
        joining.finish();
        EXPECT_EQ(to_text((co_await joining.next()).value().value()), "\"ab\"");

        auto talk = json_stream(connection, shop, "talk", Json()).value();
        Json ask = parse_json(R"({"ask":{"what":"x"}})").value();
        EXPECT_TRUE(co_await talk.write(ask));
        EXPECT_EQ(to_text((co_await talk.next()).value().value()), R"("about x")");
        Json bye = parse_json(R"({"bye":[]})").value();
        EXPECT_TRUE(co_await talk.write(bye));
        EXPECT_FALSE(co_await talk.write(bye)) << "said already";
        EXPECT_FALSE((co_await talk.next()).value());

        EXPECT_EQ(co_await call("peek", R"({"at":"x"})"), R"(["seen x",true])");
        EXPECT_THAT(co_await call("peek", R"(["nowhere"])"), HasSubstr("there is nothing at nowhere"));
        auto waiting = json_call(connection, shop, "peek", Json::array({"never"}), Millis(10));
        auto in_vain = co_await std::move(waiting);
        EXPECT_TRUE(in_vain.error().is(Errc::timeout));
        EXPECT_THAT(co_await call("peek", R"(["home"])"), HasSubstr("the shop is shut"));
        EXPECT_THAT(co_await call("total", "[]"), HasSubstr("of another kind"));

        auto exchange = [&](const char* method, const char* items) -> Task<std::string> {
            return all_of(connection, shop, method, items);
        };
        EXPECT_EQ(co_await exchange("total", "[1,2,-7]"), "-4 ");
        EXPECT_EQ(co_await exchange("total", "[]"), "0 ");
        EXPECT_THAT(co_await exchange("total", R"([1,"many"])"), HasSubstr("item 2: "));
        EXPECT_THAT(co_await exchange("total", R"([1,"99999999999999999999"])"), HasSubstr("item 2: "));
        EXPECT_EQ(co_await exchange("join", R"(["a","b"])"), "\"ab\" ");
        EXPECT_EQ(co_await exchange("echo", R"(["a","b"])"), R"("a" "b" )");
        EXPECT_THAT(co_await exchange("echo", R"(["a","enough","b","c"])"), HasSubstr("that was enough"));
        EXPECT_THAT(co_await exchange("echo", R"(["a",1])"), HasSubstr("item 2: "));
        EXPECT_THAT(co_await exchange("talk", R"([{"ask":["x"]},{"bye":[]}])"), R"("about x" )");
        EXPECT_THAT(co_await exchange("talk", R"(["x"])"), HasSubstr("expected one message"));
        EXPECT_THAT(co_await exchange("talk", R"([{"shout":[]}])"), HasSubstr("cannot be said now"));
    };
    auto work = scope(8, std::move(inside));
    co_await std::move(work);
}
TEST(Json, methods_of_every_shape_are_called_by_name) { run_test(check_calls()); }

}  // namespace
}  // namespace sonm::rpc
