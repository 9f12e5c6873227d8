#pragma once

#include "sonm/base/fs.hpp"
#include "sonm/base/strong.hpp"
#include "sonm/chain/rpc.hpp"
#include "sonm/crypto/key.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

/// A real EVM chain for tests of the whole system.
namespace sonm::test {

/// $SONM_ANVIL, or the one that contracts/ installs from npm. The error is the reason to skip.
Result<std::string> find_anvil();

/// One anvil process on a free port of loopback, killed at the end of this object's life and with the test
/// program.
class Anvil {
public:
    /// `arguments` go to anvil as they are. Waits until it answers. Errors: not_found, timeout with anvil's
    /// last words.
    static Result<std::unique_ptr<Anvil>> start(std::vector<std::string> arguments = {});
    Anvil(const Anvil&) = delete;
    ~Anvil();

    const std::string& url() const { return url_; }
    std::uint16_t port() const { return port_; }
    /// SIGKILL: what it has not written down is lost.
    void kill();
    /// SIGTERM: it writes its state down, if told where.
    void stop();
    /// SIGSTOP and SIGCONT: connections stay, answers do not come.
    void freeze();
    void thaw();

private:
    Anvil() = default;
    void end(int signal);

    TempDir folder_;
    int pid_ = -1;
    std::uint16_t port_ = 0;
    std::string url_;
};

/// Key number `index` of the development chain.
crypto::PrivateKey development_key(std::size_t index);
/// A client with short deadlines.
std::unique_ptr<chain::JsonRpc> connect(const Executor& executor, const std::string& url);
/// anvil's own methods; fails the test if anvil refuses.
Task<void> command(chain::JsonRpc& node, std::string method, std::string params);
Task<std::string> ask(chain::JsonRpc& node, std::string method, std::string params);

}  // namespace sonm::test

/// Skips the test, with the reason, where there is no anvil.
#define SONM_NEEDS_ANVIL()                                   \
    do {                                                     \
        auto found = ::sonm::test::find_anvil();             \
        if (!found) GTEST_SKIP() << found.error().message(); \
    } while (false)
