// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IApplicationPool} from "../interfaces/IApplicationPool.sol";
import {IWhitelist} from "../interfaces/IWhitelist.sol";
import {Amounts} from "../lib/Amounts.sol";

/// @title What hubs and suppliers offer to run, see {IApplicationPool}
contract ApplicationPool is IApplicationPool {
    uint40 public constant LIFETIME_MAX = 90 days;
    uint256 public constant WHAT_BYTES_MAX = 256;

    IWhitelist public immutable whitelist;
    mapping(bytes32 application => mapping(address provider => Offer)) private _offers;

    constructor(IWhitelist whitelist_) {
        whitelist = whitelist_;
    }

    /// @inheritdoc IApplicationPool
    function offer(bytes32 application, Offer calldata offer_) external {
        uint256 max = block.timestamp + LIFETIME_MAX;
        if (offer_.expiry <= block.timestamp || offer_.expiry > max) {
            revert InvalidExpiry(offer_.expiry, block.timestamp + 1, max);
        }
        uint256 length = bytes(offer_.what).length;
        if (Amounts.isZero(offer_.price) || length == 0 || length > WHAT_BYTES_MAX) revert InvalidOffer();
        if (offer_.hub != address(0)) {
            IWhitelist.Hub memory hub = whitelist.hubOf(offer_.hub);
            if (!hub.active || hub.owner != msg.sender) revert NotTheHubsOwner(offer_.hub, msg.sender);
        }
        _offers[application][msg.sender] = offer_;
        emit OfferChanged(application, msg.sender, offer_);
    }

    /// @inheritdoc IApplicationPool
    function withdrawOffer(bytes32 application) external {
        if (_offers[application][msg.sender].expiry == 0) revert NoOffer(application, msg.sender);
        delete _offers[application][msg.sender];
        emit OfferChanged(application, msg.sender, _offers[application][msg.sender]);
    }

    /// @inheritdoc IApplicationPool
    function offerOf(bytes32 application, address provider) external view returns (Offer memory) {
        return _offers[application][provider];
    }

    /// @inheritdoc IApplicationPool
    function stands(bytes32 application, address provider) external view returns (bool) {
        Offer storage o = _offers[application][provider];
        return block.timestamp < o.expiry && (o.hub == address(0) || whitelist.isActive(o.hub));
    }
}
