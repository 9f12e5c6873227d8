#include "sonm/locator/announcement.hpp"

#include "sonm/rpc/codec.hpp"
#include "sonm/rpc/pack.hpp"

namespace sonm::locator {

Bytes encode(const Announcement& announcement) {
    Bytes bytes;
    rpc::Writer out(bytes);
    out.array(2);
    rpc::pack_all(out, announcement.uuid, announcement.endpoints);
    return bytes;
}

Result<Announcement> parse_announcement(BytesView datagram) {
    if (datagram.size() > datagram_bytes_max)
        return fail(Errc::too_large, "an announcement of {} bytes", datagram.size());
    rpc::Reader in(datagram);
    SONM_TRY(std::size_t count, in.array());
    if (count < 2) return fail(Errc::invalid, "an announcement of {} elements", count);
    Announcement out;
    SONM_TRY(out.uuid, rpc::unpack<std::string>(in));
    SONM_CHECK(check_uuid(out.uuid));
    SONM_TRY(out.endpoints, rpc::unpack<Endpoints>(in));
    SONM_CHECK(check_endpoints(out.endpoints));
    for (std::size_t i = 2; i < count; ++i) SONM_CHECK(in.skip());
    if (!in.done()) return fail(Errc::invalid, "{} bytes behind an announcement", in.left());
    return out;
}

bool Throttle::admit(const std::string& source, TimePoint now) {
    if (now - since_ >= window_) {
        since_ = now;
        admitted_ = 0;
        by_source_.clear();
    }
    if (admitted_ >= datagrams_max) return false;
    std::size_t& own = by_source_[source];
    if (own >= source_max) return false;
    ++own;
    ++admitted_;
    return true;
}

}  // namespace sonm::locator
