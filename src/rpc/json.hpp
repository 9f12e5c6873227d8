#pragma once

#include "sonm/rpc/describe.hpp"

#include <nlohmann/json_fwd.hpp>

/// The JSON form of what travels, from the description of its type. Rules: docs/protocol/slave.md, "JSON".
namespace sonm::rpc {

using Json = nlohmann::ordered_json;

/// Longest JSON text that is read, in bytes; nesting is bounded like that of frames.
inline constexpr std::size_t json_bytes_max = 16 * MiB;

/// Reads one JSON text. Errors: invalid (where it stops being JSON, or nests too deep), too_large.
Result<Json> parse_json(std::string_view text);
/// One line of text; never fails.
std::string to_text(const Json& json);

/// Writes `json` as one value of that type. Errors: invalid, naming the place: "spec.image: expected text,
/// found a number". What was written until then is to be thrown away.
Result<void> json_to_value(const TypeInfo& type, const Json& json, Writer& out);
/// Reads one value of that type. Errors: invalid.
Result<Json> value_to_json(const TypeInfo& type, Reader& in);

/// The elements of a message as one array: from an array by place, from an object by name, from null as none;
/// trailing optional ones may be missing. Errors: invalid.
Result<void> json_to_elements(std::span<const ArgInfo> elements, const Json& json, Writer& out);
/// `count` elements: null for none, the value itself for one, an array for several. Errors: invalid.
Result<Json> elements_to_json(std::span<const ArgInfo> elements, Reader& in, std::size_t count);

}  // namespace sonm::rpc
