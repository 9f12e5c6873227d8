#pragma once

#include "sonm/base/bytes.hpp"
#include "sonm/base/errc.hpp"

namespace sonm::storage {

/// Longest collection, key or tag, in bytes.
inline constexpr std::size_t name_bytes_max = 1024;

/// Where a value is.
struct Name {
    std::string collection;
    std::string key;
    bool operator==(const Name&) const = default;
    /// As people and existing clients read it: "/collection/key".
    std::string path() const { return fmt::format("/{}/{}", collection, key); }
};

/// Whether `name` may be a collection, key or tag (`what` says which). Errors: invalid (empty, `.`, `..`, a
/// `/` or NUL in it), overflow (too long).
Result<void> check_name(std::string_view what, std::string_view name);

/// `name` as a file name that is the same on every file system: letters, digits and `-_=+@,:~.` stay (a dot
/// not in front), other bytes are %XX; what gets longer than 200 bytes becomes "%h" and a hash.
std::string to_file_name(std::string_view name);
/// The name behind it. Errors: not_found for a hash (the record says the name), invalid for what to_file_name
/// does not make.
Result<std::string> from_file_name(std::string_view file);

}  // namespace sonm::storage
