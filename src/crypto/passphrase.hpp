#pragma once

#include "sonm/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace sonm::crypto {

/// A text that is wiped when destroyed. Movable, not copyable; never print it.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();
    std::string_view text() const { return text_; }
    bool empty() const { return text_.empty(); }

private:
    void wipe();
    std::string text_;
};

/// Environment variable that holds a passphrase, for services and scripts.
inline constexpr const char* passphrase_variable = "SONM_PASSPHRASE";

struct PassphraseRequest {
    std::optional<std::filesystem::path>
        file;  ///< its first line is the passphrase; takes precedence over all else
    std::string prompt = "Passphrase: ";
    bool confirm = false;  ///< ask twice at the terminal, for a new key
};

/// Gets a passphrase: from the file if one is named, else from SONM_PASSPHRASE if set, else from the person
/// at the terminal. Blocks while the person types: call it before the event loop or from the work pool.
/// Errors: CryptoErrc::no_passphrase (nobody to ask; says the three ways), empty_passphrase; denied (Ctrl-C);
/// not_found, too_large (file); conflict (the two typed texts differ).
Result<Secret> read_passphrase(const PassphraseRequest& request);

/// Asks at this terminal without showing what is typed. Backspace and Ctrl-U work; Ctrl-C gives denied, not a
/// signal, so that the terminal is always left as it was. Errors: also io, closed, too_large (over 1024
/// bytes).
Result<Secret> prompt_secret(int terminal, std::string_view prompt);

}  // namespace sonm::crypto
