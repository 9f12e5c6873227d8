#pragma once

#include "sonm/chain/node.hpp"
#include "sonm/crypto/key.hpp"
#include "sonm/market/ledger.hpp"
#include "sonm/settlement/detail/contracts.hpp"
#include "sonm/settlement/network.hpp"

#include <memory>

namespace sonm::settlement {

/// One call of a contract that is to be sent: what `encode()` of a generated binding gives, and to whom.
struct ContractCall {
    std::string what;  ///< for people: "stake 1000 SNM"
    Address contract;
    Bytes data;
    Tokens coin;  ///< of the chain's own coin sent along, 10^-18
};

/// One account at the contracts beside the market: asks them anything, sends calls as intents. Sends share
/// the account's journal and nonces with its ChainLedger, in whatever process that is. One executor.
class Desk {
public:
    /// `signer` must outlive it; `state` as for ChainLedger: the account's folder, or empty for asking only.
    static Result<std::unique_ptr<Desk>> open(Executor executor, Network network,
                                              const crypto::Signer& signer,
                                              const std::filesystem::path& state);
    ~Desk();
    Desk(const Desk&) = delete;

    Address self() const;
    const Network& network() const;
    chain::Node& node();

    /// `Call` is one of the generated structs. Errors: those of Node; what the contract refuses, in its
    /// words; invalid (no such contract there).
    template <class Call>
    Async<typename Call::Answer> ask(Address contract, Call call) {
        return detail::ask(node(), contract, std::move(call));
    }
    /// What the call would do now, without sending it. Errors: the contract's refusal in its words.
    Async<std::uint64_t> try_out(ContractCall call);
    /// Sends one after the other, each when the one before is a fact; each at most once under the same
    /// intent. Errors: the first refusal, naming the call.
    Async<std::vector<market::Receipted>> send(std::string intent, std::vector<ContractCall> calls);
    /// Events of `contract` with that first topic, from the network's first block on, in order.
    Async<std::vector<chain::Log>> events(Address contract, crypto::Hash topic);

    /// The call that lets `spender` take exactly `amount` of the account's SNM.
    ContractCall allow(Address spender, Tokens amount) const;

private:
    struct Impl;
    explicit Desk(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// "0x..." or the name of a contract of the network ("market", "hub_factory"). Errors: invalid, naming the
/// nearest known one.
Result<Address> parse_contract(const Network& network, std::string_view text);

}  // namespace sonm::settlement
