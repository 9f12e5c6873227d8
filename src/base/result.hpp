#pragma once

#include <fmt/format.h>
#include <tl/expected.hpp>

#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace sonm {

/// Why something that was expected to be able to fail has failed: a code to decide by, and a sentence to
/// read. `context` says what was being done, to what, and what to do about it. Value type; any thread.
struct Error {
    std::error_code code;
    std::string context;

    /// "context: text of the code", or whichever of the two there is.
    std::string message() const {
        if (context.empty()) return code.message();
        return code ? fmt::format("{} ({})", context, code.message()) : context;
    }
    /// True if this is that error, whatever its context.
    template <class Enum>
    bool is(Enum value) const {
        return code == make_error_code(value);
    }
};

/// A value or the reason why there is none. Expected failures travel this way; exceptions mean cancellation
/// or defects.
template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using Base = tl::expected<T, Error>;
    using Base::Base;
    Result() = default;
    Result(Base base) : Base(std::move(base)) {}
};

/// Makes the failing side of any Result: `return fail(Errc::timeout, "reading {}", path)`.
template <class Code, class... Args>
tl::unexpected<Error> fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
    std::error_code error = [&] {
        if constexpr (std::is_same_v<Code, std::error_code>)
            return code;
        else
            return make_error_code(code);
    }();
    return tl::unexpected<Error>(Error{error, fmt::format(format, std::forward<Args>(args)...)});
}

/// Passes a failure on, with what was being done put in front: "opening the journal: disk is full".
template <class... Args>
tl::unexpected<Error> wrap(Error error, fmt::format_string<Args...> format, Args&&... args) {
    std::string doing = fmt::format(format, std::forward<Args>(args)...);
    error.context = error.context.empty() ? std::move(doing) : fmt::format("{}: {}", doing, error.context);
    return tl::unexpected<Error>(std::move(error));
}

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace sonm

#define SONM_JOIN2(a, b) a##b
#define SONM_JOIN(a, b) SONM_JOIN2(a, b)
#define SONM_TRY_IMPL(result, leave, variable, ...)                              \
    auto result = (__VA_ARGS__);                                                 \
    if (!result) leave tl::unexpected<::sonm::Error>(std::move(result).error()); \
    variable = std::move(*result)
#define SONM_CHECK_IMPL(result, leave, ...)                                          \
    do {                                                                             \
        auto result = (__VA_ARGS__);                                                 \
        if (!result) leave tl::unexpected<::sonm::Error>(std::move(result).error()); \
    } while (false)

/// `SONM_TRY(auto value, expression)`: the value, or return its error. In functions.
#define SONM_TRY(variable, ...) SONM_TRY_IMPL(SONM_JOIN(sonm_try_, __LINE__), return, variable, __VA_ARGS__)
/// The same in coroutines.
#define SONM_CO_TRY(variable, ...) \
    SONM_TRY_IMPL(SONM_JOIN(sonm_try_, __LINE__), co_return, variable, __VA_ARGS__)
/// For Result<void>: go on or return the error.
#define SONM_CHECK(...) SONM_CHECK_IMPL(SONM_JOIN(sonm_check_, __LINE__), return, __VA_ARGS__)
/// The same in coroutines.
#define SONM_CO_CHECK(...) SONM_CHECK_IMPL(SONM_JOIN(sonm_check_, __LINE__), co_return, __VA_ARGS__)
/// A broken invariant: always checked, aborts with file and line.
#define SONM_ASSERT(...) \
    ((__VA_ARGS__) ? void(0) : ::sonm::assertion_failed(#__VA_ARGS__, __FILE__, __LINE__))
