#include "sonm/http/request_parser.hpp"

/// First byte: how large the pieces are in which the rest arrives. Whole or in pieces, the request must be
/// the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::size_t header_bytes_max = 4096, body_bytes_max = 1024;
    auto parse = [&](std::size_t step) {
        sonm::http::RequestParser parser(header_bytes_max, body_bytes_max);
        sonm::BytesView left(data + 1, size - 1);
        bool good = true;
        while (good && !left.empty() && !parser.done()) {
            auto used = parser.feed(left.first(std::min(step, left.size())));
            good = used.has_value();
            if (good) left = left.subspan(*used);
        }
        good = good && parser.done();
        bool keeps = good && parser.keep_alive();
        auto request = good ? parser.take() : sonm::http::Incoming();
        if (request.body.size() > body_bytes_max) __builtin_trap();
        (void)sonm::http::url_decode(request.path());
        return std::tuple(good, keeps, request.method, request.target, request.headers, request.body);
    };
    if (parse(size) != parse(data[0] % 16 + 1)) __builtin_trap();
    return 0;
}
