#include "sonm/unicorn/unicorn.hpp"

#include "sonm/services/reload.hpp"
#include "sonm/unicorn/held.hpp"
#include "sonm/unicorn/number.hpp"

namespace sonm::unicorn {
namespace {

/// Counts one thing up for as long as it lives.
std::shared_ptr<void> counted(std::size_t& counter) {
    ++counter;
    return std::shared_ptr<void>(nullptr, [&counter](void*) { --counter; });
}

}  // namespace

Unicorn::Unicorn(std::unique_ptr<Backend> backend, Config config)
    : backend_(std::move(backend)), config_(std::move(config)) {
    service_.on<"subscribe">([this](Context, std::string path, ToSubscriber out) {
        return streams_.run(while_open(out, subscribe(std::move(path), out)));
    });
    service_.on<"children_subscribe">([this](Context, std::string path, ToParent out) {
        return streams_.run(while_open(out, subscribe_children(std::move(path), out)));
    });
    service_.on<"put">(
        [this](Context, std::string path, rpc::Encoded value, std::int64_t version, auto talk) {
            return answer(talk, put(std::move(path), std::move(value), version));
        });
    service_.on<"get">(
        [this](Context, std::string path, auto talk) { return answer(talk, get(std::move(path))); });
    service_.on<"create">([this](Context, std::string path, rpc::Encoded value, auto talk) {
        return answer(talk, create(std::move(path), std::move(value)));
    });
    auto removing = [this](Context, std::string path, std::int64_t version, auto talk) {
        return answer(talk, remove(std::move(path), version));
    };
    service_.on<"del">(removing);
    service_.on<"remove">(removing);
    service_.on<"increment">([this](Context, std::string path, rpc::Encoded delta, auto talk) {
        return answer(talk, increment(std::move(path), std::move(delta)));
    });
    service_.on<"lock">([this](Context, std::string path, ToHolder out) {
        return lock_until_stop(std::move(path), Versioned::nil(), out);
    });
    service_.on<"named_lock">([this](Context, std::string path, rpc::Encoded value, ToHolder out) {
        return lock_until_stop(std::move(path), std::move(value), out);
    });
}

Result<std::shared_ptr<void>> Unicorn::admit() {
    if (subscriptions_ >= config_.limits.subscriptions_max)
        return fail(Errc::busy, "{} subscriptions and locks are open", subscriptions_);
    return counted(subscriptions_);
}

Result<void> Unicorn::check_value(const rpc::Encoded& value) const {
    if (value.bytes.size() <= config_.limits.value_bytes_max) return Result<void>();
    return fail(UnicornErrc::invalid_value, "the value has {} bytes, at most {} are kept", value.bytes.size(),
                config_.limits.value_bytes_max);
}

Async<void> Unicorn::subscribe(std::string given, ToSubscriber out) {
    SONM_CO_TRY(std::string path, parse_path(given));
    SONM_CO_TRY(auto place, admit());
    Watchers::Watch watch(backend_->watchers(), path);
    std::optional<std::int64_t> sent;
    while (true) {
        auto looking = backend_->get(path, sent ? Asker::service : Asker::client);
        auto found = co_await std::move(looking);
        bool absent = !found && found.error().is(UnicornErrc::no_node);
        if (!found && !(absent && sent.value_or(version_absent) == version_absent))
            co_return tl::unexpected<Error>(std::move(found.error()));
        Versioned now = absent ? Versioned() : std::move(*found);
        if (sent && now.version < *sent)
            co_return fail(UnicornErrc::no_node, "{} was removed and made again", path);
        if (!sent || now.version > *sent) {
            sent = now.version;
            auto writing = out.say<"write">(std::move(now));
            SONM_CO_CHECK(co_await std::move(writing));
        }
        auto waiting = watch.changed();
        SONM_CO_CHECK(co_await std::move(waiting));
    }
}

Async<void> Unicorn::subscribe_children(std::string given, ToParent out) {
    SONM_CO_TRY(std::string path, parse_path(given));
    SONM_CO_TRY(auto place, admit());
    Watchers::Watch watch(backend_->watchers(), path);
    std::optional<Children> sent;
    while (true) {
        auto looking = backend_->children(path, sent ? Asker::service : Asker::client);
        SONM_CO_TRY(Children now, co_await std::move(looking));
        if (!sent || now.names != sent->names) {
            sent = now;
            auto writing = out.say<"write">(now.version, std::move(now.names));
            SONM_CO_CHECK(co_await std::move(writing));
        }
        auto waiting = watch.changed();
        SONM_CO_CHECK(co_await std::move(waiting));
    }
}

Async<std::tuple<bool, Versioned>> Unicorn::put(std::string given, rpc::Encoded value, std::int64_t version) {
    ++calls_;
    SONM_CO_TRY(std::string path, parse_path(given));
    SONM_CO_CHECK(check_value(value));
    if (version < 0)
        co_return fail(UnicornErrc::version_not_allowed, "the version to replace is {}; it begins with 0",
                       version);
    auto putting = backend_->put(std::move(path), std::move(value), version);
    co_return co_await std::move(putting);
}

Async<Versioned> Unicorn::get(std::string given) {
    ++calls_;
    SONM_CO_TRY(std::string path, parse_path(given));
    auto getting = backend_->get(std::move(path), Asker::client);
    co_return co_await std::move(getting);
}

Async<bool> Unicorn::create(std::string given, rpc::Encoded value) {
    ++calls_;
    SONM_CO_TRY(std::string path, parse_path(given));
    SONM_CO_CHECK(check_value(value));
    if (path.empty()) co_return fail(UnicornErrc::node_exists, "/");
    auto making = backend_->create(std::move(path), std::move(value));
    SONM_CO_CHECK(co_await std::move(making));
    co_return true;
}

Async<bool> Unicorn::remove(std::string given, std::int64_t version) {
    ++calls_;
    SONM_CO_TRY(std::string path, parse_path(given));
    if (path.empty()) co_return fail(UnicornErrc::bad_path, "/ stays");
    auto removing = backend_->remove(std::move(path), version);
    SONM_CO_CHECK(co_await std::move(removing));
    co_return true;
}

Async<Versioned> Unicorn::increment(std::string given, rpc::Encoded delta) {
    ++calls_;
    SONM_CO_TRY(std::string path, parse_path(given));
    if (!is_number(delta)) co_return fail(UnicornErrc::invalid_type, "what is added must be a number");
    auto adding = backend_->increment(std::move(path), std::move(delta));
    co_return co_await std::move(adding);
}

Async<void> Unicorn::lock(std::string given, rpc::Encoded value, ToHolder out) {
    SONM_CO_TRY(std::string path, parse_path(given));
    SONM_CO_CHECK(check_value(value));
    SONM_CO_TRY(auto place, admit());
    auto queueing = backend_->enqueue(std::move(path), std::move(value));
    SONM_CO_TRY(std::unique_ptr<Seat> seat, co_await std::move(queueing));
    auto waiting = seat->first();
    SONM_CO_CHECK(co_await std::move(waiting));
    auto holding = counted(held_);
    auto writing = out.say<"write">(true);
    SONM_CO_CHECK(co_await std::move(writing));
    auto losing = seat->lost();
    co_return co_await std::move(losing);
}

Async<void> Unicorn::lock_until_stop(std::string path, rpc::Encoded value, ToHolder out) {
    auto holding = streams_.run(while_open(out, lock(std::move(path), std::move(value), out)));
    SONM_CO_CHECK(co_await std::move(holding));
    // Well ended by its caller this is not heard any more.
    if (streams_.stopped())
        co_return fail(UnicornErrc::connection_loss, "the node is going down: the lock is held no more");
    co_return Result<void>();
}

Async<void> Unicorn::drain() {
    auto draining = backend_->drain();
    streams_.stop();
    return draining;
}

Result<void> Unicorn::reload(YamlReader& args) {
    Config fresh;
    read_config(args, fresh);
    if (args.describing()) return Result<void>();
    config_.limits = fresh.limits;
    config_.tree = fresh.tree;
    backend_->limit(config_.tree);
    const EtcdConfig &before = config_.etcd, &now = fresh.etcd;
    return services::FixedArguments()
        .compare("etcd", before.urls, now.urls)
        .compare("prefix", before.prefix, now.prefix)
        .compare("lease", before.lease, now.lease)
        .compare("ca_file", before.ca_file, now.ca_file)
        .check();
}

void Unicorn::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    out.push_back(
        {"calls_total", "Calls that read or write.", Kind::counter, static_cast<double>(calls_), {}});
    out.push_back({"subscriptions",
                   "Open subscriptions and locks.",
                   Kind::gauge,
                   static_cast<double>(subscriptions_),
                   {}});
    out.push_back({"locks_held", "Locks that are held.", Kind::gauge, static_cast<double>(held_), {}});
    auto size = backend_->size();
    if (!size) return;
    out.push_back({"nodes", "Nodes of the tree.", Kind::gauge, static_cast<double>(size->nodes), {}});
    out.push_back(
        {"bytes", "Bytes of its values and paths.", Kind::gauge, static_cast<double>(size->bytes), {}});
}

}  // namespace sonm::unicorn
