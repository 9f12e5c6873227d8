#pragma once

#include "sonm/chain/node.hpp"
#include "sonm/settlement/refusals.hpp"

namespace sonm::settlement::detail {

/// Asks a contract: `Call` is one of the generated structs. Errors: those of Node; MarketErrc; invalid (no
/// such contract there).
template <class Call>
Async<typename Call::Answer> ask(chain::Node& node, chain::Address contract, Call call) {
    chain::CallRequest request;
    request.to = contract;
    request.data = call.encode();
    chain::BlockRef latest = chain::BlockTag::latest;
    auto asking = node.call(std::move(request), latest);
    auto outcome = co_await std::move(asking);
    if (!outcome) co_return tl::unexpected<Error>(to_market_error(std::move(outcome).error()));
    if (outcome->reverted) co_return tl::unexpected<Error>(to_refusal(outcome->data));
    if (outcome->data.empty())
        co_return fail(Errc::invalid, "no contract at {}: is the network file of this chain?", contract);
    auto answer = Call::decode(outcome->data);
    if (!answer) co_return tl::unexpected<Error>(to_market_error(std::move(answer).error()));
    co_return std::move(*answer);
}

}  // namespace sonm::settlement::detail
