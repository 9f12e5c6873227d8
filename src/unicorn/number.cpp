#include "sonm/unicorn/number.hpp"

namespace sonm::unicorn {
namespace {

using rpc::Kind;
using services::UnicornErrc;

Kind kind_of(const rpc::Encoded& value) { return rpc::Reader(value.bytes).peek().value_or(Kind::nil); }

}  // namespace

bool is_number(const rpc::Encoded& value) {
    Kind kind = kind_of(value);
    return kind == Kind::unsigned_int || kind == Kind::negative_int || kind == Kind::real;
}

Result<rpc::Encoded> add(const rpc::Encoded& value, const rpc::Encoded& delta) {
    if (!is_number(value) || !is_number(delta))
        return fail(UnicornErrc::invalid_type, "{} and {} cannot be added", to_string(kind_of(value)),
                    to_string(kind_of(delta)));
    rpc::Reader left(value.bytes), right(delta.bytes);
    rpc::Encoded sum;
    rpc::Writer out(sum.bytes);
    if (kind_of(value) == Kind::real || kind_of(delta) == Kind::real) {
        SONM_TRY(double a, left.real());
        SONM_TRY(double b, right.real());
        out.real(a + b);
        return sum;
    }
    auto a = left.sint(), b = right.sint();
    std::int64_t total = 0;
    if (!a || !b || __builtin_add_overflow(*a, *b, &total))
        return fail(UnicornErrc::invalid_value, "the sum does not fit 64 bits");
    out.sint(total);
    return sum;
}

}  // namespace sonm::unicorn
