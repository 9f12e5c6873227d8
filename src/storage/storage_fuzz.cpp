#include "sonm/storage/acl.hpp"
#include "sonm/storage/names.hpp"
#include "sonm/storage/record.hpp"

/// Names from callers, file names, records and access lists from a disk that may hold anything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::storage;
    BytesView input(data, size);
    std::string text(as_text(input));

    std::string file = to_file_name(text);
    SONM_ASSERT(file.size() <= 200 && file.find_first_of(std::string_view("/\0", 2)) == file.npos);
    SONM_ASSERT(text.empty() || (file != "." && file != ".." && file[0] != '.'));
    auto back = from_file_name(file);
    SONM_ASSERT(back ? *back == text : back.error().is(Errc::not_found));
    auto name = from_file_name(text);
    SONM_ASSERT(!name || to_file_name(*name) == text || to_file_name(*name).starts_with("%h"));
    (void)check_name("key", text);

    (void)decode_head(input);
    Bytes record(input.begin(), input.end());
    if (auto head = decode_record(record))
        SONM_ASSERT(encode_record(head->key, head->tags, record).size() <= size);
    auto rules = decode_rules(input);
    SONM_ASSERT(!rules || *decode_rules(encode_rules(*rules)) == *rules);
    return 0;
}
