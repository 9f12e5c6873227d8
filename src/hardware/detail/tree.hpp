#pragma once

#include "sonm/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sonm::hardware::detail {

/// The kernel's files, below a root that tests replace.
class Tree {
public:
    explicit Tree(std::filesystem::path root) : root_(std::move(root)) {}

    /// "/proc/cpuinfo" below the root.
    std::filesystem::path operator/(std::string_view absolute) const;
    /// Whole text of a file without blanks at its ends; nothing if it is not there or cannot be read (drivers
    /// fail reads).
    std::optional<std::string> text(std::string_view absolute) const;
    /// A number alone in a file: decimal, or hex with 0x.
    std::optional<std::uint64_t> number(std::string_view absolute) const;
    /// Names in a folder, sorted; none if it is not there.
    std::vector<std::string> names(std::string_view absolute) const;
    bool exists(std::string_view absolute) const;
    /// Last part of a symbolic link's target: "nvidia" of ".../driver".
    std::string link_name(std::string_view absolute) const;

private:
    std::filesystem::path root_;
};

/// Blanks and line ends cut off both ends.
std::string_view trimmed(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::optional<std::uint64_t> parse_number(std::string_view text);
/// "0-3,8" as 0 1 2 3 8; at most 8192 entries, nothing if malformed.
std::optional<std::vector<std::uint32_t>> parse_list(std::string_view text);

}  // namespace sonm::hardware::detail
