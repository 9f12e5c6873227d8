#include "sonm/settlement/detail/site.hpp"

#include "sonm/chain/rpc.hpp"

namespace sonm::settlement::detail {

Result<void> check_chain(const Network& network, std::uint64_t found) {
    if (found == network.chain_id) return {};
    return fail(Errc::denied, "the node of {} at {} is on chain {}, the network file says {}", network.name,
                network.rpc_url, found, network.chain_id);
}

Async<Site> open_site(Executor executor, Network network, const crypto::Signer& signer) {
    chain::RpcConfig config;
    config.url = network.rpc_url;
    Site out;
    SONM_CO_TRY(out.node, chain::JsonRpc::make(executor, std::move(config)));
    auto opening = Burst::open(*out.node, signer);
    SONM_CO_TRY(Burst burst, co_await std::move(opening));
    SONM_CO_CHECK(check_chain(network, burst.chain_id()));
    out.burst = std::make_unique<Burst>(std::move(burst));
    co_return std::move(out);
}

}  // namespace sonm::settlement::detail
