#include "sonm/storage/service.hpp"

namespace sonm::storage {
namespace {

/// All keys of one reply; with what is around them they must fit into one frame.
constexpr std::size_t reply_bytes_max = 8 * MiB;

Result<void> check_name_of(const Name& name) {
    SONM_CHECK(check_name("collection", name.collection));
    return check_name("key", name.key);
}

Result<Query> make_query(std::string collection, std::vector<std::string> tags, std::string after,
                         std::size_t keys_max) {
    SONM_CHECK(check_name("collection", collection));
    if (tags.size() > tags_max)
        return fail(Errc::too_large, "{} tags; at most {} can be asked for", tags.size(), tags_max);
    for (const std::string& tag : tags) SONM_CHECK(check_name("tag", tag));
    if (after.size() > name_bytes_max)
        return fail(Errc::overflow, "\"after\" has {} bytes; no key has more than {}", after.size(),
                    name_bytes_max);
    Query query;
    query.collection = std::move(collection);
    query.tags.insert(std::make_move_iterator(tags.begin()), std::make_move_iterator(tags.end()));
    query.after = std::move(after);
    query.keys_max = keys_max;
    return query;
}

std::optional<std::errc> errno_of(const std::error_code& code) {
    if (code.category() != Errc_category()) return std::nullopt;
    switch (static_cast<Errc>(code.value())) {
        case Errc::invalid: return std::errc::invalid_argument;
        case Errc::not_found: return std::errc::no_such_file_or_directory;
        case Errc::timeout: return std::errc::timed_out;
        case Errc::too_large: return std::errc::file_too_large;
        case Errc::overflow: return std::errc::filename_too_long;
        case Errc::exists: return std::errc::file_exists;
        case Errc::denied: return std::errc::permission_denied;
        case Errc::closed:
        case Errc::unavailable: return std::errc::not_connected;
        case Errc::busy: return std::errc::resource_unavailable_try_again;
        case Errc::no_space: return std::errc::no_space_on_device;
        default: return std::errc::io_error;
    }
}

/// The failure as existing clients know it: an errno, and the sentence.
Error spoken(Error error) {
    if (auto number = errno_of(error.code)) error.code = std::make_error_code(*number);
    return error;
}

template <class T>
Async<T> refused(Error error) {
    co_return tl::unexpected<Error>(std::move(error));
}

}  // namespace

/// A call under way.
struct StorageService::Visit {
    explicit Visit(std::size_t& calls) : count(calls) { ++count; }
    Visit(const Visit&) = delete;
    ~Visit() { --count; }
    std::size_t& count;
};

StorageService::StorageService(const Executor& executor, const Clock& clock, std::unique_ptr<Backend> backend,
                               Settings settings)
    : backend_(std::move(backend)), guard_(executor, *backend_, clock) {
    take(settings);
    bind();
}

void StorageService::take(Settings settings) {
    settings_ = settings;
    if (Quota* quota = backend_->quota()) quota->limit(settings_.total_bytes_max);
}

Result<void> StorageService::reload(YamlReader& args) {
    if (!reread_) return PlatformService::reload(args);
    services::FixedArguments fixed;
    take(reread_(args, fixed));
    return fixed.check();
}

void StorageService::bind() {
    auto who = [this](const rpc::Context& context) { return caller_of(context, settings_.believe_header); };
    service_.on<"read">([=, this](rpc::Context context, std::string collection, std::string key) {
        Name name{std::move(collection), std::move(key)};
        return answer(read(who(context), std::move(name)));
    });
    service_.on<"write">([=, this](rpc::Context context, std::string collection, std::string key, Bytes blob,
                                   std::optional<std::vector<std::string>> tags) {
        Name name{std::move(collection), std::move(key)};
        auto given = std::move(tags).value_or(std::vector<std::string>());
        return answer(write(who(context), std::move(name), std::move(blob), std::move(given)));
    });
    service_.on<"remove">([=, this](rpc::Context context, std::string collection, std::string key) {
        Name name{std::move(collection), std::move(key)};
        return answer(remove(who(context), std::move(name)));
    });
    service_.on<"find">(
        [=, this](rpc::Context context, std::string collection, std::vector<std::string> tags) {
            auto query = make_query(std::move(collection), std::move(tags), "", settings_.keys_max);
            if (!query) return answer(refused<Keys>(std::move(query.error())));
            return answer(find(who(context), std::move(*query), true));
        });
    service_.on<"find_page">([=, this](rpc::Context context, std::string collection,
                                       std::vector<std::string> tags, std::string after,
                                       std::uint64_t limit) {
        std::size_t keys = std::min<std::uint64_t>(limit, settings_.keys_max);
        auto query = make_query(std::move(collection), std::move(tags), std::move(after), keys);
        if (!query) return answer(refused<Keys>(std::move(query.error())));
        return answer(find(who(context), std::move(*query), false));
    });
}

template <class T>
Async<T> StorageService::answer(Async<T> call) {
    if (calls_ >= settings_.calls_max) {
        ++counts_.refused;
        Error busy{make_error_code(Errc::busy),
                   fmt::format("{} calls are under way already: try again", settings_.calls_max)};
        co_return tl::unexpected<Error>(spoken(std::move(busy)));
    }
    Visit visit(calls_);
    Result<T> result = co_await std::move(call);
    if (result) co_return result;
    Error& error = result.error();
    if (error.is(Errc::not_found))
        ++counts_.missing;
    else if (error.is(Errc::no_space))
        ++counts_.full;
    else if (error.is(Errc::denied) || error.is(Errc::invalid) || error.is(Errc::overflow) ||
             error.is(Errc::too_large))
        ++counts_.refused;
    else
        ++counts_.failed;
    co_return tl::unexpected<Error>(spoken(std::move(error)));
}

Async<void> StorageService::check_read(Caller caller, Name name) {
    // Who may read a collection may also see who else may.
    bool rules = name.collection == acl_collection;
    return guard_.check(std::move(caller), std::move(rules ? name.key : name.collection), Access::read);
}

Async<Bytes> StorageService::read(Caller caller, Name name) {
    ++counts_.reads;
    SONM_CO_CHECK(check_name_of(name));
    auto checking = check_read(std::move(caller), name);
    SONM_CO_CHECK(co_await std::move(checking));
    auto reading = backend_->read(name);
    Result<Bytes> value = co_await std::move(reading);
    if (value) counts_.bytes_read += value->size();
    // Existing clients know this sentence.
    if (!value && value.error().is(Errc::not_found))
        value.error().context = fmt::format("{}: No such file or directory", name.path());
    co_return value;
}

Async<void> StorageService::write(Caller caller, Name name, Bytes value, std::vector<std::string> tags) {
    ++counts_.writes;
    SONM_CO_CHECK(check_name_of(name));
    for (const std::string& tag : tags) SONM_CO_CHECK(check_name("tag", tag));
    if (value.size() > settings_.value_bytes_max)
        co_return fail(Errc::too_large, "{} has {} bytes; this storage takes at most {}", name.path(),
                       value.size(), settings_.value_bytes_max);
    if (tags.size() > tags_max)
        co_return fail(Errc::too_large, "{} tags; at most {} are allowed", tags.size(), tags_max);
    bool rules = name.collection == acl_collection;
    if (rules) SONM_CO_CHECK(decode_rules(value));
    auto checking = rules ? guard_.check_change(std::move(caller), name.key)
                          : guard_.check_write(std::move(caller), name);
    SONM_CO_CHECK(co_await std::move(checking));
    std::set<std::string> set(std::make_move_iterator(tags.begin()), std::make_move_iterator(tags.end()));
    std::size_t bytes = value.size();
    auto writing = backend_->write(name, std::move(value), std::move(set));
    Result<void> done = co_await std::move(writing);
    if (rules) guard_.forget(name.key);
    if (done) counts_.bytes_written += bytes;
    co_return done;
}

Async<void> StorageService::remove(Caller caller, Name name) {
    ++counts_.removes;
    SONM_CO_CHECK(check_name_of(name));
    bool rules = name.collection == acl_collection;
    auto checking = rules ? guard_.check_change(std::move(caller), name.key)
                          : guard_.check_remove(std::move(caller), name.collection);
    SONM_CO_CHECK(co_await std::move(checking));
    auto removing = backend_->remove(name);
    Result<void> done = co_await std::move(removing);
    if (rules) guard_.forget(name.key);
    co_return done;
}

Async<StorageService::Keys> StorageService::find(Caller caller, Query query, bool all) {
    ++counts_.finds;
    if (query.collection != acl_collection) {
        auto checking = guard_.check(std::move(caller), query.collection, Access::read);
        SONM_CO_CHECK(co_await std::move(checking));
    }
    if (query.tags.empty() || query.keys_max == 0) co_return Keys();
    // One more than fits tells that there are more.
    if (all) ++query.keys_max;
    auto finding = backend_->find(std::move(query));
    SONM_CO_TRY(Keys keys, co_await std::move(finding));
    std::size_t bytes = 0, fitting = 0;
    while (fitting < keys.size() && bytes + keys[fitting].size() + 5 <= reply_bytes_max)
        bytes += keys[fitting++].size() + 5;
    if (all && std::min(fitting, settings_.keys_max) < keys.size())
        co_return fail(std::errc::value_too_large,
                       "more than {} keys have these tags: add a tag, or ask with find_page",
                       std::min(fitting, settings_.keys_max));
    keys.resize(fitting);
    co_return keys;
}

Async<void> StorageService::drain() {
    // Each call has its own bounds; nothing new comes.
    while (calls_ > 0) co_await sleep_for(std::chrono::milliseconds(10));
    co_return Result<void>();
}

void StorageService::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    auto add = [&](std::string name, std::string help, Kind kind, double value,
                   std::vector<std::pair<std::string, std::string>> labels = {}) {
        out.push_back({std::move(name), std::move(help), kind, value, std::move(labels)});
    };
    const std::pair<const char*, std::uint64_t> calls[] = {{"read", counts_.reads},
                                                           {"write", counts_.writes},
                                                           {"remove", counts_.removes},
                                                           {"find", counts_.finds}};
    for (auto [method, count] : calls)
        add("calls_total", "Calls by method.", Kind::counter, double(count), {{"method", method}});
    const std::pair<const char*, std::uint64_t> failures[] = {{"missing", counts_.missing},
                                                              {"refused", counts_.refused},
                                                              {"no_space", counts_.full},
                                                              {"failed", counts_.failed}};
    for (auto [why, count] : failures)
        add("failures_total", "Calls that failed, by reason.", Kind::counter, double(count), {{"why", why}});
    add("read_bytes_total", "Bytes of values given out.", Kind::counter, double(counts_.bytes_read));
    add("written_bytes_total", "Bytes of values stored.", Kind::counter, double(counts_.bytes_written));
    if (Quota* quota = backend_->quota()) {
        add("bytes", "What everything takes.", Kind::gauge, double(quota->used()));
        add("bytes_max", "What it may take.", Kind::gauge, double(quota->max()));
    }
    add("calls_now", "Calls under way.", Kind::gauge, double(calls_));
}

}  // namespace sonm::storage
