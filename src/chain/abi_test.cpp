#include "sonm/chain/abi.hpp"

#include "sonm/chain/revert.hpp"

#include <gtest/gtest.h>

namespace sonm::chain {
namespace {

// Examples of the Contract ABI Specification, "Examples" and "Use of Dynamic Types".
TEST(Abi, selector_of_the_specifications_examples) {
    EXPECT_EQ(to_hex(selector_of("baz(uint32,bool)")), "cdcd77c0");
    EXPECT_EQ(to_hex(selector_of("sam(bytes,bool,uint256[])")), "a5643bf2");
}

TEST(Abi, dynamic_values_go_behind_the_others) {
    // sam("dave", true, [1,2,3])
    Encoder list;
    list.uint(1).uint(2).uint(3);
    Encoder call;
    call.text("dave").boolean(true).array(3, list);
    EXPECT_EQ(to_hex(call.finish(selector_of("sam(bytes,bool,uint256[])"))),
              "a5643bf2"
              "0000000000000000000000000000000000000000000000000000000000000060"
              "0000000000000000000000000000000000000000000000000000000000000001"
              "00000000000000000000000000000000000000000000000000000000000000a0"
              "0000000000000000000000000000000000000000000000000000000000000004"
              "6461766500000000000000000000000000000000000000000000000000000000"
              "0000000000000000000000000000000000000000000000000000000000000003"
              "0000000000000000000000000000000000000000000000000000000000000001"
              "0000000000000000000000000000000000000000000000000000000000000002"
              "0000000000000000000000000000000000000000000000000000000000000003");
}

TEST(Abi, nested_dynamic_arrays_come_back) {
    // g(uint256[][],string[]) with ([[1, 2], [3]], ["one", "two", "three"])
    Encoder first, second, outer, texts, all;
    first.uint(1).uint(2);
    second.uint(3);
    outer.array(2, first).array(1, second);
    texts.text("one").text("two").text("three");
    all.array(2, outer).array(3, texts);
    Bytes data = all.finish();
    EXPECT_EQ(data.size(), 20u * 32);

    Decoder decoder(data);
    auto rows = decoder.array(1);
    ASSERT_EQ(rows.count, 2u);
    auto a = rows.elements.array(1);
    ASSERT_EQ(a.count, 2u);
    EXPECT_EQ(a.elements.u64(), 1u);
    EXPECT_EQ(a.elements.u64(), 2u);
    auto b = rows.elements.array(1);
    ASSERT_EQ(b.count, 1u);
    EXPECT_EQ(b.elements.u64(), 3u);
    auto c = decoder.array(1);
    ASSERT_EQ(c.count, 3u);
    EXPECT_EQ(c.elements.text(), "one");
    EXPECT_EQ(c.elements.text(), "two");
    EXPECT_EQ(c.elements.text(), "three");
    EXPECT_TRUE(decoder.finish());
}

TEST(Abi, static_values_come_back) {
    Address address{{1, 2, 3}};
    Hash hash{{4, 5}};
    Bytes data = Encoder().uint(u256_max).boolean(true).address(address).hash(hash).uint(3).finish();
    Decoder decoder(data);
    EXPECT_TRUE(decoder.uint(256) == u256_max);
    EXPECT_TRUE(decoder.boolean());
    EXPECT_EQ(decoder.address(), address);
    EXPECT_EQ(decoder.hash(), hash);
    EXPECT_EQ(decoder.u64(40), 3u);
    EXPECT_TRUE(decoder.finish());
}

TEST(Abi, cut_data_is_refused_and_reads_as_zero) {
    Bytes data = Encoder().uint(7).finish();
    data.pop_back();
    Decoder decoder(data);
    EXPECT_EQ(decoder.u64(), 0u);
    auto done = decoder.finish();
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().is(ChainErrc::bad_encoding));
}

TEST(Abi, a_number_too_large_for_its_type_is_refused) {
    Bytes data = Encoder().uint(U256(1) << 96).uint(2).finish();
    Decoder decoder(data);
    EXPECT_TRUE(decoder.uint(96) == 0);
    EXPECT_FALSE(decoder.ok());
    Decoder boolean(BytesView(data).subspan(32));
    boolean.boolean();
    EXPECT_FALSE(boolean.ok());
}

TEST(Abi, an_offset_or_a_length_that_points_outside_is_refused) {
    for (U256 offset : {U256(64), U256(31), u256_max, U256(1) << 64}) {
        Bytes data = Encoder().uint(offset).uint(4).finish();
        Decoder decoder(data);
        EXPECT_TRUE(decoder.bytes().empty());
        EXPECT_FALSE(decoder.ok());
    }
    Bytes data = Encoder().uint(32).uint(u256_max).finish();
    Decoder length(data);
    (void)length.text();
    EXPECT_FALSE(length.ok());
    Decoder count(data);
    EXPECT_EQ(count.array(1).count, 0u);
    EXPECT_FALSE(count.ok());
}

TEST(Abi, an_array_that_uses_the_same_bytes_again_and_again_is_refused) {
    // 100 elements that all point to one string.
    Encoder elements;
    for (int i = 0; i < 100; ++i) elements.uint(100 * 32);
    elements.uint(1000);
    elements.fixed({});
    Bytes body = elements.finish();
    body.resize(body.size() + 1000, 0);
    Bytes data = to_bytes(BytesView(to_word(32)));
    append(data, to_word(100));
    append(data, body);
    Decoder decoder(data);
    auto array = decoder.array(1);
    std::size_t total = 0;
    for (std::size_t i = 0; i < array.count; ++i) total += array.elements.bytes().size();
    EXPECT_FALSE(decoder.ok());
    EXPECT_LE(total, data.size());
}

TEST(Abi, an_enumerator_that_does_not_exist_is_refused) {
    enum class Color { red, green };
    Bytes data = Encoder().uint(1).uint(2).finish();
    Decoder decoder(data);
    EXPECT_EQ(decoder.enumeration(Color::green), Color::green);
    (void)decoder.enumeration(Color::green);
    EXPECT_FALSE(decoder.ok());
}

TEST(Revert, what_solidity_says_itself_is_put_into_words) {
    Bytes said = Encoder().text("no way").finish(selector_of("Error(string)"));
    EXPECT_EQ(standard_revert(said), "no way");
    Bytes panicked = Encoder().uint(0x11).finish(selector_of("Panic(uint256)"));
    EXPECT_EQ(standard_revert(panicked), "a number in the contract overflowed");
    said.resize(40);
    EXPECT_EQ(standard_revert(said), std::nullopt);
    EXPECT_EQ(standard_revert({}), std::nullopt);
}

}  // namespace
}  // namespace sonm::chain
