#pragma once

#include "sonm/rpc/rpc.hpp"

namespace sonm::services {

/// Values with tags, by collection and key. Names are up to 1024 bytes of any kind, but not `.`, `..`,
/// nothing, or one with `/` or NUL in it.
///
/// 0 read       the value. Errors: no_such_file_or_directory.
/// 1 write      stores the value as a whole or not at all; `tags` are added to those that the key has. Stored
///              when answered, whatever happens to the process. Errors: no_space_on_device and file_too_large
///              (the old value stays).
/// 2 remove     takes the key and its tags away; a key that is not there is no error.
/// 3 find       keys that have all the tags, sorted bytewise; without tags none. Errors: value_too_large
///              (more keys than a reply holds: ask in pages).
/// 4 find_page  the same, but only keys behind `after`, and at most `limit` of them.
///
/// Errors everywhere are std::errc, so that they travel as the errno that existing clients know:
/// invalid_argument, filename_too_long, permission_denied (access list of the collection), io_error,
/// resource_unavailable_try_again (too many calls at once), timed_out, not_connected (the server behind).
struct StorageProtocol
    : rpc::Protocol<
          "storage", 1,
          rpc::Call<0, "read", rpc::Args<rpc::Arg<"collection", std::string>, rpc::Arg<"key", std::string>>,
                    rpc::Returns<Bytes>>,
          rpc::Call<
              1, "write",
              rpc::Args<rpc::Arg<"collection", std::string>, rpc::Arg<"key", std::string>,
                        rpc::Arg<"blob", Bytes>, rpc::Arg<"tags", std::optional<std::vector<std::string>>>>,
              rpc::Returns<>>,
          rpc::Call<2, "remove", rpc::Args<rpc::Arg<"collection", std::string>, rpc::Arg<"key", std::string>>,
                    rpc::Returns<>>,
          rpc::Call<
              3, "find",
              rpc::Args<rpc::Arg<"collection", std::string>, rpc::Arg<"tags", std::vector<std::string>>>,
              rpc::Returns<std::vector<std::string>>>,
          rpc::Call<4, "find_page",
                    rpc::Args<rpc::Arg<"collection", std::string>, rpc::Arg<"tags", std::vector<std::string>>,
                              rpc::Arg<"after", std::string>, rpc::Arg<"limit", std::uint64_t>>,
                    rpc::Returns<std::vector<std::string>>>> {};

using StorageClient = rpc::Client<StorageProtocol>;

}  // namespace sonm::services
