#pragma once

#include "sonm/base/async.hpp"

#include <filesystem>

/// Removing what strangers have made.
namespace sonm::apphost {

/// Removes all that is in the folder; links in it are removed, not followed. However deep it is, it takes
/// three open files and no more memory. Who still writes there can delay it, and keep things there, but lead
/// it nowhere else. Blocking: a worker may have made millions of files. What is called `spared` stays.
/// Errors: io (the first that could not be removed; the others are gone), timeout.
Result<void> empty_folder(const std::filesystem::path& folder, std::string_view spared = {});

/// The same, and then the folder itself, or the file or link. Nothing there is no error.
Result<void> remove_tree(const std::filesystem::path& path);

/// One thread for both: what waits for the disk elsewhere does not wait for strangers' files.
asio::thread_pool& removal_pool();

}  // namespace sonm::apphost
