#include "sonm/time/block_time.hpp"

#include "sonm/base/errc.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace sonm::time {

std::string block_question() {
    return R"({"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",false]})";
}

Result<std::int64_t> parse_block_time(std::string_view answer) {
    auto wrong = [&] {
        return fail(Errc::invalid, "no block with a time in the node's answer: {}", answer.substr(0, 100));
    };
    auto document = nlohmann::json::parse(answer, nullptr, false);
    if (!document.is_object()) return wrong();
    auto result = document.find("result");
    if (result == document.end() || !result->is_object()) return wrong();
    auto time = result->find("timestamp");
    if (time == result->end() || !time->is_string()) return wrong();
    const std::string& text = time->get_ref<const std::string&>();
    std::int64_t seconds = 0;
    if (!text.starts_with("0x") || text.size() < 3 || text.size() > 12) return wrong();
    auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), seconds, 16);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return wrong();
    return seconds;
}

}  // namespace sonm::time
