#include "sonm/apphost/store.hpp"

using namespace sonm;
using namespace sonm::apphost;

/// What lies in the storage may be anybody's. What is read is written and read again the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    BytesView bytes(data, size);
    if (auto manifest = parse_manifest(bytes)) {
        auto again = parse_manifest(pack_manifest(*manifest));
        if (!again || *again != *manifest) __builtin_trap();
    }
    if (auto profile = parse_profile(bytes)) {
        auto again = parse_profile(pack_profile(*profile));
        if (!again || *again != *profile) __builtin_trap();
    }
    if (auto runlist = parse_runlist(bytes)) {
        auto again = parse_runlist(pack_runlist(*runlist));
        if (!again || *again != *runlist) __builtin_trap();
    }
    (void)parse_archive(bytes);
    return 0;
}
