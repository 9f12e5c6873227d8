#include "sonm/base/yaml_items.hpp"

#include <gtest/gtest.h>

namespace sonm {
namespace {

TEST(yaml_items, layout_quotes_and_comments__make_no_difference) {
    auto plain = yaml_items("list:\n  - name: a\n    args: {x: 1, y: [b, c]}\n  - two\n", "f", "list");
    auto other = yaml_items(
        "list: # here\n- name: 'a'\n  args:\n    x: \"1\"\n    y:\n    - b\n    - c\n- two\n", "f", "list");
    ASSERT_TRUE(plain && other);
    EXPECT_EQ(*plain, *other);
    EXPECT_EQ(plain->size(), 2u);
}

TEST(yaml_items, another_value__makes_another_text_in_that_item_only) {
    auto before = yaml_items("list: [{a: 1}, {b: 'x\"'}]", "f", "list");
    auto after = yaml_items("list: [{a: 1}, {b: 'x'}]", "f", "list");
    ASSERT_TRUE(before && after);
    EXPECT_EQ((*before)[0], (*after)[0]);
    EXPECT_NE((*before)[1], (*after)[1]);
}

TEST(yaml_items, keys_of_the_file__are_told_apart) {
    auto found = yaml_entries("a: 1\nb: [1, 2]\n", "f");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size(), 2u);
    EXPECT_EQ(found->at("b"), "[\"1\",\"2\",]");
    EXPECT_FALSE(yaml_entries("a: [", "f"));
    EXPECT_TRUE(yaml_items("a: 1", "f", "list")->empty());
}

}  // namespace
}  // namespace sonm
