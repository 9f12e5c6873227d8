#include "sonm/engine/firewall.hpp"

#include "sonm/engine/command.hpp"
#include "sonm/engine/errc.hpp"
#include "sonm/engine/file_handle.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace sonm::engine {
namespace {

constexpr Millis rules_max{20'000};

/// $1 = bridge, $2 = A to add, D to delete. The chain of a bridge has the bridge's name.
/// Addresses that are not public. Source: IANA IPv4 Special-Purpose Address Registry; 224/4 and 240/4:
/// multicast, reserved.
constexpr const char* rules = R"(
bridge=$1
rule() {
  tool=$1; shift
  if [ "$action" = D ]; then while "$tool" -w 5 -D "$@" 2>/dev/null; do :; done; return; fi
  "$tool" -w 5 -C "$@" 2>/dev/null || "$tool" -w 5 -I "$@" || exit 1
}
action=$2
if [ "$action" = A ]; then
  iptables -w 5 -N "$bridge" 2>/dev/null
  iptables -w 5 -F "$bridge" || exit 1
  for range in 0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 \
               192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4; do
    iptables -w 5 -A "$bridge" -d "$range" -j DROP || exit 1
  done
fi
rule iptables DOCKER-USER -i "$bridge" -j "$bridge"
rule iptables DOCKER-USER -o "$bridge" -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP
rule iptables INPUT -i "$bridge" -j DROP
if [ -e /proc/net/if_inet6 ]; then
  rule ip6tables INPUT -i "$bridge" -j DROP
  rule ip6tables FORWARD -i "$bridge" -j DROP
fi
if [ "$action" = D ]; then iptables -w 5 -F "$bridge"; iptables -w 5 -X "$bridge"; fi 2>/dev/null
exit 0
)";

/// The process that listens on the socket: the engine.
Result<pid_t> listener_of(const std::string& socket_path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() >= sizeof address.sun_path)
        return fail(EngineErrc::not_isolated, "{}: the path is too long", socket_path);
    std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size());
    FileHandle socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return fail(EngineErrc::engine_down, "{}: {}", socket_path, std::strerror(errno));
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid == 0) {
        return fail(EngineErrc::not_isolated, "cannot tell in which network namespace the engine at {} is",
                    socket_path);
    }
    return peer.pid;
}

Async<void> apply(std::string bridge, std::string socket_path, std::string action) {
    if (::geteuid() != 0) co_return fail(EngineErrc::not_isolated, "firewall rules need root");
    SONM_CO_TRY(pid_t engine, listener_of(socket_path));
    std::vector<std::string> argv;
    for (std::string word :
         {std::string("nsenter"), fmt::format("--net=/proc/{}/ns/net", engine), std::string("--"),
          std::string("/bin/sh"), std::string("-c"), std::string(rules), std::string("sonm"), bridge, action})
        argv.push_back(std::move(word));
    auto done = co_await run_command(std::move(argv), rules_max);
    if (!done)
        co_return fail(EngineErrc::not_isolated, "rules of bridge {}: {}", bridge, done.error().message());
    co_return Result<void>();
}

}  // namespace

Async<void> isolate_bridge(std::string bridge, std::string socket_path) {
    return apply(std::move(bridge), std::move(socket_path), "A");
}
Async<void> release_bridge(std::string bridge, std::string socket_path) {
    return apply(std::move(bridge), std::move(socket_path), "D");
}

}  // namespace sonm::engine
