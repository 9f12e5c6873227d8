#include "sonm/services/reference.hpp"

#include "sonm/base/units.hpp"

#include <set>

namespace sonm::services {
namespace {

using rpc::ArgInfo;
using rpc::MethodInfo;
using rpc::Shape;
using rpc::TypeInfo;
using rpc::TypeKind;

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string_view trim(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// "3 find   keys that ..." -> 3 and the text behind the name.
std::optional<std::pair<std::uint64_t, std::string_view>> method_line(std::string_view line) {
    std::size_t digits = 0;
    while (digits < line.size() && line[digits] >= '0' && line[digits] <= '9') ++digits;
    if (digits == 0 || digits > 4 || digits == line.size() || line[digits] != ' ') return std::nullopt;
    auto number = parse_int<std::uint64_t>(line.substr(0, digits));
    std::string_view rest = trim(line.substr(digits));
    auto name_end = rest.find(' ');
    if (!number || name_end == std::string_view::npos) return std::nullopt;
    return std::pair(*number, trim(rest.substr(name_end)));
}

std::string elements(std::span<const ArgInfo> list) {
    std::string out;
    for (const ArgInfo& element : list) {
        if (!out.empty()) out += ", ";
        if (!element.name.empty()) out += fmt::format("{}: ", element.name);
        out += to_string(*element.type);
    }
    return out;
}

std::string or_nothing(std::span<const ArgInfo> list) { return list.empty() ? "nothing" : elements(list); }

void describe_state(std::string& out, const rpc::StateInfo& state, std::size_t indent) {
    if (state.closed()) out += fmt::format("{}- nothing\n", std::string(indent, ' '));
    for (const rpc::Slot& slot : state.slots) {
        out += fmt::format("{}- {} `{}({})`{}\n", std::string(indent, ' '), slot.type, slot.name,
                           elements(slot.arguments),
                           !slot.next            ? ", then the same again"
                           : slot.next->closed() ? ", then nothing more"
                                                 : ", then:");
        if (slot.next && !slot.next->closed()) describe_state(out, *slot.next, indent + 2);
    }
}

std::string shape_text(const MethodInfo& method) {
    switch (method.shape) {
        case Shape::unary: return fmt::format("Call. Gives: `{}`.", or_nothing(method.reply));
        case Shape::notify: return "Message that is never answered.";
        case Shape::server_stream:
            return fmt::format("The service sends items: `{}`.", elements(method.downstream));
        case Shape::client_stream:
            return fmt::format("The caller sends items: `{}`; then gets: `{}`.", elements(method.upstream),
                               or_nothing(method.reply));
        case Shape::bi_stream:
            return fmt::format("Items both ways, on credit. The caller's: `{}`; the service's: `{}`.",
                               elements(method.upstream), elements(method.downstream));
        case Shape::plain_stream:
            return fmt::format("Items both ways, without credit. The caller's: `{}`; the service's: `{}`.",
                               elements(method.upstream), elements(method.downstream));
        case Shape::dialog: break;
    }
    std::string out = "The caller may say:\n\n";
    describe_state(out, method.says(true), 0);
    out += "\nthe service:\n\n";
    describe_state(out, method.says(false), 0);
    out.pop_back();
    return out;
}

/// Records and enums by name, as they are met.
class Types {
public:
    void add(std::span<const ArgInfo> list) {
        for (const ArgInfo& element : list) add(*element.type);
    }
    void add(const rpc::StateInfo& state) {
        for (const rpc::Slot& slot : state.slots) {
            add(slot.arguments);
            if (slot.next) add(*slot.next);
        }
    }
    std::string text() const {
        std::string out;
        for (const auto& [name, type] : seen_) out += describe(*type);
        return out.empty() ? out : "\n## Types\n" + out;
    }

private:
    void add(const TypeInfo& type) {
        if (type.of) add(*type.of);
        if (type.key) add(*type.key);
        if (!type.name.empty() && !seen_.emplace(type.name, &type).second) return;
        add(type.fields);
    }
    static std::string describe(const TypeInfo& type) {
        TypeInfo plain = type;
        plain.name = {};
        if (type.kind == TypeKind::enumeration) {
            std::string out = fmt::format("\n**{}**: one of", type.name);
            for (std::uint64_t value = 0; value <= type.max; ++value)
                out += fmt::format("{} {}{}", value == 0 ? "" : ",", value,
                                   type.name_of ? fmt::format(" `{}`", type.name_of(value)) : "");
            return out + "\n";
        }
        if (type.kind != TypeKind::record) return fmt::format("\n**{}**: {}\n", type.name, to_string(plain));
        std::string out = fmt::format("\n**{}**, a record:\n\n| field | type |\n|---|---|\n", type.name);
        for (const ArgInfo& field : type.fields)
            out += fmt::format("| {} | `{}` |\n", field.name, to_string(*field.type));
        return out;
    }
    std::map<std::string_view, const TypeInfo*> seen_;
};

}  // namespace

ProtocolText parse_comment(std::string_view header, std::string_view type) {
    auto lines = lines_of(header);
    auto declares = [&](std::string_view line) {
        for (std::string_view word : {"struct ", "using "})
            if (line.starts_with(word) && line.substr(word.size()).starts_with(type)) {
                std::string_view rest = line.substr(word.size() + type.size());
                return rest.empty() || rest.starts_with(' ');
            }
        return false;
    };
    auto found = std::find_if(lines.begin(), lines.end(), declares);
    ProtocolText text;
    if (found == lines.end()) return text;
    auto begin = found;
    while (begin != lines.begin() && (begin - 1)->starts_with("///")) --begin;
    std::string* into = nullptr;
    for (; begin != found; ++begin) {
        std::string_view line = begin->substr(3);
        if (line.starts_with(' ')) line.remove_prefix(1);
        if (trim(line).empty()) {
            into = nullptr;
            continue;
        }
        if (auto method = method_line(line)) {
            into = &text.methods[method->first];
            line = method->second;
        } else if (!into) {
            into = &text.general.emplace_back();
        }
        if (!into->empty()) *into += ' ';
        *into += trim(line);
    }
    return text;
}

std::string reference_page(const ProtocolEntry& entry, const ProtocolText& text) {
    const rpc::ProtocolInfo& info = *entry.info;
    std::string out = fmt::format(
        "# {}\n\nVersion {}. Written by `sonm_protocol_docs` from the declaration `{}` in\n[{}](../../{}); "
        "do not "
        "edit. How types travel and what their JSON form is: [slave.md](slave.md).\n",
        info.name, info.version, entry.type, entry.header, entry.header);
    for (const std::string& paragraph : text.general) out += fmt::format("\n{}\n", paragraph);
    out += "\n## Methods\n";
    std::vector<const MethodInfo*> methods;
    for (const MethodInfo& method : info.methods) methods.push_back(&method);
    std::sort(methods.begin(), methods.end(), [](auto* a, auto* b) { return a->id < b->id; });
    Types types;
    for (const MethodInfo* method : methods) {
        out += fmt::format("\n### {} {}\n\n`{}({})`\n\n{}\n", method->id, method->name, method->name,
                           elements(method->arguments), shape_text(*method));
        if (auto words = text.methods.find(method->id); words != text.methods.end())
            out += fmt::format("\n{}\n", words->second);
        for (auto list : {method->arguments, method->upstream, method->downstream, method->reply})
            types.add(list);
        types.add(method->says(true));
        types.add(method->says(false));
    }
    out += types.text();
    if (!info.errors.empty()) {
        out += "\n## Error categories of its own\n\n| number | category |\n|---:|---|\n";
        for (const rpc::ErrorCategory& error : info.errors)
            out += fmt::format("| 0x{:x} | {} |\n", error.number, error.category->name());
    }
    return out;
}

std::string reference_index(const std::vector<ProtocolEntry>& entries) {
    std::string out =
        "# Protocols\n\nWritten by `sonm_protocol_docs`; do not edit. The wire itself: "
        "[slave.md](slave.md).\n\n"
        "| protocol | version | methods |\n|---|---:|---|\n";
    for (const ProtocolEntry& entry : entries) {
        std::string names;
        for (const MethodInfo& method : entry.info->methods)
            names += (names.empty() ? "" : ", ") + std::string(method.name);
        out += fmt::format("| [{}]({}.md) | {} | {} |\n", entry.info->name, entry.info->name,
                           entry.info->version, names);
    }
    return out;
}

}  // namespace sonm::services
