#pragma once

#include "sonm/chain/cursor.hpp"
#include "sonm/market/ledger.hpp"
#include "sonm/settlement/network.hpp"

#include <map>

namespace sonm::settlement {

/// Turns the logs of our contracts into facts, for one follower. It remembers what facts need and a single
/// log does not tell (how far a validator may attest), and forgets it again on a rewind. Value type.
class FactReader {
public:
    explicit FactReader(const Network& network) : network_(network) {}

    /// A log that our contracts cannot have written (another version of them) is reported and left out.
    market::Step read(const chain::LogBatch& batch);

private:
    struct Certificate {
        Address validator;
        model::Identity level = model::Identity::anonymous;
        UnixTime expiry;
    };
    /// State before a change, to be put back by a rewind.
    struct Undo {
        std::uint64_t block;
        Address key;
        std::optional<Certificate> certificate;
        std::optional<model::Identity> validator;
    };

    /// `earlier`: the facts of this step so far.
    Result<void> read_market(const chain::Log& log, std::vector<market::Fact>& earlier,
                             std::vector<market::FactBody>& out);
    Result<void> read_profiles(const chain::Log& log, std::vector<market::FactBody>& out);
    Result<void> read_others(const chain::Log& log, std::vector<market::FactBody>& out);
    market::LevelSet level_of(const Address& account) const;
    void rewind(std::uint64_t to_block);

    Network network_;
    std::map<Address, Certificate> certificates_;
    std::map<Address, model::Identity> validators_;
    std::vector<Undo> undo_;
};

}  // namespace sonm::settlement
