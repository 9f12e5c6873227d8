#include "sonm/crypto/passphrase.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/crypto/errc.hpp"

#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace sonm::crypto {
namespace {

constexpr std::size_t passphrase_bytes_max = 1024;
constexpr std::size_t file_bytes_max = 4 * KiB;

/// A terminal that neither shows nor interprets what is typed, until the end of this object.
class SilentTerminal {
public:
    explicit SilentTerminal(int fd) : fd_(fd), ready_(tcgetattr(fd, &before_) == 0) {
        if (!ready_) return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG);
        silent.c_cc[VMIN] = 1;
        silent.c_cc[VTIME] = 0;
        ready_ = tcsetattr(fd, TCSAFLUSH, &silent) == 0;
    }
    SilentTerminal(const SilentTerminal&) = delete;
    ~SilentTerminal() {
        if (ready_) tcsetattr(fd_, TCSANOW, &before_);
    }
    bool ready() const { return ready_; }

private:
    int fd_;
    termios before_{};
    bool ready_;
};

/// Prompts must not be lost half way; what cannot be written at all is seen by the read that follows.
void say(int fd, std::string_view text) {
    while (!text.empty()) {
        ssize_t done = ::write(fd, text.data(), text.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(done));
    }
}

Result<Secret> type_line(int fd) {
    constexpr char end_of_text = 4, interrupt = 3, backspace = 8, rubout = 127, kill_line = 21;
    std::string line;
    line.reserve(passphrase_bytes_max);  // never moves, so that no unwiped copy stays behind
    while (true) {
        char key = 0;
        ssize_t got = ::read(fd, &key, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail(Errc::io, "reading the terminal: {}", std::generic_category().message(errno));
        if (key == interrupt) return fail(Errc::denied, "interrupted at the passphrase");
        if (got == 0 || (key == end_of_text && line.empty())) return fail(Errc::closed, "the terminal ended");
        if (key == '\n' || key == '\r' || key == end_of_text) return Secret(std::move(line));
        if (key == rubout || key == backspace) {
            // A character may be several bytes of UTF-8.
            while (!line.empty() && (line.back() & 0xC0) == 0x80) line.pop_back();
            if (!line.empty()) line.pop_back();
        } else if (key == kill_line) {
            line.clear();
        } else if (line.size() == passphrase_bytes_max) {
            return fail(Errc::too_large, "a passphrase over {} bytes", passphrase_bytes_max);
        } else {
            line.push_back(key);
        }
    }
}

Result<Secret> from_file(const std::filesystem::path& path) {
    auto bytes = read_file(path, file_bytes_max);
    if (!bytes) return wrap(std::move(bytes).error(), "reading the passphrase");
    std::string_view text = as_text(*bytes);
    text = text.substr(0, text.find('\n'));
    if (text.ends_with('\r')) text.remove_suffix(1);
    Secret secret{std::string(text)};
    explicit_bzero(bytes->data(), bytes->size());
    if (secret.empty())
        return fail(CryptoErrc::empty_passphrase, "the first line of {} is empty", path.native());
    return secret;
}

Result<Secret> from_terminal(const PassphraseRequest& request) {
    int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0) {
        return fail(CryptoErrc::no_passphrase,
                    "there is no terminal to ask at: set {} or name a file that holds it",
                    passphrase_variable);
    }
    Result<Secret> first = prompt_secret(terminal, request.prompt);
    Result<Secret> second = first && request.confirm ? prompt_secret(terminal, "The same again: ") : Secret();
    ::close(terminal);
    if (!first) return first;
    if (!second) return second;
    if (first->empty()) return fail(CryptoErrc::empty_passphrase, "nothing was typed");
    if (request.confirm && first->text() != second->text())
        return fail(Errc::conflict, "the two passphrases differ: try again");
    return first;
}

}  // namespace

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    wipe();
    text_ = std::move(other.text_);
    other.wipe();
    return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() {
    // A short text lives inside the string itself and stays there when it is moved from: wipe the whole
    // capacity.
    text_.resize(text_.capacity());
    explicit_bzero(text_.data(), text_.size());
    text_.clear();
}

Result<Secret> prompt_secret(int terminal, std::string_view prompt) {
    SilentTerminal silent(terminal);
    if (!silent.ready()) return fail(Errc::io, "not a terminal");
    say(terminal, prompt);
    Result<Secret> secret = type_line(terminal);
    say(terminal, "\n");
    return secret;
}

Result<Secret> read_passphrase(const PassphraseRequest& request) {
    if (request.file) return from_file(*request.file);
    if (const char* text = std::getenv(passphrase_variable)) {
        if (*text == '\0')
            return fail(CryptoErrc::empty_passphrase, "{} is set but empty", passphrase_variable);
        return Secret(std::string(text));
    }
    return from_terminal(request);
}

}  // namespace sonm::crypto
