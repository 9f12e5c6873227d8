#pragma once

#include "sonm/base/async.hpp"
#include "sonm/crypto/types.hpp"

#include <filesystem>
#include <span>

namespace sonm::settlement {

using crypto::Address;

/// Which chain, how to reach it, and where our contracts are on it. One JSON file, written at deployment,
/// read by everybody.
struct Network {
    std::string name;  ///< "devnet"
    std::uint64_t chain_id = 0;
    std::string rpc_url;            ///< "http://127.0.0.1:8545" (plain HTTP; "host:port" is taken too)
    std::uint64_t start_block = 0;  ///< nothing of ours happened before it
    std::uint64_t depth =
        0;  ///< blocks on top of a transaction's before it counts as a fact for intents; 0 on a private chain
    Millis poll{1'000};  ///< how often to ask for news
    Address snm, market, terms, profiles, blacklist, oracle;
    /// Beside the market. Zero where a network has none of it.
    Address sno, dao, timelock, vault, hub_factory, whitelist, application_pool, job_escrow, masternodes,
        participants, coordinator, price_reports, address_book, faucet, sale, gatekeeper, mirror_set;
};

/// Names as files, the address book and people write them ("hub_factory"), with the place of each address.
struct ContractField {
    const char* name;
    Address Network::*place;
    bool required;  ///< a market cannot do without
};
std::span<const ContractField> contract_fields();

/// Errors: not_found, invalid (which field).
Result<Network> read_network(const std::filesystem::path& path);
Result<void> write_network(const std::filesystem::path& path, const Network& network);

}  // namespace sonm::settlement
