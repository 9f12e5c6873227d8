#pragma once

#include "sonm/base/async.hpp"
#include "sonm/chain/types.hpp"

namespace sonm::chain {

/// A node of some EVM chain, as the rest of this room sees it. One executor. Implementations: JsonRpc,
/// FakeNode (a small chain in memory, for tests).
///
/// Errors of every call: unreachable (no connection or no answer in time, after retries), node_error,
/// bad_answer.
class Node {
public:
    virtual ~Node() = default;
    virtual Async<std::uint64_t> chain_id() = 0;
    virtual Async<std::uint64_t> block_number() = 0;
    /// Nothing if there is no such block (any more).
    virtual Async<std::optional<BlockHeader>> header(BlockRef block) = 0;
    /// Several at once, in the same order.
    virtual Async<std::vector<std::optional<BlockHeader>>> headers(std::vector<std::uint64_t> blocks) = 0;
    virtual Async<Wei> balance(Address account) = 0;
    /// Number of transactions that the account has sent: in blocks (latest), or with those that wait
    /// (pending).
    virtual Async<std::uint64_t> nonce(Address account, BlockTag tag) = 0;
    virtual Async<CallOutcome> call(CallRequest request, BlockRef block) = 0;
    virtual Async<GasEstimate> estimate_gas(CallRequest request) = 0;
    virtual Async<FeeQuote> fees() = 0;
    /// Errors: also nonce_too_low, fee_too_low, already_known, no_funds. Never repeated by itself.
    virtual Async<Hash> send_raw(Bytes txn) = 0;
    /// Nothing while it is in no block.
    virtual Async<std::optional<TxnReceipt>> receipt(Hash txn) = 0;
    /// In the chain's order. Errors: also too_many_results: ask for fewer blocks.
    virtual Async<std::vector<Log>> logs(LogFilter filter) = 0;
    virtual Async<Bytes> code(Address account) = 0;
};

}  // namespace sonm::chain
