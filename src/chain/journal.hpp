#pragma once

#include "sonm/base/sqlite.hpp"
#include "sonm/chain/types.hpp"

namespace sonm::chain {

/// How far an intent's transaction is known to be.
enum class IntentState : std::uint8_t {
    sent = 0,      ///< signed and written down; the node may or may not have it
    done = 1,      ///< in a block at the wanted depth
    reverted = 2,  ///< in a block, and the contract refused: nothing has happened
};

/// One signed transaction. Several attempts of one intent have the same nonce: at most one can ever be in a
/// block.
struct Attempt {
    Hash hash;
    Bytes raw;
};

struct Intent {
    std::string id;
    std::uint64_t nonce = 0;
    IntentState state = IntentState::sent;
    std::uint64_t block = 0;
    std::uint64_t gas_used = 0;
    Wei gas_price;
    std::vector<Attempt> attempts;  ///< oldest first, never empty
};

/// What one account has sent to one chain, on disk: a transaction is written down before it leaves the
/// machine, so that after a crash it is found again instead of being made twice.
class Journal {
public:
    /// `db` must outlive it and come from open_journal.
    Journal(Database& db, const Hash& genesis, std::uint64_t chain_id, const Address& account);

    Result<std::optional<Intent>> find(const std::string& id);
    /// All with this nonce or a later one, by nonce.
    Result<std::vector<Intent>> from_nonce(std::uint64_t nonce);
    /// Replaces an earlier intent of that id. Errors: exists (the nonce belongs to another intent).
    Result<void> add(const std::string& id, std::uint64_t nonce, const Attempt& attempt);
    Result<void> add_attempt(std::uint64_t nonce, const Attempt& attempt);
    Result<void> finish(const std::string& id, const TxnReceipt& receipt);
    /// Forgets it: it can never be in a block, or never left this machine.
    Result<void> remove(const std::string& id);

private:
    Result<std::vector<Attempt>> attempts(std::uint64_t nonce);
    Result<void> prune();

    Database& db_;
    Bytes scope_;
};

}  // namespace sonm::chain
