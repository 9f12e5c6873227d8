#include "sonm/chain/fake_node.hpp"

#include "sonm/crypto/keccak.hpp"
#include "sonm/crypto/transaction.hpp"

namespace sonm::chain {
namespace {

constexpr std::uint64_t fake_chain_id = 31'337;
constexpr std::uint64_t genesis_time = 1'700'000'000;

}  // namespace

FakeNode::FakeNode() { restart(); }

void FakeNode::restart() {
    blocks_.clear();
    pool_.clear();
    Block genesis;
    genesis.header.hash = fresh_hash();
    genesis.header.time = UnixTime(genesis_time);
    genesis.header.gas_limit = 30'000'000;
    blocks_.push_back(std::move(genesis));
}

Hash FakeNode::fresh_hash() {
    FixedBytes<32> word = to_word(++salt_);
    return crypto::keccak256(word);
}

Result<void> FakeNode::arrive() {
    ++calls_;
    if (before_answer) before_answer();
    if (failures == 0) return Result<void>();
    --failures;
    return fail(ChainErrc::unreachable, "fake node");
}

std::uint64_t FakeNode::mined_nonce(const Address& account) const {
    std::uint64_t count = 0;
    for (const Block& block : blocks_) {
        for (const Pending& txn : block.txns) count += txn.sender == account;
    }
    return count;
}

void FakeNode::mine(std::size_t blocks) {
    for (std::size_t i = 0; i < blocks; ++i) mine_one();
}

void FakeNode::mine_one() {
    Block block;
    block.header = blocks_.back().header;
    block.header.parent = block.header.hash;
    ++block.header.number;
    block.header.hash = fresh_hash();
    block.header.time = UnixTime(genesis_time + block.header.number);
    block.header.base_fee = Wei(base_fee);
    blocks_.push_back(std::move(block));
    Block& made = blocks_.back();
    for (bool found = true; found;) {
        found = false;
        for (auto txn = pool_.begin(); txn != pool_.end(); ++txn) {
            if (txn->nonce != mined_nonce(txn->sender) || txn->fee_max < base_fee) continue;
            TxnReceipt receipt;
            receipt.txn = txn->hash;
            receipt.block = made.header.number;
            receipt.block_hash = made.header.hash;
            receipt.success = !on_execute || on_execute(txn->request);
            receipt.gas_used = 21'000;
            receipt.gas_price = Wei(std::min(txn->fee_max, base_fee + txn->tip));
            made.receipts.push_back(std::move(receipt));
            made.txns.push_back(*txn);
            pool_.erase(txn);
            found = true;
            break;
        }
    }
    for (Log& log : emitted_) {
        log.block = made.header.number;
        log.block_hash = made.header.hash;
        log.block_time = logs_tell_time ? made.header.time : UnixTime();
        log.index = static_cast<std::uint32_t>(made.logs.size());
        made.logs.push_back(std::move(log));
    }
    emitted_.clear();
}

void FakeNode::emit(Address address, std::vector<Hash> topics, Bytes data) {
    Log log;
    log.address = address;
    log.topics = std::move(topics);
    log.data = std::move(data);
    log.txn = fresh_hash();
    emitted_.push_back(std::move(log));
}

void FakeNode::rewind(std::uint64_t block) {
    blocks_.resize(std::min<std::size_t>(blocks_.size(), block + 1));
}

std::size_t FakeNode::times_mined(const Bytes& data) const {
    std::size_t count = 0;
    for (const Block& block : blocks_) {
        for (const Pending& txn : block.txns) count += txn.request.data == data;
    }
    return count;
}

Async<std::uint64_t> FakeNode::chain_id() {
    SONM_CO_CHECK(arrive());
    co_return fake_chain_id;
}

Async<std::uint64_t> FakeNode::block_number() {
    SONM_CO_CHECK(arrive());
    co_return head();
}

Async<std::optional<BlockHeader>> FakeNode::header(BlockRef block) {
    SONM_CO_CHECK(arrive());
    auto* number = std::get_if<std::uint64_t>(&block);
    std::uint64_t wanted = number ? *number : head();
    if (wanted > head()) co_return std::optional<BlockHeader>();
    co_return std::optional<BlockHeader>(blocks_[wanted].header);
}

Async<std::vector<std::optional<BlockHeader>>> FakeNode::headers(std::vector<std::uint64_t> wanted) {
    SONM_CO_CHECK(arrive());
    std::vector<std::optional<BlockHeader>> out;
    for (std::uint64_t number : wanted) {
        if (number <= head())
            out.push_back(blocks_[number].header);
        else
            out.push_back(std::nullopt);
    }
    co_return out;
}

Async<Wei> FakeNode::balance(Address account) {
    SONM_CO_CHECK(arrive());
    co_return Wei(U256(1) << 80);
}

Async<std::uint64_t> FakeNode::nonce(Address account, BlockTag tag) {
    SONM_CO_CHECK(arrive());
    std::uint64_t count = mined_nonce(account);
    if (tag == BlockTag::pending) {
        for (const Pending& txn : pool_) count += txn.sender == account;
    }
    co_return count;
}

Async<CallOutcome> FakeNode::call(CallRequest request, BlockRef block) {
    SONM_CO_CHECK(arrive());
    co_return on_call ? on_call(request) : CallOutcome();
}

Async<GasEstimate> FakeNode::estimate_gas(CallRequest request) {
    SONM_CO_CHECK(arrive());
    GasEstimate out;
    out.gas = 21'000;
    CallOutcome outcome = on_call ? on_call(request) : CallOutcome();
    if (outcome.reverted) out.revert = std::move(outcome);
    co_return out;
}

Async<FeeQuote> FakeNode::fees() {
    SONM_CO_CHECK(arrive());
    FeeQuote quote;
    quote.base = Wei(base_fee);
    quote.tip = Wei(100'000'000);
    co_return quote;
}

Async<Hash> FakeNode::send_raw(Bytes raw) {
    SONM_CO_CHECK(arrive());
    SONM_CO_TRY(auto read, crypto::parse_signed(raw));
    if (read.txn.nonce < mined_nonce(read.sender)) co_return fail(ChainErrc::nonce_too_low, "fake node");
    Pending txn;
    txn.hash = read.hash;
    txn.sender = read.sender;
    txn.nonce = read.txn.nonce;
    txn.fee_max = read.txn.fee_max;
    txn.tip = read.txn.priority_fee_max;
    txn.request.from = read.sender;
    txn.request.to = read.txn.to;
    txn.request.data = read.txn.data;
    for (auto other = pool_.begin(); other != pool_.end(); ++other) {
        if (other->hash == txn.hash) co_return fail(ChainErrc::already_known, "fake node");
        if (other->sender != txn.sender || other->nonce != txn.nonce) continue;
        if (txn.fee_max < other->fee_max + other->fee_max / 10)
            co_return fail(ChainErrc::fee_too_low, "fake node");
        pool_.erase(other);
        break;
    }
    Hash hash = txn.hash;
    pool_.push_back(std::move(txn));
    if (automine) mine();
    if (lose_next_send) {
        lose_next_send = false;
        co_return fail(ChainErrc::unreachable, "fake node");
    }
    co_return hash;
}

Async<std::optional<TxnReceipt>> FakeNode::receipt(Hash txn) {
    SONM_CO_CHECK(arrive());
    for (const Block& block : blocks_) {
        for (const TxnReceipt& receipt : block.receipts) {
            if (receipt.txn == txn) co_return std::optional<TxnReceipt>(receipt);
        }
    }
    co_return std::optional<TxnReceipt>();
}

Async<std::vector<Log>> FakeNode::logs(LogFilter filter) {
    SONM_CO_CHECK(arrive());
    ++log_calls_;
    std::vector<Log> out;
    for (std::uint64_t number = filter.from_block; number <= std::min(filter.to_block, head()); ++number) {
        for (const Log& log : blocks_[number].logs) {
            bool wanted = std::find(filter.addresses.begin(), filter.addresses.end(), log.address) !=
                          filter.addresses.end();
            if (wanted || filter.addresses.empty()) out.push_back(log);
        }
    }
    if (out.size() > logs_max) co_return fail(ChainErrc::too_many_results, "fake node: {} logs", out.size());
    co_return out;
}

Async<Bytes> FakeNode::code(Address account) {
    SONM_CO_CHECK(arrive());
    co_return Bytes();
}

}  // namespace sonm::chain
