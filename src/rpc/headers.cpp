#include "sonm/rpc/headers.hpp"

namespace sonm::rpc {
namespace {

using namespace std::string_view_literals;

struct StaticEntry {
    std::string_view name, value;
};
constexpr std::string_view zero_u64 = "\0\0\0\0\0\0\0\0"sv;

/// Indices 1 to 61: RFC 7541, appendix A. 80 to 82: the tracing headers of this protocol. The rest is
/// reserved and empty.
constexpr std::array<StaticEntry, HeaderTable::dynamic_first> make_static_table() {
    std::array<StaticEntry, HeaderTable::dynamic_first> table{};
    constexpr StaticEntry rfc7541[] = {
        {":authority", ""},
        {":method", "GET"},
        {":method", "POST"},
        {":path", "/"},
        {":path", "/index.html"},
        {":scheme", "http"},
        {":scheme", "https"},
        {":status", "200"},
        {":status", "204"},
        {":status", "206"},
        {":status", "304"},
        {":status", "400"},
        {":status", "404"},
        {":status", "500"},
        {"accept-charset", ""},
        {"accept-encoding", "gzip, deflate"},
        {"accept-language", ""},
        {"accept-ranges", ""},
        {"accept", ""},
        {"access-control-allow-origin", ""},
        {"age", ""},
        {"allow", ""},
        {"authorization", ""},
        {"cache-control", ""},
        {"content-disposition", ""},
        {"content-encoding", ""},
        {"content-language", ""},
        {"content-length", ""},
        {"content-location", ""},
        {"content-range", ""},
        {"content-type", ""},
        {"cookie", ""},
        {"date", ""},
        {"etag", ""},
        {"expect", ""},
        {"expires", ""},
        {"from", ""},
        {"host", ""},
        {"if-match", ""},
        {"if-modified-since", ""},
        {"if-none-match", ""},
        {"if-range", ""},
        {"if-unmodified-since", ""},
        {"last-modified", ""},
        {"link", ""},
        {"location", ""},
        {"max-forwards", ""},
        {"proxy-authenticate", ""},
        {"proxy-authorization", ""},
        {"range", ""},
        {"referer", ""},
        {"refresh", ""},
        {"retry-after", ""},
        {"server", ""},
        {"set-cookie", ""},
        {"strict-transport-security", ""},
        {"transfer-encoding", ""},
        {"user-agent", ""},
        {"vary", ""},
        {"via", ""},
        {"www-authenticate", ""},
    };
    static_assert(std::size(rfc7541) == 61);
    std::size_t index = 1;
    for (const StaticEntry& entry : rfc7541) table[index++] = entry;
    table[80] = {"trace_id", zero_u64};
    table[81] = {"span_id", zero_u64};
    table[82] = {"parent_id", zero_u64};
    return table;
}
constexpr auto static_table = make_static_table();

std::size_t cost(const Header& header) { return header.name.size() + header.value.size() + 32; }

}  // namespace

Result<Header> HeaderTable::at(std::uint64_t index) const {
    if (index == 0 || index >= dynamic_first + dynamic_.size())
        return fail(Errc::invalid, "header index {} of 1 to {}", index, dynamic_first + dynamic_.size() - 1);
    if (index >= dynamic_first)
        return dynamic_[dynamic_.size() - 1 - static_cast<std::size_t>(index - dynamic_first)];
    const StaticEntry& entry = static_table[static_cast<std::size_t>(index)];
    return Header{std::string(entry.name), std::string(entry.value)};
}

void HeaderTable::insert(Header header) {
    std::size_t needed = cost(header);
    std::size_t evicted = 0;
    while (evicted < dynamic_.size() && bytes_ + needed > bytes_max) bytes_ -= cost(dynamic_[evicted++]);
    dynamic_.erase(dynamic_.begin(), dynamic_.begin() + static_cast<std::ptrdiff_t>(evicted));
    if (needed > bytes_max) return;  // too big for an empty table: it is only emptied
    bytes_ += needed;
    dynamic_.push_back(std::move(header));
}

Result<Header> HeaderTable::entry(Reader& in) {
    SONM_TRY(Kind kind, in.peek());
    if (kind == Kind::unsigned_int) {
        SONM_TRY(std::uint64_t index, in.uint());
        return at(index);
    }
    SONM_TRY(std::size_t parts, in.array());
    if (parts != 3) return fail(Errc::invalid, "a header entry of {} parts instead of 3", parts);
    SONM_TRY(bool store, in.boolean());
    SONM_TRY(Kind name_kind, in.peek());
    Header header;
    if (name_kind == Kind::unsigned_int) {
        SONM_TRY(std::uint64_t index, in.uint());
        SONM_TRY(header, at(index));
    } else {
        SONM_TRY(BytesView name, in.raw());
        header.name = as_text(name);
    }
    SONM_TRY(BytesView value, in.raw());
    header.value = as_text(value);
    if (store) insert(header);
    return header;
}

Result<std::vector<Header>> HeaderTable::decode(Reader& in, std::size_t count) {
    std::vector<Header> headers;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        auto header = entry(in);
        if (!header) return wrap(std::move(header.error()), "header {}", i);
        // One byte may stand for a whole dynamic entry: what a frame's headers unfold to is bounded too.
        bytes += cost(*header);
        if (bytes > decoded_bytes_max)
            return fail(Errc::too_large, "headers of more than {} bytes", decoded_bytes_max);
        headers.push_back(std::move(*header));
    }
    return headers;
}

void pack_headers(Writer& out, const std::vector<Header>& headers) {
    out.array(headers.size());
    for (const Header& header : headers) {
        out.array(3);
        out.boolean(false);
        out.raw(header.name);
        out.raw(header.value);
    }
}

}  // namespace sonm::rpc
