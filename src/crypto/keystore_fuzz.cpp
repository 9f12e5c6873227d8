#include "sonm/crypto/keystore_file.hpp"

using namespace sonm;
using namespace sonm::crypto;

/// Only the reading: the derivation that follows costs what the limits allow.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto file = parse_keystore_file(as_text({data, size}));
    if (!file) return 0;
    SONM_ASSERT(file->salt.size() <= 256);
    if (const auto* scrypt = std::get_if<ScryptCost>(&file->cost))
        SONM_ASSERT(scrypt->n * scrypt->r * 128 <= 512 * MiB);
    return 0;
}
