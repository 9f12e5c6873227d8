// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IHubFactory} from "../interfaces/IHubFactory.sol";
import {IVault} from "../interfaces/IVault.sol";
import {IWhitelist} from "../interfaces/IWhitelist.sol";
import {HubWallet} from "./HubWallet.sol";
import {Whitelist} from "./Whitelist.sol";

/// @title Makes hub wallets, see {IHubFactory}
contract HubFactory is IHubFactory {
    IWhitelist public immutable whitelist;
    address public immutable implementation;
    mapping(address wallet => bool) public isWallet;

    /// @param token SNM.
    /// @param dao The DAO's timelock.
    /// @param vault Where bans send the money.
    constructor(IERC20 token, address dao, IVault vault) {
        whitelist = new Whitelist(token, this, dao, vault);
        implementation = address(new HubWallet(token, whitelist, dao, vault));
    }

    /// @inheritdoc IHubFactory
    function create(bytes32 salt) external returns (address wallet) {
        wallet = Clones.cloneDeterministicWithImmutableArgs(implementation, abi.encode(msg.sender), salt);
        isWallet[wallet] = true;
        emit HubCreated(msg.sender, wallet, salt);
    }

    /// @inheritdoc IHubFactory
    function predict(address owner, bytes32 salt) external view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(implementation, abi.encode(owner), salt);
    }
}
