#include "sonm/rpc/headers.hpp"

#include <gtest/gtest.h>

namespace sonm::rpc {
namespace {

Result<std::vector<Header>> decode(HeaderTable& table, std::string_view hex) {
    Bytes bytes = parse_hex(hex).value();
    Reader in(bytes);
    std::size_t count = in.array().value();
    return table.decode(in, count);
}

/// One entry with store=true, name "n", and a value of that many bytes.
Bytes stored(std::size_t value_bytes) {
    Bytes bytes;
    Writer out(bytes);
    out.array(3);
    out.boolean(true);
    out.raw("n");
    out.raw(std::string(value_bytes, 'v'));
    return bytes;
}
Result<std::vector<Header>> store(HeaderTable& table, std::size_t value_bytes) {
    Bytes bytes = stored(value_bytes);
    Reader in(bytes);
    return table.decode(in, 1);
}

TEST(Headers, static_entries_have_the_names_and_values_of_the_table) {
    HeaderTable table;
    auto headers = decode(table, "960102102350cc51").value();
    std::vector<Header> expected{{":authority", ""},
                                 {":method", "GET"},
                                 {"accept-encoding", "gzip, deflate"},
                                 {"expect", ""},
                                 {"trace_id", std::string(8, '\0')},
                                 {"span_id", std::string(8, '\0')}};
    EXPECT_EQ(headers, expected);
    EXPECT_EQ(decode(table, "913d").value()[0].name, "www-authenticate");
    EXPECT_EQ(decode(table, "914f").value()[0].name, "");
    EXPECT_EQ(decode(table, "91cf0000000000000052").value()[0].name, "parent_id");
}

TEST(Headers, indices_outside_the_tables_are_refused) {
    for (const char* hex : {"9100", "9153", "91ccff", "91cfffffffffffffffff"}) {
        HeaderTable table;
        EXPECT_FALSE(decode(table, hex)) << hex;
    }
}

TEST(Headers, entries_of_another_shape_are_refused) {
    for (const char* hex : {"91c0", "91a161", "9190", "9193c2a161", "9192c2a161", "9193c0a161a162",
                            "9193c2c0a162", "9193c2a16105", "9194c2a161a162c0", "91ff"}) {
        HeaderTable table;
        EXPECT_FALSE(decode(table, hex)) << hex;
    }
}

TEST(Headers, a_full_table_drops_its_oldest_entries) {
    HeaderTable table;
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(store(table, 67));  // 100 bytes each
    EXPECT_EQ(table.dynamic_count(), 40u);
    EXPECT_EQ(table.dynamic_bytes(), 4000u);
    ASSERT_TRUE(store(table, 4063));  // exactly the whole table
    EXPECT_EQ(table.dynamic_count(), 1u);
    EXPECT_EQ(table.dynamic_bytes(), HeaderTable::bytes_max);
    ASSERT_TRUE(store(table, 4064));  // too big: only empties it
    EXPECT_EQ(table.dynamic_count(), 0u);
}

TEST(Headers, many_references_to_one_large_entry_are_bounded) {
    HeaderTable table;
    ASSERT_TRUE(store(table, 4000));
    Bytes bytes;
    Writer out(bytes);
    for (int i = 0; i < 1000; ++i) out.uint(83);
    Reader in(bytes);
    auto headers = table.decode(in, 1000);
    ASSERT_FALSE(headers);
    EXPECT_TRUE(headers.error().is(Errc::too_large));
}

TEST(Headers, what_is_encoded_decodes_and_stores_nothing) {
    std::vector<Header> headers{{"trace_id", std::string(8, '\1')}, {"authorization", "TVM x"}};
    Bytes bytes;
    Writer out(bytes);
    pack_headers(out, headers);
    HeaderTable table;
    Reader in(bytes);
    EXPECT_EQ(table.decode(in, in.array().value()).value(), headers);
    EXPECT_EQ(table.dynamic_count(), 0u);
}

}  // namespace
}  // namespace sonm::rpc
