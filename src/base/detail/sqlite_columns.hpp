#pragma once

#include "sonm/base/sqlite.hpp"

#include <concepts>
#include <limits>

/// How each C++ type is stored in a column of SQLite.
namespace sonm::detail {

template <std::integral T>
struct Column<T> {
    static void bind(StatementUse& use, int index, T value) {
        if constexpr (std::unsigned_integral<T> && sizeof(T) == 8) {
            if (value > T(std::numeric_limits<std::int64_t>::max())) return use.out_of_range();
        }
        use.bind_integer(index, static_cast<std::int64_t>(value));
    }
    static T read(StatementUse& use, int column) {
        std::int64_t value = use.integer(column);
        if (!std::in_range<std::conditional_t<std::same_as<T, bool>, unsigned char, T>>(value))
            use.mismatch(column);
        return static_cast<T>(value);
    }
};

template <>
struct Column<double> {
    static void bind(StatementUse& use, int index, double value) { use.bind_real(index, value); }
    static double read(StatementUse& use, int column) { return use.real(column); }
};

template <>
struct Column<std::string> {
    static void bind(StatementUse& use, int index, std::string_view value) { use.bind_text(index, value); }
    static std::string read(StatementUse& use, int column) { return std::string(use.text(column)); }
};
template <>
struct Column<std::string_view> : Column<std::string> {};
template <std::size_t N>
struct Column<char[N]> : Column<std::string> {};

template <>
struct Column<Bytes> {
    static void bind(StatementUse& use, int index, BytesView value) { use.bind_blob(index, value); }
    static Bytes read(StatementUse& use, int column) { return to_bytes(use.blob(column)); }
};
template <>
struct Column<BytesView> : Column<Bytes> {};

template <std::size_t N>
struct Column<FixedBytes<N>> {
    static void bind(StatementUse& use, int index, const FixedBytes<N>& value) {
        use.bind_blob(index, value);
    }
    static FixedBytes<N> read(StatementUse& use, int column) {
        FixedBytes<N> out{};
        BytesView blob = use.blob(column);
        if (blob.size() == N)
            std::memcpy(out.data(), blob.data(), N);
        else
            use.mismatch(column);
        return out;
    }
};

template <>
struct Column<U256> {
    static void bind(StatementUse& use, int index, U256 value) {
        FixedBytes<32> word = to_word(value);
        use.bind_blob(index, word);
    }
    static U256 read(StatementUse& use, int column) {
        return from_word(Column<FixedBytes<32>>::read(use, column));
    }
};

template <class T, class Tag>
struct Column<Strong<T, Tag>> {
    static void bind(StatementUse& use, int index, const Strong<T, Tag>& value) {
        Column<T>::bind(use, index, value.value);
    }
    static Strong<T, Tag> read(StatementUse& use, int column) {
        return Strong<T, Tag>(Column<T>::read(use, column));
    }
};

template <class T>
struct Column<std::optional<T>> {
    static void bind(StatementUse& use, int index, const std::optional<T>& value) {
        if (value)
            Column<T>::bind(use, index, *value);
        else
            use.bind_null(index);
    }
    static std::optional<T> read(StatementUse& use, int column) {
        if (use.is_null(column)) return std::nullopt;
        return Column<T>::read(use, column);
    }
};

}  // namespace sonm::detail
