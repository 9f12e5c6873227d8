// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IHubFactory} from "../interfaces/IHubFactory.sol";
import {IHubWallet} from "../interfaces/IHubWallet.sol";
import {IVault} from "../interfaces/IVault.sol";
import {IWhitelist} from "../interfaces/IWhitelist.sol";
import {HubState, HubStatus} from "./HubTypes.sol";
import {Ratings} from "./Ratings.sol";

/// @title The list of hubs, see {IWhitelist}
contract Whitelist is IWhitelist, Ratings {
    uint256 public constant ENDPOINT_BYTES_MAX = 1024;
    uint256 public constant NAME_BYTES_MAX = 64;

    IHubFactory public immutable factory;
    mapping(address wallet => Hub) private _hubs;
    mapping(address wallet => HubStatus) private _statusBefore;

    constructor(IERC20 token_, IHubFactory factory_, address dao_, IVault vault_)
        Ratings(token_, dao_, vault_)
    {
        factory = factory_;
    }

    /// @inheritdoc IWhitelist
    function report(HubState state) external nonReentrant {
        if (!factory.isWallet(msg.sender)) revert NotAHubWallet(msg.sender);
        Hub storage hub = _hubs[msg.sender];
        if (hub.owner == address(0)) hub.owner = IHubWallet(msg.sender).owner();
        hub.active = state == HubState.Registered;
        if (state == HubState.Suspected) {
            _statusBefore[msg.sender] = hub.status;
            hub.status = HubStatus.Suspected;
            _stopClock(msg.sender);
        } else if (state == HubState.Punished) {
            hub.status = HubStatus.Banned;
            _settle(msg.sender);
        } else if (hub.status == HubStatus.Suspected) {
            hub.status = _statusBefore[msg.sender];
        }
        emit HubChanged(msg.sender, hub.owner, hub.status, hub.active);
    }

    /// @inheritdoc IWhitelist
    function setStatus(address wallet, HubStatus status) external {
        if (msg.sender != dao) revert NotTheDao(msg.sender, dao);
        if (status >= HubStatus.Suspected) revert StatusNotForTheDao(status);
        _requireGoodStanding(wallet);
        Hub storage hub = _hubs[wallet];
        hub.status = status;
        emit HubChanged(wallet, hub.owner, status, hub.active);
    }

    /// @inheritdoc IWhitelist
    function describe(address wallet, string calldata endpoint, string calldata name) external {
        Hub storage hub = _hubs[wallet];
        if (msg.sender != hub.owner) revert NotTheOwner(msg.sender, hub.owner);
        _checkText(endpoint, ENDPOINT_BYTES_MAX);
        _checkText(name, NAME_BYTES_MAX);
        hub.endpoint = endpoint;
        hub.name = name;
        emit HubDescribed(wallet, hub.owner, endpoint, name);
    }

    /// @inheritdoc IWhitelist
    function hubOf(address wallet) external view returns (Hub memory) {
        return _hubs[wallet];
    }

    /// @inheritdoc IWhitelist
    function isActive(address wallet) external view returns (bool) {
        return _hubs[wallet].active;
    }

    function _statusOf(address wallet) internal view override returns (HubStatus) {
        return _hubs[wallet].status;
    }

    function _requireGoodStanding(address wallet) internal view override {
        Hub storage hub = _hubs[wallet];
        if (hub.owner == address(0)) revert HubUnknown(wallet);
        if (hub.status >= HubStatus.Suspected) revert HubNotInGoodStanding(wallet, hub.status);
    }

    function _checkText(string calldata text, uint256 max) private pure {
        if (bytes(text).length > max) revert TextTooLong(bytes(text).length, max);
    }
}
