#include "sonm/web/address.hpp"
#include "sonm/web/sign.hpp"

/// First byte: what the rest is: a network as written, an address in 16 bytes, a URL to be
/// signed, or base64.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    if (size == 0) return 0;
    BytesView rest(data + 1, size - 1);
    if (data[0] % 4 == 0) {
        auto network = web::parse_network(as_text(rest));
        if (network && network->bits > 128) __builtin_trap();
    } else if (data[0] % 4 == 1 && rest.size() >= 16) {
        asio::ip::address_v6::bytes_type bytes;
        std::copy_n(rest.begin(), 16, bytes.begin());
        asio::ip::address_v6 address(bytes);
        bool good = web::AddressGuard().check(address).has_value();
        // The form with IPv4 inside is judged like that IPv4 address.
        if (address.is_v4_mapped()) {
            auto inner = asio::ip::make_address_v4(asio::ip::v4_mapped, address);
            if (good != web::AddressGuard().check(inner).has_value()) __builtin_trap();
        }
        web::Network own{bytes, 128};
        if (!own.contains(address) || !web::AddressGuard({own}).check(address)) {
            if (!address.is_v4_mapped() && bytes[0] != 0) __builtin_trap();
        }
    } else if (data[0] % 4 == 3) {
        auto bytes = web::parse_base64(as_text(rest));
        if (bytes) {
            auto again = web::parse_base64(web::to_base64(*bytes));
            if (!again || *again != *bytes) __builtin_trap();
        }
    } else {
        web::Request request;
        request.url = std::string(as_text(rest));
        web::AwsAccount account{"id", "secret"};
        (void)web::sign_aws4(request, account, UnixTime(1'700'000'000));
    }
    return 0;
}
