#include "sonm/apphost/archive.hpp"
#include "sonm/apphost/host.hpp"
#include "sonm/apphost/remove_tree.hpp"
#include "sonm/base/blocking.hpp"
#include "sonm/base/log.hpp"

#include <unistd.h>

/// What is unpacked, and its end.
namespace sonm::apphost {

namespace fs = std::filesystem;
using services::NodeErrc;

Async<Version> AppHost::unpack(const std::string& app, StoredApp stored,
                               std::shared_ptr<const unsigned> user) {
    std::string name = app;
    fs::path home = places_.spool() / name;
    SONM_CO_CHECK(make_passage(home));
    Version version{stored.digest, stored.manifest, home / fmt::format("{}-{}", stored.digest, ++unpacked_),
                    nullptr};
    SONM_CO_CHECK(make_folder(version.folder));
    version.kept = keep(version.folder, user);
    ArchiveLimits limits;
    limits.unpacked_bytes_max = config_.unpacked_bytes_max;
    auto work = [archive = std::move(stored.archive), folder = version.folder, limits]() -> Result<void> {
        return archive.empty() ? Result<void>() : unpack_archive(archive, folder, limits);
    };
    auto unpacking = offload_blocking(std::move(work));
    Result<void> done = co_await std::move(unpacking);
    if (!done) co_return fail(NodeErrc::spool, "{}: {}", name, done.error().message());
    if (user) {
        if (::chown(version.folder.c_str(), *user, *user) != 0)
            co_return fail(NodeErrc::resource, "giving {} to user {} failed", version.folder.string(), *user);
        SONM_CO_CHECK(check_way(*user, version.folder));
    }
    co_return version;
}

std::shared_ptr<const void> AppHost::keep(fs::path folder, std::shared_ptr<const unsigned> user) {
    auto last = [this, folder = std::move(folder), user = std::move(user)](const void*) {
        // What is left when the node goes, its places or the next start remove.
        if (group_ && group_->spawn(remove(folder, user))) ++removing_;
    };
    return std::shared_ptr<const void>(this, std::move(last));
}

Task<void> AppHost::remove(fs::path folder, std::shared_ptr<const unsigned> /* is taken meanwhile */) {
    auto work = [folder] { return remove_tree(folder); };
    auto removing = offload_to(removal_pool(), std::move(work));
    Result<void> removed = co_await std::move(removing);
    if (!removed) SONM_LOG(warn, "{}", removed.error().message());
    // Of the application, unless another version of it is there.
    ::rmdir(folder.parent_path().c_str());
    --removing_;
}

}  // namespace sonm::apphost
