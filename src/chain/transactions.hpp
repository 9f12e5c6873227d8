#pragma once

#include "sonm/chain/detail/lane.hpp"
#include "sonm/chain/journal.hpp"
#include "sonm/chain/node.hpp"
#include "sonm/crypto/transaction.hpp"

#include <functional>

namespace sonm::chain {

struct TxnRequest {
    std::optional<Address> to;  ///< nothing = create a contract from `data`
    Bytes data;
    Wei value;
    /// How much it may use, or what a transaction may on this chain if that is less; 0: as the node
    /// estimates. For calls that do less when there is less, and succeed: no estimate is right for these.
    /// They are only tried once before they are sent.
    std::uint64_t gas = 0;
};

struct SenderConfig {
    std::uint64_t depth = 0;     ///< blocks that must follow before a transaction counts
    Millis poll{100};            ///< between looks at the chain; half a block time or less
    Millis stuck_after{30'000};  ///< not in a block by then: sent again with at least 12.5 % more fee
    Millis answer_max{180'000};  ///< `send` as a whole; the transaction may still come later
    Wei fee_per_gas_max{U256(500'000'000'000)};  ///< never pay more, in all
    unsigned gas_margin_percent = 25;            ///< on top of the node's estimate
    std::uint64_t gas_margin = 80'000;  ///< and this: a payment that is zero when estimated, but not a second
                                        ///< later, fills new storage slots
    std::string
        lock_path;  ///< lets one process at a time choose a nonce; empty = nobody else uses the account
};

/// Turns a contract's revert data into an error of the caller's own kind. From the generated bindings.
using ExplainRevert = std::function<Error(BytesView revert_data)>;

/// Sends one account's transactions, one after the other, and sees to it that each intent happens at most
/// once, whatever happens to this process, the node or the chain. Resource type; one executor; one Sender per
/// account and process, any number of processes with the same journal and lock file.
///
/// A transaction is signed, written into the journal, then sent. After a crash the journal's entry is sent
/// again, byte for byte: with the same nonce it cannot happen twice. A chain that was reorganised or restored
/// from an older state gets back, in order, what it has lost.
class Sender {
public:
    /// Asks the node which chain it is. `node`, `signer` and `db` must outlive it. Errors: those of Node;
    /// wrong_chain.
    static Async<std::unique_ptr<Sender>> make(Node& node, const crypto::Signer& signer, Database& db,
                                               std::uint64_t chain_id, SenderConfig config,
                                               ExplainRevert explain);

    /// Returns once the transaction is in a block at the configured depth. `intent`: the same id again waits
    /// for the first one, whatever the request says; after a refusal by the contract it is tried anew.
    /// Errors: the contract's refusal as `explain` says it, reverted (without a reason), no_funds, fee_cap,
    /// not_mined (ask again with the same intent), those of Node.
    Async<TxnReceipt> send(std::string intent, TxnRequest request);
    /// Whether this intent was sent before and not refused: then the request given to `send` does not matter.
    Result<bool> known(const std::string& intent);
    Address account() const { return signer_.address(); }
    std::uint64_t chain_id() const { return chain_id_; }

private:
    Sender(Executor executor, Node& node, const crypto::Signer& signer, Journal journal,
           std::uint64_t chain_id, SenderConfig config, ExplainRevert explain);

    struct Fees {
        U256 tip, max;
    };

    Async<TxnReceipt> work(std::string intent, TxnRequest request);
    /// Nothing if its nonce is not the account's turn: see finish_older.
    Async<std::optional<Intent>> find_or_start(std::string id, TxnRequest request);
    Async<Intent> start(std::string id, TxnRequest request);
    /// Sees to it that everything written down with an unused nonce, up to nonce `last`, is in a block,
    /// except what comes after a nonce that is not in this journal: such a transaction stays valid, and waits
    /// for whatever uses that nonce. Gives the next unused nonce.
    Async<std::uint64_t> finish_older(std::uint64_t last);
    /// Sends and watches until it is in a block. Nothing if its nonce was used by something else.
    Async<std::optional<TxnReceipt>> push(Intent intent);
    Async<void> broadcast(const Intent& intent);
    Async<std::optional<Attempt>> replacement(const Intent& intent);
    Async<std::optional<TxnReceipt>> receipt_of(const Intent& intent);
    Async<bool> deep_enough(const TxnReceipt& receipt);
    Async<TxnReceipt> judge(std::string id, TxnReceipt receipt, TxnRequest request);
    Result<Fees> within_cap(FeeQuote quote) const;
    tl::unexpected<Error> refused(const CallOutcome& revert) const;

    Node& node_;
    const crypto::Signer& signer_;
    Journal journal_;
    std::uint64_t chain_id_;
    SenderConfig config_;
    ExplainRevert explain_;
    detail::Lane lane_;  // held while somebody uses the account's next nonce
};

}  // namespace sonm::chain
