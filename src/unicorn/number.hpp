#pragma once

#include "sonm/services/unicorn_service.hpp"

namespace sonm::unicorn {

/// Whether the value is a number: an integer or a floating-point number.
bool is_number(const rpc::Encoded& value);
/// The sum; floating-point if one of the two is. Errors: invalid_type, invalid_value (an integer sum that
/// does not fit 64 bits with sign).
Result<rpc::Encoded> add(const rpc::Encoded& value, const rpc::Encoded& delta);

}  // namespace sonm::unicorn
