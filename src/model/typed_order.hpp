#pragma once

#include "sonm/crypto/eip712.hpp"
#include "sonm/model/order.hpp"

namespace sonm::model {

/// The order as EIP-712 typed data: its only declaration in C++. `order_id` is its hash.
/// Source: contracts/src/lib/Hashing.sol.
crypto::TypedStruct typed_order(const Order& order);

/// uint256[4] as the contract keeps benchmarks: value i in the 64 bits from 64 x (i mod 4) of word i / 4.
std::array<U256, 4> pack_benchmarks(const Benchmarks& benchmarks);
Benchmarks unpack_benchmarks(const std::array<U256, 4>& words);

}  // namespace sonm::model
