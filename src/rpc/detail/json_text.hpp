#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/base/errc.hpp"

/// Bytes in JSON texts.
namespace sonm::rpc::detail {

std::string to_base64(BytesView bytes);
/// The standard alphabet with padding. Errors: invalid.
Result<Bytes> parse_base64(std::string_view text);
/// Well-formed UTF-8: no overlong forms, no surrogates.
bool is_utf8(BytesView bytes);
/// Deepest nesting of arrays and objects; looks at brackets outside strings only.
std::size_t json_depth(std::string_view text);

}  // namespace sonm::rpc::detail
