#pragma once

#include "sonm/rpc/rpc.hpp"

/// Reference pages of protocols, from their declarations and the comments above them.
namespace sonm::services {

struct ProtocolEntry {
    const rpc::ProtocolInfo* info = nullptr;
    std::string_view type;    ///< as declared: the comment above it becomes the page's text
    std::string_view header;  ///< where, from the project's root
};

/// What the comment above a protocol says: in general, and of single methods. Lines like "3 find   keys
/// that ..." begin a method's text, indented lines continue it; a blank line goes back to the general text.
struct ProtocolText {
    std::vector<std::string> general;              ///< paragraphs
    std::map<std::uint64_t, std::string> methods;  ///< by number
};
/// Reads it from the header's text; empty if the type is not declared there.
ProtocolText parse_comment(std::string_view header, std::string_view type);

/// The whole page in Markdown.
std::string reference_page(const ProtocolEntry& entry, const ProtocolText& text);
/// The page that lists all of them.
std::string reference_index(const std::vector<ProtocolEntry>& entries);

}  // namespace sonm::services
