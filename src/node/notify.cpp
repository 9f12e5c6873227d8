#include "sonm/node/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace sonm::node {

void notify_manager(std::string_view state) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (!path || (path[0] != '/' && path[0] != '@')) return;
    std::size_t size = std::strlen(path);
    if (size >= sizeof(address.sun_path)) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, size);
    // An abstract name begins with a zero byte.
    if (path[0] == '@') address.sun_path[0] = '\0';
    int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) return;
    auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    (void)::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
                   bytes);
    ::close(socket);
}

}  // namespace sonm::node
