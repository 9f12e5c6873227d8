// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VestingWallet} from "@openzeppelin/contracts/finance/VestingWallet.sol";
import {VestingWalletCliff} from "@openzeppelin/contracts/finance/VestingWalletCliff.sol";

/// @title The team's share: nothing before the cliff, all at the end, evenly between
contract TeamVesting is VestingWalletCliff {
    constructor(address team, uint64 start, uint64 duration, uint64 cliff)
        VestingWallet(team, start, duration)
        VestingWalletCliff(cliff)
    {}
}
