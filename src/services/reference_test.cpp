#include "sonm/services/protocols.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sonm::services {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Reference, the_comment_above_a_protocol_is_split_into_methods_and_the_rest) {
    auto text = parse_comment(
        "/// Of something else.\nstruct Other {};\n\n"
        "/// Keeps things\n/// for a while.\n///\n/// 0 put    stores one.\n///          Errors: busy.\n"
        "/// 12 take  gives it back.\n///\n/// Errors everywhere: denied.\nusing Keeper = int;\n",
        "Keeper");
    EXPECT_THAT(text.general, ElementsAre("Keeps things for a while.", "Errors everywhere: denied."));
    EXPECT_EQ(text.methods.at(0), "stores one. Errors: busy.");
    EXPECT_EQ(text.methods.at(12), "gives it back.");
    EXPECT_TRUE(parse_comment("struct KeeperOther {};", "Keeper").general.empty());
}

TEST(Reference, every_protocol_has_a_page_that_names_its_methods) {
    std::string before;
    for (const ProtocolEntry& entry : protocols()) {
        std::string page = reference_page(entry, ProtocolText());
        for (const auto& method : entry.info->methods)
            EXPECT_THAT(page, HasSubstr(fmt::format("### {} {}\n", method.id, method.name)));
        EXPECT_LT(before, entry.info->name) << "the list is sorted, and no name comes twice";
        before = entry.info->name;
        EXPECT_EQ(find_protocol(entry.info->name), entry.info);
    }
    EXPECT_EQ(find_protocol("none"), nullptr);
}

}  // namespace
}  // namespace sonm::services
