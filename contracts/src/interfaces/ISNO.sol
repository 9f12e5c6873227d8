// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The reward token: ERC-20, 18 decimals, permit; it comes into being by elapsed time alone
/// @notice In the first year {FIRST_YEAR} is emitted, in each later year 0.6 of the year before, but never less than
/// {FLOOR_YEAR}; within a year evenly, by the second. What has been emitted by a time is a function of that time: who
/// mints, how often and when, changes nothing.
interface ISNO is IERC20, IERC20Permit {
    /// @notice The only account that may mint is now `coordinator`.
    event CoordinatorSet(address coordinator);

    /// @notice `amount` that was due went to `to`; all that was ever minted is now `minted`. 1e-18 SNO.
    event Emitted(address indexed to, uint256 amount, uint256 minted);

    /// @notice Thrown when anybody but the coordinator mints.
    error NotTheCoordinator(address has, address needs);

    /// @notice Thrown when somebody sets the coordinator who may not, or not any more; and for address 0.
    error CoordinatorCannotBeSet(address by, address coordinator);

    /// @notice A year of the emission, seconds.
    function YEAR() external view returns (uint256);

    /// @notice Emission of the first year, 1e-18 SNO.
    function FIRST_YEAR() external view returns (uint256);

    /// @notice Least emission of a year, 1e-18 SNO.
    function FLOOR_YEAR() external view returns (uint256);

    /// @notice When the emission began, Unix time.
    function start() external view returns (uint40);

    /// @notice The only account that may mint; 0 = not set yet.
    function coordinator() external view returns (address);

    /// @notice Governs: may name another coordinator.
    function dao() external view returns (address);

    /// @notice Names the coordinator. The deployer once, while there is none; the DAO at any time.
    /// @dev Emits {CoordinatorSet}. Touches no SNO that was minted.
    function setCoordinator(address coordinator_) external;

    /// @notice Mints to `to` all that has been emitted and not yet minted.
    /// @dev Coordinator only. Emits {Emitted}, unless nothing is due.
    /// @return amount 1e-18 SNO.
    function mintDue(address to) external returns (uint256 amount);

    /// @notice What {mintDue} would mint now, 1e-18 SNO.
    function due() external view returns (uint256);

    /// @notice All that has been emitted `elapsed` seconds after {start}, 1e-18 SNO.
    function emittedAfter(uint256 elapsed) external view returns (uint256);
}
