#pragma once

#include "sonm/market/billing.hpp"
#include "sonm/market/journal.hpp"
#include "sonm/market/ledger.hpp"
#include "sonm/market/order_book.hpp"

#include <set>

namespace sonm::market {

/// A deal that is not closed, with its money.
struct OpenDeal {
    Deal deal;
    DealState state;
};

struct MarketStateOptions {
    /// How many blocks back a rewind may go; what is older is final. Undo notes cost about 100 bytes a fact.
    std::uint64_t rewind_blocks_max = 4096;
    /// How old the last SNM price may be for USD deals to open: the deployed oracle's limits().staleAfter.
    /// The default is what a private network's oracle is deployed with (settlement/deploy).
    Seconds rate_stale_after{30 * 86'400};
};

/// What the facts so far amount to: the order book, open deals, people, prices, balances, attributes. Feed it
/// every Step of Ledger::follow; it is a function of the facts alone, so a rewind leaves what reading anew
/// would. One thread.
class MarketState {
public:
    explicit MarketState(MarketStateOptions options = MarketStateOptions()) : options_(options) {}
    MarketState(const MarketState&) = delete;

    /// Errors: history_too_short if the rewind goes back further than rewind_blocks_max: then read everything
    /// into a fresh one. Nothing is changed in that case.
    Result<void> apply(const Step& step);

    const OrderBook& book() const { return book_; }
    const People& people() const { return people_; }
    const RateHistory& rates() const { return rates_; }
    const std::map<model::DealId, OpenDeal>& deals() const { return deals_; }
    const OpenDeal* deal(model::DealId id) const;
    /// Open deals in which the account is supplier, master or consumer.
    std::vector<const OpenDeal*> deals_of(const Address& account) const;
    /// Open orders of an author, oldest first.
    std::vector<const OpenOrder*> orders_of(const Address& author) const { return book_.by(author); }
    Tokens balance(const Address& account) const;
    /// Whether a signed order of `author` with this nonce was matched or cancelled.
    bool is_nonce_used(const Address& author, model::OrderNonce nonce) const;
    std::string attribute(const Address& account, const crypto::Hash& key) const;
    std::uint64_t head_block() const { return head_block_; }
    UnixTime head_time() const { return head_time_; }
    bool live() const { return live_; }

    /// For matching at `now` (usually the head's time, or the clock's if that is later).
    MatchContext context(UnixTime now) const;

    /// Facts that lead a fresh state here; orders keep their ages.
    Step checkpoint() const;
    /// Fills a fresh state from a checkpoint. Rewinds to before it are refused as too far.
    Result<void> restore(const Step& checkpoint);

private:
    void take(const Fact& fact);
    void on(const Fact& at, const OrderPlaced& fact);
    void on(const Fact& at, const OrderCancelled& fact);
    void on(const Fact& at, const DealOpened& fact);
    void on(const Fact& at, const DealSettled& fact) { update(at, fact.deal, fact.state); }
    void on(const Fact& at, const DealChanged& fact) { update(at, fact.deal, fact.state); }
    void on(const Fact& at, const DealToppedUp& fact) { update(at, fact.deal, fact.state); }
    void on(const Fact& at, const DealClosed& fact) { update(at, fact.deal, fact.state); }
    void on(const Fact& at, const BalanceChanged& fact);
    void on(const Fact& at, const AttributeSet& fact);
    void on(const Fact& at, const MasterSet& fact);
    void on(const Fact& at, const LevelSet& fact);
    void on(const Fact& at, const BlacklistChanged& fact);
    void on(const Fact& at, const FollowChanged& fact);
    void on(const Fact& at, const NoncesUsed& fact);
    void on(const Fact& at, const RateReported& fact);
    void take_out(const Fact& at, const OrderId& id);
    /// Puts, replaces or (closed) removes a deal.
    void update(const Fact& at, const Deal& deal, const DealState& state);
    void put(const OpenDeal& open);
    void drop(model::DealId id);

    MarketStateOptions options_;
    OrderBook book_;
    People people_;
    RateHistory rates_;
    std::map<model::DealId, OpenDeal> deals_;
    std::unordered_map<Address, std::set<model::DealId>> deals_of_;
    std::unordered_map<Address, Tokens> balances_;
    std::map<std::pair<Address, crypto::Hash>, std::string> attributes_;
    std::map<std::pair<Address, U256>, U256> nonces_;  ///< by author and word: bits of used ones
    std::uint64_t head_block_ = 0;
    UnixTime head_time_;
    bool live_ = false;
    Journal journal_;
};

}  // namespace sonm::market
