#pragma once

#include "sonm/chain/node.hpp"
#include "sonm/settlement/refusals.hpp"

#include <variant>

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

/// One kind of event, or a variant of several.
template <class First, class... More>
struct OneOfHelp {
    using Type = std::variant<First, More...>;
};
template <class Only>
struct OneOfHelp<Only> {
    using Type = Only;
};
template <class... Events>
using OneOf = typename OneOfHelp<Events...>::Type;

/// The event that a log is. Errors: bad_encoding, also if it is none of them.
template <class Fact, class First, class... More>
Result<Fact> read_event(const chain::Log& log) {
    if constexpr (sizeof...(More) != 0) {
        if (log.topics.empty() || log.topics[0] != First::topic) return read_event<Fact, More...>(log);
    }
    SONM_TRY(auto event, First::decode(log));
    return Fact(std::move(event));
}

}  // namespace sonm::settlement::detail
