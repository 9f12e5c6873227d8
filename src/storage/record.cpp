#include "sonm/storage/record.hpp"

#include "sonm/crypto/sha256.hpp"
#include "sonm/rpc/codec.hpp"

namespace sonm::storage {
namespace {

constexpr std::string_view magic = "SONMrec1";
constexpr std::size_t front_bytes = 12;
constexpr std::size_t digest_bytes = 32;

tl::unexpected<Error> damaged(std::string_view how) { return fail(Errc::corrupt, "the record {}", how); }

crypto::Hash digest(BytesView front, BytesView value) {
    crypto::Sha256 hash;
    hash.update(front);
    hash.update(value);
    return hash.finish();
}

}  // namespace

Bytes encode_record(std::string_view key, const std::set<std::string>& tags, BytesView value) {
    Bytes out = to_bytes(magic);
    out.resize(front_bytes);
    rpc::Writer head(out);
    head.array(3);
    head.raw(key);
    head.array(tags.size());
    for (const std::string& tag : tags) head.raw(tag);
    head.uint(value.size());
    std::size_t length = out.size() - front_bytes;
    for (int i = 0; i < 4; ++i) out[magic.size() + i] = static_cast<std::uint8_t>(length >> (8 * i));
    crypto::Hash sum = digest(out, value);
    out.reserve(out.size() + digest_bytes + value.size());
    append(out, sum.bytes);
    append(out, value);
    return out;
}

Result<RecordHead> decode_head(BytesView record) {
    if (record.size() < front_bytes || as_text(record.first(magic.size())) != magic)
        return damaged("does not begin like one");
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i) length |= std::size_t(record[magic.size() + i]) << (8 * i);
    if (length > head_bytes_max - front_bytes - digest_bytes ||
        record.size() < front_bytes + length + digest_bytes)
        return damaged("is cut off");
    rpc::Reader in(record.subspan(front_bytes, length));
    auto read = [&]() -> Result<RecordHead> {
        RecordHead head;
        SONM_TRY(std::size_t parts, in.array());
        if (parts != 3) return damaged("has a head of another form");
        SONM_TRY(head.key, rpc::unpack<std::string>(in));
        SONM_TRY(auto tags, rpc::unpack<std::vector<std::string>>(in));
        head.tags.insert(tags.begin(), tags.end());
        SONM_TRY(head.value_bytes, in.uint());
        if (!in.done()) return damaged("has a head of another form");
        head.head_bytes = front_bytes + length + digest_bytes;
        return head;
    };
    auto head = read();
    if (!head) return damaged(fmt::format("has an unreadable head: {}", head.error().context));
    return head;
}

Result<RecordHead> decode_record(Bytes& record) {
    SONM_TRY(RecordHead head, decode_head(record));
    BytesView all(record);
    if (all.size() - head.head_bytes != head.value_bytes)
        return damaged(
            fmt::format("holds {} bytes instead of {}", all.size() - head.head_bytes, head.value_bytes));
    std::size_t front = head.head_bytes - digest_bytes;
    crypto::Hash sum = digest(all.first(front), all.subspan(head.head_bytes));
    if (!std::ranges::equal(sum.bytes, all.subspan(front, digest_bytes)))
        return damaged("does not have its checksum");
    record.erase(record.begin(), record.begin() + std::ptrdiff_t(head.head_bytes));
    return head;
}

}  // namespace sonm::storage
