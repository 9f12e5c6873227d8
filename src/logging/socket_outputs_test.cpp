#include "sonm/logging/socket_outputs.hpp"

#include "sonm/base/fs.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

namespace sonm::logging {
namespace {

/// What a log daemon would receive.
class Daemon {
public:
    explicit Daemon(const std::filesystem::path& path)
        : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.native().size());
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    Daemon(const Daemon&) = delete;
    ~Daemon() { ::close(socket_); }
    /// The content of the file that came with an empty datagram; what is wrong with it instead.
    std::string take_file() {
        std::array<char, CMSG_SPACE(4 * sizeof(int))> control{};
        char byte = 0;
        iovec part{&byte, 1};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        if (::recvmsg(socket_, &message, MSG_CMSG_CLOEXEC) != 0) return "no empty datagram";
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
            return "not one file";
        int file = -1;
        std::memcpy(&file, CMSG_DATA(head), sizeof file);
        int seals = ::fcntl(file, F_GET_SEALS);
        std::string text(static_cast<std::size_t>(::lseek(file, 0, SEEK_END)), '\0');
        ssize_t count = ::pread(file, text.data(), text.size(), 0);
        ::close(file);
        if (seals != (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)) return "not sealed";
        return count == static_cast<ssize_t>(text.size()) ? text : "not readable";
    }
    std::string take() {
        std::string text(200'000, '\0');
        ssize_t count = ::recv(socket_, text.data(), text.size(), 0);
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return text;
    }

private:
    int socket_;
};

EntryPtr entry_of(std::string message) {
    LogEntry entry;
    entry.priority = LogPriority::warning;
    entry.source = "app/x y";
    entry.message = std::move(message);
    entry.attributes = {{"user-id", std::int64_t(7)}, {"note", "v"}};
    return std::make_shared<const LogEntry>(std::move(entry));
}

TEST(Journal, Entry_ArrivesAsFields_ManyLinesWithTheirLength) {
    TempDir folder;
    Daemon daemon(folder / "journal");
    JournalOutput output((folder / "journal").native());
    ASSERT_TRUE(output.write({entry_of("one"), entry_of("two\nlines")}));
    EXPECT_EQ(daemon.take(),
              "MESSAGE=one\nPRIORITY=4\nSYSLOG_IDENTIFIER=sonm\nSONM_SOURCE=app/x "
              "y\nSONM_USER_ID=7\nSONM_NOTE=v\n");
    EXPECT_TRUE(
        daemon.take().starts_with(std::string("MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\nPRIORITY=4\n", 37)));
}

/// With attributes as large as the service takes them: 64 of 4 KiB.
EntryPtr large_entry() {
    LogEntry entry;
    entry.message = "large";
    for (int i = 0; i < 64; ++i)
        entry.attributes.emplace_back(fmt::format("a{}", i),
                                      std::string(4 * KiB, static_cast<char>('a' + i % 26)));
    return std::make_shared<const LogEntry>(std::move(entry));
}

TEST(Journal, EntryOverTheLimitOfADatagram_ArrivesWholeAsASealedFile) {
    TempDir folder;
    Daemon daemon(folder / "journal");
    JournalOutput output((folder / "journal").native());
    ASSERT_TRUE(output.write({large_entry(), entry_of("next")}));
    std::string got = daemon.take_file();
    EXPECT_TRUE(got.starts_with("MESSAGE=large\nPRIORITY=")) << got.substr(0, 100);
    EXPECT_TRUE(got.ends_with("SONM_A63=" + std::string(4 * KiB, 'l') + "\n")) << got.size();
    EXPECT_GT(got.size(), 64 * 4 * KiB);
    EXPECT_TRUE(daemon.take().starts_with("MESSAGE=next\n")) << "small ones go as before";
    EXPECT_EQ(output.refused(), 0u);
}

TEST(Journal, LongMessage_IsNotCut) {
    TempDir folder;
    Daemon daemon(folder / "journal");
    JournalOutput output((folder / "journal").native());
    std::string long_text(MiB, 'm');
    ASSERT_TRUE(output.write({entry_of(long_text)}));
    EXPECT_TRUE(daemon.take_file().starts_with("MESSAGE=" + long_text + "\n"));
}

TEST(Syslog, LineOverTheLimitOfADatagram_IsCut) {
    TempDir folder;
    Daemon daemon(folder / "log");
    SyslogOutput output((folder / "log").native());
    ASSERT_TRUE(output.write({large_entry()}));
    std::string got = daemon.take();
    EXPECT_TRUE(got.find(" large a0=aaa") != got.npos) << got.substr(0, 100);
    EXPECT_EQ(got.size(), 8 * KiB);
    EXPECT_EQ(output.refused(), 0u);
}

TEST(Syslog, Entry_ArrivesAsOneLine) {
    TempDir folder;
    Daemon daemon(folder / "log");
    SyslogOutput output((folder / "log").native());
    ASSERT_TRUE(output.write({entry_of("one")}));
    EXPECT_EQ(daemon.take(), "<28>1 - - app/x_y - - - one user-id=7 note=v");
}

TEST(Journal, Burst_ArrivesWholeAtADaemonThatReads) {
    TempDir folder;
    Daemon daemon(folder / "journal");
    JournalOutput output((folder / "journal").native());
    constexpr int count = 5'000;
    std::thread reading([&] {
        for (int got = 0; got < count;)
            if (!daemon.take().empty()) ++got;
    });
    ASSERT_TRUE(output.write(std::vector<EntryPtr>(count, entry_of("burst"))));
    reading.join();
    EXPECT_EQ(output.refused(), 0u);
}

TEST(Syslog, DaemonThatIsAwayOrBehind_LosesEntriesAndHoldsNothingUp) {
    TempDir folder;
    SyslogOutput output((folder / "log").native(), Millis(10));
    ASSERT_TRUE(output.write({entry_of("nobody there")}));
    EXPECT_EQ(output.refused(), 1u);
    std::optional<Daemon> daemon(folder / "log");
    ASSERT_TRUE(output.write({entry_of("there now")}));
    EXPECT_NE(daemon->take().find("there now"), std::string::npos);
    for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(output.write({entry_of("flood")}));
    EXPECT_GT(output.refused(), 1u);
    daemon.reset();
    std::filesystem::remove(folder / "log");
    daemon.emplace(folder / "log");
    ASSERT_TRUE(output.write({entry_of("after a restart")}));
    EXPECT_NE(daemon->take().find("after a restart"), std::string::npos);
}

}  // namespace
}  // namespace sonm::logging
