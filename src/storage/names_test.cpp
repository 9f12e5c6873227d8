#include "sonm/storage/names.hpp"

#include "sonm/storage/record.hpp"

#include <gtest/gtest.h>

namespace sonm::storage {
namespace {

TEST(Names, FoldersSlashesZerosAndNothing_AreRefusedWithTheReason) {
    for (std::string bad : {std::string(""), std::string("."), std::string(".."), std::string("a/b"),
                            std::string("../../etc/passwd"), std::string("a\0b", 3)}) {
        auto checked = check_name("key", bad);
        ASSERT_FALSE(checked) << bad;
        EXPECT_TRUE(checked.error().is(Errc::invalid));
        EXPECT_NE(checked.error().context.find("key"), std::string::npos) << checked.error().context;
    }
    auto checked = check_name("key", std::string(10'000'000, 'x'));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().context, "the key has 10000000 bytes; at most 1024 are allowed");
    for (std::string good :
         {std::string("..."), std::string("a..b"), std::string("\\"), std::string(1024, 'x')})
        EXPECT_TRUE(check_name("key", good)) << good;
}

TEST(Names, FileName_NeverLeavesItsFolderAndComesBack) {
    for (std::string name : {"a", "..x", ".hidden", "%41", "a b", "\xff\x01", "app@1.0:x"}) {
        std::string file = to_file_name(name);
        EXPECT_EQ(file.find('/'), std::string::npos);
        EXPECT_NE(file.front(), '.');
        auto back = from_file_name(file);
        ASSERT_TRUE(back) << file;
        EXPECT_EQ(*back, name);
    }
}

TEST(Names, LongNames_BecomeDifferentShortFileNames) {
    std::string one = to_file_name(std::string(1024, 'x')), other = to_file_name(std::string(1023, 'x'));
    EXPECT_LE(one.size(), 200u);
    EXPECT_NE(one, other);
    EXPECT_TRUE(from_file_name(one).error().is(Errc::not_found));
}

TEST(Names, ForeignFileNames_AreNotTaken) {
    for (const char* foreign : {"%", "%4", "%zz", "%2f", "%41", ".x", "a b", "..", "a/b"})
        EXPECT_FALSE(from_file_name(foreign)) << foreign;
}

TEST(Record, RoundTrip_KeepsKeyTagsAndValue) {
    Bytes record = encode_record("key", {"t", "u"}, as_bytes("value"));
    auto head = decode_record(record);
    ASSERT_TRUE(head) << head.error().message();
    EXPECT_EQ(head->key, "key");
    EXPECT_EQ(head->tags, (std::set<std::string>{"t", "u"}));
    EXPECT_EQ(as_text(record), "value");
}

TEST(Record, CutAnywhereOrWithAnyBitFlipped_IsCorrupt) {
    const Bytes record = encode_record("key", {"t"}, as_bytes("value"));
    for (std::size_t i = 0; i < record.size(); ++i) {
        Bytes cut(record.begin(), record.begin() + std::ptrdiff_t(i)), flipped = record;
        flipped[i] ^= 0x10;
        EXPECT_FALSE(decode_record(cut)) << i;
        EXPECT_FALSE(decode_record(flipped)) << i;
    }
}

}  // namespace
}  // namespace sonm::storage
