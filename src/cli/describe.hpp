#pragma once

#include "sonm/cli/market_view.hpp"
#include "sonm/model/task.hpp"

#include <nlohmann/json.hpp>

/// Orders, deals and tasks as JSON and as words: one spelling for all commands.
namespace sonm::cli {

std::string short_id(const model::OrderId& id);
std::string price_text(model::PricePerSecond price, model::Currency currency);
std::string span_text(Seconds duration);  ///< "spot" for 0
/// What an order's benchmarks mean to a person: "1 core, 512 MiB RAM, 1 GiB disk".
std::string machine_text(const model::Benchmarks& benchmarks);

nlohmann::ordered_json order_json(const OrderEntry& entry);
nlohmann::ordered_json deal_json(const DealEntry& entry, UnixTime now);
nlohmann::ordered_json task_json(const model::TaskStatus& status);
std::string order_text(const OrderEntry& entry);
std::string deal_text(const DealEntry& entry, UnixTime now);
std::string task_text(const model::TaskStatus& status);

/// Seconds of the deal that were or are being used by `now`.
Seconds used(const DealEntry& entry, UnixTime now);

}  // namespace sonm::cli
