#pragma once

#include "sonm/base/stream.hpp"

#include <memory>
#include <variant>

struct redisReader;

namespace sonm::cache {

/// An answer of a Redis server.
struct RedisReply {
    enum class Kind : std::uint8_t { nothing, number, text, list, error };
    Kind kind = Kind::nothing;
    std::int64_t number = 0;
    Bytes text;
    std::vector<RedisReply> list;
};

/// One connection to a Redis server; one batch of commands at a time. After a failure it is broken. What the
/// server answers is bounded: in bytes, and 1024 items a list.
class RedisConnection {
public:
    using Command = std::vector<Bytes>;

    explicit RedisConnection(std::unique_ptr<ByteStream> stream);
    /// Sends all commands together and gives their answers, in order. `reply_bytes_max`: of one answer.
    /// Errors: closed, io, corrupt (something else than Redis answers), too_large.
    Async<std::vector<RedisReply>> run(std::vector<Command> commands, std::size_t reply_bytes_max);
    bool is_usable() const { return usable_; }

private:
    std::unique_ptr<ByteStream> stream_;
    std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
    std::size_t pending_bytes_ = 0;  ///< of the answer that is being read
    bool usable_ = true;
};

}  // namespace sonm::cache
