#pragma once

#include "sonm/chain/node.hpp"

#include <functional>

namespace sonm::chain {

/// A small chain in memory for tests: accounts with nonces, a pool of waiting transactions, blocks, logs,
/// reorganisations, and a connection that fails when told to. It checks signatures, nonces and fees as a node
/// does; it runs no contract code.
class FakeNode final : public Node {
public:
    FakeNode();

    // What a test may set.
    bool automine = true;
    U256 base_fee = 1'000'000'000;
    std::size_t logs_max = 10'000;  ///< more in one answer are refused
    bool logs_tell_time = true;
    int failures = 0;             ///< so many of the next calls are unreachable
    bool lose_next_send = false;  ///< takes the next transaction, but the answer does not arrive
    std::function<CallOutcome(const CallRequest&)>
        on_call;                                         ///< for call and estimate_gas; nothing = succeeds
    std::function<bool(const CallRequest&)> on_execute;  ///< whether a mined transaction succeeds
    std::function<void()> before_answer;                 ///< runs before each answer

    /// Puts what waits and what was emitted into a block.
    void mine(std::size_t blocks = 1);
    /// A log of the next block.
    void emit(Address address, std::vector<Hash> topics, Bytes data);
    /// Undoes everything above `block`; transactions are lost, not put back to wait. What is mined next has
    /// other hashes.
    void rewind(std::uint64_t block);
    /// Forgets what waits.
    void drop_pool() { pool_.clear(); }
    /// Another chain altogether.
    void restart();
    std::size_t waiting() const { return pool_.size(); }
    std::uint64_t head() const { return blocks_.size() - 1; }
    std::size_t calls() const { return calls_; }
    std::size_t log_calls() const { return log_calls_; }
    /// How many mined transactions carried this data.
    std::size_t times_mined(const Bytes& data) const;

    Async<std::uint64_t> chain_id() override;
    Async<std::uint64_t> block_number() override;
    Async<std::optional<BlockHeader>> header(BlockRef block) override;
    Async<std::vector<std::optional<BlockHeader>>> headers(std::vector<std::uint64_t> blocks) override;
    Async<Wei> balance(Address account) override;
    Async<std::uint64_t> nonce(Address account, BlockTag tag) override;
    Async<CallOutcome> call(CallRequest request, BlockRef block) override;
    Async<GasEstimate> estimate_gas(CallRequest request) override;
    Async<FeeQuote> fees() override;
    Async<Hash> send_raw(Bytes txn) override;
    Async<std::optional<TxnReceipt>> receipt(Hash txn) override;
    Async<std::vector<Log>> logs(LogFilter filter) override;
    Async<Bytes> code(Address account) override;

private:
    struct Pending {
        Hash hash;
        Address sender;
        std::uint64_t nonce;
        U256 fee_max, tip;
        CallRequest request;
    };
    struct Block {
        BlockHeader header;
        std::vector<TxnReceipt> receipts;
        std::vector<Pending> txns;
        std::vector<Log> logs;
    };
    /// Counts the call; an error if it shall fail.
    Result<void> arrive();
    Hash fresh_hash();
    std::uint64_t mined_nonce(const Address& account) const;
    void mine_one();

    std::vector<Block> blocks_;
    std::vector<Pending> pool_;
    std::vector<Log> emitted_;
    std::uint64_t salt_ = 0;
    std::size_t calls_ = 0, log_calls_ = 0;
};

}  // namespace sonm::chain
