#pragma once

#include "sonm/base/clock.hpp"
#include "sonm/market/billing.hpp"
#include "sonm/market/ledger.hpp"
#include "sonm/market/match.hpp"

#include <map>
#include <vector>

namespace sonm::market {

/// The market contract, simulated in memory by the contract's own rules, for tests of everything above: one
/// block per call, block time from a clock, rewinds, failures on demand. FakeLedger is one account's view of
/// it. Resource type, one thread.
class FakeMarket {
public:
    /// `clock` must outlive this.
    explicit FakeMarket(const Clock& clock);
    FakeMarket(const FakeMarket&) = delete;

    // ---- the world around the market ----
    void give(const Address& account, Tokens wallet);
    void set_rate(model::Rate rate);
    /// The rate is stale from now on, until the next set_rate.
    void let_rate_go_stale();
    void set_master(const Address& worker, const Address& master);
    void set_level(const Address& account, model::Identity level, UnixTime expiry);
    void set_listed(const Address& owner, const Address& account, bool listed);
    void set_follows(const Address& owner, const Address& list, bool follows);
    void set_paused(bool paused) { paused_ = paused; }
    /// A block without facts, so that followers see the time.
    void mine();

    // ---- what accounts can do; `by` is the caller. Errors: MarketErrc, as the contract's. ----
    Result<Receipted> place(const Address& by, const Order& order, Tokens escrow);
    Result<Receipted> cancel(const Address& by, const Order& order);
    Result<Receipted> open_deal(const Order& ask, const Order& bid);
    Result<Receipted> settle(const Address& by, const Deal& deal);
    Result<Receipted> close(const Address& by, const Deal& deal, model::BlacklistChoice choice);
    Result<Receipted> top_up(const Address& by, const Deal& deal, Tokens amount);
    Result<Receipted> deposit(const Address& by, Tokens amount);
    Result<Receipted> withdraw(const Address& by, Tokens amount);
    Result<Receipted> set_attribute(const Address& by, const crypto::Hash& key, const std::string& value);

    // ---- what anybody can read ----
    Tokens wallet(const Address& account) const;
    Tokens balance(const Address& account) const;
    std::string attribute(const Address& account, const crypto::Hash& key) const;
    Mismatch judge(const Order& ask, const Order& bid) const;
    Result<Tokens> escrow_needed(const Order& bid) const;
    std::optional<DealState> deal_state(model::DealId id) const;
    std::vector<Deal> deals() const;
    const RateHistory& rates() const { return state_.rates; }
    /// Everything that is anywhere: wallets, balances, escrows. Only `give` changes it.
    Tokens money() const;
    std::uint64_t head() const { return state_.block; }
    UnixTime head_time() const { return state_.time; }

    // ---- faults ----
    /// Undoes everything above `block`, as a reorganisation or a chain restored from an older state does.
    void rewind(std::uint64_t block);

    /// All facts above `block`, as one step.
    Step since(std::uint64_t block) const;
    /// Is called after every block and every rewind.
    void on_step(std::function<void(const Step&)> listener) { listener_ = std::move(listener); }

    /// Receipts of intents, undone by a rewind like everything else.
    std::optional<Receipted> receipt(const std::string& intent) const;
    void keep_receipt(const std::string& intent, const Receipted& receipt);

private:
    struct Placed {
        Order order;
        Tokens escrow;
        bool open = true;
    };
    struct Opened {
        Deal deal;
        DealState state;
    };
    /// All that a rewind restores.
    struct State {
        std::uint64_t block = 0;
        UnixTime time;
        std::map<Address, Tokens> wallets, balances;
        std::map<OrderId, Placed> orders;
        std::map<model::DealId, Opened> deals;
        std::map<std::pair<Address, crypto::Hash>, std::string> attributes;
        std::map<std::string, Receipted> receipts;
        People people;
        RateHistory rates;
        bool rate_stale = false;
    };

    MatchContext context() const;
    UnixTime next_time() const;
    Result<Placed*> open_order(const OrderId& id);
    Result<Opened*> find(const Deal& deal);
    Result<void> debit(const Address& account, Tokens amount);
    void credit(const Address& account, Tokens amount);
    Result<void> deposit_missing(const Address& account, Tokens needed);
    void finish(Opened& opened, const Bill& bill, const Address& by);
    void say(FactBody body);
    void say_balance(const Address& account);
    Receipted seal();

    const Clock& clock_;
    State state_;
    std::vector<State> snapshots_;  ///< by block; snapshots_[0] is the beginning
    std::vector<Fact> facts_;
    std::vector<FactBody> pending_;
    bool paused_ = false;
    std::function<void(const Step&)> listener_;
};

}  // namespace sonm::market
