// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBlacklist} from "./interfaces/IBlacklist.sol";

/// @title Blacklists, see {IBlacklist}
contract Blacklist is IBlacklist {
    address public market;
    address private immutable _deployer;
    mapping(address owner => mapping(address account => bool)) public isListed;

    /// @param deployer May name the market, once.
    constructor(address deployer) {
        _deployer = deployer;
    }

    /// @inheritdoc IBlacklist
    function add(address account) external {
        _set(msg.sender, account, true);
    }

    /// @inheritdoc IBlacklist
    function remove(address account) external {
        _set(msg.sender, account, false);
    }

    /// @inheritdoc IBlacklist
    function addFor(address owner, address account) external {
        if (msg.sender != market) revert NotTheMarket(msg.sender, market);
        _set(owner, account, true);
    }

    /// @inheritdoc IBlacklist
    function setMarket(address market_) external {
        if (msg.sender != _deployer || market != address(0) || market_ == address(0)) {
            revert MarketCannotBeSet();
        }
        market = market_;
        emit MarketSet(market_);
    }

    /// @inheritdoc IBlacklist
    function between(address worker, address master, address consumer, address askList, address bidList)
        external
        view
        returns (bool supplier, bool buyer)
    {
        supplier = _listsEither(consumer, worker, master) || _listsEither(bidList, worker, master);
        buyer = isListed[worker][consumer] || (master != worker && isListed[master][consumer])
            || (askList != address(0) && isListed[askList][consumer]);
    }

    function _listsEither(address owner, address a, address b) private view returns (bool) {
        if (owner == address(0)) return false;
        return isListed[owner][a] || (b != a && isListed[owner][b]);
    }

    function _set(address owner, address account, bool listed) private {
        if (account == address(0) || account == owner) revert CannotBeListed(account);
        isListed[owner][account] = listed;
        emit ListingChanged(owner, account, listed);
    }
}
