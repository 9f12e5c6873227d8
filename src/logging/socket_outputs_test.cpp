#include "sonm/logging/socket_outputs.hpp"

#include "sonm/base/fs.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

TEST(Syslog, Entry_ArrivesAsOneLine) {
    TempDir folder;
    Daemon daemon(folder / "log");
    SyslogOutput output((folder / "log").native());
    ASSERT_TRUE(output.write({entry_of("one")}));
    EXPECT_EQ(daemon.take(), "<28>1 - - app/x_y - - - one user-id=7 note=v");
}

TEST(Syslog, DaemonThatIsAwayOrBehind_LosesEntriesAndHoldsNothingUp) {
    TempDir folder;
    SyslogOutput output((folder / "log").native());
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
