#pragma once

#include "sonm/base/result.hpp"
#include "sonm/http/response.hpp"

/// Heads of messages as text. Nobody smuggles a second message in: line breaks and blanks are refused where
/// they would end something early.
namespace sonm::http {

/// Control characters and blanks: what may stand neither in a method, a target nor a header's name.
bool has_break_or_blank(std::string_view text);
/// Adds "name: value" lines. Errors: invalid.
Result<void> append_headers(std::string& out, const std::vector<Header>& headers);

}  // namespace sonm::http
