#include "sonm/http/head.hpp"

#include "sonm/base/errc.hpp"

#include <algorithm>

namespace sonm::http {

bool has_break_or_blank(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

Result<void> append_headers(std::string& out, const std::vector<Header>& headers) {
    for (const Header& header : headers) {
        bool broken = header.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
        if (header.name.empty() || has_break_or_blank(header.name) || broken)
            return fail(Errc::invalid, "HTTP header \"{}\"", header.name);
        out += fmt::format("{}: {}\r\n", header.name, header.value);
    }
    return {};
}

}  // namespace sonm::http
