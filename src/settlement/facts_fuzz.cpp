#include "sonm/base/log.hpp"
#include "sonm/settlement/bindings/blacklist.gen.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"
#include "sonm/settlement/bindings/price_oracle.gen.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"
#include "sonm/settlement/facts.hpp"
#include "sonm/settlement/refusals.hpp"

/// A log of a contract, or revert data, of a hostile node: first byte says which event, then 32 bytes a
/// topic, then the data.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sonm;
    using namespace sonm::settlement;
    static const chain::Hash topics[] = {
        bindings::market::OrderPlacedEvent::topic,
        bindings::market::OrderCancelledEvent::topic,
        bindings::market::DealOpenedEvent::topic,
        bindings::market::DealSettledEvent::topic,
        bindings::market::DealToppedUpEvent::topic,
        bindings::market::DealClosedEvent::topic,
        bindings::market::DepositedEvent::topic,
        bindings::market::WithdrawnEvent::topic,
        bindings::market::DealChangedEvent::topic,
        bindings::market::NoncesCancelledEvent::topic,
        bindings::profile_registry::AttributeSetEvent::topic,
        bindings::profile_registry::MasterSetEvent::topic,
        bindings::profile_registry::CertificateSetEvent::topic,
        bindings::profile_registry::ValidatorSetEvent::topic,
        bindings::blacklist::ListingChangedEvent::topic,
        bindings::blacklist::FollowChangedEvent::topic,
        bindings::price_oracle::RateReportedEvent::topic,
    };
    if (size == 0 || size > 64 * KiB) return 0;
    BytesView rest(data + 1, size - 1);
    (void)to_refusal(rest);
    Network network;
    network.market = Address{{1}};
    network.profiles = Address{{2}};
    std::size_t which = data[0] % std::size(topics);
    chain::Log log;
    log.address = which < 10 ? network.market : which < 14 ? network.profiles : Address{{3}};
    log.topics.push_back(topics[which]);
    for (std::size_t i = 0; i < data[0] / std::size(topics) % 4 && rest.size() >= 32; ++i) {
        chain::Hash topic;
        std::copy_n(rest.begin(), 32, topic.bytes.begin());
        log.topics.push_back(topic);
        rest = rest.subspan(32);
    }
    log.data = to_bytes(rest);
    chain::LogBatch batch;
    batch.logs.push_back(log);
    // Signatures complete the deal before them.
    log.address = network.market;
    log.topics[0] = bindings::market::SignaturesUsedEvent::topic;
    if (log.topics.size() > 2) log.topics.resize(2);
    if (log.data.size() > 64) log.data.resize(64);
    batch.logs.push_back(std::move(log));
    static const bool quiet = [] {
        init_log("off");
        return true;
    }();
    (void)quiet;
    FactReader reader(network);
    market::Step step = reader.read(batch);
    SONM_ASSERT(step.facts.size() <= 6);
    return 0;
}
