#include "sonm/logging/entry.hpp"

/// Lines of a log that a disk or a hand may have changed, and attributes of any client.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::logging;
    static LineReader reader;
    if (auto entry = reader.read(as_text(BytesView(data, size)))) {
        std::string line;
        append_line(line, *entry);
        auto again = reader.read(line);
        SONM_ASSERT(again && again->message == entry->message);
    }
    LogEntry entry;
    entry.message = as_text(BytesView(data, size));
    rpc::Reader in(BytesView(data, size));
    if (auto attributes = rpc::unpack<LogAttributes>(in)) entry.attributes = *attributes;
    cut_to_limits(entry);
    std::string line;
    append_line(line, entry);
    SONM_ASSERT(line.size() <= line_bytes_max && line.find('\n') == line.size() - 1);
    SONM_ASSERT(reader.read(line));
    return 0;
}
