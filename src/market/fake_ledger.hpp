#pragma once

#include "sonm/market/fake_market.hpp"

#include <list>

namespace sonm::market {

/// One chain for any number of fake ledgers: the simulated market, its followers, and the faults that tests
/// ask for. Resource type; one executor. Must outlive its ledgers and their tasks.
class FakeChain {
public:
    explicit FakeChain(const Clock& clock);
    FakeChain(const FakeChain&) = delete;

    FakeMarket& market() { return market_; }
    const FakeMarket& market() const { return market_; }

    /// The next `count` intents fail like this, and nothing happens on the chain.
    void fail_next(Error error, std::size_t count = 1);
    /// The next intent happens, but its caller gets `timeout`; the same intent again finds what was done.
    void lose_next_answer() { lose_answer_ = true; }
    /// While down, every call fails with `unavailable` and followers hear nothing; afterwards they catch up.
    void set_down(bool down);
    /// Undoes everything above `block`; followers get the rewind.
    void rewind(std::uint64_t block) { market_.rewind(block); }
    /// How many intents reached the market (repeated ones and failures on demand do not count).
    std::size_t intents() const { return intents_; }

private:
    friend class FakeLedger;
    struct Follower {
        explicit Follower(const Executor& executor)
            : changed(executor, asio::steady_timer::time_point::max()) {}
        std::deque<Step> steps;
        asio::steady_timer changed;
    };

    Task<void> follow(std::uint64_t from_block, std::function<void(const Step&)> step);
    Result<Receipted> intend(const std::string& intent, std::function<Result<Receipted>()> act);
    Result<void> reachable() const;
    void tell(const Step& step);

    FakeMarket market_;
    std::list<Follower> followers_;
    std::deque<Error> failures_;
    bool lose_answer_ = false;
    bool down_ = false;
    std::size_t intents_ = 0;
};

/// market::Ledger over a FakeChain, for one account. Intents are done at once and are facts at once.
class FakeLedger final : public Ledger {
public:
    /// `chain` must outlive this.
    FakeLedger(FakeChain& chain, Address self) : chain_(chain), self_(self) {}

    Address self() const override { return self_; }
    Task<void> follow(std::uint64_t from_block, std::function<void(const Step&)> step) override;
    Async<Receipted> place(std::string intent, Order order, Tokens escrow) override;
    Async<Receipted> cancel(std::string intent, Order order) override;
    Async<Receipted> open_deal(std::string intent, Order ask, Order bid) override;
    Async<Receipted> settle(std::string intent, Deal deal) override;
    Async<Receipted> close(std::string intent, Deal deal, model::BlacklistChoice choice) override;
    Async<Receipted> top_up(std::string intent, Deal deal, Tokens amount) override;
    Async<Receipted> deposit(std::string intent, Tokens amount) override;
    Async<Receipted> withdraw(std::string intent, Tokens amount) override;
    Async<Receipted> set_attribute(std::string intent, crypto::Hash key, std::string value) override;
    Async<Balances> balances(Address account) override;
    Async<Tokens> escrow_needed(Order bid) override;
    Async<std::string> attribute(Address account, crypto::Hash key) override;
    Async<std::uint8_t> judge(Order ask, Order bid) override;

private:
    FakeChain& chain_;
    Address self_;
};

}  // namespace sonm::market
