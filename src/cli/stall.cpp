#include "sonm/cli/stall.hpp"

#include "sonm/base/units.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"

namespace sonm::cli {

Async<Stall> open_stall(Office& office) {
    Stall stall;
    SONM_CO_TRY(stall.ledger, co_await office.context.reader(office.group));
    SONM_CO_TRY(stall.view, co_await market_view(office.context, office.group, *stall.ledger));
    co_return stall;
}

bool names_a_file(const std::string& word) {
    std::error_code ignored;
    return word.ends_with(".json") || std::filesystem::is_regular_file(word, ignored);
}

Async<settlement::DealOrder> find_deal_order(Office& office, const Stall& stall, const std::string& word) {
    settlement::DealOrder found;
    if (!names_a_file(word)) {
        SONM_CO_TRY(OrderEntry entry, stall.view->order(word));
        if (entry.state != OrderState::open)
            co_return fail(Errc::conflict, "order {} is {}", word, to_string(entry.state));
        found.order = entry.order;
        co_return found;
    }
    SONM_CO_TRY(settlement::SignedOrder read, settlement::read_signed_order(word));
    found.order = read.order;
    found.signature = read.signature;
    auto checking = settlement::check_signed(office.desk, std::move(read), stall.view->head_time);
    auto checked = co_await std::move(checking);
    if (!checked) co_return wrap(std::move(checked).error(), "signed order {}", word);
    co_return found;
}

Async<std::vector<settlement::ContractCall>> bring(Office& office, const Stall& stall, Tokens needs) {
    std::vector<settlement::ContractCall> calls;
    auto asking = stall.ledger->balances(office.desk.self());
    SONM_CO_TRY(auto has, co_await std::move(asking));
    Tokens lacks(saturating_sub(needs.value, has.market.value));
    if (lacks.value == 0) co_return calls;
    if (has.wallet < lacks)
        co_return fail(Errc::denied, "{} is needed: {} has {} in the market and {} in the wallet",
                       print_tokens(needs), office.desk.self(), print_tokens(has.market),
                       print_tokens(has.wallet));
    calls.push_back(office.desk.allow(office.network().market, lacks));
    calls.push_back(settlement::deposit_call(office.network(), lacks));
    co_return calls;
}

Tell tell_skipped(const settlement::Network& network, std::vector<std::string> names) {
    return [network, names](const std::vector<settlement::Sent>& sent, Json& more) -> Result<std::string> {
        auto skipped = settlement::skipped_in(network, sent.back());
        std::string text;
        more["skipped"] = Json::array();
        for (const auto& [index, reason] : skipped) {
            std::string name = index < names.size() ? names[index] : std::to_string(index);
            more["skipped"].push_back({{"index", index}, {"entry", name}, {"reason", reason.message()}});
            text += fmt::format("skipped {}: {}\n", name, reason.message());
        }
        if (!skipped.empty() && skipped.size() == names.size())
            return fail(Errc::conflict, "nothing was done: {}", skipped.front().reason.message());
        return text;
    };
}

Tell tell_deal(const settlement::Network& network) {
    return [market = network.market](const std::vector<settlement::Sent>& sent,
                                     Json& more) -> Result<std::string> {
        for (const chain::Log& log : sent.back().logs) {
            if (log.address != market) continue;
            auto event = settlement::bindings::market::DealOpenedEvent::decode(log);
            if (!event) continue;
            more["deal"] = event->deal.id.value;
            return fmt::format("deal {}\n", event->deal.id);
        }
        return fail(Errc::internal, "the transaction opened no deal");
    };
}

}  // namespace sonm::cli
