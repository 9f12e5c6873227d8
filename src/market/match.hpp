#pragma once

#include "sonm/model/order.hpp"

#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace sonm::market {

using model::Address;
using model::Order;

/// Why two orders do not match: the first rule that fails, in this order, which is the contract's
/// (contracts/src/Types.sol). X(identifier, number, "text for people")
#define SONM_MISMATCHES(X)                                                                 \
    X(none, 0, "they match")                                                               \
    X(not_an_ask, 1, "the first order is not an ask")                                      \
    X(not_a_bid, 2, "the second order is not a bid")                                       \
    X(ask_expired, 3, "the ask has expired")                                               \
    X(bid_expired, 4, "the bid has expired")                                               \
    X(currency, 5, "one is priced in SNM, the other in USD")                               \
    X(price, 6, "the ask costs more than the bid pays")                                    \
    X(duration, 7, "the bid runs longer than the ask allows, or only one of them is spot") \
    X(netflags, 8, "the bid needs a network feature that the ask lacks")                   \
    X(benchmark, 9, "the bid needs more than the ask has")                                 \
    X(same_owner, 10, "both belong to one owner")                                          \
    X(ask_counterparty, 11, "the ask is for somebody else")                                \
    X(bid_counterparty, 12, "the bid is for somebody else")                                \
    X(consumer_level, 13, "the ask wants a better known consumer")                         \
    X(supplier_level, 14, "the bid wants a better known supplier")                         \
    X(supplier_blacklisted, 15, "the supplier is on a blacklist that the bid respects")    \
    X(consumer_blacklisted, 16, "the consumer is on a blacklist that the ask respects")    \
    X(rate_stale, 17, "the last SNM price is too old for deals in USD")                    \
    X(ask_rate, 18, "the SNM price is outside the ask's bounds")                           \
    X(bid_rate, 19, "the SNM price is outside the bid's bounds")
#define SONM_MISMATCH_ENUMERATOR(identifier, number, text) identifier = number,
enum class Mismatch : std::uint8_t { SONM_MISMATCHES(SONM_MISMATCH_ENUMERATOR) };
#undef SONM_MISMATCH_ENUMERATOR
inline constexpr std::size_t mismatch_count = 20;
std::string_view to_string(Mismatch);      ///< its text for people
std::string_view identifier_of(Mismatch);  ///< its name for programs: "supplier_level"

/// Who stands behind the accounts: masters, identity levels, blacklists, as the registries say. Value type.
class People {
public:
    /// The account itself if it has no master.
    Address master_of(const Address& account) const;
    /// The master's level if there is one; anonymous once its certificate has expired.
    model::Identity level_of(const Address& account, UnixTime now) const;
    /// On the list of `owner` itself.
    bool lists(const Address& owner, const Address& account) const;
    /// The list through which `owner` refuses `account`: its own, or one that it follows (one level deep).
    /// Nobody (zero) refuses nobody.
    std::optional<Address> refusing_list(const Address& owner, const Address& account) const;
    /// In no particular order.
    std::vector<Address> workers_of(const Address& master) const;

    /// Zero master = unbound. Returns the master before (zero = none).
    Address set_master(const Address& worker, const Address& master);
    struct Certificate {
        model::Identity level = model::Identity::anonymous;
        UnixTime expiry;
    };
    Certificate set_level(const Address& account, Certificate certificate);
    /// Returns whether it was listed before.
    bool set_listed(const Address& owner, const Address& account, bool listed);

    /// Returns whether it followed before.
    bool set_follows(const Address& owner, const Address& list, bool follows);

    const std::unordered_map<Address, Address>& masters() const { return masters_; }
    const std::unordered_map<Address, Certificate>& levels() const { return levels_; }
    const std::unordered_map<Address, std::unordered_set<Address>>& lists() const { return lists_; }
    const std::unordered_map<Address, std::set<Address>>& followed() const { return followed_; }

private:
    std::unordered_map<Address, Address> masters_;
    std::unordered_map<Address, std::unordered_set<Address>> workers_;  ///< the reverse
    std::unordered_map<Address, Certificate> levels_;
    std::unordered_map<Address, std::unordered_set<Address>> lists_;
    std::unordered_map<Address, std::set<Address>> followed_;
};

/// One list that stands between two orders.
struct Refusal {
    Address
        respected;  ///< whose list counts: an order's author, its master, or the list that the order names
    Address list;   ///< the list that has the other side: `respected` itself, or one that it follows
    bool operator==(const Refusal&) const = default;
};
/// By which list the bid refuses the ask's supplier (or its master); nothing if by none.
std::optional<Refusal> supplier_refusal(const Order& ask, const Order& bid, const People& people);
/// By which list the ask refuses the bid's consumer.
std::optional<Refusal> consumer_refusal(const Order& ask, const Order& bid, const People& people);

/// What a match depends on besides the two orders. References must outlive it.
struct MatchContext {
    UnixTime now;
    const People& people;
    model::Rate rate;        ///< USD for an SNM, 10^-18
    bool rate_stale = true;  ///< no rate at all is a stale one
};

/// The first rule that fails, as the contract's Terms.matches would say at block time `now`. Pure.
Mismatch matches(const Order& ask, const Order& bid, const MatchContext& context);

/// The rules that the two orders alone decide (up to `benchmark`), except expiry. Pure.
Mismatch match_terms(const Order& ask, const Order& bid);
/// Every rule that depends on who stands behind the orders, and on the rate.
Mismatch match_people_and_rate(const Order& ask, const Order& bid, const MatchContext& context);

}  // namespace sonm::market
