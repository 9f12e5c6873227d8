#pragma once

#include "sonm/base/result.hpp"

#include <map>
#include <string_view>
#include <vector>

/// Parts of a YAML file as one line of JSON-like text each: parts whose texts are equal say the same,
/// whatever their comments, quotes and layout. For finding out what has changed in a file. Errors: those of
/// read_yaml for a text that is no YAML.
namespace sonm {

/// What stands under each key of the file.
Result<std::map<std::string, std::string>> yaml_entries(std::string_view text, std::string_view name);
/// The items of the list under `key`; empty if there is no such list.
Result<std::vector<std::string>> yaml_items(std::string_view text, std::string_view name,
                                            std::string_view key);

}  // namespace sonm
