#include "sonm/http/response_parser.hpp"

/// First byte: how large the pieces are in which the rest arrives. Whole or in pieces, the answer must be the
/// same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::size_t header_bytes_max = 4096;
    auto parse = [&](std::size_t step) {
        sonm::http::ResponseParser parser(header_bytes_max);
        sonm::BytesView left(data + 1, size - 1);
        sonm::Bytes body;
        bool good = true;
        while (good && !left.empty() && !parser.done()) {
            auto used = parser.feed(left.first(std::min(step, left.size())));
            good = used.has_value();
            if (good) left = left.subspan(*used);
            sonm::append(body, parser.take_body());
        }
        good = good && parser.finish();
        return std::tuple(good, good ? parser.head().status : 0, good ? body : sonm::Bytes());
    };
    if (parse(size) != parse(data[0] % 16 + 1)) __builtin_trap();
    return 0;
}
