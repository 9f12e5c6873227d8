#pragma once

#include "sonm/base/result.hpp"

#include <filesystem>

/// Removing what strangers have made.
namespace sonm::apphost {

/// Removes all that is in the folder; links in it are removed, not followed. However deep it is, it takes
/// three open files and no more memory. Nobody may be writing there any more. Blocking: a worker may have
/// made millions of files. What is called `spared` stays. Errors: io (the first that could not be removed;
/// the others are gone), timeout.
Result<void> empty_folder(const std::filesystem::path& folder, std::string_view spared = {});

/// The same, and then the folder itself, or the file or link. Nothing there is no error.
Result<void> remove_tree(const std::filesystem::path& path);

}  // namespace sonm::apphost
