// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWhitelist} from "./IWhitelist.sol";

/// @title Makes hub wallets
/// @notice Only what it made is a hub's wallet. It deploys the wallets' common code and the whitelist itself, so that
/// the three know each other from birth and nobody can set one of them.
interface IHubFactory {
    /// @notice `wallet` is a new hub wallet of `owner`.
    event HubCreated(address indexed owner, address indexed wallet, bytes32 salt);

    /// @notice Makes a wallet of the caller. The same salt twice reverts.
    /// @dev Emits {HubCreated}.
    function create(bytes32 salt) external returns (address wallet);

    /// @notice Where {create} of `owner` with `salt` puts the wallet (CREATE2).
    function predict(address owner, bytes32 salt) external view returns (address wallet);

    /// @notice Whether it made `wallet`.
    function isWallet(address wallet) external view returns (bool);

    /// @notice The code that all wallets share. It is no wallet itself: it was born Punished.
    function implementation() external view returns (address);

    /// @notice The list of its wallets.
    function whitelist() external view returns (IWhitelist);
}
