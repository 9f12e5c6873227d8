#include "sonm/cache/redis_connection.hpp"

#include <hiredis/hiredis.h>

namespace sonm::cache {
namespace {

RedisReply take(const redisReply& reply) {
    RedisReply out;
    switch (reply.type) {
        case REDIS_REPLY_INTEGER:
            out.kind = RedisReply::Kind::number;
            out.number = reply.integer;
            break;
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS: out.kind = RedisReply::Kind::text; break;
        case REDIS_REPLY_ERROR: out.kind = RedisReply::Kind::error; break;
        case REDIS_REPLY_ARRAY:
            out.kind = RedisReply::Kind::list;
            for (std::size_t i = 0; i < reply.elements; ++i) out.list.push_back(take(*reply.element[i]));
            break;
        default: break;
    }
    if (reply.str) out.text = to_bytes(std::string_view(reply.str, reply.len));
    return out;
}

void append_command(Bytes& out, const RedisConnection::Command& command) {
    std::vector<const char*> words;
    std::vector<std::size_t> lengths;
    for (const Bytes& word : command) {
        words.push_back(reinterpret_cast<const char*>(word.data()));
        lengths.push_back(word.size());
    }
    char* text = nullptr;
    int length = redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), lengths.data());
    SONM_ASSERT(length > 0);
    append(out, as_bytes(std::string_view(text, static_cast<std::size_t>(length))));
    redisFreeCommand(text);
}

using MakeArray = void* (*)(const redisReadTask*, int);
MakeArray make_array = nullptr;

/// hiredis takes memory for as many items as a list announces; this refuses lists that we never ask for.
void* make_bounded_array(const redisReadTask* task, int items) {
    constexpr int items_max = 1024;
    return items > items_max ? nullptr : make_array(task, items);
}

redisReader* make_reader() {
    redisReader* reader = redisReaderCreate();
    SONM_ASSERT(reader != nullptr);
    static redisReplyObjectFunctions bounded = *reader->fn;
    if (!make_array) make_array = std::exchange(bounded.createArray, &make_bounded_array);
    reader->fn = &bounded;
    return reader;
}

}  // namespace

RedisConnection::RedisConnection(std::unique_ptr<ByteStream> stream)
    : stream_(std::move(stream)), reader_(make_reader(), &redisReaderFree) {}

Async<std::vector<RedisReply>> RedisConnection::run(std::vector<Command> commands,
                                                    std::size_t reply_bytes_max) {
    // Only a connection that has given all its answers may be used again.
    usable_ = false;
    Bytes sent;
    for (const Command& command : commands) append_command(sent, command);
    auto writing = stream_->write(sent);
    SONM_CO_CHECK(co_await std::move(writing));
    std::vector<RedisReply> replies;
    Bytes piece(64 * KiB);
    while (replies.size() < commands.size()) {
        void* reply = nullptr;
        if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK)
            co_return fail(Errc::corrupt, "{} does not answer like Redis: {}", stream_->peer(),
                           reader_->errstr);
        if (reply) {
            replies.push_back(take(*static_cast<redisReply*>(reply)));
            freeReplyObject(reply);
            pending_bytes_ = reader_->len - reader_->pos;
            continue;
        }
        // hiredis counts what it has not read yet, and reads a list as it comes, item by item.
        if (pending_bytes_ > reply_bytes_max)
            co_return fail(Errc::too_large, "{} answers with more than {} bytes", stream_->peer(),
                           reply_bytes_max);
        auto reading = stream_->read_some(piece);
        SONM_CO_TRY(std::size_t count, co_await std::move(reading));
        redisReaderFeed(reader_.get(), reinterpret_cast<const char*>(piece.data()), count);
        pending_bytes_ += count;
    }
    usable_ = true;
    co_return replies;
}

}  // namespace sonm::cache
