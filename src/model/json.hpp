#pragma once

#include "sonm/model/task.hpp"

#include <nlohmann/json_fwd.hpp>

/// What `--json` prints and `jq` reads. Money, prices and nonces are decimal texts of their smallest unit
/// (10^-18), because JSON's numbers are not exact; prices also in words. Times are Unix seconds, spans
/// seconds, sizes bytes. Keys are stable.
namespace sonm::model {

nlohmann::ordered_json to_json(const Order& order);
nlohmann::ordered_json to_json(const Deal& deal);
nlohmann::ordered_json to_json(const Deal& deal, const DealState& state);
nlohmann::ordered_json to_json(const Benchmarks& benchmarks);  ///< by code, without zeros
nlohmann::ordered_json to_json(const Resources& resources);
nlohmann::ordered_json to_json(const Usage& usage);
nlohmann::ordered_json to_json(const TaskStatus& status);
nlohmann::ordered_json to_json(const Receipt& receipt);

}  // namespace sonm::model
