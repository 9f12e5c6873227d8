#pragma once

#include "sonm/base/u256.hpp"

namespace sonm::crypto {

/// Recursive length prefix, the chain's encoding of byte strings and lists. Source: Ethereum yellow paper,
/// appendix B.

/// Appends one byte string.
void rlp_append(Bytes& out, BytesView bytes);
/// Appends an unsigned number: big-endian without leading zeros, 0 is the empty string.
void rlp_append(Bytes& out, U256 number);
/// Appends a list whose encoded items are `items`.
void rlp_append_list(Bytes& out, BytesView items);

/// Reads the items of one list, or one document, from front to back. Holds a view: the bytes must outlive it.
/// Strict: only the one canonical spelling of each value is read, so equal values have equal bytes and a hash
/// means one thing. Never allocates and never recurses; all errors are CryptoErrc::malformed_rlp.
class RlpReader {
public:
    /// Longest document that is read; a transaction of this chain's clients is at most 128 KiB.
    static constexpr std::size_t document_bytes_max = 1 * MiB;

    /// Reads a document. Errors: also Errc::too_large.
    static Result<RlpReader> open(BytesView document);

    bool done() const { return rest_.empty(); }
    /// True if the next item is a list.
    bool at_list() const { return !done() && rest_[0] >= 0xc0; }
    /// The next item as a byte string.
    Result<BytesView> bytes();
    /// The next item as a number of at most 256 bits.
    Result<U256> number();
    /// The next item as a number of at most 64 bits.
    Result<std::uint64_t> number_u64();
    /// The next item as a list.
    Result<RlpReader> list();
    /// Steps over the next item without looking into it.
    Result<void> skip();
    /// Error if items are left.
    Result<void> end() const;

private:
    explicit RlpReader(BytesView bytes) : rest_(bytes) {}
    Result<BytesView> take();

    BytesView rest_;
};

}  // namespace sonm::crypto
