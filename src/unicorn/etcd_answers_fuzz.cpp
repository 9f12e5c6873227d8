#include "sonm/unicorn/etcd_json.hpp"
#include "sonm/unicorn/path.hpp"

/// First byte: which answer the rest is; or a path of a caller.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    if (size == 0) return 0;
    std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0] % 6) {
        case 0: (void)unicorn::etcd::parse_txn(text); break;
        case 1: (void)unicorn::etcd::parse_lease(text); break;
        case 2: (void)unicorn::etcd::parse_keep_alive(text); break;
        case 3: (void)unicorn::etcd::parse_watch(text); break;
        case 4: (void)unicorn::etcd::parse_error(text); break;
        default:
            auto path = unicorn::parse_path(text);
            // What is kept reads as itself, and its ancestors as paths.
            if (path && !path->empty() && unicorn::parse_path(*path).value_or("") != *path) __builtin_trap();
            if (path)
                for (const std::string& above : unicorn::ancestors_of(*path))
                    if (!unicorn::parse_path(above)) __builtin_trap();
    }
    return 0;
}
