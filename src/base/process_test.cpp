#include "sonm/base/process.hpp"

#include <gtest/gtest.h>

using namespace sonm;

namespace {

Task<void> stops_what_it_started(std::filesystem::path log) {
    auto process = spawn_daemon({"sleep", "1000"}, log);
    EXPECT_TRUE(process);
    EXPECT_TRUE(is_alive(*process));
    ProcessId other = *process;
    other.start_ticks += 1;
    EXPECT_FALSE(is_alive(other));
    EXPECT_TRUE(co_await stop_process(*process, Millis(2'000)));
    EXPECT_FALSE(is_alive(*process));
}

TEST(Process, DaemonIsStoppedByItsOwnId) { run_test(stops_what_it_started("/dev/null")); }

TEST(Process, MissingProgramIsNotFound) {
    auto process = spawn_daemon({"no-such-program-here"}, "/dev/null");
    ASSERT_FALSE(process);
    EXPECT_TRUE(process.error().is(Errc::not_found));
}

}  // namespace
