#include "sonm/chain/abi.hpp"

namespace {

/// Reads a type that the input itself describes: each byte of the plan is one field. Whatever it says, what
/// is read is never larger than what was given.
std::size_t read(sonm::chain::Decoder& decoder, sonm::BytesView& plan, int depth) {
    std::size_t size = 0;
    while (!plan.empty() && decoder.ok()) {
        std::uint8_t field = plan[0];
        plan = plan.subspan(1);
        switch (field % 9) {
            case 0: size += decoder.uint(256) != 0; break;
            case 1: size += decoder.u64(field % 65) != 0; break;
            case 2: size += decoder.boolean(); break;
            case 3: size += !decoder.address().is_zero(); break;
            case 4: size += decoder.bytes().size(); break;
            case 5: size += decoder.text().size(); break;
            case 6: {
                if (depth == 0) break;
                auto tuple = decoder.dynamic();
                size += read(tuple, plan, depth - 1);
                break;
            }
            case 7: {
                auto array = decoder.array(1 + field % 4);
                for (std::size_t i = 0; i < array.count && decoder.ok(); ++i)
                    size += array.elements.bytes().size();
                break;
            }
            default: return size;
        }
    }
    return size;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 64 * sonm::KiB) return 0;
    std::size_t plan_size = std::min<std::size_t>(data[0] % 32, size - 1);
    sonm::BytesView plan(data + 1, plan_size);
    sonm::BytesView body(data + 1 + plan_size, size - 1 - plan_size);
    sonm::chain::Decoder decoder(body);
    SONM_ASSERT(read(decoder, plan, 8) <= body.size());
    (void)decoder.finish();
    return 0;
}
