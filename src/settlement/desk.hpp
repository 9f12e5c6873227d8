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
    Tokens coin;                  ///< of the chain's own coin sent along, 10^-18
    std::uint64_t gas = 0;        ///< see chain::TxnRequest
    std::uint64_t entry_gas = 0;  ///< what it may take as an entry of a batch
};

/// A call that has become a fact, with what the contracts said meanwhile.
struct Sent : market::Receipted {
    std::vector<chain::Log> logs;
};

/// One event of a contract, with its place in history.
template <class Event>
struct Said {
    std::uint64_t block = 0;
    UnixTime time;
    Event fact;
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

    /// The newest block. Errors: denied (the node is on another chain than the network file says), as for
    /// everything that is asked here; those of Node.
    Async<std::uint64_t> head();
    /// `Call` is one of the generated structs. Errors: those of Node; what the contract refuses, in its
    /// words; invalid (no such contract there).
    template <class Call>
    Async<typename Call::Answer> ask(Address contract, Call call) {
        auto checking = check_chain();
        SONM_CO_CHECK(co_await std::move(checking));
        auto asking = detail::ask(node(), contract, std::move(call));
        co_return co_await std::move(asking);
    }
    /// What the call would do now, without sending it. Errors: the contract's refusal in its words.
    Async<std::uint64_t> try_out(ContractCall call);
    /// Sends one after the other, each when the one before is a fact; each at most once under the same
    /// intent. Errors: the first refusal, naming the call.
    Async<std::vector<Sent>> send(std::string intent, std::vector<ContractCall> calls);
    /// Everything of these kinds that `contract` has said, from the network's first block to the newest, in
    /// order; the last ones may still be undone.
    /// `Events` are generated structs; of several kinds each fact is a variant. Errors: those of Node;
    /// bad_encoding.
    template <class... Events>
    Async<std::vector<Said<detail::OneOf<Events...>>>> facts(Address contract) {
        auto reading = logs(contract, {Events::topic...});
        SONM_CO_TRY(auto found, co_await std::move(reading));
        std::vector<Said<detail::OneOf<Events...>>> out;
        for (const chain::Log& log : found) {
            SONM_CO_TRY(auto fact, (detail::read_event<detail::OneOf<Events...>, Events...>(log)));
            out.push_back({log.block, log.block_time, std::move(fact)});
        }
        co_return out;
    }

    /// The call that lets `spender` take exactly `amount` of the account's SNM.
    ContractCall allow(Address spender, Tokens amount) const;

private:
    Async<void> check_chain();
    Async<std::vector<chain::Log>> logs(Address contract, std::vector<crypto::Hash> topics);

    struct Impl;
    explicit Desk(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// "0x..." or the name of a contract of the network ("market", "hub_factory"). Errors: invalid, naming the
/// nearest known one.
Result<Address> parse_contract(const Network& network, std::string_view text);

}  // namespace sonm::settlement
