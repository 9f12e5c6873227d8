#include "support/anvil.hpp"

#include "sonm/base/units.hpp"
#include "sonm/crypto/development_keys.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace sonm::test {
namespace {

constexpr std::string_view listening = "Listening on 127.0.0.1:";

/// The port that anvil says it listens on; 0 while it does not.
std::uint16_t port_in(const std::string& words) {
    std::size_t at = words.find(listening);
    std::size_t end = words.find('\n', at);
    if (at == std::string::npos || end == std::string::npos) return 0;
    std::string_view digits =
        std::string_view(words).substr(at + listening.size(), end - at - listening.size());
    return parse_int<std::uint16_t>(digits).value_or(0);
}

}  // namespace

Result<std::string> find_anvil() {
    if (const char* given = std::getenv("SONM_ANVIL")) return std::string(given);
    std::string path = SONM_SOURCE_DIR "/contracts/node_modules/.bin/anvil";
    if (::access(path.c_str(), X_OK) == 0) return path;
    return fail(Errc::not_found, "no anvil: run contracts/build --install, or set SONM_ANVIL");
}

Result<std::unique_ptr<Anvil>> Anvil::start(std::vector<std::string> arguments) {
    SONM_TRY(std::string program, find_anvil());
    std::unique_ptr<Anvil> out(new Anvil());
    std::string log = (out->folder_ / "anvil.log").string();
    arguments.insert(arguments.begin(), {program, "--host", "127.0.0.1", "--port", "0", "--order", "fifo"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    out->pid_ = ::fork();
    if (out->pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::dup2(file, 1);
        ::dup2(file, 2);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    std::string words;
    for (int attempt = 0; attempt < 300; ++attempt) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        if (auto read = read_text(log, 1 * MiB)) words = *read;
        out->port_ = port_in(words);
        if (out->port_ != 0) {
            out->url_ = fmt::format("http://127.0.0.1:{}", out->port_);
            return out;
        }
        if (::waitpid(out->pid_, nullptr, WNOHANG) == out->pid_) {
            out->pid_ = -1;
            break;
        }
    }
    return fail(Errc::timeout, "anvil did not start: {}",
                words.substr(words.size() > 500 ? words.size() - 500 : 0));
}

Anvil::~Anvil() { kill(); }

void Anvil::end(int signal) {
    if (pid_ < 0) return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void Anvil::kill() { end(SIGKILL); }
void Anvil::stop() { end(SIGTERM); }
void Anvil::freeze() {
    // The signal is only sent by kill(): it has worked when the kernel says that the process has stopped.
    ::kill(pid_, SIGSTOP);
    int status = 0;
    ::waitpid(pid_, &status, WUNTRACED);
}
void Anvil::thaw() { ::kill(pid_, SIGCONT); }

crypto::PrivateKey development_key(std::size_t index) {
    auto secret = parse_hex_fixed<32>(crypto::development_keys.at(index));
    return std::move(*crypto::PrivateKey::from_bytes(*secret));
}

std::unique_ptr<chain::JsonRpc> connect(const Executor& executor, const std::string& url) {
    chain::RpcConfig config;
    config.url = url;
    config.answer_max = Millis(3'000);
    config.attempts_max = 2;
    return std::move(*chain::JsonRpc::make(executor, std::move(config)));
}

Task<std::string> ask(chain::JsonRpc& node, std::string method, std::string params) {
    auto asking = node.raw(method, std::move(params));
    auto answer = co_await std::move(asking);
    EXPECT_TRUE(answer) << method << ": " << answer.error().message();
    co_return answer ? *answer : std::string();
}

Task<void> command(chain::JsonRpc& node, std::string method, std::string params) {
    auto asking = ask(node, std::move(method), std::move(params));
    (void)co_await std::move(asking);
}

}  // namespace sonm::test
