#include "sonm/time/block_time.hpp"

/// A node's answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto time = sonm::time::parse_block_time({reinterpret_cast<const char*>(data), size});
    if (time && (*time < 0 || *time > 0xff'ffff'ffff)) __builtin_trap();
    return 0;
}
