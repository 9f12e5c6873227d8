#pragma once

#include "sonm/settlement/chain_ledger.hpp"
#include "sonm/settlement/deploy.hpp"
#include "support/anvil.hpp"

#include <map>
#include <vector>

/// The whole contract set on a real chain, and what tests of it need.
namespace sonm::test {

inline Tokens tokens(std::uint64_t whole) { return Tokens(U256(whole) * U256(1'000'000'000'000'000'000ULL)); }

/// Everything that a follower was told and that still counts.
struct Told {
    std::vector<market::Fact> facts;
    std::uint64_t head = 0;
    UnixTime now;
    bool live = false;
    int rewinds = 0;

    void take(const market::Step& step);
    /// Of this kind, in order.
    template <class T>
    std::vector<T> all() const {
        std::vector<T> out;
        for (const market::Fact& fact : facts) {
            if (auto* body = std::get_if<T>(&fact.body)) out.push_back(*body);
        }
        return out;
    }
    std::map<crypto::Address, Tokens> balances() const;
};

/// A spot or forward order of an account with sensible values; `expiry` some days after `now`.
model::Order make_order(model::Side side, crypto::Address author, UnixTime now, std::uint64_t nonce);

/// Development accounts 0 (deploys, has all SNM), 1 and 2 (have 1000 SNM and coins each), with a ledger for 1
/// and 2 and a follower each.
struct Market {
    std::unique_ptr<Anvil> anvil;
    settlement::Network network;
    crypto::PrivateKey admin = development_key(0), supplier = development_key(1),
                       consumer = development_key(2);
    TempDir folder;
    std::unique_ptr<settlement::ChainLedger> selling, buying;
    Told told;  ///< what the consumer's ledger has told

    using Body = Task<void> (*)(Market&);
    /// Starts anvil with `arguments`, deploys, funds, runs the ledgers and `body`. Needs anvil.
    void run(Body body, std::vector<std::string> arguments = {});
    /// The same on the chain of an anvil that has the contracts already.
    void run_again(Body body);

    /// Waits until `done(told)`, at most five seconds; fails the test else.
    Task<void> until(std::string what, std::function<bool(const Told&)> done);
    /// An ask and a bid that match, placed and opened; the deal.
    Task<model::Deal> open_deal(std::uint64_t nonce, std::uint64_t duration = 3'600);
    /// One transaction of development account `by`, for what no ledger does.
    Task<void> call_as(std::size_t by, crypto::Address contract, Bytes data);

private:
    Task<void> live(Body body, bool deploy);
};

}  // namespace sonm::test
