// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMarketBalances} from "./IMarketBalances.sol";
import {IMarketBook} from "./IMarketBook.sol";
import {IMarketChanges} from "./IMarketChanges.sol";
import {IMarketDeals} from "./IMarketDeals.sol";
import {IMarketGate} from "./IMarketGate.sol";
import {IMarketSigned} from "./IMarketSigned.sol";

/// @title The market
/// @notice Balances, order book and deals in one contract; the rules of matching are in {ITerms}.
/// There is no fee, and no function by which anybody moves another's money.
interface IMarket is IMarketGate, IMarketBalances, IMarketBook, IMarketDeals, IMarketSigned, IMarketChanges {}
