// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Blacklists
/// @notice Every account keeps one list, at any time. An order respects its author's list and one more that it may
/// name; an ask also that of the worker's master.
interface IBlacklist {
    /// @notice `account` is now on the list of `owner`, or no longer.
    event ListingChanged(address indexed owner, address indexed account, bool listed);

    /// @notice The market that may write for closers was set, once and for ever.
    event MarketSet(address market);

    /// @notice Thrown when anybody but the market writes for others.
    error NotTheMarket(address has, address needs);

    /// @notice Thrown when anybody but the deployer names the market, or when it is named a second time.
    error MarketCannotBeSet();

    /// @notice Thrown when somebody lists nobody (address 0) or itself.
    error CannotBeListed(address account);

    /// @notice Puts `account` on the caller's list. Doing it twice is no error.
    /// @dev Emits {ListingChanged}.
    function add(address account) external;

    /// @notice Takes `account` off the caller's list. Doing it twice is no error.
    /// @dev Emits {ListingChanged}.
    function remove(address account) external;

    /// @notice Puts `account` on the list of `owner`, who closes a deal and asks for it.
    /// @dev Market only. Emits {ListingChanged}.
    function addFor(address owner, address account) external;

    /// @notice Names the market. Once, by the deployer.
    /// @dev Emits {MarketSet}.
    function setMarket(address market) external;

    /// @notice The only account that may use {addFor}; 0 before {setMarket}.
    function market() external view returns (address);

    /// @notice Whether `account` is on the list of `owner`.
    function isListed(address owner, address account) external view returns (bool);

    /// @notice What stands between the parties of a possible deal, in one call.
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
