#pragma once

#include "sonm/rpc/context.hpp"
#include "sonm/rpc/msgpack.hpp"

#include <vector>

namespace sonm::rpc {

/// The receiving half of header compression: one per session and direction, fed with every headers array in
/// order. Source: docs/protocol/slave.md, "Headers" (HPACK's static table 1-61, own entries 80-82, dynamic
/// entries from 83).
class HeaderTable {
public:
    /// Decodes one array of header entries. Errors: invalid; the table is then of no more use and the session
    /// must end.
    Result<std::vector<Header>> decode(Reader& in, std::size_t count);

    std::size_t dynamic_count() const { return dynamic_.size(); }
    std::size_t dynamic_bytes() const { return bytes_; }
    /// Capacity of the dynamic table; an entry costs its name, its value and 32.
    static constexpr std::size_t bytes_max = 4096;
    static constexpr std::uint64_t dynamic_first = 83;
    /// What one array may unfold to: a single byte can name an entry of the whole table's size.
    static constexpr std::size_t decoded_bytes_max = 256 * KiB;

private:
    Result<Header> at(std::uint64_t index) const;
    Result<Header> entry(Reader& in);
    void insert(Header header);
    std::vector<Header> dynamic_;  ///< newest last
    std::size_t bytes_ = 0;
};

/// Encodes headers as literals that nobody stores: what every client understands.
void pack_headers(Writer& out, const std::vector<Header>& headers);

}  // namespace sonm::rpc
