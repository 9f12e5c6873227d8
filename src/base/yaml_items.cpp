#include "sonm/base/yaml_items.hpp"

#include "sonm/base/detail/yaml_tree.hpp"

namespace sonm {
namespace {

void print(std::string& out, std::string_view text) {
    out += '"';
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

/// No deeper than the parser allows.
void print(std::string& out, const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::empty: out += "null"; break;
        case YamlNode::Kind::text: print(out, node.text); break;
        case YamlNode::Kind::list:
            out += '[';
            for (const YamlNode& item : node.items) {
                print(out, item);
                out += ',';
            }
            out += ']';
            break;
        case YamlNode::Kind::map:
            out += '{';
            for (const YamlNode::Entry& entry : node.entries) {
                print(out, entry.key);
                out += ':';
                print(out, entry.value);
                out += ',';
            }
            out += '}';
            break;
    }
}

}  // namespace

Result<std::map<std::string, std::string>> yaml_entries(std::string_view text, std::string_view name) {
    SONM_TRY(YamlNode root, detail::parse_yaml_tree(text, name));
    std::map<std::string, std::string> out;
    for (const YamlNode::Entry& entry : root.entries) print(out[entry.key], entry.value);
    return out;
}

Result<std::vector<std::string>> yaml_items(std::string_view text, std::string_view name,
                                            std::string_view key) {
    SONM_TRY(YamlNode root, detail::parse_yaml_tree(text, name));
    std::vector<std::string> out;
    for (const YamlNode::Entry& entry : root.entries) {
        if (entry.key != key || entry.value.kind != YamlNode::Kind::list) continue;
        for (const YamlNode& item : entry.value.items) print(out.emplace_back(), item);
    }
    return out;
}

}  // namespace sonm
