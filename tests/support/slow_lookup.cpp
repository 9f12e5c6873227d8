#include "support/slow_lookup.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <chrono>
#include <cstring>
#include <thread>

/// In place of the C library's, in the programs of tests that link it: see slow_lookup.hpp.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** out) {
    using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = reinterpret_cast<Lookup>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (name && std::strcmp(name, sonm::test::missing_host) == 0) return EAI_NONAME;
    if (name && std::strcmp(name, sonm::test::slow_host) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        return EAI_AGAIN;
    }
    return real(name, service, hints, out);
}
