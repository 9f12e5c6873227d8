#include "sonm/rpc/detail/json_text.hpp"
#include "sonm/rpc/json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

/// MessagePack to JSON.
namespace sonm::rpc {
namespace {

/// Whole numbers beyond this become text: many programs read JSON's numbers as doubles.
constexpr std::uint64_t exact_max = (std::uint64_t{1} << 53) - 1;

Result<Json> read(const TypeInfo& type, Reader& in, std::size_t depth);

Result<Json> read_integer(const TypeInfo& type, Reader& in) {
    SONM_TRY(Kind kind, in.peek());
    std::uint64_t positive = 0;
    if (kind == Kind::negative_int) {
        SONM_TRY(std::int64_t value, in.sint());
        // The signed encodings hold positive numbers too.
        if (value < 0) {
            if (value < type.min) return out_of_range("the number");
            if (value < -static_cast<std::int64_t>(exact_max)) return Json(fmt::format("{}", value));
            return Json(value);
        }
        positive = static_cast<std::uint64_t>(value);
    } else {
        SONM_TRY(positive, in.uint());
    }
    if (positive > type.max) return out_of_range("the number");
    if (positive > exact_max) return Json(fmt::format("{}", positive));
    return Json(positive);
}

Result<Json> read_real(Reader& in) {
    SONM_TRY(double value, in.real());
    if (std::isnan(value)) return Json("NaN");
    if (std::isinf(value)) return Json(value > 0 ? "Infinity" : "-Infinity");
    return Json(value);
}

Json text_or_base64(BytesView bytes) {
    if (detail::is_utf8(bytes)) return Json(std::string(as_text(bytes)));
    Json tagged = Json::object();
    tagged["$base64"] = detail::to_base64(bytes);
    return tagged;
}

Result<Json> read_enum(const TypeInfo& type, Reader& in) {
    SONM_TRY(std::uint64_t value, in.uint());
    if (value > type.max) return out_of_range("the value");
    if (type.name_of) return Json(type.name_of(value));
    return Json(value);
}

Result<Json> read_list(const TypeInfo& type, Reader& in, std::size_t depth) {
    SONM_TRY(std::size_t count, in.array());
    Json list = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
        SONM_TRY(Json element, read(*type.of, in, depth));
        list.push_back(std::move(element));
    }
    return list;
}

/// An object if every key is a text of its own or a number; else an array of pairs.
Result<Json> read_map(const TypeInfo& type, Reader& in, std::size_t depth) {
    SONM_TRY(std::size_t count, in.map());
    Json pairs = Json::array();
    bool plain = true;
    for (std::size_t i = 0; i < count; ++i) {
        SONM_TRY(Json key, read(*type.key, in, depth));
        SONM_TRY(Json value, read(*type.of, in, depth));
        plain = plain && (key.is_string() || key.is_number_integer());
        Json pair = Json::array();
        pair.push_back(std::move(key));
        pair.push_back(std::move(value));
        pairs.push_back(std::move(pair));
    }
    if (!plain) return pairs;
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const Json& key = pairs[i][0];
        std::string name = key.is_string() ? key.get<std::string>() : to_text(key);
        // "1" and 1, or a key twice: nothing may get lost. Appending without a search keeps this linear.
        if (!seen.emplace(std::move(name), i).second) return pairs;
    }
    Json object = Json::object();
    for (const auto& [name, index] : seen)
        object.get_ref<Json::object_t&>().emplace_back(name, std::move(pairs[index][1]));
    return object;
}

Result<Json> read_any(Reader& in, std::size_t depth) {
    static constexpr TypeInfo any{},
        integer{.kind = TypeKind::integer,
                .size = 8,
                .min = std::numeric_limits<std::int64_t>::min(),
                .max = std::numeric_limits<std::uint64_t>::max()},
        list{.kind = TypeKind::list, .of = &any}, map{.kind = TypeKind::map, .of = &any, .key = &any};
    SONM_TRY(Kind kind, in.peek());
    switch (kind) {
        case Kind::nil: in.take_nil(); return Json();
        case Kind::boolean: return in.boolean().map([](bool value) { return Json(value); });
        case Kind::unsigned_int:
        case Kind::negative_int: return read_integer(integer, in);
        case Kind::real: return read_real(in);
        case Kind::raw: return in.raw().map(text_or_base64);
        case Kind::array: return read_list(list, in, depth);
        case Kind::map: return read_map(map, in, depth);
    }
    return fail(Errc::invalid, "a value of no known kind");
}

Result<Json> read_record(const TypeInfo& type, Reader& in, std::size_t depth) {
    SONM_TRY(std::size_t count, in.array());
    Json record = type.kind == TypeKind::record ? Json::object() : Json::array();
    for (std::size_t i = 0; i < count; ++i) {
        if (i >= type.fields.size()) {
            SONM_CHECK(in.skip().map([](BytesView) {}));
            continue;
        }
        auto value = read(*type.fields[i].type, in, depth);
        if (!value) return wrap(std::move(value.error()), "{}", type.fields[i].name);
        if (type.kind == TypeKind::record)
            record[std::string(type.fields[i].name)] = std::move(*value);
        else
            record.push_back(std::move(*value));
    }
    return record;
}

Result<Json> read(const TypeInfo& type, Reader& in, std::size_t depth) {
    if (depth > Reader::depth_max) return fail(Errc::invalid, "nested too deep");
    switch (type.kind) {
        case TypeKind::any: return read_any(in, depth + 1);
        case TypeKind::boolean: return in.boolean().map([](bool value) { return Json(value); });
        case TypeKind::integer: return read_integer(type, in);
        case TypeKind::real: return read_real(in);
        case TypeKind::text: return in.raw().map(text_or_base64);
        case TypeKind::bytes:
            return in.raw().map([](BytesView bytes) { return Json(detail::to_base64(bytes)); });
        case TypeKind::fixed:
            return raw_of(in, type.size).map([](BytesView bytes) { return Json(to_hex0x(bytes)); });
        case TypeKind::number256:
            return unpack_u256(in).map([](U256 value) { return Json(to_decimal(value)); });
        case TypeKind::enumeration: return read_enum(type, in);
        case TypeKind::optional: return in.take_nil() ? Result<Json>(Json()) : read(*type.of, in, depth);
        case TypeKind::list: return read_list(type, in, depth + 1);
        case TypeKind::map: return read_map(type, in, depth + 1);
        case TypeKind::tuple:
        case TypeKind::record: return read_record(type, in, depth + 1);
    }
    return fail(Errc::invalid, "a type of no known kind");
}

}  // namespace

Result<Json> value_to_json(const TypeInfo& type, Reader& in) { return read(type, in, 1); }

Result<Json> elements_to_json(std::span<const ArgInfo> elements, Reader& in, std::size_t count) {
    static constexpr TypeInfo any{};
    Json all = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
        SONM_TRY(Json value, read(i < elements.size() ? *elements[i].type : any, in, 1));
        all.push_back(std::move(value));
    }
    if (all.empty()) return Json();
    return all.size() == 1 ? Json(std::move(all[0])) : all;
}

}  // namespace sonm::rpc
