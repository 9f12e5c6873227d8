#include "sonm/model/json.hpp"

#include "sonm/base/units.hpp"
#include "sonm/model/order_file.hpp"

#include <nlohmann/json.hpp>

namespace sonm::model {

using Json = nlohmann::ordered_json;

namespace {

std::string exact(const auto& strong) { return to_decimal(strong.value); }

/// Nobody is null, not forty zeros.
Json account(const Address& address) {
    return address.is_zero() ? Json(nullptr) : Json(crypto::to_string(address));
}
Json digest(const crypto::Hash& hash) {
    return hash.is_zero() ? Json(nullptr) : Json(crypto::to_string(hash));
}
Json time(UnixTime time) { return time.value == 0 ? Json(nullptr) : Json(time.value); }

Json flags(NetFlags set) {
    Json names = Json::array();
#define SONM_FLAG_NAME(name, bit, text) \
    if (set.covers(netflag_##name)) names.push_back(#name);
    SONM_NETFLAGS(SONM_FLAG_NAME)
#undef SONM_FLAG_NAME
    return names;
}

}  // namespace

Json to_json(const Benchmarks& benchmarks) {
    Json out = Json::object();
    for (std::size_t i = 0; i < benchmark_count; ++i) {
        if (benchmarks.values[i])
            out[std::string(to_string(static_cast<Benchmark>(i)))] = benchmarks.values[i];
    }
    return out;
}

Json to_json(const Order& order) {
    Json out;
    out["id"] = crypto::to_string(order_id(order).value);
    out["side"] = to_string(order.side);
    out["author"] = account(order.author);
    out["counterparty"] = account(order.counterparty);
    out["price"] = to_string(Price{order.price, order.currency});
    out["price_per_second"] = exact(order.price);
    out["currency"] = to_string(order.currency);
    out["duration"] = order.duration.value;
    out["netflags"] = flags(order.netflags);
    out["identity"] = to_string(order.identity);
    out["blacklist"] = account(order.blacklist);
    out["tag"] = print_tag(order.tag);
    if (order.currency == Currency::usd) {
        out["rate_min"] = exact(order.rate_min);
        out["rate_max"] = exact(order.rate_max);
    }
    out["expiry"] = order.expiry.value;
    out["nonce"] = exact(order.nonce);
    out["benchmarks"] = to_json(order.benchmarks);
    return out;
}

Json to_json(const Deal& deal) {
    Json out;
    out["id"] = deal.id.value;
    out["ask"] = crypto::to_string(deal.ask.value);
    out["bid"] = crypto::to_string(deal.bid.value);
    out["supplier"] = account(deal.supplier);
    out["master"] = account(deal.master);
    out["consumer"] = account(deal.consumer);
    out["price"] = to_string(Price{deal.price, deal.currency});
    out["price_per_second"] = exact(deal.price);
    out["currency"] = to_string(deal.currency);
    out["start"] = time(deal.start);
    out["end"] = time(deal.end);
    return out;
}

Json to_json(const Deal& deal, const DealState& state) {
    Json out = to_json(deal);
    out["status"] = to_string(state.status);
    out["escrow"] = exact(state.escrow);
    out["paid"] = exact(state.paid);
    out["settled_until"] = time(state.settled_until);
    if (deal.currency == Currency::snm) out["ends_at"] = time(ends_at(deal, state));
    return out;
}

Json to_json(const Resources& resources) {
    Json out;
    out["cores"] = static_cast<double>(resources.cpu_millicores) / 1000;
    out["ram_bytes"] = resources.ram_bytes;
    out["storage_bytes"] = resources.storage_bytes;
    out["net_down_bps"] = resources.net_down_bps;
    out["net_up_bps"] = resources.net_up_bps;
    out["gpus"] = resources.gpus;
    return out;
}

Json to_json(const Usage& usage) {
    Json out;
    out["cpu_ms"] = usage.cpu_ms;
    out["memory_peak_bytes"] = usage.memory_peak_bytes;
    out["net_rx_bytes"] = usage.net_rx_bytes;
    out["net_tx_bytes"] = usage.net_tx_bytes;
    out["block_read_bytes"] = usage.block_read_bytes;
    out["block_write_bytes"] = usage.block_write_bytes;
    out["wall_ms"] = usage.wall_ms;
    return out;
}

Json to_json(const TaskStatus& status) {
    Json out;
    out["id"] = status.id.value;
    out["deal"] = status.deal.value;
    out["state"] = to_string(status.state);
    out["reason"] = status.reason;
    out["exit_code"] = status.state == TaskState::finished ? Json(status.exit_code) : Json(nullptr);
    out["out_of_memory"] = status.out_of_memory;
    out["accepted_at"] = time(status.accepted_at);
    out["started_at"] = time(status.started_at);
    out["ended_at"] = time(status.ended_at);
    out["usage"] = to_json(status.usage);
    out["progress_done"] = status.progress_done;
    out["progress_total"] = status.progress_total;
    out["output_bytes"] = status.output_bytes;
    return out;
}

Json to_json(const Receipt& receipt) {
    Json out;
    out["deal"] = receipt.deal.value;
    out["task"] = receipt.task.value;
    out["worker"] = account(receipt.worker);
    out["spec"] = digest(receipt.spec);
    out["image"] = digest(receipt.image);
    out["inputs"] = digest(receipt.inputs);
    out["outputs"] = digest(receipt.outputs);
    out["exit_code"] = receipt.exit_code;
    out["usage"] = to_json(receipt.usage);
    out["started_at"] = time(receipt.started_at);
    out["ended_at"] = time(receipt.ended_at);
    return out;
}

}  // namespace sonm::model
