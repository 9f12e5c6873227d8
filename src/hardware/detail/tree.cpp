#include "sonm/hardware/detail/tree.hpp"

#include "sonm/base/fs.hpp"

#include <charconv>

namespace sonm::hardware::detail {
namespace {

/// /proc/cpuinfo of the largest machines has a few MiB.
constexpr std::size_t file_bytes_max = 16 * MiB;
constexpr std::size_t list_entries_max = 8192;

}  // namespace

std::filesystem::path Tree::operator/(std::string_view absolute) const {
    return root_ / absolute.substr(absolute.starts_with('/') ? 1 : 0);
}

std::optional<std::string> Tree::text(std::string_view absolute) const {
    auto content = read_text(*this / absolute, file_bytes_max);
    if (!content) return std::nullopt;
    return std::string(trimmed(*content));
}

std::optional<std::uint64_t> Tree::number(std::string_view absolute) const {
    auto content = text(absolute);
    return content ? parse_number(*content) : std::nullopt;
}

std::vector<std::string> Tree::names(std::string_view absolute) const {
    std::vector<std::string> out;
    std::error_code error;
    std::filesystem::directory_iterator files(*this / absolute, error);
    for (; !error && files != std::filesystem::directory_iterator(); files.increment(error)) {
        out.push_back(files->path().filename());
    }
    std::sort(out.begin(), out.end());
    return out;
}

bool Tree::exists(std::string_view absolute) const {
    std::error_code error;
    return std::filesystem::exists(*this / absolute, error);
}

std::string Tree::link_name(std::string_view absolute) const {
    std::error_code error;
    return std::filesystem::read_symlink(*this / absolute, error).filename();
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    bool hex = text.starts_with("0x");
    if (hex) text.remove_prefix(2);
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::vector<std::uint32_t>> parse_list(std::string_view text) {
    std::vector<std::uint32_t> out;
    for (std::string_view part : split(trimmed(text), ',')) {
        std::size_t dash = part.find('-');
        auto first = parse_number(part.substr(0, dash));
        auto last = dash == std::string_view::npos ? first : parse_number(part.substr(dash + 1));
        if (!first || !last || *last < *first || *last - *first >= list_entries_max - out.size())
            return std::nullopt;
        for (std::uint64_t i = *first; i <= *last; ++i) out.push_back(static_cast<std::uint32_t>(i));
    }
    return out;
}

}  // namespace sonm::hardware::detail
