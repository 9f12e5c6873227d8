#include "sonm/rpc/headers.hpp"

/// Successive header arrays of one connection, as a stranger would send them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::rpc;
    HeaderTable table;
    Reader in(BytesView(data, size));
    while (!in.done()) {
        auto count = in.array();
        if (!count) break;
        auto headers = table.decode(in, *count);
        if (!headers) break;
        SONM_ASSERT(headers->size() == *count);
        SONM_ASSERT(table.dynamic_bytes() <= HeaderTable::bytes_max);
        // What was decoded can be sent on, and means the same to a peer with an empty table.
        Bytes bytes;
        Writer out(bytes);
        pack_headers(out, *headers);
        HeaderTable fresh;
        Reader again(bytes);
        auto same = fresh.decode(again, again.array().value());
        SONM_ASSERT(same && *same == *headers);
    }
    return 0;
}
