// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../Types.sol";
import {IWhitelist} from "./IWhitelist.sol";

/// @title What hubs and suppliers offer to run
/// @notice One offer per provider and application; buyers read the events, choose by price and go to the provider.
/// Holds no money. An offer binds nobody: the job or the deal does.
interface IApplicationPool {
    /// @notice One offer.
    struct Offer {
        /// Hub wallet of the provider; 0 = it offers as a supplier.
        address hub;
        /// 1e-18 SNM per unit.
        Amount price;
        /// First second (Unix time) at which it no longer stands.
        uint40 expiry;
        /// Hash of the terms that the provider keeps.
        bytes32 terms;
        /// Image digest, or name of a service.
        string what;
    }

    /// @notice `provider` offers `application` now like this; `offer.expiry` 0 = not at all.
    event OfferChanged(bytes32 indexed application, address indexed provider, Offer offer);

    /// @notice Thrown for an expiry that is past or further off than {LIFETIME_MAX}. Unix times.
    error InvalidExpiry(uint40 has, uint256 min, uint256 max);

    /// @notice Thrown for a price of 0, and for a text that is empty or longer than {WHAT_BYTES_MAX}.
    error InvalidOffer();

    /// @notice Thrown when the hub that is named is not active, or another's.
    error NotTheHubsOwner(address hub, address provider);

    /// @notice Thrown when there is nothing to take back.
    error NoOffer(bytes32 application, address provider);

    /// @notice Longest life of an offer, seconds.
    function LIFETIME_MAX() external view returns (uint40);

    /// @notice Longest {Offer-what}, bytes.
    function WHAT_BYTES_MAX() external view returns (uint256);

    /// @notice Makes, renews or changes the caller's offer of `application`.
    /// @dev Emits {OfferChanged}.
    function offer(bytes32 application, Offer calldata offer_) external;

    /// @notice Takes the caller's offer back.
    /// @dev Emits {OfferChanged} with an empty offer.
    function withdrawOffer(bytes32 application) external;

    /// @notice What was offered last, whether it still stands or not; expiry 0 = nothing.
    function offerOf(bytes32 application, address provider) external view returns (Offer memory);

    /// @notice Whether the offer stands: not expired, and its hub, if it names one, active.
    function stands(bytes32 application, address provider) external view returns (bool);

    /// @notice Who knows hubs.
    function whitelist() external view returns (IWhitelist);
}
