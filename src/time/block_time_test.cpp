#include "sonm/time/block_time.hpp"

#include "sonm/base/errc.hpp"

#include <gtest/gtest.h>

namespace sonm::time {
namespace {

TEST(BlockTime, is_read_from_the_answer_or_the_answer_is_refused) {
    EXPECT_EQ(parse_block_time(R"({"id":1,"result":{"number":"0x10","timestamp":"0x65a0bc00"}})").value(),
              0x65a0bc00);
    for (const char* text :
         {"", "{}", "[]", "null", R"({"result":null})", R"({"result":{}})", R"({"result":{"timestamp":5}})",
          R"({"result":{"timestamp":"0x"}})", R"({"result":{"timestamp":"0x-5"}})",
          R"({"result":{"timestamp":"0xffffffffffffffffff"}})", R"({"error":{"code":-32601}})"})
        EXPECT_TRUE(parse_block_time(text).error().is(Errc::invalid)) << text;
}

}  // namespace
}  // namespace sonm::time
