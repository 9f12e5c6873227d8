#include "sonm/chain/journal.hpp"

#include "sonm/crypto/keccak.hpp"

namespace sonm::chain {
namespace {

/// Finished intents that are kept: each stands for about a kilobyte.
constexpr std::uint64_t intents_max = 20'000;

Intent read_intent(const Row& row) {
    Intent out;
    out.id = row.get<std::string>(0);
    out.nonce = row.get<std::uint64_t>(1);
    out.state = static_cast<IntentState>(row.get<std::uint8_t>(2));
    out.block = row.get<std::uint64_t>(3);
    out.gas_used = row.get<std::uint64_t>(4);
    out.gas_price = Wei(row.get<std::optional<U256>>(5).value_or(0));
    return out;
}

}  // namespace

Journal::Journal(Database& db, const Hash& genesis, std::uint64_t chain_id, const Address& account)
    : db_(db) {
    FixedBytes<32> id = to_word(chain_id);
    scope_ = to_bytes(crypto::keccak256({genesis.bytes, id, account.bytes}).bytes);
}

Result<std::vector<Attempt>> Journal::attempts(std::uint64_t nonce) {
    auto read = [](const Row& row) { return Attempt{Hash{row.get<FixedBytes<32>>(0)}, row.get<Bytes>(1)}; };
    return db_.all(read, "SELECT hash, raw FROM attempt WHERE scope = ? AND nonce = ? ORDER BY number",
                   scope_, nonce);
}

Result<std::optional<Intent>> Journal::find(const std::string& id) {
    SONM_TRY(
        auto found,
        db_.all(read_intent,
                "SELECT id, nonce, state, block, gas_used, gas_price FROM intent WHERE scope = ? AND id = ?",
                scope_, id));
    if (found.empty()) return std::optional<Intent>();
    SONM_TRY(found[0].attempts, attempts(found[0].nonce));
    return std::optional<Intent>(std::move(found[0]));
}

Result<std::vector<Intent>> Journal::from_nonce(std::uint64_t nonce) {
    SONM_TRY(auto found, db_.all(read_intent,
                                 "SELECT id, nonce, state, block, gas_used, gas_price FROM intent WHERE "
                                 "scope = ? AND nonce >= ? ORDER BY nonce",
                                 scope_, nonce));
    for (Intent& intent : found) {
        SONM_TRY(intent.attempts, attempts(intent.nonce));
    }
    return found;
}

Result<void> Journal::add(const std::string& id, std::uint64_t nonce, const Attempt& attempt) {
    return db_.transact([&]() -> Result<void> {
        SONM_CHECK(remove(id));
        SONM_CHECK(
            db_.run("INSERT INTO intent (scope, id, nonce, state) VALUES (?, ?, ?, 0)", scope_, id, nonce));
        SONM_CHECK(add_attempt(nonce, attempt));
        return prune();
    });
}

Result<void> Journal::add_attempt(std::uint64_t nonce, const Attempt& attempt) {
    SONM_CHECK(
        db_.run("INSERT INTO attempt SELECT ?1, ?2, coalesce(max(number), 0) + 1, ?3, ?4 FROM attempt WHERE "
                "scope = ?1 AND nonce = ?2",
                scope_, nonce, attempt.hash.bytes, attempt.raw));
    return Result<void>();
}

Result<void> Journal::finish(const std::string& id, const TxnReceipt& receipt) {
    auto state = static_cast<std::uint8_t>(receipt.success ? IntentState::done : IntentState::reverted);
    SONM_CHECK(db_.run(
        "UPDATE intent SET state = ?, block = ?, gas_used = ?, gas_price = ? WHERE scope = ? AND id = ?",
        state, receipt.block, receipt.gas_used, receipt.gas_price, scope_, id));
    return Result<void>();
}

Result<void> Journal::remove(const std::string& id) {
    return db_.transact([&]() -> Result<void> {
        SONM_CHECK(
            db_.run("DELETE FROM attempt WHERE scope = ?1 AND nonce = (SELECT nonce FROM intent WHERE scope "
                    "= ?1 AND id = ?2)",
                    scope_, id));
        SONM_CHECK(db_.run("DELETE FROM intent WHERE scope = ? AND id = ?", scope_, id));
        return Result<void>();
    });
}

Result<void> Journal::prune() {
    SONM_TRY(auto newest, db_.value<std::uint64_t>("SELECT max(nonce) FROM intent WHERE scope = ?", scope_));
    if (newest.value_or(0) <= intents_max) return Result<void>();
    std::uint64_t oldest = *newest - intents_max;
    SONM_CHECK(db_.run("DELETE FROM intent WHERE scope = ? AND nonce < ? AND state != 0", scope_, oldest));
    SONM_CHECK(
        db_.run("DELETE FROM attempt WHERE scope = ?1 AND nonce < ?2 AND nonce NOT IN (SELECT nonce FROM "
                "intent WHERE scope = ?1)",
                scope_, oldest));
    return Result<void>();
}

}  // namespace sonm::chain
