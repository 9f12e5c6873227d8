#include "sonm/storage/s3_listing.hpp"

#include <fmt/format.h>

#include <optional>

namespace sonm::storage {
namespace {

/// Takes the next <name>text</name> off the front of `xml`.
std::optional<std::string_view> take_element(std::string_view& xml, std::string_view name) {
    std::string opening = fmt::format("<{}>", name), closing = fmt::format("</{}>", name);
    std::size_t begin = xml.find(opening);
    if (begin == xml.npos) return std::nullopt;
    begin += opening.size();
    std::size_t end = xml.find(closing, begin);
    if (end == xml.npos) return std::nullopt;
    std::string_view text = xml.substr(begin, end - begin);
    xml.remove_prefix(end + closing.size());
    return text;
}

std::string unescape(std::string_view text) {
    constexpr std::pair<std::string_view, char> entities[] = {
        {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''}, {"&amp;", '&'}};
    std::string out;
    while (!text.empty()) {
        std::size_t length = 1;
        char character = text[0];
        for (const auto& [entity, meaning] : entities) {
            if (!text.starts_with(entity)) continue;
            length = entity.size();
            character = meaning;
            break;
        }
        out += character;
        text.remove_prefix(length);
    }
    return out;
}

}  // namespace

Listing read_listing(std::string_view xml) {
    Listing listing;
    std::string_view rest = xml;
    listing.more = take_element(rest, "IsTruncated") == "true";
    while (auto key = take_element(xml, "Key")) listing.keys.push_back(unescape(*key));
    return listing;
}

std::string text_of_element(std::string_view xml, std::string_view name) {
    auto text = take_element(xml, name);
    return text ? unescape(text->substr(0, 500)) : std::string();
}

}  // namespace sonm::storage
