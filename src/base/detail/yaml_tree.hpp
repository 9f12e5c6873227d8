#pragma once

#include "sonm/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sonm {

/// A value of a YAML file and where it stands. Value type.
struct YamlNode {
    enum class Kind : std::uint8_t { empty, text, list, map };
    struct Entry;

    Kind kind = Kind::empty;
    int line = 0;  ///< from 1
    std::string text;
    std::vector<YamlNode> items;
    std::vector<Entry> entries;
};
struct YamlNode::Entry {
    std::string key;
    int line = 0;
    YamlNode value;
};

namespace detail {

/// Parses one document. Errors: invalid with `name:line: …`, too_large.
Result<YamlNode> parse_yaml_tree(std::string_view text, std::string_view name);

}  // namespace detail
}  // namespace sonm
