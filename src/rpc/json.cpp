#include "sonm/rpc/json.hpp"

#include "sonm/base/units.hpp"
#include "sonm/rpc/detail/json_text.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

/// JSON to MessagePack; the way back is in json_read.cpp.
namespace sonm::rpc {
namespace {

Result<void> write(const TypeInfo& type, const Json& json, Writer& out, std::size_t depth);

const char* name_of(const Json& json) {
    if (json.is_string()) return "a text";
    if (json.is_number()) return "a number";
    if (json.is_object()) return "an object";
    if (json.is_array()) return "an array";
    return json.is_null() ? "null" : "true or false";
}

tl::unexpected<Error> expected(const TypeInfo& type, const Json& json) {
    return fail(Errc::invalid, "expected {}, found {}", to_string(type), name_of(json));
}

/// A number, or decimal digits in a text: JSON's numbers lose precision in many programs.
Result<void> write_integer(const TypeInfo& type, const Json& json, Writer& out) {
    std::int64_t negative = 0;
    std::uint64_t positive = 0;
    if (json.is_number_unsigned()) {
        positive = json.get<std::uint64_t>();
    } else if (json.is_number_integer()) {
        negative = json.get<std::int64_t>();
        if (negative >= 0) positive = static_cast<std::uint64_t>(std::exchange(negative, 0));
    } else if (json.is_string()) {
        const auto& text = json.get_ref<const std::string&>();
        if (text.starts_with('-')) {
            SONM_TRY(negative, parse_int<std::int64_t>(text));
        } else {
            SONM_TRY(positive, parse_int<std::uint64_t>(text));
        }
    } else {
        return expected(type, json);
    }
    if (negative < type.min || positive > type.max) return out_of_range("the number");
    if (negative < 0)
        out.sint(negative);
    else
        out.uint(positive);
    return Result<void>();
}

Result<void> write_real(const TypeInfo& type, const Json& json, Writer& out) {
    if (json.is_number())
        out.real(json.get<double>());
    else if (json == "NaN")
        out.real(std::nan(""));
    else if (json == "Infinity" || json == "-Infinity")
        out.real(json == "Infinity" ? HUGE_VAL : -HUGE_VAL);
    else
        return expected(type, json);
    return Result<void>();
}

/// {"$base64": "..."} or {"$text": "..."}; nothing if it is neither.
Result<std::optional<Bytes>> tagged_bytes(const Json& json) {
    if (!json.is_object() || json.size() != 1 || !json.begin()->is_string()) return std::optional<Bytes>();
    const auto& text = json.begin()->get_ref<const std::string&>();
    if (json.begin().key() == "$text") return std::optional<Bytes>(to_bytes(as_bytes(text)));
    if (json.begin().key() != "$base64") return std::optional<Bytes>();
    SONM_TRY(Bytes bytes, detail::parse_base64(text));
    return std::optional<Bytes>(std::move(bytes));
}

Result<void> write_raw(const TypeInfo& type, const Json& json, Writer& out) {
    SONM_TRY(std::optional<Bytes> tagged, tagged_bytes(json));
    if (tagged) {
        out.raw(*tagged);
    } else if (!json.is_string()) {
        return expected(type, json);
    } else if (type.kind == TypeKind::bytes) {
        SONM_TRY(Bytes bytes, detail::parse_base64(json.get_ref<const std::string&>()));
        out.raw(bytes);
    } else {
        out.raw(json.get_ref<const std::string&>());
    }
    return Result<void>();
}

Result<void> write_fixed(const TypeInfo& type, const Json& json, Writer& out) {
    if (!json.is_string()) return expected(type, json);
    SONM_TRY(Bytes bytes, parse_hex(json.get_ref<const std::string&>()));
    if (bytes.size() != type.size)
        return fail(Errc::invalid, "expected {} bytes of hex, found {}", type.size, bytes.size());
    out.raw(bytes);
    return Result<void>();
}

Result<void> write_256(const TypeInfo& type, const Json& json, Writer& out) {
    U256 value = 0;
    if (json.is_number_unsigned()) {
        value = json.get<std::uint64_t>();
    } else if (json.is_string()) {
        SONM_TRY(value, parse_u256(json.get_ref<const std::string&>()));
    } else {
        return expected(type, json);
    }
    out.raw(to_word(value));
    return Result<void>();
}

Result<void> write_enum(const TypeInfo& type, const Json& json, Writer& out) {
    if (!json.is_string() || !type.name_of) return write_integer(type, json, out);
    std::string known;
    for (std::uint64_t value = 0; value <= type.max; ++value) {
        std::string name = type.name_of(value);
        if (json == name) {
            out.uint(value);
            return Result<void>();
        }
        known += (known.empty() ? "" : ", ") + name;
    }
    return fail(Errc::invalid, "expected one of {}", known);
}

Result<void> write_list(const TypeInfo& type, const Json& json, Writer& out, std::size_t depth) {
    if (!json.is_array()) return expected(type, json);
    out.array(json.size());
    std::size_t index = 0;
    for (const Json& element : json) {
        auto written = write(*type.of, element, out, depth);
        if (!written) return wrap(std::move(written.error()), "[{}]", index);
        ++index;
    }
    return Result<void>();
}

/// An object, or an array of [key, value] pairs.
Result<void> write_map(const TypeInfo& type, const Json& json, Writer& out, std::size_t depth) {
    if (!json.is_object() && !json.is_array()) return expected(type, json);
    out.map(json.size());
    auto pair = [&](const Json& key, const Json& value) -> Result<void> {
        auto written = write(*type.key, key, out, depth);
        if (written) written = write(*type.of, value, out, depth);
        if (!written) return wrap(std::move(written.error()), "{}", to_text(key));
        return written;
    };
    for (auto entry = json.begin(); entry != json.end(); ++entry) {
        if (json.is_object()) {
            SONM_CHECK(pair(Json(entry.key()), *entry));
        } else if (entry->is_array() && entry->size() == 2) {
            SONM_CHECK(pair((*entry)[0], (*entry)[1]));
        } else {
            return fail(Errc::invalid, "expected pairs of a key and a value");
        }
    }
    return Result<void>();
}

Result<void> write_any(const Json& json, Writer& out, std::size_t depth) {
    static constexpr TypeInfo any{}, text{.kind = TypeKind::text}, real{.kind = TypeKind::real},
        integer{.kind = TypeKind::integer,
                .size = 8,
                .min = std::numeric_limits<std::int64_t>::min(),
                .max = std::numeric_limits<std::uint64_t>::max()},
        list{.kind = TypeKind::list, .of = &any}, map{.kind = TypeKind::map, .of = &any, .key = &text};
    SONM_TRY(std::optional<Bytes> tagged, tagged_bytes(json));
    if (tagged) {
        out.raw(*tagged);
        return Result<void>();
    }
    switch (json.type()) {
        case Json::value_t::boolean: out.boolean(json.get<bool>()); return Result<void>();
        case Json::value_t::string: return write_raw(text, json, out);
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned: return write_integer(integer, json, out);
        case Json::value_t::number_float: return write_real(real, json, out);
        case Json::value_t::array: return write_list(list, json, out, depth);
        case Json::value_t::object: return write_map(map, json, out, depth);
        default: out.nil(); return Result<void>();
    }
}

const Json* find(const Json& json, const ArgInfo& element, std::size_t index) {
    if (json.is_array()) return index < json.size() ? &json[index] : nullptr;
    auto found = json.find(std::string(element.name));
    return found == json.end() ? nullptr : &*found;
}

Result<void> check_names(std::span<const ArgInfo> elements, const Json& json) {
    for (auto entry = json.begin(); entry != json.end(); ++entry) {
        auto same = [&](const ArgInfo& element) { return element.name == entry.key(); };
        if (!entry.key().empty() && std::any_of(elements.begin(), elements.end(), same)) continue;
        std::string known;
        for (const ArgInfo& element : elements)
            known += (known.empty() ? "" : ", ") + std::string(element.name);
        return fail(Errc::invalid, "\"{}\" is not known here; known are: {}", entry.key(), known);
    }
    return Result<void>();
}

/// `defaulted`: whatever is missing at the end keeps its default, not only what is optional.
Result<void> write_elements(std::span<const ArgInfo> elements, const Json& json, bool defaulted, Writer& out,
                            std::size_t depth) {
    if (json.is_object()) SONM_CHECK(check_names(elements, json));
    if (json.is_array() && json.size() > elements.size())
        return fail(Errc::invalid, "{} values, {} are expected", json.size(), elements.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < elements.size(); ++i)
        if (find(json, elements[i], i)) count = i + 1;
    auto missing = [&](std::size_t index) {
        return elements[index].name.empty() ? fail(Errc::invalid, "value {} is missing", index)
                                            : fail(Errc::invalid, "{} is missing", elements[index].name);
    };
    for (std::size_t i = count; i < elements.size() && !defaulted; ++i)
        if (elements[i].type->kind != TypeKind::optional) return missing(i);
    out.array(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Json* value = find(json, elements[i], i);
        if (!value && elements[i].type->kind != TypeKind::optional) return missing(i);
        if (!value) {
            out.nil();
            continue;
        }
        auto written = write(*elements[i].type, *value, out, depth);
        if (written) continue;
        if (elements[i].name.empty()) return wrap(std::move(written.error()), "value {}", i);
        return wrap(std::move(written.error()), "{}", elements[i].name);
    }
    return Result<void>();
}

Result<void> write(const TypeInfo& type, const Json& json, Writer& out, std::size_t depth) {
    if (depth > Reader::depth_max) return fail(Errc::invalid, "nested too deep");
    switch (type.kind) {
        case TypeKind::any: return write_any(json, out, depth + 1);
        case TypeKind::boolean:
            if (!json.is_boolean()) return expected(type, json);
            out.boolean(json.get<bool>());
            return Result<void>();
        case TypeKind::integer: return write_integer(type, json, out);
        case TypeKind::real: return write_real(type, json, out);
        case TypeKind::text:
        case TypeKind::bytes: return write_raw(type, json, out);
        case TypeKind::fixed: return write_fixed(type, json, out);
        case TypeKind::number256: return write_256(type, json, out);
        case TypeKind::enumeration: return write_enum(type, json, out);
        case TypeKind::optional:
            if (!json.is_null()) return write(*type.of, json, out, depth);
            out.nil();
            return Result<void>();
        case TypeKind::list: return write_list(type, json, out, depth + 1);
        case TypeKind::map: return write_map(type, json, out, depth + 1);
        case TypeKind::tuple:
            if (!json.is_array()) return expected(type, json);
            return write_elements(type.fields, json, false, out, depth + 1);
        case TypeKind::record:
            if (!json.is_array() && !json.is_object()) return expected(type, json);
            return write_elements(type.fields, json, true, out, depth + 1);
    }
    return Result<void>();
}

}  // namespace

Result<void> json_to_value(const TypeInfo& type, const Json& json, Writer& out) {
    return write(type, json, out, 1);
}

Result<void> json_to_elements(std::span<const ArgInfo> elements, const Json& json, Writer& out) {
    if (!json.is_null() && !json.is_array() && !json.is_object())
        return fail(Errc::invalid, "expected an object by name or an array by place, found {}",
                    name_of(json));
    return write_elements(elements, json.is_null() ? Json::array() : json, false, out, 1);
}

Result<Json> parse_json(std::string_view text) {
    if (text.size() > json_bytes_max)
        return fail(Errc::too_large, "JSON of {} bytes, the limit is {}", text.size(), json_bytes_max);
    if (detail::json_depth(text) > Reader::depth_max)
        return fail(Errc::invalid, "JSON nested deeper than {}", Reader::depth_max);
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) return fail(Errc::invalid, "this is not JSON");
    return json;
}

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace sonm::rpc
