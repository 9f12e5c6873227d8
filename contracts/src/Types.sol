// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Names an order for ever: EIP-712 struct hash of the whole {Order}, author and nonce included.
type OrderId is bytes32;

/// Names a deal for ever: counted from 1 in the order of opening.
type DealId is uint64;

/// An amount of SNM in its smallest unit (1e-18 SNM).
type Amount is uint96;

/// Price of a whole order per second, in 1e-18 of its currency.
type Price is uint96;

/// SNM's price: 1e-18 USD per whole SNM.
type Rate is uint88;

enum Side {
    Ask,
    Bid
}

enum Currency {
    SNM,
    USD
}

/// How well an account is known. Ordered: a higher level includes the lower ones.
enum Level {
    Anonymous,
    Registered,
    Identified,
    Professional
}

/// One entry of the order book. Storage never keeps it: it travels in {IMarketBook-OrderPlaced}, comes back as
/// calldata, and is recognised by its hash.
struct Order {
    /// Ask: sells computing. Bid: buys it.
    Side side;
    /// Who placed it. An ask's author is the worker, a bid's author the consumer.
    address author;
    /// The only account (or the master of the only workers) that may be on the other side; 0 = anybody.
    address counterparty;
    /// Of the whole order, per second.
    Price price;
    /// What {price} is counted in. SNM is paid in either case.
    Currency currency;
    /// Seconds; 0 = spot. An ask: the longest deal it accepts. A bid: the length of the deal.
    uint32 duration;
    /// Bit set: what an ask offers, what a bid needs.
    uint64 netflags;
    /// Least level of the other side's owner.
    Level identity;
    /// Account whose blacklist is respected beside the author's own; 0 = none.
    address blacklist;
    /// Free for the author. Matching ignores it.
    bytes32 tag;
    /// Least rate at which a USD deal may open; 0 = any. Ignored in SNM orders.
    Rate rateMin;
    /// Largest rate at which a USD deal may open; 0 = any. Ignored in SNM orders.
    Rate rateMax;
    /// First second (Unix time) at which the order can no longer be matched.
    uint40 expiry;
    /// Chosen by the author; makes otherwise equal orders different.
    uint256 nonce;
    /// 16 values of 64 bits: value i is `uint64(benchmarks[i / 4] >> (64 * (i % 4)))`. What an ask has, a bid needs.
    uint256[4] benchmarks;
}

enum OrderStatus {
    Unknown,
    Open,
    Cancelled,
    Matched
}

/// What two orders agreed on, until both sides change it: that gives new terms under the same id, reckoned from their
/// own start. Storage keeps its hash; it travels in every deal event and comes back as calldata.
struct Deal {
    DealId id;
    OrderId ask;
    OrderId bid;
    /// The ask's author: the account that does the work.
    address supplier;
    /// Who is paid: the supplier's master when the deal was opened, or the supplier itself.
    address master;
    /// The bid's author: who pays.
    address consumer;
    /// The ask's price.
    Price price;
    Currency currency;
    /// Unix time.
    uint40 start;
    /// Unix time; 0 = spot.
    uint40 end;
    /// USD deals: {IPriceOracle-cumulativeAt} of {start}. SNM deals: 0.
    uint128 rateStart;
}

/// Storage knows open deals only: a closed one is in its last event.
enum DealStatus {
    Unknown,
    Open,
    Closed
}

/// The part of a deal that moves.
struct DealState {
    DealStatus status;
    /// All that was ever put in under these terms, less what went back. When closed it equals {paid}.
    Amount escrow;
    /// All that was ever paid to the master under these terms.
    Amount paid;
    /// Payment is complete up to here (Unix time). When closed: when the deal ended.
    uint40 settledUntil;
}

/// Other terms that one side of an open deal offers to the other.
struct Change {
    /// Per second, in the deal's currency.
    Price price;
    /// When the deal shall end, Unix time; 0 = spot, which it can only be if it is.
    uint40 end;
    /// First second (Unix time) at which the offer can no longer be accepted.
    uint40 expiry;
}

/// What the closer of a deal puts on its own blacklist.
enum BlacklistChoice {
    Nobody,
    /// The other party: the supplier (worker) if the consumer closes, else the consumer.
    Counterparty,
    /// The supplier's master, if the consumer closes; else nobody.
    Master
}

/// Why two orders do not match: the first rule that fails, in this order.
enum Mismatch {
    /// 0: they match.
    None,
    /// 1: the first order is not an ask.
    NotAnAsk,
    /// 2: the second order is not a bid.
    NotABid,
    /// 3: block time has reached the ask's expiry.
    AskExpired,
    /// 4: block time has reached the bid's expiry.
    BidExpired,
    /// 5: one is priced in SNM, the other in USD.
    Currency,
    /// 6: the ask's price is above the bid's.
    Price,
    /// 7: one is spot and the other is not, or the bid is longer than the ask.
    Duration,
    /// 8: the bid needs a flag that the ask lacks.
    Netflags,
    /// 9: the bid needs more of a benchmark than the ask has.
    Benchmark,
    /// 10: both belong to one owner (worker and its master count as one).
    SameOwner,
    /// 11: the ask names a counterparty, and it is neither the consumer nor the consumer's master.
    AskCounterparty,
    /// 12: the bid names a counterparty, and it is neither the worker nor the worker's master.
    BidCounterparty,
    /// 13: the ask wants a higher level than the consumer has.
    ConsumerLevel,
    /// 14: the bid wants a higher level than the supplier has.
    SupplierLevel,
    /// 15: the consumer, or the list that the bid names, lists the worker or its master.
    SupplierBlacklisted,
    /// 16: the worker, its master, or the list that the ask names, lists the consumer.
    ConsumerBlacklisted,
    /// 17: USD orders: the last price is too old to open a deal.
    RateStale,
    /// 18: USD orders: the rate is outside the ask's bounds.
    AskRate,
    /// 19: USD orders: the rate is outside the bid's bounds.
    BidRate
}
