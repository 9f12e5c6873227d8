#pragma once

#include "sonm/chain/node.hpp"
#include "sonm/crypto/transaction.hpp"

#include <functional>

namespace sonm::settlement::detail {

/// Where a contract is that `sender` makes with its transaction, or (a contract) its creation, number
/// `nonce`. Source: yellow paper, section 7.
crypto::Address created_by(const crypto::Address& sender, std::uint64_t nonce);

/// Several transactions of one account in a row, numbered beforehand so that many fit into one block: for
/// setting up a chain. No more are under way than one block has gas for: some nodes forget the rest. Nothing
/// is remembered: if it fails in the middle, the whole is done anew. For everything else there is
/// chain::Sender.
class Burst {
public:
    /// `node` and `signer` must outlive it. Errors: unavailable and other errors of the chain.
    static Async<Burst> open(chain::Node& node, const crypto::Signer& signer);
    std::uint64_t chain_id() const { return chain_id_; }

    /// Errors: conflict, if the account has sent something since, so that what was added has other numbers.
    Async<void> check_turn();

    /// Where the contract will be whose creation is added after `ahead` further transactions.
    crypto::Address coming(std::uint64_t ahead) const;
    /// Adds the creation of a contract and says where it will be.
    crypto::Address create(std::string what, Bytes code);
    void call(std::string what, crypto::Address contract, Bytes data);
    void pay(std::string what, crypto::Address to, chain::Wei amount);
    /// Sends all and waits until all are in blocks; tells `progress` (may be empty) each as it is. Returns
    /// the first one's block, 0 if there was none. Errors: MarketErrc::refused and others, naming what
    /// failed; timeout.
    Async<std::uint64_t> send(std::function<void(std::string)> progress);

private:
    struct Item {
        std::string what;
        crypto::SignedTransaction txn;
        std::uint64_t gas;
    };
    Async<void> send_one(const Item& item);
    Async<std::uint64_t> wait_one(const Item& item);
    Burst(chain::Node& node, const crypto::Signer& signer) : node_(node), signer_(signer) {}
    void add(std::string what, std::optional<crypto::Address> to, Bytes data, chain::Wei value,
             std::uint64_t gas);
    Async<chain::TxnReceipt> wait(crypto::Hash txn);

    chain::Node& node_;
    const crypto::Signer& signer_;
    std::uint64_t chain_id_ = 0, first_nonce_ = 0, nonce_ = 0;
    chain::FeeQuote fees_;
    std::vector<Item> items_;
};

}  // namespace sonm::settlement::detail
