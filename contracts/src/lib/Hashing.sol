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

    /// EIP-712 struct hash. The benchmarks are the last member, so that their hash can take their place.
    /// @dev Hashes the words as they are: an order whose words have bits outside their types gets an id that no order
    /// in the book has.
    function id(Order calldata order) internal pure returns (OrderId result) {
        bytes32 typehash = ORDER_TYPEHASH;
        assembly ("memory-safe") {
            let start := mload(0x40)
            calldatacopy(start, add(order, 0x1c0), 0x80) // 4 words of benchmarks after 14 members
            let benchmarks := keccak256(start, 0x80)
            mstore(start, typehash)
            calldatacopy(add(start, 0x20), order, 0x1c0)
            mstore(add(start, 0x1e0), benchmarks)
            result := keccak256(start, 0x200)
        }
    }

    /// The same for an order that is made here.
    function idInMemory(Order memory order) internal pure returns (OrderId result) {
        bytes memory encoding = abi.encode(ORDER_TYPEHASH, order);
        assembly ("memory-safe") {
            let start := add(encoding, 0x20)
            let benchmarks := add(start, 0x1e0)
            mstore(benchmarks, keccak256(benchmarks, 0x80))
            result := keccak256(start, 0x200)
        }
    }

    /// What storage keeps of a deal's terms: the hash of its 11 words, as they are.
    function commitment(Deal calldata deal) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            calldatacopy(start, deal, 0x160)
            result := keccak256(start, 0x160)
        }
    }

    /// The same for a deal that is made here: in memory it is 11 clean words in a row, as in calldata.
    function commitmentInMemory(Deal memory deal) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            result := keccak256(deal, 0x160)
        }
    }
}
