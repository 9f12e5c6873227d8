// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProfileRegistry} from "./IProfileRegistry.sol";

/// @title Blacklists
/// @notice Every account keeps one list, at any time. It may name curators, who write on it: then it is a managed list, and
/// the account is its id. It may follow a bounded number of other lists: what they have counts as if it were on its own.
/// An order respects its author's list and one more that it may name; an ask also that of the worker's master; each with
/// the lists that it follows, one level deep.
interface IBlacklist {
    /// @notice `account` is now on the list of `owner`, or no longer.
    event ListingChanged(address indexed owner, address indexed account, bool listed);

    /// @notice `curator` may write on the list of `owner`, or no longer.
    event CuratorSet(address indexed owner, address indexed curator, bool active);

    /// @notice {ListingChanged} just before was the work of a curator.
    event Curated(address indexed owner, address indexed curator, address account, bool listed);

    /// @notice `owner` follows `list`, or no longer.
    event FollowChanged(address indexed owner, address indexed list, bool follows);

    /// @notice `owner` says what its list is about. Nobody vouches for it.
    event ListPublished(address indexed owner, string about);

    /// @notice The market that may write for closers was set, once and for ever.
    event MarketSet(address market);

    /// @notice Thrown when anybody but the market writes for others.
    error NotTheMarket(address has, address needs);

    /// @notice Thrown when anybody but the deployer names the market, or when it is named a second time.
    error MarketCannotBeSet();

    /// @notice Thrown when somebody writes on a list that it neither owns nor curates.
    error NotACurator(address owner, address has);

    /// @notice Thrown when an account would follow more lists than `max`.
    error FollowsTooMany(address owner, uint256 max);

    /// @notice Thrown when a list's description is too long. Bytes.
    error AboutTooLong(uint256 has, uint256 max);

    /// @notice Thrown when somebody lists, follows or appoints nobody (address 0) or itself.
    error CannotBeListed(address account);

    /// @notice Puts `account` on the caller's list. Doing it twice is no error.
    /// @dev Emits {ListingChanged}.
    function add(address account) external;

    /// @notice Takes `account` off the caller's list. Doing it twice is no error.
    /// @dev Emits {ListingChanged}.
    function remove(address account) external;

    /// @notice Puts `account` on the list of `owner`, which the caller curates. Doing it twice is no error.
    /// @dev Emits {ListingChanged} and {Curated}. Errors: {NotACurator}, {CannotBeListed}.
    function addTo(address owner, address account) external;

    /// @notice Takes `account` off the list of `owner`, which the caller curates. Doing it twice is no error.
    /// @dev Emits {ListingChanged} and {Curated}. Errors: {NotACurator}, {CannotBeListed}.
    function removeFrom(address owner, address account) external;

    /// @notice Lets `curator` write on the caller's list, or no longer. What it wrote stays.
    /// @dev Emits {CuratorSet}.
    function setCurator(address curator, bool active) external;

    /// @notice Says what the caller's list is about, for those who may want to follow it.
    /// @param about At most {ABOUT_BYTES_MAX} bytes; empty = it is not for others (any more).
    /// @dev Emits {ListPublished}.
    function publish(string calldata about) external;

    /// @notice What is on `list` counts for the caller as if it were on its own. Doing it twice is no error.
    /// @dev Emits {FollowChanged}. Errors: {FollowsTooMany}, {CannotBeListed}.
    function follow(address list) external;

    /// @notice Ends that. Doing it twice is no error.
    /// @dev Emits {FollowChanged}.
    function unfollow(address list) external;

    /// @notice Puts `account` on the list of `owner`, who closes a deal and asks for it.
    /// @dev Market only. Emits {ListingChanged}.
    function addFor(address owner, address account) external;

    /// @notice Names the market. Once, by the deployer.
    /// @dev Emits {MarketSet}.
    function setMarket(address market) external;

    /// @notice The registry that is told who keeps a list.
    function profiles() external view returns (IProfileRegistry);

    /// @notice The only account that may use {addFor}; 0 before {setMarket}.
    function market() external view returns (address);

    /// @notice Most lists that an account can follow.
    function FOLLOWED_MAX() external view returns (uint256);

    /// @notice Longest description of a list, bytes.
    function ABOUT_BYTES_MAX() external view returns (uint256);

    /// @notice Whether `account` may write on the list of `owner`.
    function isCurator(address owner, address account) external view returns (bool);

    /// @notice The lists that `owner` follows, in no order.
    function followedBy(address owner) external view returns (address[] memory);

    /// @notice Whether `account` is on the list of `owner` or on one that `owner` follows.
    function isListedByAny(address owner, address account) external view returns (bool);

    /// @notice Whether `account` is on the list of `owner` itself.
    function isListed(address owner, address account) external view returns (bool);

    /// @notice What stands between the parties of a possible deal, in one call. Each list with those that it follows.
    /// @param worker The ask's author.
    /// @param master The worker's master, or the worker itself.
    /// @param consumer The bid's author.
    /// @param askList The list that the ask names; 0 = none.
    /// @param bidList The list that the bid names; 0 = none.
    /// @return supplier Whether consumer or bidList list worker or master.
    /// @return buyer Whether worker, master or askList list the consumer.
    function between(address worker, address master, address consumer, address askList, address bidList)
        external
        view
        returns (bool supplier, bool buyer);
}
