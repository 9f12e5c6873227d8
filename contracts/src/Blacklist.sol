// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBlacklist} from "./interfaces/IBlacklist.sol";
import {IProfileRegistry} from "./interfaces/IProfileRegistry.sol";

/// @title Blacklists, see {IBlacklist}
contract Blacklist is IBlacklist {
    uint256 public constant FOLLOWED_MAX = 8;
    uint256 public constant ABOUT_BYTES_MAX = 256;

    IProfileRegistry public immutable profiles;
    address public market;
    address private immutable _deployer;
    mapping(address owner => bool) private _noted;
    /// Both directions between two accounts in one word, since matching asks for both: bit 0: the lower lists the higher;
    /// bit 1: the higher lists the lower.
    mapping(bytes32 pair => uint256) private _listed;
    mapping(address owner => address[]) private _followed;
    mapping(address owner => mapping(address account => bool)) public isCurator;

    /// @param deployer May name the market, once.
    /// @param profiles_ Is told who keeps a list, so that matching asks about lists only where there are any.
    constructor(address deployer, IProfileRegistry profiles_) {
        _deployer = deployer;
        profiles = profiles_;
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
    function addTo(address owner, address account) external {
        _curate(owner, account, true);
    }

    /// @inheritdoc IBlacklist
    function removeFrom(address owner, address account) external {
        _curate(owner, account, false);
    }

    /// @inheritdoc IBlacklist
    function setCurator(address curator, bool active) external {
        if (curator == address(0) || curator == msg.sender) revert CannotBeListed(curator);
        isCurator[msg.sender][curator] = active;
        emit CuratorSet(msg.sender, curator, active);
    }

    /// @inheritdoc IBlacklist
    function publish(string calldata about) external {
        if (bytes(about).length > ABOUT_BYTES_MAX) revert AboutTooLong(bytes(about).length, ABOUT_BYTES_MAX);
        emit ListPublished(msg.sender, about);
    }

    /// @inheritdoc IBlacklist
    function follow(address list) external {
        if (list == address(0) || list == msg.sender) revert CannotBeListed(list);
        address[] storage lists = _followed[msg.sender];
        if (_indexOf(lists, list) != lists.length) return;
        if (lists.length == FOLLOWED_MAX) revert FollowsTooMany(msg.sender, FOLLOWED_MAX);
        lists.push(list);
        _note(msg.sender);
        emit FollowChanged(msg.sender, list, true);
    }

    /// @inheritdoc IBlacklist
    function unfollow(address list) external {
        address[] storage lists = _followed[msg.sender];
        uint256 index = _indexOf(lists, list);
        if (index == lists.length) return;
        lists[index] = lists[lists.length - 1];
        lists.pop();
        emit FollowChanged(msg.sender, list, false);
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
    function isListed(address owner, address account) public view returns (bool) {
        return _between(owner, account) & 1 != 0;
    }

    /// @inheritdoc IBlacklist
    function isListedByAny(address owner, address account) external view returns (bool) {
        return isListed(owner, account) || _followedList(owner, account, account);
    }

    /// @inheritdoc IBlacklist
    function followedBy(address owner) external view returns (address[] memory) {
        return _followed[owner];
    }

    /// @inheritdoc IBlacklist
    function between(address worker, address master, address consumer, address askList, address bidList)
        external
        view
        returns (bool supplier, bool buyer)
    {
        uint256 both = _between(consumer, worker);
        if (master != worker) both |= _between(consumer, master);
        supplier = both & 1 != 0 || _followedList(consumer, worker, master) || _lists(bidList, worker, master);
        buyer = both & 2 != 0 || _followedList(worker, consumer, consumer)
            || (master != worker && _followedList(master, consumer, consumer))
            || _lists(askList, consumer, consumer);
    }

    /// Whether the list of `owner`, or one that it follows, has `a` or `b`. Nobody (0) lists nobody.
    function _lists(address owner, address a, address b) private view returns (bool) {
        if (owner == address(0)) return false;
        return _hasEither(owner, a, b) || _followedList(owner, a, b);
    }

    /// Whether a list that `owner` follows has `a` or `b`. One level deep: what is followed there does not count.
    function _followedList(address owner, address a, address b) private view returns (bool) {
        address[] storage lists = _followed[owner];
        uint256 count = lists.length;
        for (uint256 i = 0; i < count; ++i) {
            if (_hasEither(lists[i], a, b)) return true;
        }
        return false;
    }

    function _hasEither(address owner, address a, address b) private view returns (bool) {
        return isListed(owner, a) || (b != a && isListed(owner, b));
    }

    /// Bit 0: `a` lists `b`. Bit 1: `b` lists `a`.
    function _between(address a, address b) private view returns (uint256) {
        uint256 bits = _listed[_pair(a, b)];
        return a < b ? bits : (bits >> 1) | (bits << 1 & 2);
    }

    function _pair(address a, address b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function _indexOf(address[] storage lists, address list) private view returns (uint256 index) {
        uint256 count = lists.length;
        while (index < count && lists[index] != list) {
            ++index;
        }
    }

    function _curate(address owner, address account, bool listed) private {
        if (!isCurator[owner][msg.sender]) revert NotACurator(owner, msg.sender);
        _set(owner, account, listed);
        emit Curated(owner, msg.sender, account, listed);
    }

    function _set(address owner, address account, bool listed) private {
        if (account == address(0) || account == owner) revert CannotBeListed(account);
        _note(owner);
        bytes32 pair = _pair(owner, account);
        uint256 bit = owner < account ? 1 : 2;
        uint256 bits = _listed[pair];
        _listed[pair] = listed ? bits | bit : bits & ~bit;
        emit ListingChanged(owner, account, listed);
    }

    function _note(address owner) private {
        if (_noted[owner]) return;
        _noted[owner] = true;
        profiles.noteList(owner);
    }
}
