#pragma once

#include "sonm/base/fs.hpp"

#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

/// Real servers for tests: a program started on loopback, which ends with the test.
namespace sonm::test {

/// A port of loopback that nobody listens on at the moment.
std::uint16_t free_port();
/// Whether somebody listens there.
bool listens(std::uint16_t port);

/// One process in a folder of its own, killed at the end of this object's life and with the test program.
class ServerProcess {
public:
    /// argv[0] is found through PATH. Waits until `port` is listened on, at most 20 s. Errors: not_found (the
    /// reason to skip), timeout with the program's last words.
    static Result<std::unique_ptr<ServerProcess>> start(std::vector<std::string> argv, std::uint16_t port);
    ServerProcess(const ServerProcess&) = delete;
    ~ServerProcess();

    std::uint16_t port() const { return port_; }
    /// Ends it by a signal that it cannot overhear, and waits for the end.
    void kill(int signal = SIGKILL);
    /// Starts it again, on the same port, with the same arguments.
    Result<void> restart();

private:
    ServerProcess() = default;
    Result<void> launch();

    TempDir folder_;
    std::vector<std::string> argv_;
    int pid_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace sonm::test
