#include "sonm/apphost/store.hpp"

#include "sonm/apphost/archive.hpp"
#include "sonm/crypto/sha256.hpp"

namespace sonm::apphost {
namespace {

constexpr std::size_t runlist_entries_max = 10'000;

bool is_missing(const Error& error) { return error.is(std::errc::no_such_file_or_directory); }

std::string digest_of(BytesView manifest, BytesView archive) {
    Bytes both = to_bytes(manifest);
    append(both, archive);
    return to_hex(crypto::sha256(both).bytes).substr(0, 16);
}

}  // namespace

Result<Runlist> parse_runlist(BytesView msgpack) {
    rpc::Reader in(msgpack);
    SONM_TRY(Runlist runlist, rpc::unpack<Runlist>(in));
    if (!in.done() || runlist.size() > runlist_entries_max)
        return fail(Errc::invalid, "the runlist is no map of at most {} applications", runlist_entries_max);
    return runlist;
}

Bytes pack_runlist(const Runlist& runlist) {
    Bytes bytes;
    rpc::Writer out(bytes);
    rpc::pack(out, runlist);
    return bytes;
}

Result<Bytes> parse_archive(BytesView msgpack) {
    rpc::Reader in(msgpack);
    auto bytes = in.raw();
    if (!bytes || !in.done()) return fail(Errc::invalid, "the stored archive is not one MessagePack raw");
    return to_bytes(*bytes);
}

Async<services::StorageClient> AppStore::storage() {
    if (!connection_.is_open()) {
        auto connecting = connect_();
        SONM_CO_TRY(connection_, co_await std::move(connecting));
    }
    co_return services::StorageClient(connection_);
}

Async<Bytes> AppStore::read(std::string collection, std::string key) {
    auto opening = storage();
    SONM_CO_TRY(services::StorageClient client, co_await std::move(opening));
    auto reading = client.call<"read">(collection, key);
    co_return co_await std::move(reading);
}

Async<void> AppStore::write(std::string collection, std::string key, Bytes value,
                            std::vector<std::string> tags) {
    auto opening = storage();
    SONM_CO_TRY(services::StorageClient client, co_await std::move(opening));
    auto writing = client.call<"write">(std::move(collection), std::move(key), std::move(value),
                                        std::optional<std::vector<std::string>>(std::move(tags)));
    co_return co_await std::move(writing);
}

Async<StoredApp> AppStore::app(std::string name) {
    auto manifest = co_await read("manifests", name);
    if (!manifest && is_missing(manifest.error()))
        co_return fail(std::errc::no_such_file_or_directory,
                       "no application {} is stored; `sonm app upload` puts one there", name);
    if (!manifest) co_return wrap(std::move(manifest.error()), "manifest of {}", name);
    StoredApp out;
    auto parsed = parse_manifest(*manifest);
    if (!parsed) co_return wrap(std::move(parsed.error()), "{}", name);
    out.manifest = std::move(*parsed);
    auto archive = co_await read("apps", name);
    bool imaged = !out.manifest.image.empty() && !archive && is_missing(archive.error());
    if (!archive && !imaged) co_return wrap(std::move(archive.error()), "archive of {}", name);
    if (archive) {
        SONM_CO_TRY(out.archive, parse_archive(*archive));
    }
    out.digest = digest_of(*manifest, out.archive);
    co_return out;
}

Async<Profile> AppStore::profile(std::string name) {
    bool usual = name.empty();
    if (usual) name = "default";
    auto stored = co_await read("profiles", name);
    if (!stored && is_missing(stored.error())) {
        if (usual) co_return Profile();
        co_return fail(std::errc::no_such_file_or_directory, "no profile {} is stored", name);
    }
    if (!stored) co_return wrap(std::move(stored.error()), "profile {}", name);
    auto parsed = parse_profile(*stored);
    if (!parsed) co_return wrap(std::move(parsed.error()), "{}", name);
    co_return std::move(*parsed);
}

Async<Runlist> AppStore::runlist(std::string name) {
    auto stored = co_await read("runlists", name);
    if (!stored && is_missing(stored.error())) co_return Runlist();
    if (!stored) co_return wrap(std::move(stored.error()), "runlist {}", name);
    co_return parse_runlist(*stored);
}

Async<void> AppStore::write_runlist(std::string name, Runlist runlist) {
    return write("runlists", std::move(name), pack_runlist(runlist), std::vector<std::string>{"runlist"});
}

Async<void> AppStore::add_crash(Crash crash, UnixTime now) {
    crash.lines.push_back("[" + crash.why + "]");
    Bytes value;
    rpc::Writer out(value);
    rpc::pack(out, crash.lines);
    std::string key = fmt::format("{:016}:{}", now.value * 1'000'000, crash.uuid);
    std::vector<std::string> tags{crash.app, "cocaine-" + to_utc(now).substr(0, 10)};
    auto writing = write("crashlogs", std::move(key), std::move(value), std::move(tags));
    SONM_CO_CHECK(co_await std::move(writing));
    auto opening = storage();
    SONM_CO_TRY(services::StorageClient client, co_await std::move(opening));
    std::vector<std::string> wanted{crash.app};
    auto finding = client.call<"find">("crashlogs", std::move(wanted));
    SONM_CO_TRY(auto keys, co_await std::move(finding));
    for (std::size_t i = 0; i + crashes_max < keys.size(); ++i) {
        auto removing = client.call<"remove">("crashlogs", keys[i]);
        SONM_CO_CHECK(co_await std::move(removing));
    }
    co_return Result<void>();
}

}  // namespace sonm::apphost
