#include "sonm/buyer/worker_link.hpp"

#include "sonm/model/json.hpp"

#include <nlohmann/json.hpp>

namespace sonm::buyer {

std::string to_json(const SignedReceipt& receipt) {
    auto out = model::to_json(receipt.receipt);
    out["signature"] = to_hex0x(crypto::to_rsv(receipt.signature));
    return out.dump();
}

}  // namespace sonm::buyer
