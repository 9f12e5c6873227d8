#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The little XML that servers of the S3 family answer with.
namespace sonm::storage {

struct Listing {
    std::vector<std::string> keys;
    bool more = false;
};
/// An answer of ListObjectsV2. What is not understood is left out.
Listing read_listing(std::string_view xml);
/// The text of the first element of that name, up to 500 bytes; empty if there is none.
std::string text_of_element(std::string_view xml, std::string_view name);

}  // namespace sonm::storage
