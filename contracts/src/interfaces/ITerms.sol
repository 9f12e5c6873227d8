// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mismatch, Order} from "../Types.sol";
import {IBlacklist} from "./IBlacklist.sol";
import {IPriceOracle} from "./IPriceOracle.sol";
import {IProfileRegistry} from "./IProfileRegistry.sol";

/// @title The rules of matching
/// @notice Holds no state and no money. Whether an order is open and funded is the market's business, not judged here.
interface ITerms {
    /// @notice Thrown when the two lists of {matchesMany} differ in length.
    error LengthsDiffer(uint256 asks, uint256 bids);

    /// @notice The first rule that keeps `ask` and `bid` apart at the current block time; {Mismatch-None} if they match.
    function matches(Order calldata ask, Order calldata bid) external view returns (Mismatch reason);

    /// @notice {matches} of each pair `asks[i]`, `bids[i]`.
    function matchesMany(Order[] calldata asks, Order[] calldata bids)
        external
        view
        returns (Mismatch[] memory reasons);

    /// @notice {matches}, and who is paid in the deal: the supplier's master, or the supplier itself.
    function judge(Order calldata ask, Order calldata bid)
        external
        view
        returns (Mismatch reason, address master);

    /// @notice Where identity and masters are looked up.
    function profiles() external view returns (IProfileRegistry);

    /// @notice Where blacklists are looked up.
    function blacklist() external view returns (IBlacklist);

    /// @notice Where the rate is looked up.
    function oracle() external view returns (IPriceOracle);
}
