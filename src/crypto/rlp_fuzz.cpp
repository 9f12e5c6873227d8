#include "sonm/crypto/errc.hpp"
#include "sonm/crypto/keccak.hpp"
#include "sonm/crypto/rlp.hpp"
#include "sonm/crypto/transaction.hpp"

using namespace sonm;
using namespace sonm::crypto;

namespace {

/// Reads everything that can be read, down to `depth` lists in each other, and writes it again.
Result<void> copy_items(RlpReader reader, Bytes& out, int depth) {
    if (depth == 0) return fail(CryptoErrc::malformed_rlp, "too deep for this test");
    while (!reader.done()) {
        if (!reader.at_list()) {
            SONM_TRY(BytesView bytes, reader.bytes());
            rlp_append(out, bytes);
            continue;
        }
        SONM_TRY(RlpReader inner, reader.list());
        Bytes items;
        SONM_CHECK(copy_items(inner, items, depth - 1));
        rlp_append_list(out, items);
    }
    return {};
}

}  // namespace

/// What is read must come out as it went in, since only the canonical spelling is read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    BytesView input(data, size);
    auto document = RlpReader::open(input);
    Bytes out;
    if (document && copy_items(*document, out, 20))
        SONM_ASSERT(std::equal(out.begin(), out.end(), data, data + size));
    if (auto read = parse_signed(input)) SONM_ASSERT(read->hash == keccak256(input));
    return 0;
}
