#include "rpc_bench_idle.hpp"

#include "sonm/base/units.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace sonm::bench {
namespace {

/// What the process keeps for itself, in bytes. Socket buffers in the kernel are not in it.
double resident_bytes(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/status", process));
    std::string word;
    for (double kibibytes = 0; file >> word;)
        if (word == "RssAnon:" && file >> kibibytes) return kibibytes * 1024;
    return 0;
}

int open_one(const sockaddr_in& where, const std::string& opening, std::size_t answer_bytes) {
    int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (socket < 0) return -1;
    bool good =
        ::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
        ::send(socket, opening.data(), opening.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(opening.size());
    char buffer[512];
    for (std::size_t got = 0; good && got < answer_bytes;) {
        ssize_t count = ::recv(socket, buffer, sizeof buffer, 0);
        good = count > 0;
        got += good ? static_cast<std::size_t>(count) : 0;
    }
    if (good) return socket;
    ::close(socket);
    return -1;
}

}  // namespace

void raise_file_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

double idle_bytes(const Side& side, const std::string& address, pid_t server, std::size_t count) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(parse_int<std::uint16_t>(address.substr(address.find(':') + 1)).value_or(0));
    std::vector<int> sockets;
    auto open = [&](std::size_t until) {
        while (sockets.size() < until) {
            int socket = open_one(where, side.opening(), side.answer_bytes);
            if (socket < 0) return false;
            sockets.push_back(socket);
        }
        // Idle is who has said nothing for some seconds.
        std::this_thread::sleep_for(std::chrono::seconds(8));
        return true;
    };
    // The first ones pay for what all share.
    const std::size_t first = std::min<std::size_t>(count / 10, 100);
    double result = -1;
    if (open(first)) {
        double before = resident_bytes(server);
        if (open(count)) result = (resident_bytes(server) - before) / static_cast<double>(count - first);
    }
    for (int socket : sockets) ::close(socket);
    return result;
}

}  // namespace sonm::bench
