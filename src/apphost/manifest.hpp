#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/bytes.hpp"

#include <map>
#include <string>
#include <vector>

/// What is stored of an application beside its archive: MessagePack maps, as existing tools write them.
/// Unknown keys are skipped, so that what other runtimes read there does no harm.
namespace sonm::apphost {

/// How to start an application's worker.
struct Manifest {
    std::string slave;  ///< the program, relative to the unpacked archive unless absolute
    std::map<std::string, std::string> environment;
    std::string image;  ///< of a container: a reference that the engine can fetch; empty = the archive is one
    bool operator==(const Manifest&) const = default;
};

/// Where workers run and what they may use.
struct Isolate {
    enum class Type { process, container };
    Type type = Type::process;
    std::uint64_t memory_bytes_max = 512 * MiB;
    std::uint64_t cpu_millicores = 1000;
    std::uint64_t processes_max = 256;
    std::uint64_t files_max = 1024;
    bool operator==(const Isolate&) const = default;
};

/// How many workers, how long anything may take. Defaults and names of keys: docs/apps.md, "Profiles".
struct Profile {
    Millis spawn_timeout{1'000};
    Millis handshake_timeout{5'000};
    Millis heartbeat_timeout{30'000};
    Millis request_timeout{86'400'000};
    Millis seal_timeout{60'000};
    Millis terminate_timeout{10'000};
    Millis idle_timeout{600'000};
    Millis kill_timeout{5'000};
    std::size_t concurrency = 10;  ///< calls at once per worker
    std::size_t pool_limit = 10;   ///< workers
    std::size_t queue_limit = 100;
    std::size_t grow_threshold = 0;  ///< calls in the queue for each worker; 0 = max(1, queue / pool / 2)
    std::size_t crashlog_limit = 50;
    Isolate isolate;

    std::size_t threshold() const {
        return grow_threshold != 0 ? grow_threshold : std::max<std::size_t>(1, queue_limit / pool_limit / 2);
    }
    bool operator==(const Profile&) const = default;
};

/// Errors: invalid, naming the key and what may stand there; too_large.
Result<Manifest> parse_manifest(BytesView msgpack);
Result<Profile> parse_profile(BytesView msgpack);
/// All keys with their values, as `info` shows them.
Bytes pack_manifest(const Manifest& manifest);
Bytes pack_profile(const Profile& profile);

/// A name is part of paths, of a socket's name and of the locator: letters, digits, `_`, `-`, `.`, at most
/// 64, and a letter or digit first. Errors: invalid.
Result<void> check_app_name(std::string_view name);

inline constexpr std::size_t manifest_bytes_max = 64 * KiB;

}  // namespace sonm::apphost
