#include "sonm/base/bytes.hpp"
#include "sonm/storage/s3_listing.hpp"

/// Any bytes as what a server of the S3 family answers: nothing is made up, and text grows nowhere.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    std::string_view xml = as_text(BytesView(data, size));
    auto listing = storage::read_listing(xml);
    std::size_t bytes = 0;
    for (const std::string& key : listing.keys) bytes += key.size() + std::string_view("<Key></Key>").size();
    SONM_ASSERT(bytes <= size);
    for (std::string_view name : {"Code", "Message", "UploadId"})
        SONM_ASSERT(storage::text_of_element(xml, name).size() <= 500);
    return 0;
}
