#pragma once

#include "sonm/crypto/key.hpp"
#include "sonm/market/ledger.hpp"
#include "sonm/settlement/network.hpp"

#include <memory>

namespace sonm::settlement {

/// market::Ledger over the chain: intents become transactions, events become facts.
/// One executor. `run()` must be running (a child of the owner's scope) for intents and followers to make
/// progress.
class ChainLedger final : public market::Ledger {
public:
    /// `signer` must outlive it; `state` is a folder of this account on this network (created):
    /// sent-but-unconfirmed transactions and the facts read so far are kept there. Empty: in memory, for
    /// one-shot reading commands.
    static Result<std::unique_ptr<ChainLedger>> open(Executor executor, Network network,
                                                     const crypto::Signer& signer,
                                                     const std::filesystem::path& state);
    ~ChainLedger() override;
    Task<void> run();

    crypto::Address self() const override;
    Task<void> follow(std::uint64_t from_block, std::function<void(const market::Step&)> step) override;
    Async<market::Receipted> place(std::string intent, model::Order order, Tokens escrow) override;
    Async<market::Receipted> cancel(std::string intent, model::Order order) override;
    Async<market::Receipted> open_deal(std::string intent, model::Order ask, model::Order bid) override;
    Async<market::Receipted> settle(std::string intent, model::Deal deal) override;
    Async<market::Receipted> close(std::string intent, model::Deal deal,
                                   model::BlacklistChoice choice) override;
    Async<market::Receipted> top_up(std::string intent, model::Deal deal, Tokens amount) override;
    Async<market::Receipted> deposit(std::string intent, Tokens amount) override;
    Async<market::Receipted> withdraw(std::string intent, Tokens amount) override;
    Async<market::Receipted> set_attribute(std::string intent, crypto::Hash key, std::string value) override;
    Async<Balances> balances(crypto::Address account) override;
    Async<Tokens> escrow_needed(model::Order bid) override;
    Async<std::string> attribute(crypto::Address account, crypto::Hash key) override;
    Async<std::uint8_t> judge(model::Order ask, model::Order bid) override;

private:
    struct Impl;
    explicit ChainLedger(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace sonm::settlement
