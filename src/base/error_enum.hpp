#pragma once

#include <string>
#include <system_error>

/// Declares a room's error enum from one table: `#define SONM_X_ERRORS(X) X(name, number, "text for
/// people")`, then at namespace scope `SONM_ERROR_ENUM(XErrc, "x", SONM_X_ERRORS)` and, outside of any
/// namespace, `SONM_REGISTER_ERROR_ENUM(sonm::x::XErrc)`. Numbers are stable: they travel in replies and exit
/// codes.
#define SONM_ERROR_ENUMERATOR(name, number, text) name = number,
#define SONM_ERROR_TEXT(name, number, text) \
    case number: return text;
#define SONM_ERROR_ENUM(Enum, category_name, TABLE)                                    \
    enum class Enum : int { TABLE(SONM_ERROR_ENUMERATOR) };                            \
    inline const std::error_category& Enum##_category() {                              \
        struct Category final : std::error_category {                                  \
            const char* name() const noexcept override { return category_name; }       \
            std::string message(int value) const override {                            \
                switch (value) { TABLE(SONM_ERROR_TEXT) }                              \
                return std::string(category_name) + " error " + std::to_string(value); \
            }                                                                          \
        };                                                                             \
        static const Category category;                                                \
        return category;                                                               \
    }                                                                                  \
    inline std::error_code make_error_code(Enum value) {                               \
        return {static_cast<int>(value), Enum##_category()};                           \
    }
#define SONM_REGISTER_ERROR_ENUM(Enum) \
    template <>                        \
    struct std::is_error_code_enum<Enum> : std::true_type {};
