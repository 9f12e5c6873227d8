#include "sonm/settlement/signed_order.hpp"

/// An order from a stranger: what is read is written and read again the same, and asking who signed it never
/// fails.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::settlement;
    auto order = parse_signed_order(as_text(BytesView(data, size)));
    if (!order) return 0;
    auto again = parse_signed_order(to_text(*order));
    SONM_ASSERT(again && *again == *order);
    (void)signer_of(*order);
    (void)check_place_and_time(*order, Network(), UnixTime(1'700'000'000));
    return 0;
}
