#pragma once

#include "sonm/engine/errc.hpp"
#include "sonm/engine/types.hpp"

#include <nlohmann/json_fwd.hpp>

/// Translation between the port's nouns and the JSON of the Docker Engine API 1.41. Pure; source of the
/// names: https://docs.docker.com/engine/api/v1.41/
namespace sonm::engine::docker {

using Json = nlohmann::json;

/// Any document; never throws. Errors: bad_answer, saying what of.
Result<Json> parse_json(std::string_view text, std::string_view what);
/// The document in one line; bytes that are no UTF-8 are replaced.
std::string print_json(const Json& json);
/// A member, or a neutral value if it is absent or of another type: engines differ in what they leave out.
std::string text_of(const Json& object, const char* key);
std::uint64_t number_of(const Json& object, const char* key);
bool flag_of(const Json& object, const char* key);
const Json& member_of(const Json& object, const char* key);
Labels labels_of(const Json& object, const char* key);

/// "2026-01-31T12:00:05.123456789Z" or with an offset; in ns since 1970, 0 for Go's zero time and for what is
/// no time.
std::uint64_t parse_time_ns(std::string_view text);
/// "1700000000.000000001"
std::string print_time_ns(std::uint64_t time_ns);

/// Nobody is root: a spec that names no user gets the image's if that is a number other than 0, else 65534.
/// What an image calls its users says nothing: it may call root anything.
void settle_user(ContainerSpec& spec, const ImageInfo& image);
/// Puts a tmpfs of the container's own memory wherever the image wants a volume and nothing is mounted: the
/// engine would make one on the machine's disk, of any size. Errors: image_refused (paths that cannot be
/// mounted on, or too many).
Result<void> cover_volumes(ContainerSpec& spec, const ImageInfo& image);
/// Errors: invalid, saying which field.
Result<void> check(const ContainerSpec& spec);
/// What the machine adds to a spec.
struct Placement {
    std::vector<std::string> disks;  ///< paths of block devices that the disk rates hold for
    std::string control_group;       ///< around the container's own; empty = the engine's usual place
};
/// Body of /containers/create.
Json to_json(const ContainerSpec& spec, const Placement& placement);
/// The value of a `filters` parameter, not yet percent-encoded.
std::string label_filter(const Labels& labels);
/// The X-Registry-Auth header: base64url of JSON.
std::string registry_auth(const Credentials& credentials, const std::string& registry);

/// Errors: bad_answer, when what the port promises is not in it.
Result<ContainerInfo> to_container(const Json& inspected);
Result<ContainerInfo> to_listed(const Json& item);
Result<ImageInfo> to_image(const Json& inspected);
Result<Usage> to_usage(const Json& stats);
Result<Event> to_event(const Json& event);
EngineInfo to_info(const Json& info, std::string api_version);

}  // namespace sonm::engine::docker
