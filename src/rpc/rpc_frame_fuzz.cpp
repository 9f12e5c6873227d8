#include "sonm/rpc/detail/frame_input.hpp"
#include "sonm/rpc/error.hpp"
#include "sonm/rpc/pack.hpp"

/// Bytes as they come from a stranger, in pieces of any size: frames must come out the same as from one
/// piece.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::rpc;
    if (size == 0) return 0;
    Limits limits;
    limits.frame_bytes_max = 4096;
    BytesView bytes(data + 1, size - 1);
    std::size_t step = data[0] % 7u + 1u;
    rpc::detail::FrameInput whole(limits), pieces(limits);
    whole.feed(bytes);
    std::size_t frames = 0, fed = 0, again = 0;
    bool bad = false, bad_again = false;
    while (true) {
        auto frame = whole.next();
        bad = !frame;
        if (!frame || !*frame) break;
        ++frames;
        Reader args((*frame)->args);
        for (std::size_t i = 0; i < (*frame)->args_count; ++i) SONM_ASSERT(args.skip().has_value());
        Reader error((*frame)->args);
        (void)unpack_error(error, (*frame)->args_count);
        Reader typed((*frame)->args);
        (void)unpack<std::tuple<std::string, std::optional<std::uint32_t>>>(typed);
        Reader nested((*frame)->args);
        (void)unpack<std::map<std::string, std::vector<std::pair<std::int64_t, double>>>>(nested);
        Reader money((*frame)->args);
        (void)unpack<std::vector<Tokens>>(money);
    }
    while (!bad_again) {
        auto frame = pieces.next();
        bad_again = !frame;
        if (!frame) break;
        if (*frame) {
            ++again;
            continue;
        }
        if (fed == bytes.size()) break;
        std::size_t count = std::min(step, bytes.size() - fed);
        pieces.feed(bytes.subspan(fed, count));
        fed += count;
    }
    SONM_ASSERT(frames == again && bad == bad_again);
    return 0;
}
