#include "sonm/rpc/describe.hpp"

namespace sonm::rpc {
namespace {

std::string plain(const TypeInfo& type) {
    switch (type.kind) {
        case TypeKind::any: return "any";
        case TypeKind::boolean: return "bool";
        case TypeKind::integer: return fmt::format("{}{}", type.min == 0 ? 'u' : 'i', 8 * type.size);
        case TypeKind::real: return "double";
        case TypeKind::text: return "text";
        case TypeKind::bytes: return "bytes";
        case TypeKind::fixed: return fmt::format("{} bytes", type.size);
        case TypeKind::number256: return "u256";
        case TypeKind::enumeration: return fmt::format("0 to {}", type.max);
        case TypeKind::optional: return to_string(*type.of) + "?";
        case TypeKind::list: return fmt::format("[{}]", to_string(*type.of));
        case TypeKind::map: return fmt::format("{{{}: {}}}", to_string(*type.key), to_string(*type.of));
        case TypeKind::tuple:
        case TypeKind::record: break;
    }
    std::string out;
    for (const ArgInfo& field : type.fields) {
        if (!out.empty()) out += ", ";
        out += to_string(*field.type);
    }
    return "(" + out + ")";
}

}  // namespace

std::string to_string(const TypeInfo& type) {
    return type.name.empty() ? plain(type) : std::string(type.name);
}

}  // namespace sonm::rpc
