#include "sonm/cli/line_input.hpp"

#include "sonm/rpc/json.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sonm::cli {
namespace {

constexpr std::size_t read_bytes = 64 * KiB;

/// A terminal or a pipe is opened anew: whoever shares it with us (the shell, our own output) would not be
/// pleased to find it without blocking.
int open_input() {
    struct stat info {};
    if (::fstat(STDIN_FILENO, &info) == 0 && (S_ISCHR(info.st_mode) || S_ISFIFO(info.st_mode)))
        if (int own = ::open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_CLOEXEC); own >= 0) return own;
    return ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
}

}  // namespace

LineInput::LineInput(const Executor& executor) : input_(executor) {
    int own = open_input();
    if (own < 0)
        ended_ = true;
    else
        input_.assign(own);
}

/// False at the end.
Async<bool> LineInput::fill() {
    // What does not block is read first: of a FIFO whose last writer had gone before it was opened anew,
    // Linux tells the end to who reads, never to who waits.
    bool waits = (::fcntl(input_.native_handle(), F_GETFL) & O_NONBLOCK) == 0;
    while (true) {
        if (waits) {
            auto waiting =
                input_.async_wait(asio::posix::stream_descriptor::wait_read, as_tuple(asio::use_awaitable));
            // What cannot be waited for (a file) never blocks.
            auto [unfit] = co_await std::move(waiting);
            if (unfit && unfit != asio::error::operation_not_supported &&
                unfit != std::errc::operation_not_permitted)
                co_return fail(unfit, "standard input");
        }
        std::size_t before = ahead_.size();
        ahead_.resize(before + read_bytes);
        ssize_t got = ::read(input_.native_handle(), ahead_.data() + before, read_bytes);
        int why = errno;
        ahead_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got >= 0) co_return got != 0;
        if (why != EAGAIN && why != EINTR)
            co_return fail(std::error_code(why, std::generic_category()), "standard input");
        waits = true;
    }
}

Async<std::optional<std::string>> LineInput::next() {
    std::size_t seen = 0;
    while (true) {
        std::size_t end = ahead_.find('\n', seen);
        if (end != std::string::npos || (ended_ && !ahead_.empty())) {
            std::string line = ahead_.substr(0, end);
            ahead_.erase(0, end == std::string::npos ? end : end + 1);
            co_return std::optional<std::string>(std::move(line));
        }
        if (ended_) co_return std::optional<std::string>();
        seen = ahead_.size();
        if (seen > rpc::json_bytes_max)
            co_return fail(Errc::too_large, "a line of more than {} bytes", rpc::json_bytes_max);
        auto filling = fill();
        SONM_CO_TRY(bool more, co_await std::move(filling));
        ended_ = !more;
    }
}

}  // namespace sonm::cli
