// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Time that never overflows and never runs backwards
/// @notice Block time may fall behind an earlier block's after a node's restart or a reorganisation.
library Calendar {
    function narrow(uint256 time) internal pure returns (uint40) {
        return time > type(uint40).max ? type(uint40).max : uint40(time);
    }

    function timestamp() internal view returns (uint40) {
        return narrow(block.timestamp);
    }

    function earlier(uint40 a, uint40 b) internal pure returns (uint40) {
        return a < b ? a : b;
    }

    function later(uint40 a, uint40 b) internal pure returns (uint40) {
        return a > b ? a : b;
    }
}
