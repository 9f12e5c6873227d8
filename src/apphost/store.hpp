#pragma once

#include "sonm/apphost/app.hpp"
#include "sonm/services/storage_service.hpp"

#include <array>

/// What the storage keeps of applications. Source of collections and keys: docs/apps.md, "In the storage".
namespace sonm::apphost {

using Runlist = std::map<std::string, std::string>;  ///< application -> profile

/// Errors: invalid.
Result<Runlist> parse_runlist(BytesView msgpack);
Bytes pack_runlist(const Runlist& runlist);
/// The bytes inside a stored archive: it is one MessagePack raw. Errors: invalid.
Result<Bytes> parse_archive(BytesView msgpack);

/// Where what runs here, and how, is kept: who writes these can start programs on this machine.
inline constexpr std::array own_collections{"apps", "manifests", "profiles", "runlists", "crashlogs"};

struct StoredApp {
    Manifest manifest;
    Bytes archive;       ///< empty if the manifest names an image
    std::string digest;  ///< of both
};

/// Reads and writes through a connection that is made again when it breaks. One executor.
class AppStore {
public:
    using Connect = std::function<Async<rpc::Connection>()>;
    explicit AppStore(Connect connect) : connect_(std::move(connect)) {}

    /// Errors: no_such_file_or_directory (says how to upload it), invalid, and those of the storage.
    Async<StoredApp> app(std::string name);
    /// "" is the profile "default", and its defaults if nobody has stored it. Errors: as of app.
    Async<Profile> profile(std::string name);
    /// Empty if there is none.
    Async<Runlist> runlist(std::string name);
    Async<void> write_runlist(std::string name, Runlist runlist);
    /// Keeps the newest hundred of each application.
    Async<void> add_crash(Crash crash, UnixTime now);

private:
    Async<services::StorageClient> storage();
    Async<Bytes> read(std::string collection, std::string key);
    Async<void> write(std::string collection, std::string key, Bytes value, std::vector<std::string> tags);

    Connect connect_;
    rpc::Connection connection_;
};

inline constexpr std::size_t crashes_max = 100;

}  // namespace sonm::apphost
