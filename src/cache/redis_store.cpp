#include "sonm/cache/redis_store.hpp"

namespace sonm::cache {
namespace {

/// Fifteen hex digits fit a number of 64 bits; one more keeps 0 for "nothing there".
constexpr std::string_view get_script =
    "local v = redis.call('GET', KEYS[1]) if not v then return false end "
    "return {v, string.sub(redis.sha1hex(v), 1, 15)}";
constexpr std::string_view swap_script =
    "local v = redis.call('GET', KEYS[1]) local now = v and string.sub(redis.sha1hex(v), 1, 15) or '' "
    "if now ~= ARGV[1] then return {0, now} end "
    "if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) "
    "else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end "
    "return {1, string.sub(redis.sha1hex(ARGV[2]), 1, 15)}";

Bytes word(std::uint64_t number) { return to_bytes(fmt::format("{}", number)); }

/// 0 for an empty text.
std::uint64_t version_of(BytesView hex) {
    std::uint64_t number = 0;
    for (std::uint8_t digit : hex)
        number = number * 16 + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10) % 16;
    return hex.empty() ? 0 : number + 1;
}
Bytes hex_of(std::uint64_t version) {
    return version == 0 ? Bytes() : to_bytes(fmt::format("{:015x}", version - 1));
}

tl::unexpected<Error> refusal(const RedisReply& reply) {
    std::string_view text = as_text(reply.text);
    if (text.find("overflow") != text.npos) return fail(std::errc::result_out_of_range, "Redis: {}", text);
    if (text.find("not an integer") != text.npos) return fail(std::errc::invalid_argument, "Redis: {}", text);
    return fail(std::errc::io_error, "Redis: {}", text.empty() ? "an answer of another kind" : text);
}

}  // namespace

RedisStore::RedisStore(const Executor& executor, RedisSettings settings, LocalSettings limits)
    : settings_(std::move(settings)), limits_(limits), idle_(executor, settings_.connections_max) {
    for (std::size_t i = 0; i < settings_.connections_max; ++i) idle_.try_push(nullptr);
}

std::uint64_t RedisStore::ttl_ms(Ttl ttl) const {
    constexpr std::uint64_t century_ms = 100ull * 366 * 86'400 * 1000;
    std::uint64_t ms = ttl.value_or(limits_.ttl_default.value * 1000);
    return ms > century_ms ? 0 : ms;
}

Result<void> RedisStore::check_value(const Bytes& value) const {
    if (value.size() <= limits_.value_bytes_max) return {};
    return fail(std::errc::message_size, "the value has {} bytes; this cache takes at most {}", value.size(),
                limits_.value_bytes_max);
}

Async<RedisStore::Slot> RedisStore::connect() {
    auto connecting = connect_stream(settings_.address, settings_.answer_max);
    SONM_CO_TRY(std::unique_ptr<ByteStream> stream, co_await std::move(connecting));
    auto made = std::make_unique<RedisConnection>(std::move(stream));
    std::vector<Command> greeting;
    if (!settings_.password.empty()) greeting.push_back({to_bytes("AUTH"), to_bytes(settings_.password)});
    if (settings_.database != 0) greeting.push_back({to_bytes("SELECT"), word(settings_.database)});
    if (greeting.empty()) co_return made;
    auto asking = made->run(std::move(greeting), reply_bytes_max());
    SONM_CO_TRY(Replies replies, co_await std::move(asking));
    for (const RedisReply& reply : replies)
        if (reply.kind == RedisReply::Kind::error) co_return refusal(reply);
    co_return made;
}

Async<RedisStore::Replies> RedisStore::try_once(const std::vector<Command>& commands) {
    auto waiting = idle_.pop();
    SONM_CO_TRY(Slot slot, co_await std::move(waiting));
    struct Return {
        Return(Channel<Slot>& channel, Slot& place) : idle(channel), slot(place) {}
        Return(const Return&) = delete;
        ~Return() { idle.try_push(slot && slot->is_usable() ? std::move(slot) : nullptr); }
        Channel<Slot>& idle;
        Slot& slot;
    };
    Return back(idle_, slot);
    if (slot) {
        auto running = slot->run(commands, reply_bytes_max());
        auto replies = co_await std::move(running);
        // The server has closed it while it was idle: nothing was done. (One that dies in this very moment
        // may have counted: a cache's numbers are not money.)
        if (replies || !replies.error().is(Errc::closed)) co_return replies;
    }
    auto connecting = connect();
    SONM_CO_TRY(slot, co_await std::move(connecting));
    auto running = slot->run(commands, reply_bytes_max());
    co_return co_await std::move(running);
}

Async<RedisStore::Replies> RedisStore::ask(std::vector<Command> commands) {
    ++calls_;
    auto work = try_once(commands);
    auto limited = within(settings_.answer_max, std::move(work));
    auto replies = co_await std::move(limited);
    if (replies) co_return replies;
    ++failures_;
    Error& error = replies.error();
    if (error.code.category() == Errc_category())
        error.code =
            std::make_error_code(error.is(Errc::timeout) ? std::errc::timed_out : std::errc::not_connected);
    co_return wrap(std::move(error), "Redis at {}", settings_.address);
}

Async<CacheEntry> RedisStore::get(rpc::Context, std::string key) {
    SONM_CO_CHECK(check_key(key));
    std::vector<Command> commands{{to_bytes("EVAL"), to_bytes(get_script), to_bytes("1"), name_of(key)}};
    auto asking = ask(std::move(commands));
    auto replies = co_await std::move(asking);
    // A cache that cannot be asked has nothing.
    if (!replies) co_return CacheEntry();
    RedisReply& reply = replies->front();
    if (reply.kind == RedisReply::Kind::nothing) co_return CacheEntry();
    if (reply.kind != RedisReply::Kind::list || reply.list.size() != 2) co_return refusal(reply);
    CacheEntry entry;
    entry.found = true;
    entry.value = std::move(reply.list[0].text);
    entry.version = version_of(reply.list[1].text);
    co_return entry;
}

Async<void> RedisStore::put(rpc::Context, std::string key, Bytes value, Ttl ttl) {
    SONM_CO_CHECK(check_key(key));
    SONM_CO_CHECK(check_value(value));
    Command set{to_bytes("SET"), name_of(key), std::move(value)};
    if (std::uint64_t ms = ttl_ms(ttl); ms != 0) {
        set.push_back(to_bytes("PX"));
        set.push_back(word(ms));
    }
    std::vector<Command> commands{std::move(set)};
    auto asking = ask(std::move(commands));
    SONM_CO_TRY(Replies replies, co_await std::move(asking));
    if (replies.front().kind == RedisReply::Kind::error) co_return refusal(replies.front());
    co_return Result<void>();
}

Async<bool> RedisStore::remove(rpc::Context, std::string key) {
    SONM_CO_CHECK(check_key(key));
    std::vector<Command> commands{{to_bytes("DEL"), name_of(key)}};
    auto asking = ask(std::move(commands));
    SONM_CO_TRY(Replies replies, co_await std::move(asking));
    if (replies.front().kind != RedisReply::Kind::number) co_return refusal(replies.front());
    co_return replies.front().number > 0;
}

Async<std::tuple<bool, std::uint64_t>> RedisStore::compare_and_put(rpc::Context, std::string key,
                                                                   std::uint64_t version, Bytes value,
                                                                   Ttl ttl) {
    SONM_CO_CHECK(check_key(key));
    SONM_CO_CHECK(check_value(value));
    std::vector<Command> commands{{to_bytes("EVAL"), to_bytes(swap_script), to_bytes("1"), name_of(key),
                                   hex_of(version), std::move(value), word(ttl_ms(ttl))}};
    auto asking = ask(std::move(commands));
    SONM_CO_TRY(Replies replies, co_await std::move(asking));
    RedisReply& reply = replies.front();
    if (reply.kind != RedisReply::Kind::list || reply.list.size() != 2) co_return refusal(reply);
    co_return std::tuple(reply.list[0].number == 1, version_of(reply.list[1].text));
}

Async<std::int64_t> RedisStore::increment(rpc::Context, std::string key, std::int64_t delta, Ttl ttl) {
    SONM_CO_CHECK(check_key(key));
    std::vector<Command> commands;
    commands.push_back({to_bytes("MULTI")});
    // The time is set with the number only: one that is there keeps its own.
    if (std::uint64_t ms = ttl_ms(ttl); ms != 0)
        commands.push_back(
            {to_bytes("SET"), name_of(key), to_bytes("0"), to_bytes("PX"), word(ms), to_bytes("NX")});
    commands.push_back({to_bytes("INCRBY"), name_of(key), to_bytes(fmt::format("{}", delta))});
    commands.push_back({to_bytes("EXEC")});
    auto asking = ask(std::move(commands));
    SONM_CO_TRY(Replies replies, co_await std::move(asking));
    RedisReply& all = replies.back();
    if (all.kind != RedisReply::Kind::list || all.list.empty()) co_return refusal(all);
    if (all.list.back().kind != RedisReply::Kind::number) co_return refusal(all.list.back());
    co_return all.list.back().number;
}

}  // namespace sonm::cache
