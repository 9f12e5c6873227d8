#pragma once

#include "sonm/base/strong.hpp"
#include "sonm/crypto/key.hpp"
#include "sonm/settlement/bindings/types.gen.hpp"
#include "sonm/settlement/network.hpp"

#include <functional>

namespace sonm::settlement {

struct DeployOptions {
    std::string name = "devnet";
    Address snm_holder;     ///< gets the whole supply of SNM
    Address oracle_feeder;  ///< zero: the masternodes' reports are the price
    bool dao_is_admin =
        false;  ///< the DAO alone may pause and name validators; else the deployer, as tests like it
    bool is_test = true;                                    ///< short delays, and a faucet
    U256 usd_per_snm = U256(1'000'000'000'000'000'000ULL);  ///< first rate, 10^-18 USD per SNM
};

/// Puts the whole contract set on a chain, wires it, checks the wiring. `rpc_url` must answer; `deployer`
/// pays. Addresses follow from the deployer and its number of transactions alone. `progress` is told each
/// contract as it is done. Errors: chain errors; denied (chain id differs from what the node says).
Async<Network> deploy(Executor executor, std::string rpc_url, const crypto::Signer& deployer,
                      DeployOptions options, std::function<void(std::string)> progress);

/// Puts a sale of SNM on the network's chain and says where it is; it sells once it is filled. Errors: chain
/// errors; the contract's refusal of the plan.
Async<Address> deploy_sale(Executor executor, Network network, const crypto::Signer& deployer,
                           bindings::TokenSalePlan plan);

/// For development chains: sends SNM and the chain's coin from `from` to each account that has less than
/// that. Idempotent.
Async<void> fund(Executor executor, Network network, const crypto::Signer& from,
                 std::vector<Address> accounts, Tokens snm, U256 coin_wei);

}  // namespace sonm::settlement
