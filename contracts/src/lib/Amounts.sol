// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../Types.sol";

/// @title Sums of money, checked
library Amounts {
    /// @notice Thrown when a sum does not fit an {Amount}. 1e-18 SNM.
    error AmountTooLarge(uint256 has, uint256 max);

    uint256 private constant BPS = 10_000;

    function make(uint256 value) internal pure returns (Amount) {
        if (value > type(uint96).max) revert AmountTooLarge(value, type(uint96).max);
        return Amount.wrap(uint96(value));
    }

    function raw(Amount a) internal pure returns (uint256) {
        return Amount.unwrap(a);
    }

    function isZero(Amount a) internal pure returns (bool) {
        return Amount.unwrap(a) == 0;
    }

    function plus(Amount a, Amount b) internal pure returns (Amount) {
        return make(raw(a) + raw(b));
    }

    /// Reverts if `b` is larger.
    function minus(Amount a, Amount b) internal pure returns (Amount) {
        return Amount.wrap(Amount.unwrap(a) - Amount.unwrap(b));
    }

    /// `bps` / 10,000 of `a`, rounded up.
    function shareUp(Amount a, uint256 bps) internal pure returns (Amount) {
        return make((raw(a) * bps + BPS - 1) / BPS);
    }

    /// `bps` / 10,000 of `a`, rounded down.
    function shareDown(Amount a, uint256 bps) internal pure returns (Amount) {
        return make(raw(a) * bps / BPS);
    }
}
