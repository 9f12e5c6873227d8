#pragma once

#include "sonm/base/async.hpp"
#include "sonm/model/deal.hpp"

#include <functional>
#include <memory>
#include <variant>

namespace sonm::market {

using model::Address;
using model::Deal;
using model::DealId;
using model::DealState;
using model::Order;
using model::OrderId;

// ---- Facts: what the chain says, in its order. Each carries the whole new state of what changed. ----

struct OrderPlaced {
    OrderId id;
    Order order;
    Tokens escrow;
};
struct OrderCancelled {
    OrderId id;
    Address author, by;
    Tokens refund;
};
/// Also says that orders deal.ask and deal.bid are matched, except those that were signed off chain: an equal
/// order in the book is another offer and stays. A checkpoint sets both: nothing is left to match.
struct DealOpened {
    Deal deal;
    DealState state;
    Tokens refund;
    bool ask_signed = false, bid_signed = false;
};
struct DealSettled {
    Deal deal;
    DealState state;
};
/// New terms under the same id. `state` counts from their start; `settled` is what was paid at that moment.
struct DealChanged {
    Deal deal;
    DealState state;
    Tokens settled, added, refund;
    Address by;
};
struct DealToppedUp {
    Deal deal;
    DealState state;
    Address by;
    Tokens amount;
};
struct DealClosed {
    Deal deal;
    DealState state;
    Tokens refund;
    Address by;
};
/// A free balance inside the market, as of this fact.
struct BalanceChanged {
    Address account;
    Tokens balance;
};
struct AttributeSet {
    Address account;
    crypto::Hash key;
    std::string value;
};
struct MasterSet {
    Address worker, master;
};
struct LevelSet {
    Address account;
    model::Identity level;
    UnixTime expiry;
};
struct BlacklistChanged {
    Address owner, account;
    bool listed = false;
};
/// What `list` has counts for `owner` as if it were on its own list, or no longer.
struct FollowChanged {
    Address owner, list;
    bool follows = false;
};
/// Signed orders of `author` with nonce 256 x `word` + i are dead for every bit i of `mask`: matched or
/// cancelled.
struct NoncesUsed {
    Address author;
    U256 word, mask;
};
struct RateReported {
    model::Rate rate;
    UnixTime since;
};

using FactBody = std::variant<OrderPlaced, OrderCancelled, DealOpened, DealSettled, DealChanged, DealToppedUp,
                              DealClosed, BalanceChanged, AttributeSet, MasterSet, LevelSet, BlacklistChanged,
                              FollowChanged, NoncesUsed, RateReported>;
struct Fact {
    std::uint64_t block = 0;
    std::uint32_t index = 0;  ///< of the log inside the block
    UnixTime time;            ///< of the block
    FactBody body;
};

/// One step of the chain, as a follower sees it. First undo, then do.
struct Step {
    /// If set: everything from blocks above this one is void (a reorganisation, or a chain restored from an
    /// older state).
    std::optional<std::uint64_t> rewind_to;
    std::vector<Fact> facts;
    std::uint64_t head_block = 0;  ///< facts are complete up to here
    UnixTime head_time;
    /// False while history is still being read in: decide nothing yet.
    bool live = false;
};

/// What became of an intent once it was a fact at the configured depth.
struct Receipted {
    crypto::Hash txn;
    std::uint64_t block = 0;
    std::uint64_t gas_used = 0;
    Tokens fee;  ///< in the chain's own coin, 10^-18
};

/// The market as its users see it: intents go down, facts come up. Nothing here knows that there is a chain
/// below.
///
/// Intents return when the fact is there (at the configured depth) or with the reason why it will not be.
/// They carry an id chosen by the caller (`intent`): the same id again, also after a crash, waits for the
/// first one instead of doing it twice. One executor. Implementations: settlement::ChainLedger,
/// market::FakeLedger (for tests).
class Ledger {
public:
    virtual ~Ledger() = default;

    virtual Address self() const = 0;

    /// Calls `step` for all of history and then for everything new, until cancelled. Any number of followers.
    /// `from_block`: what the follower already has; 0 = everything.
    virtual Task<void> follow(std::uint64_t from_block, std::function<void(const Step&)> step) = 0;

    virtual Async<Receipted> place(
        std::string intent, Order order,
        Tokens escrow) = 0;  ///< escrow: bids only; missing balance is deposited from the wallet
    virtual Async<Receipted> cancel(std::string intent, Order order) = 0;
    virtual Async<Receipted> open_deal(std::string intent, Order ask, Order bid) = 0;
    virtual Async<Receipted> settle(std::string intent, Deal deal) = 0;
    virtual Async<Receipted> close(std::string intent, Deal deal, model::BlacklistChoice choice) = 0;
    virtual Async<Receipted> top_up(std::string intent, Deal deal, Tokens amount) = 0;
    virtual Async<Receipted> deposit(std::string intent, Tokens amount) = 0;
    virtual Async<Receipted> withdraw(std::string intent, Tokens amount) = 0;
    virtual Async<Receipted> set_attribute(std::string intent, crypto::Hash key, std::string value) = 0;

    struct Balances {
        Tokens wallet;
        Tokens market;
        Tokens coin;
    };  ///< SNM in the wallet, SNM free in the market, the chain's coin for fees
    virtual Async<Balances> balances(Address account) = 0;
    /// Least escrow that the market asks for a bid, SNM. For USD bids at the rate in force now.
    virtual Async<Tokens> escrow_needed(Order bid) = 0;
    /// The last known attribute; empty if never set. key = keccak256(name), e.g. "endpoint".
    virtual Async<std::string> attribute(Address account, crypto::Hash key) = 0;
    /// Whether ask and bid match right now, by the contract's own word (first failing rule, 0 = none).
    virtual Async<std::uint8_t> judge(Order ask, Order bid) = 0;
};

}  // namespace sonm::market
