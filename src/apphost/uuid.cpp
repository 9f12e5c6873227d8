#include "sonm/apphost/uuid.hpp"

#include "sonm/base/bytes.hpp"

namespace sonm::apphost {

std::string make_uuid() {
    Bytes bytes = random_bytes(16);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    std::string hex = to_hex(bytes);
    for (std::size_t at : {8, 13, 18, 23}) hex.insert(at, "-");
    return hex;
}

}  // namespace sonm::apphost
