#include "sonm/locator/groups.hpp"

#include "sonm/services/storage_service.hpp"

namespace sonm::locator {
namespace {

const std::string collection = "groups";

tl::unexpected<Error> storage_error(Error error) {
    return fail(rpc::LocatorErrc::routing_storage, "{}", error.message());
}

}  // namespace

Async<std::vector<std::string>> StorageGroups::list() {
    auto connecting = connect_();
    auto connection = co_await std::move(connecting);
    missing_ = !connection && connection.error().is(rpc::LocatorErrc::service_not_available);
    if (!connection) co_return storage_error(std::move(connection.error()));
    services::StorageClient storage(std::move(*connection));
    std::vector<std::string> tags{"group", "active"};
    auto asking = storage.call<"find">(collection, std::move(tags));
    auto found = co_await std::move(asking);
    if (!found) co_return storage_error(std::move(found.error()));
    co_return std::move(*found);
}

Async<Group> StorageGroups::read(std::string name) {
    auto connecting = connect_();
    auto connection = co_await std::move(connecting);
    if (!connection) co_return storage_error(std::move(connection.error()));
    services::StorageClient storage(std::move(*connection));
    auto asking = storage.call<"read">(collection, name);
    auto blob = co_await std::move(asking);
    if (!blob && blob.error().is(std::errc::no_such_file_or_directory))
        co_return fail(Errc::not_found, "no routing group {}", name);
    if (!blob) co_return storage_error(std::move(blob.error()));
    rpc::Reader in(*blob);
    auto group = rpc::unpack<Group>(in);
    if (!group) co_return wrap(std::move(group.error()), "routing group {}", name);
    co_return std::move(*group);
}

Async<std::vector<std::string>> MemoryGroups::list() {
    std::vector<std::string> names;
    for (const auto& [name, group] : groups) names.push_back(name);
    co_return names;
}

Async<Group> MemoryGroups::read(std::string name) {
    auto found = groups.find(name);
    if (found == groups.end()) co_return fail(Errc::not_found, "no routing group {}", name);
    co_return found->second;
}

const std::string* Groups::route(const std::string& name, const std::optional<std::string>& seed,
                                 const Random& random) const {
    auto found = rings_.find(name);
    if (found == rings_.end()) return nullptr;
    if (seed && !seed->empty()) return &found->second.pick(*seed);
    return &found->second.at(random());
}

Result<void> Groups::put(const std::string& name, const Group& group) {
    SONM_CHECK(check_name(name));
    auto ring = Continuum::make(group);
    if (!ring) return wrap(std::move(ring.error()), "routing group {}", name);
    std::size_t points = ring->size(), bytes = ring->bytes();
    for (const auto& [other, existing] : rings_) {
        if (other == name) continue;
        points += existing.size();
        bytes += existing.bytes();
    }
    bool added = !rings_.contains(name);
    if ((added && rings_.size() >= groups_max) || points > points_max || bytes > bytes_max)
        return fail(Errc::busy, "routing group {}: beyond {} groups, {} points or {} bytes of all", name,
                    groups_max, points_max, bytes_max);
    rings_.insert_or_assign(name, std::move(*ring));
    return {};
}

Async<void> refresh(GroupStore& store, Groups& groups, std::vector<std::string> names) {
    auto listing = store.list();
    SONM_CO_TRY(std::vector<std::string> stored, co_await std::move(listing));
    std::set<std::string> tagged(stored.begin(), stored.end());
    if (names.empty()) {
        names = std::move(stored);
        for (const auto& [name, ring] : groups.all()) names.push_back(name);
    }
    Result<void> outcome;
    for (const std::string& name : names) {
        if (!tagged.contains(name)) {
            groups.remove(name);
            continue;
        }
        auto reading = store.read(name);
        auto group = co_await std::move(reading);
        if (!group && group.error().is(Errc::not_found)) {
            groups.remove(name);
            continue;
        }
        auto put = group ? groups.put(name, *group) : Result<void>(tl::unexpected<Error>(group.error()));
        if (!put && outcome) outcome = std::move(put);
    }
    co_return outcome;
}

}  // namespace sonm::locator
