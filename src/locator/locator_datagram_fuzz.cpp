#include "sonm/locator/announcement.hpp"

/// Whatever arrives by multicast: anyone on the segment can send it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::locator;
    auto said = parse_announcement(BytesView(data, size));
    if (!said) return 0;
    SONM_ASSERT(check_uuid(said->uuid).has_value());
    SONM_ASSERT(check_endpoints(said->endpoints).has_value());
    auto again = parse_announcement(encode(*said));
    SONM_ASSERT(again && *again == *said);
    return 0;
}
