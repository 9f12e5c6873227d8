#include "sonm/locator/extra.hpp"

#include "sonm/rpc/codec.hpp"

namespace sonm::locator {
namespace {

constexpr std::string_view cluster_key = "x-cocaine-cluster";
constexpr std::string_view load_key = "x-sonm-load";
constexpr std::string_view weight_key = "x-sonm-weight";

}  // namespace

std::string encode(const Extra& extra) {
    Bytes bytes;
    rpc::Writer out(bytes);
    out.map(1u + (extra.load ? 1 : 0) + (extra.weight ? 1 : 0));
    out.raw(cluster_key);
    out.raw(extra.cluster);
    if (extra.load) {
        out.raw(load_key);
        out.real(*extra.load);
    }
    if (extra.weight) {
        out.raw(weight_key);
        out.uint(*extra.weight);
    }
    return std::string(as_text(bytes));
}

Result<Extra> parse_extra(std::string_view header) {
    if (header.size() > extra_bytes_max) return fail(Errc::too_large, "a header of {} bytes", header.size());
    rpc::Reader in(as_bytes(header));
    SONM_TRY(std::size_t count, in.map());
    Extra out;
    for (std::size_t i = 0; i < count; ++i) {
        SONM_TRY(std::string key, rpc::unpack<std::string>(in));
        if (key == cluster_key) {
            SONM_TRY(out.cluster, rpc::unpack<std::string>(in));
        } else if (key == load_key) {
            SONM_TRY(out.load, in.real());
        } else if (key == weight_key) {
            SONM_TRY(out.weight, rpc::unpack<std::uint32_t>(in));
        } else {
            SONM_CHECK(in.skip());
        }
    }
    if (!in.done()) return fail(Errc::invalid, "{} bytes behind the map", in.left());
    return out;
}

}  // namespace sonm::locator
