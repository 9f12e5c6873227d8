#include "sonm/base/blocking.hpp"

namespace sonm {

asio::thread_pool& blocking_pool() {
    // Enough for the file system to join several fsyncs into one journal write.
    static asio::thread_pool pool(8);
    return pool;
}

}  // namespace sonm
