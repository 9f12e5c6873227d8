#include "sonm/buyer/worker_link.hpp"

#include <nlohmann/json.hpp>

#include "sonm/crypto/keccak.hpp"

namespace sonm::buyer {

crypto::Hash endpoint_attribute() { return crypto::keccak256(as_bytes("endpoint")); }

std::string to_json(const SignedReceipt& receipt) {
    const model::Receipt& r = receipt.receipt;
    nlohmann::json usage{{"cpu_ms", r.usage.cpu_ms}, {"memory_peak_bytes", r.usage.memory_peak_bytes}, {"net_rx_bytes", r.usage.net_rx_bytes},
                         {"net_tx_bytes", r.usage.net_tx_bytes}, {"block_read_bytes", r.usage.block_read_bytes},
                         {"block_write_bytes", r.usage.block_write_bytes}, {"wall_ms", r.usage.wall_ms}};
    nlohmann::json out{{"deal", r.deal.value}, {"task", r.task.value}, {"worker", crypto::to_string(r.worker)}, {"spec", crypto::to_string(r.spec)},
                       {"image", crypto::to_string(r.image)}, {"inputs", crypto::to_string(r.inputs)}, {"outputs", crypto::to_string(r.outputs)},
                       {"exit_code", r.exit_code}, {"usage", usage}, {"started_at", r.started_at.value}, {"ended_at", r.ended_at.value},
                       {"signature", to_hex0x(crypto::to_rsv(receipt.signature))}};
    return out.dump();
}

}  // namespace sonm::buyer
