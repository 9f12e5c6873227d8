#include "sonm/jabber/link.hpp"

#include <gtest/gtest.h>

namespace sonm::jabber {
namespace {

TEST(XmlText, text_of_any_language_may_stand_in_xml_and_control_bytes_may_not) {
    for (const char* good :
         {"", "plain\ttext\r\n", "Grüße", "привет", "日本語", "\xf0\x9f\x98\x80", "\xef\xbf\xbd", "\x7f"})
        EXPECT_TRUE(is_xml_text(good)) << good;
    for (std::string_view bad :
         {std::string_view("\0", 1), std::string_view("\x1b[0m"), std::string_view("\xff"),
          std::string_view("\xc3"), std::string_view("\xc0\x80"), std::string_view("\xe0\x80\x80"),
          std::string_view("\xed\xa0\x80"), std::string_view("\xf4\x90\x80\x80"),
          std::string_view("\xef\xbf\xbf"), std::string_view("\x80")})
        EXPECT_FALSE(is_xml_text(bad)) << bad.size();
}

}  // namespace
}  // namespace sonm::jabber
