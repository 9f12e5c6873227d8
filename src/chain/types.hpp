#pragma once

#include "sonm/base/strong.hpp"
#include "sonm/chain/errc.hpp"
#include "sonm/crypto/types.hpp"

#include <optional>
#include <variant>
#include <vector>

namespace sonm::chain {

using crypto::Address;
using crypto::Hash;

/// Amounts of the chain's own coin, in its smallest unit (wei).
using Wei = Strong<U256, struct WeiTag>;

/// Which block a question is about.
enum class BlockTag { latest, pending, finalized };
using BlockRef = std::variant<BlockTag, std::uint64_t>;

struct BlockHeader {
    std::uint64_t number = 0;
    Hash hash, parent;
    UnixTime time;
    std::uint64_t gas_limit = 0;
    std::optional<Wei> base_fee;
    bool operator==(const BlockHeader&) const = default;
};

/// One event that a contract has emitted.
struct Log {
    Address address;
    std::vector<Hash> topics;  ///< at most four
    Bytes data;
    std::uint64_t block = 0;
    Hash block_hash;
    UnixTime block_time;  ///< zero where the node does not say
    Hash txn;
    std::uint32_t index = 0;  ///< inside the block
    bool operator==(const Log&) const = default;
};

struct LogFilter {
    std::uint64_t from_block = 0, to_block = 0;  ///< both inclusive
    std::vector<Address> addresses;              ///< any of these; empty = all
    std::vector<Hash> first_topics;              ///< any of these; empty = all
};

struct TxnReceipt {
    Hash txn;
    std::uint64_t block = 0;
    Hash block_hash;
    bool success = false;
    std::uint64_t gas_used = 0;
    Wei gas_price;
    std::optional<Address> created;  ///< the contract, if the transaction created one
    std::vector<Log> logs;
};

/// A call that is only tried out, or a transaction before it is priced and numbered.
struct CallRequest {
    Address from;
    std::optional<Address> to;  ///< nothing = create a contract
    Bytes data;
    Wei value;
};

/// What a try gave. A refusal by the contract is an answer, not an error of the node.
struct CallOutcome {
    bool reverted = false;
    Bytes data;          ///< the result, or the revert data
    std::string reason;  ///< what the node says about a revert, for people
};

struct GasEstimate {
    std::uint64_t gas = 0;
    std::optional<CallOutcome> revert;  ///< set if it would fail
};

/// Prices of gas, per unit.
struct FeeQuote {
    Wei base;  ///< of the next block
    Wei tip;   ///< what is usual on top
};

}  // namespace sonm::chain
