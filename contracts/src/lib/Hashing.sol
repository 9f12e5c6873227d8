// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deal, Order, OrderId} from "../Types.sol";

/// @title Names for orders and deals
library Hashing {
    /// EIP-712 type of {Order}. A signed order's digest is this struct hash under the market's domain.
    bytes32 internal constant ORDER_TYPEHASH = keccak256(
        "Order(uint8 side,address author,address counterparty,uint96 price,uint8 currency,uint32 duration,"
        "uint64 netflags,uint8 identity,address blacklist,bytes32 tag,uint88 rateMin,uint88 rateMax,uint40 expiry,"
        "uint256 nonce,uint256[4] benchmarks)"
    );

    /// EIP-712 struct hash. The benchmarks are last, so that their hash can take their place in the encoding.
    function id(Order memory order) internal pure returns (OrderId result) {
        bytes memory encoding = abi.encode(ORDER_TYPEHASH, order);
        assembly ("memory-safe") {
            let start := add(encoding, 0x20)
            let benchmarks := add(start, 0x1e0) // after type hash and 14 members
            mstore(benchmarks, keccak256(benchmarks, 0x80))
            result := keccak256(start, 0x200)
        }
    }

    /// What storage keeps of a deal's terms.
    function commitment(Deal memory deal) internal pure returns (bytes32) {
        return keccak256(abi.encode(deal));
    }
}
