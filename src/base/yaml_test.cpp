#include "sonm/base/yaml.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"

#include <gtest/gtest.h>

namespace sonm {
namespace {

/// A small file with every kind of key.
struct Shop {
    std::string name;
    std::uint64_t size = 0;
    bool open = false;
    std::vector<std::string> goods;
    std::map<std::string, std::string> labels;
    std::uint64_t ram = 0;
    std::vector<std::pair<std::string, std::uint64_t>> shelves;
};

void fields(YamlReader& r, Shop& shop) {
    r.required({"name", "What it is called.", "Corner"}, shop.name, yaml_text);
    r.required({"size", "How large it is.", "2 GiB"}, shop.size, parse_bytes);
    r.optional({"open", "Whether it is open.", "true"}, shop.open, yaml_flag);
    r.list({"goods", "What it sells.\nIn any order.", "[tea, milk]"}, shop.goods, yaml_text);
    r.entries({"labels", "Anything.", "{town: Rome}"},
              [&](std::string_view key, std::string_view value) -> Result<void> {
                  shop.labels.emplace(key, value);
                  return {};
              });
    r.child({"machine", "What stands in it."}, false, [&](YamlReader& machine) {
        machine.required({"ram", "How much memory.", "1 GiB"}, shop.ram, parse_bytes);
    });
    r.each({"shelves", "Where things are."}, [&](YamlReader& shelf) {
        std::pair<std::string, std::uint64_t> one;
        shelf.required({"wall", "Which wall.", "north"}, one.first, yaml_text);
        shelf.optional({"length", "How many.", "3"}, one.second, parse_int<std::uint64_t>);
        shop.shelves.push_back(one);
    });
}

Result<Shop> read(std::string_view text) {
    Shop shop;
    SONM_CHECK(read_yaml(text, "shop.yaml", [&](YamlReader& r) { fields(r, shop); }));
    return shop;
}
std::string error_of(std::string_view text) {
    auto shop = read(text);
    return shop ? "no error" : shop.error().context;
}

TEST(yaml, good_file_with_every_kind_of_key_is_read) {
    auto shop = read(
        "name: Corner\nsize: 2 GiB\nopen: true\ngoods: [tea, 'milk: fresh']\nlabels: {town: Rome}\n"
        "machine:\n  ram: 1 GiB\nshelves:\n  - wall: north\n    length: 3\n  - {wall: south}\n");
    ASSERT_TRUE(shop) << shop.error().context;
    EXPECT_EQ(shop->name, "Corner");
    EXPECT_EQ(shop->size, 2 * GiB);
    EXPECT_TRUE(shop->open);
    EXPECT_EQ(shop->goods, (std::vector<std::string>{"tea", "milk: fresh"}));
    EXPECT_EQ(shop->labels.at("town"), "Rome");
    EXPECT_EQ(shop->ram, GiB);
    EXPECT_EQ(shop->shelves.size(), 2u);
    EXPECT_EQ(shop->shelves[0].second, 3u);
}

TEST(yaml, unknown_key_names_file_line_and_the_nearest_known_key) {
    EXPECT_EQ(error_of("name: Corner\nsise: 2 GiB\nsize: 2 GiB\n"),
              "shop.yaml:2: sise: is no known key; did you mean 'size'?");
    EXPECT_EQ(error_of("name: C\nsize: 1 B\nzzz: 1\n"),
              "shop.yaml:3: zzz: is no known key; the keys here are name, size, open, goods, labels, "
              "machine, shelves");
    EXPECT_EQ(error_of("name: C\nsize: 1 B\nmachine: {ram: 1 GiB, ran: 2}\n"),
              "shop.yaml:3: machine.ran: is no known key; did you mean 'ram'?");
}

TEST(yaml, wrong_unit_names_file_line_key_and_the_right_form) {
    EXPECT_EQ(error_of("name: C\nsize: 2 Gb\n"),
              "shop.yaml:2: size: '2 Gb' is no size, 'Gb' is none of its units (TiB, GiB, MiB, KiB, B, TB, "
              "GB, MB, kB): write it like '2 GiB'");
    EXPECT_EQ(error_of("name: C\nsize: 1 B\nshelves: [{wall: x}, {wall: y, length: -1}]\n"),
              "shop.yaml:3: shelves[1].length: '-1' is no whole number");
}

TEST(yaml, wrong_type_is_told) {
    EXPECT_EQ(error_of("name: [a]\nsize: 1 B\n"), "shop.yaml:1: name: expects a single value, has a list");
    EXPECT_EQ(error_of("name:\nsize: 1 B\n"), "shop.yaml:1: name: expects a single value, has nothing");
    EXPECT_EQ(error_of("name: a\nsize: 1 B\ngoods: {a: b}\n"),
              "shop.yaml:3: goods: expects a list, has a map");
    EXPECT_EQ(error_of("name: a\nsize: 1 B\nmachine: 3\n"),
              "shop.yaml:3: machine: expects a map, has a single value");
    EXPECT_EQ(error_of("name: a\nsize: 1 B\nshelves: [3]\n"),
              "shop.yaml:3: shelves: entry 1 must be a map, is a single value");
    EXPECT_EQ(error_of("name: a\nsize: 1 B\nopen: yes\n"), "shop.yaml:3: open: 'yes' must be true or false");
    EXPECT_EQ(error_of("just words\n"),
              "shop.yaml:1: expects a map (lines like 'key: value'), has a single value");
    EXPECT_EQ(error_of(""), "shop.yaml:1: expects a map (lines like 'key: value'), has nothing");
}

TEST(yaml, all_problems_are_told_at_once_in_the_order_of_lines) {
    EXPECT_EQ(error_of("nam: C\nsize: 1\n"),
              "shop.yaml:1: name: is missing: write it like 'name: Corner'\nshop.yaml:1: nam: is no known "
              "key; did you mean 'name'?\n"
              "shop.yaml:2: size: '1' is no size, the unit is missing (TiB, GiB, MiB, KiB, B, TB, GB, MB, "
              "kB): write it like '2 GiB'");
}

TEST(yaml, duplicate_key_is_refused_with_both_lines) {
    EXPECT_EQ(error_of("name: a\nsize: 1 B\nname: b\n"),
              "shop.yaml:3: 'name' is given twice, first in line 1");
}

TEST(yaml, broken_syntax_names_the_line) {
    EXPECT_THAT(error_of("name: a\nsize: [1\n"), testing::StartsWith("shop.yaml:3: "));
    EXPECT_THAT(error_of("name: \"a\nsize: 1 B\n"), testing::StartsWith("shop.yaml:"));
}

TEST(yaml, aliases_anchors_tags_and_second_documents_are_refused) {
    EXPECT_THAT(error_of("name: &a x\nsize: *a\n"), testing::HasSubstr("anchors (&name) are not allowed"));
    EXPECT_THAT(error_of("name: !!binary x\nsize: 1 B\n"),
                testing::HasSubstr("tags (!name) are not allowed"));
    EXPECT_THAT(error_of("name: a\nsize: 1 B\n---\nname: b\n"), testing::HasSubstr("a second document"));
    EXPECT_THAT(error_of("? [a, b]\n: c\n"), testing::HasSubstr("cannot be a key"));
}

TEST(yaml, bombs_are_refused) {
    std::string deep = "name: " + std::string(5000, '[') + std::string(5000, ']');
    EXPECT_THAT(error_of(deep), testing::HasSubstr("nested more than 32 deep"));
    std::string wide = "name: [";
    for (int i = 0; i < 30'000; ++i) wide += "1,";
    EXPECT_THAT(error_of(wide + "]"), testing::HasSubstr("more than 10000 values"));
    auto huge = read(std::string(yaml_bytes_max + 1, ' '));
    EXPECT_TRUE(huge.error().is(Errc::too_large));
    EXPECT_THAT(error_of(std::string("name: a\0b", 9)), testing::HasSubstr("zero byte"));
}

TEST(yaml, file_that_is_not_there_says_so) {
    TempDir folder;
    auto result = read_yaml_file(folder / "none.yaml", [](YamlReader&) {});
    EXPECT_TRUE(result.error().is(Errc::not_found));
    EXPECT_THAT(result.error().context, testing::HasSubstr("none.yaml"));
}

TEST(yaml, template_documents_every_key_and_is_a_good_file_itself) {
    Shop none;
    std::string text = describe_yaml([&](YamlReader& r) { fields(r, none); });
    EXPECT_EQ(text,
              "# What it is called.\nname: Corner\n# How large it is.\nsize: 2 GiB\n# Whether it is "
              "open.\n#open: true\n"
              "# What it sells.\n# In any order.\n#goods: [tea, milk]\n# Anything.\n#labels: {town: Rome}\n# "
              "What stands in it.\n#machine:\n"
              "  # How much memory.\n  #ram: 1 GiB\n# Where things are.\n#shelves:\n    # Which wall.\n  #- "
              "wall: north\n"
              "    # How many.\n    #length: 3\n");
    EXPECT_EQ(error_of(text), "no error");
}

TEST(yaml, nearest_word_is_empty_when_nothing_is_near) {
    EXPECT_EQ(nearest_word("prise", {"price", "prices"}), "price");
    EXPECT_EQ(nearest_word("xyz", {"price", "ram"}), "");
    EXPECT_EQ(nearest_word(std::string(10'000, 'a'), {"price"}), "");
}

}  // namespace
}  // namespace sonm
