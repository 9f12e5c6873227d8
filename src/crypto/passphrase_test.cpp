#include "sonm/crypto/passphrase.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/crypto/errc.hpp"

#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <future>

namespace sonm::crypto {
namespace {

/// A pseudo-terminal with something typed into it.
class Pty {
public:
    Pty() { SONM_ASSERT(openpty(&person_, &program_, nullptr, nullptr, nullptr) == 0); }
    ~Pty() {
        ::close(person_);
        ::close(program_);
    }
    int program() const { return program_; }
    void type(std::string_view keys) {
        SONM_ASSERT(::write(person_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
    }
    std::string shown() const {
        char text[256];
        ssize_t got = ::read(person_, text, sizeof text);
        return got > 0 ? std::string(text, static_cast<std::size_t>(got)) : std::string();
    }
    bool echoes() const {
        termios state{};
        SONM_ASSERT(tcgetattr(program_, &state) == 0);
        return (state.c_lflag & ECHO) != 0;
    }

private:
    int person_ = -1, program_ = -1;
};

/// Types once the prompt has been shown, as a person does: what is typed before is flushed.
Result<Secret> answer(Pty& pty, std::string_view keys) {
    auto person = std::async(std::launch::async, [&] {
        pty.shown();
        pty.type(keys);
    });
    return prompt_secret(pty.program(), "Passphrase: ");
}

TEST(Prompt, typed_text_is_taken_and_not_shown_and_the_terminal_is_left_as_it_was) {
    Pty pty;
    EXPECT_EQ(answer(pty, "hunter2\n").value().text(), "hunter2");
    EXPECT_EQ(pty.shown().find("hunter2"), std::string::npos);
    EXPECT_TRUE(pty.echoes());
}

TEST(Prompt, backspace_takes_whole_characters_and_ctrl_u_everything) {
    Pty pty;
    EXPECT_EQ(answer(pty, "abé\x7f\x7fx\r").value().text(), "ax");
    EXPECT_EQ(answer(pty, "wrong\x15right\n").value().text(), "right");
}

TEST(Prompt, ctrl_c_is_an_answer_and_the_terminal_is_left_as_it_was) {
    Pty pty;
    EXPECT_TRUE(answer(pty, "abc\x03").error().is(Errc::denied));
    EXPECT_TRUE(pty.echoes());
}

TEST(Prompt, endless_typing_is_stopped_at_a_limit) {
    Pty pty;
    EXPECT_TRUE(answer(pty, std::string(1025, 'x')).error().is(Errc::too_large));
}

TEST(Prompt, something_that_is_no_terminal_is_refused) { EXPECT_FALSE(prompt_secret(-1, "?")); }

class PassphraseFile : public testing::Test {
protected:
    Result<Secret> read(std::string_view content) {
        std::ofstream(folder_ / "pass") << content;
        PassphraseRequest request;
        request.file = folder_ / "pass";
        return read_passphrase(request);
    }
    TempDir folder_;
};

TEST_F(PassphraseFile, first_line_is_the_passphrase_with_its_blanks) {
    EXPECT_EQ(read("correct horse \r\nnot this\n").value().text(), "correct horse ");
    EXPECT_EQ(read("no newline").value().text(), "no newline");
}

TEST_F(PassphraseFile, empty_missing_or_huge_file_is_refused) {
    EXPECT_TRUE(read("\nsecond").error().is(CryptoErrc::empty_passphrase));
    EXPECT_TRUE(read(std::string(5000, 'x')).error().is(Errc::too_large));
    PassphraseRequest request;
    request.file = folder_ / "missing";
    EXPECT_TRUE(read_passphrase(request).error().is(Errc::not_found));
}

TEST_F(PassphraseFile, file_goes_before_the_environment) {
    ::setenv(passphrase_variable, "from the environment", 1);
    EXPECT_EQ(read("from the file").value().text(), "from the file");
    EXPECT_EQ(read_passphrase(PassphraseRequest()).value().text(), "from the environment");
    ::setenv(passphrase_variable, "", 1);
    EXPECT_TRUE(read_passphrase(PassphraseRequest()).error().is(CryptoErrc::empty_passphrase));
    ::unsetenv(passphrase_variable);
}

TEST(Secret, moved_from_text_is_gone) {
    Secret one(std::string("short"));
    Secret two = std::move(one);
    EXPECT_TRUE(one.empty());
    EXPECT_EQ(two.text(), "short");
    one = std::move(two);
    EXPECT_EQ(one.text(), "short");
}

}  // namespace
}  // namespace sonm::crypto
