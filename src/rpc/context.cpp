#include "sonm/rpc/context.hpp"

#include "sonm/rpc/error.hpp"

namespace sonm::rpc {
namespace {

/// Longer than anybody waits; keeps sums of times far from any overflow.
constexpr std::uint64_t timeout_ms_max = std::uint64_t{1000} * 60 * 60 * 24 * 365;

}  // namespace

Header make_request_timeout(Millis limit) {
    Header header{std::string(request_timeout_header), std::string(8, '\0')};
    auto left = static_cast<std::uint64_t>(std::max(limit.count(), Millis::rep{0}));
    for (char& byte : header.value) {
        byte = static_cast<char>(left & 0xff);
        left >>= 8;
    }
    return header;
}

Result<std::optional<Millis>> Context::request_timeout() const {
    const std::string* value = header(request_timeout_header);
    if (!value) return std::optional<Millis>();
    if (value->size() != 8)
        return fail(DispatchErrc::invalid_argument, "header {} has {} bytes instead of 8",
                    request_timeout_header, value->size());
    std::uint64_t limit = 0;
    for (std::size_t i = 8; i-- > 0;) limit = limit << 8 | static_cast<std::uint8_t>((*value)[i]);
    return std::optional<Millis>(Millis(std::min(limit, timeout_ms_max)));
}

}  // namespace sonm::rpc
