#include "support/server_process.hpp"

#include "sonm/base/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace sonm::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

}  // namespace

std::uint16_t free_port() {
    int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                 ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(socket);
    return bound ? ntohs(address.sin_port) : 0;
}

bool listens(std::uint16_t port) {
    int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(port);
    bool answered = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return answered;
}

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(std::vector<std::string> argv,
                                                            std::uint16_t port) {
    std::unique_ptr<ServerProcess> out(new ServerProcess());
    SONM_TRY(auto program, find_program(argv.front()));
    argv.front() = program.string();
    out->argv_ = std::move(argv);
    out->port_ = port;
    SONM_CHECK(out->launch());
    return out;
}

Result<void> ServerProcess::launch() {
    std::string log = (folder_ / "output.log").string();
    std::vector<char*> argv;
    for (std::string& argument : argv_) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::dup2(file, 1);
        ::dup2(file, 2);
        if (::chdir(folder_.path().c_str()) == 0) ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    for (int attempt = 0; attempt < 400; ++attempt) {
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            break;
        }
        if (listens(port_)) return Result<void>();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    std::string words = read_text(log, 1 * MiB).value_or("");
    return fail(Errc::timeout, "{} did not start: {}", argv_[0],
                words.substr(words.size() > 800 ? words.size() - 800 : 0));
}

Result<void> ServerProcess::restart() {
    kill(SIGKILL);
    return launch();
}

void ServerProcess::kill(int signal) {
    if (pid_ < 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

ServerProcess::~ServerProcess() { kill(SIGKILL); }

}  // namespace sonm::test
