#include "sonm/unicorn/path.hpp"

namespace sonm::unicorn {

Result<std::string> parse_path(std::string_view text) {
    auto wrong = [&](std::string_view why) {
        return fail(UnicornErrc::bad_path, "'{}' is no path ({}): write it like /service/leader",
                    text.substr(0, 100), why);
    };
    if (text.empty() || text.front() != '/') return wrong("it does not begin with /");
    if (text.size() > path_bytes_max) return wrong("it is too long");
    if (text == "/") return std::string();
    if (text.back() == '/') text.remove_suffix(1);
    for (unsigned char c : text)
        if (c < 0x20 || c == 0x7f) return wrong("it has control characters");
    if (depth_of(text) > path_depth_max) return wrong("it is too deep");
    for (std::size_t at = 0; at != text.npos;) {
        std::size_t next = text.find('/', at + 1);
        std::string_view name = text.substr(at + 1, next == text.npos ? next : next - at - 1);
        if (name.empty() || name == "." || name == "..") return wrong("a name in it is empty, . or ..");
        at = next;
    }
    return std::string(text);
}

std::string_view parent_of(std::string_view path) {
    return path.empty() ? path : path.substr(0, path.rfind('/'));
}

std::string_view name_of(std::string_view path) {
    return path.empty() ? path : path.substr(path.rfind('/') + 1);
}

std::size_t depth_of(std::string_view path) {
    return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

std::vector<std::string> ancestors_of(std::string_view path) {
    std::vector<std::string> out;
    for (path = parent_of(path); !path.empty(); path = parent_of(path)) out.emplace_back(path);
    return out;
}

}  // namespace sonm::unicorn
