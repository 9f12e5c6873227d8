#include "sonm/rpc/pack.hpp"

namespace sonm::rpc {

tl::unexpected<Error> out_of_range(std::string_view what) {
    return fail(Errc::invalid, "{} is out of range", what);
}

Result<BytesView> raw_of(Reader& in, std::size_t bytes) {
    SONM_TRY(BytesView view, in.raw());
    if (view.size() != bytes) return fail(Errc::invalid, "expected {} bytes, found {}", bytes, view.size());
    return view;
}

Result<U256> unpack_u256(Reader& in) {
    SONM_TRY(Kind kind, in.peek());
    if (kind == Kind::raw)
        return raw_of(in, 32).map([](BytesView view) { return from_word(view.first<32>()); });
    return in.uint().map([](std::uint64_t value) { return U256(value); });
}

}  // namespace sonm::rpc
