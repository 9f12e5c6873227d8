#include "sonm/market/match.hpp"

namespace sonm::market {

using model::Currency;
using model::Identity;
using model::Rate;
using model::Side;

std::string_view to_string(Mismatch mismatch) {
#define SONM_MISMATCH_TEXT(identifier, number, text) \
    case Mismatch::identifier: return text;
    switch (mismatch) { SONM_MISMATCHES(SONM_MISMATCH_TEXT) }
#undef SONM_MISMATCH_TEXT
    return "unknown";
}

std::string_view identifier_of(Mismatch mismatch) {
#define SONM_MISMATCH_NAME(identifier, number, text) \
    case Mismatch::identifier: return #identifier;
    switch (mismatch) { SONM_MISMATCHES(SONM_MISMATCH_NAME) }
#undef SONM_MISMATCH_NAME
    return "unknown";
}

Address People::master_of(const Address& account) const {
    auto found = masters_.find(account);
    return found == masters_.end() ? account : found->second;
}

Identity People::level_of(const Address& account, UnixTime now) const {
    auto found = levels_.find(master_of(account));
    if (found == levels_.end() || now >= found->second.expiry) return Identity::anonymous;
    return found->second.level;
}

bool People::lists(const Address& owner, const Address& account) const {
    auto found = lists_.find(owner);
    return found != lists_.end() && found->second.contains(account);
}

std::optional<Address> People::refusing_list(const Address& owner, const Address& account) const {
    if (owner.is_zero()) return std::nullopt;
    if (lists(owner, account)) return owner;
    auto found = followed_.find(owner);
    if (found == followed_.end()) return std::nullopt;
    for (const Address& list : found->second) {
        if (lists(list, account)) return list;
    }
    return std::nullopt;
}

std::vector<Address> People::workers_of(const Address& master) const {
    auto found = workers_.find(master);
    if (found == workers_.end()) return {};
    return {found->second.begin(), found->second.end()};
}

Address People::set_master(const Address& worker, const Address& master) {
    auto found = masters_.find(worker);
    Address before = found == masters_.end() ? Address{} : found->second;
    if (!before.is_zero()) {
        auto workers = workers_.find(before);
        workers->second.erase(worker);
        if (workers->second.empty()) workers_.erase(workers);
        masters_.erase(worker);
    }
    if (!master.is_zero()) {
        masters_.emplace(worker, master);
        workers_[master].insert(worker);
    }
    return before;
}

People::Certificate People::set_level(const Address& account, Certificate certificate) {
    auto found = levels_.find(account);
    Certificate before = found == levels_.end() ? Certificate{} : found->second;
    if (certificate.level == Identity::anonymous)
        levels_.erase(account);
    else
        levels_.insert_or_assign(account, certificate);
    return before;
}

bool People::set_listed(const Address& owner, const Address& account, bool listed) {
    if (listed) return !lists_[owner].insert(account).second;
    auto found = lists_.find(owner);
    if (found == lists_.end()) return false;
    bool before = found->second.erase(account) != 0;
    if (found->second.empty()) lists_.erase(found);
    return before;
}

bool People::set_follows(const Address& owner, const Address& list, bool follows) {
    if (follows) return !followed_[owner].insert(list).second;
    auto found = followed_.find(owner);
    if (found == followed_.end()) return false;
    bool before = found->second.erase(list) != 0;
    if (found->second.empty()) followed_.erase(found);
    return before;
}

namespace {

/// The first of the respected lists that has one of the accounts.
std::optional<Refusal> refusal(const People& people, std::initializer_list<Address> respected,
                               std::initializer_list<Address> accounts) {
    for (const Address& owner : respected) {
        for (const Address& account : accounts) {
            if (auto list = people.refusing_list(owner, account)) return Refusal{owner, *list};
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<Refusal> supplier_refusal(const Order& ask, const Order& bid, const People& people) {
    return refusal(people, {bid.author, bid.blacklist}, {ask.author, people.master_of(ask.author)});
}

std::optional<Refusal> consumer_refusal(const Order& ask, const Order& bid, const People& people) {
    return refusal(people, {ask.author, people.master_of(ask.author), ask.blacklist}, {bid.author});
}

namespace {

bool reaches(const model::Benchmarks& has, const model::Benchmarks& needs) {
    bool short_of_any = false;
    for (std::size_t i = 0; i < model::benchmark_count; ++i) short_of_any |= has.values[i] < needs.values[i];
    return !short_of_any;
}

bool accepts(const Address& wanted, const Address& author, const Address& owner) {
    return wanted.is_zero() || wanted == author || wanted == owner;
}

bool within_bounds(Rate rate, Rate min, Rate max) { return rate >= min && (max.value == 0 || rate <= max); }

Mismatch match_people(const Order& ask, const Order& bid, const MatchContext& context) {
    const People& people = context.people;
    Address master = people.master_of(ask.author);
    Address buyer = people.master_of(bid.author);
    if (master == buyer) return Mismatch::same_owner;
    if (!accepts(ask.counterparty, bid.author, buyer)) return Mismatch::ask_counterparty;
    if (!accepts(bid.counterparty, ask.author, master)) return Mismatch::bid_counterparty;
    if (people.level_of(buyer, context.now) < ask.identity) return Mismatch::consumer_level;
    if (people.level_of(master, context.now) < bid.identity) return Mismatch::supplier_level;
    if (supplier_refusal(ask, bid, people)) return Mismatch::supplier_blacklisted;
    if (consumer_refusal(ask, bid, people)) return Mismatch::consumer_blacklisted;
    return Mismatch::none;
}

Mismatch match_rate(const Order& ask, const Order& bid, const MatchContext& context) {
    if (ask.currency != Currency::usd) return Mismatch::none;
    if (context.rate_stale) return Mismatch::rate_stale;
    if (!within_bounds(context.rate, ask.rate_min, ask.rate_max)) return Mismatch::ask_rate;
    if (!within_bounds(context.rate, bid.rate_min, bid.rate_max)) return Mismatch::bid_rate;
    return Mismatch::none;
}

Mismatch match_after_expiry(const Order& ask, const Order& bid) {
    if (ask.currency != bid.currency) return Mismatch::currency;
    if (ask.price > bid.price) return Mismatch::price;
    if (ask.is_spot() != bid.is_spot() || ask.duration < bid.duration) return Mismatch::duration;
    if (!ask.netflags.covers(bid.netflags)) return Mismatch::netflags;
    if (!reaches(ask.benchmarks, bid.benchmarks)) return Mismatch::benchmark;
    return Mismatch::none;
}

Mismatch match_sides(const Order& ask, const Order& bid) {
    if (ask.side != Side::ask) return Mismatch::not_an_ask;
    if (bid.side != Side::bid) return Mismatch::not_a_bid;
    return Mismatch::none;
}

}  // namespace

Mismatch match_terms(const Order& ask, const Order& bid) {
    Mismatch sides = match_sides(ask, bid);
    return sides == Mismatch::none ? match_after_expiry(ask, bid) : sides;
}

Mismatch match_people_and_rate(const Order& ask, const Order& bid, const MatchContext& context) {
    Mismatch people = match_people(ask, bid, context);
    return people == Mismatch::none ? match_rate(ask, bid, context) : people;
}

Mismatch matches(const Order& ask, const Order& bid, const MatchContext& context) {
    Mismatch sides = match_sides(ask, bid);
    if (sides != Mismatch::none) return sides;
    if (context.now >= ask.expiry) return Mismatch::ask_expired;
    if (context.now >= bid.expiry) return Mismatch::bid_expired;
    Mismatch terms = match_after_expiry(ask, bid);
    return terms == Mismatch::none ? match_people_and_rate(ask, bid, context) : terms;
}

}  // namespace sonm::market
