#include "sonm/chain/detail/lane.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace sonm::chain::detail {
namespace {

/// Between two tries to get a lock that another process has: it has it for about a block's time.
constexpr Millis retry{20};

}  // namespace

Lane::Held::~Held() {
    if (file_ >= 0) ::close(file_);
    if (lane_) (void)lane_->turn_.try_pop();
}

Async<Lane::Held> Lane::enter() {
    SONM_CO_CHECK(co_await turn_.push(true));
    if (path_.empty()) co_return Held(this, -1);
    int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    Held held(this, file);
    if (file < 0) {
        co_return fail(errno == EACCES ? Errc::denied : Errc::io, "lock file {}: {}", path_,
                       std::generic_category().message(errno));
    }
    while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            co_return fail(Errc::io, "lock file {}: {}", path_, std::generic_category().message(errno));
        }
        co_await sleep_for(retry);
    }
    co_return std::move(held);
}

}  // namespace sonm::chain::detail
