#pragma once

#include "sonm/base/strong.hpp"
#include "sonm/crypto/types.hpp"

namespace sonm::model {

using crypto::Address;

/// Names an order for ever: the EIP-712 struct hash of the whole order.
using OrderId = Strong<crypto::Hash, struct OrderIdTag>;
/// Names a deal for ever: counted from 1 in the order of opening.
using DealId = Strong<std::uint64_t, struct DealIdTag>;
/// Chosen at random by the consumer: 32 hex digits. The same id twice is the same task.
using TaskId = Strong<std::string, struct TaskIdTag>;

/// Price of a whole order per second, in 10^-18 of its currency.
using PricePerSecond = Strong<U256, struct PricePerSecondTag>;
/// SNM's price: 10^-18 USD per whole SNM.
using Rate = Strong<U256, struct RateTag>;

/// Makes otherwise equal orders of one author different.
using OrderNonce = Strong<U256, struct OrderNonceTag>;
/// Sum of 1/rate over time, the oracle's running total: what a USD deal's cost is reckoned from.
using RateTotal = Strong<U256, struct RateTotalTag>;

/// Amounts and prices are 96 bits on the chain.
inline constexpr U256 amount_max = (U256(1) << 96) - 1;

}  // namespace sonm::model
