// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HubState, HubStatus} from "../hub/HubTypes.sol";
import {IHubFactory} from "./IHubFactory.sol";
import {IHubRatings} from "./IHubRatings.sol";

/// @title The list of hubs
/// @notice A hub comes in when its wallet registers for the first time, and stays. Suspicion and ban come through its
/// wallet alone; what else is thought of it the DAO says.
interface IWhitelist is IHubRatings {
    /// @notice One hub.
    struct Hub {
        /// Never changes. 0 = not listed.
        address owner;
        HubStatus status;
        /// Whether its wallet is Registered now.
        bool active;
        /// Peer id and addresses.
        string endpoint;
        string name;
    }

    /// @notice The hub with this wallet is now so.
    event HubChanged(address indexed wallet, address indexed owner, HubStatus status, bool active);

    /// @notice The owner says now that its hub is called `name` and found at `endpoint`.
    event HubDescribed(address indexed wallet, address indexed owner, string endpoint, string name);

    /// @notice Thrown when anything but a wallet of the factory reports.
    error NotAHubWallet(address has);

    /// @notice Thrown when a hub is not listed.
    error HubUnknown(address wallet);

    /// @notice Thrown when anybody but a hub's owner describes it.
    error NotTheOwner(address has, address needs);

    /// @notice Thrown when anybody but the DAO sets a status.
    error NotTheDao(address has, address needs);

    /// @notice Thrown for a status that only a wallet can report.
    error StatusNotForTheDao(HubStatus status);

    /// @notice Thrown when a text is too long. Bytes.
    error TextTooLong(uint256 has, uint256 max);

    /// @notice Longest endpoint, bytes.
    function ENDPOINT_BYTES_MAX() external view returns (uint256);

    /// @notice Longest name, bytes.
    function NAME_BYTES_MAX() external view returns (uint256);

    /// @notice A wallet says that it is in this state now.
    /// @dev Wallets of the factory only. Emits {HubChanged}.
    function report(HubState state) external;

    /// @notice Unverified, Verified or Trusted. A hub that is suspected gets its status back when it is rehabilitated.
    /// @dev DAO only. Emits {HubChanged}. Errors: {IHubRatings-HubNotInGoodStanding}.
    function setStatus(address wallet, HubStatus status) external;

    /// @notice Says where the caller's hub is found, and its name. In every status.
    /// @dev Emits {HubDescribed}.
    function describe(address wallet, string calldata endpoint, string calldata name) external;

    /// @notice What is known of a hub; owner 0 if nothing.
    function hubOf(address wallet) external view returns (Hub memory);

    /// @notice Whether the hub's wallet is Registered now.
    function isActive(address wallet) external view returns (bool);

    /// @notice Who makes the wallets.
    function factory() external view returns (IHubFactory);
}
