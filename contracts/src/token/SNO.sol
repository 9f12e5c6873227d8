// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {ISNO} from "../interfaces/ISNO.sol";
import {Calendar} from "../lib/Calendar.sol";

/// @title The reward token, see {ISNO}
contract SNO is ISNO, ERC20Permit {
    uint256 public constant YEAR = 365 days;
    uint256 public constant FIRST_YEAR = 60_000_000e18;
    uint256 public constant FLOOR_YEAR = 1_000_000e18;

    address public immutable dao;
    uint40 public immutable start;
    address public coordinator;
    address private immutable _deployer;

    /// @param dao_ May name another coordinator.
    /// @param deployer May name the first one, once.
    constructor(address dao_, address deployer) ERC20("SONM Reward", "SNO") ERC20Permit("SONM Reward") {
        dao = dao_;
        _deployer = deployer;
        start = Calendar.timestamp();
    }

    /// @inheritdoc ISNO
    function setCoordinator(address coordinator_) external {
        bool first = msg.sender == _deployer && coordinator == address(0);
        if ((msg.sender != dao && !first) || coordinator_ == address(0)) {
            revert CoordinatorCannotBeSet(msg.sender, coordinator_);
        }
        coordinator = coordinator_;
        emit CoordinatorSet(coordinator_);
    }

    /// @inheritdoc ISNO
    function mintDue(address to) external returns (uint256 amount) {
        if (msg.sender != coordinator) revert NotTheCoordinator(msg.sender, coordinator);
        amount = due();
        if (amount == 0) return 0;
        _mint(to, amount);
        emit Emitted(to, amount, totalSupply());
    }

    /// @inheritdoc ISNO
    function due() public view returns (uint256) {
        uint256 elapsed = block.timestamp > start ? block.timestamp - start : 0;
        uint256 emitted = emittedAfter(elapsed);
        // Nothing is ever burnt, so the supply is what was minted. Less is emitted when block time fell back.
        return emitted > totalSupply() ? emitted - totalSupply() : 0;
    }

    /// @inheritdoc ISNO
    function emittedAfter(uint256 elapsed) public pure returns (uint256 sum) {
        uint256 perYear = FIRST_YEAR;
        // Nine rounds: 0.6^9 of the first year is under the floor.
        for (; elapsed > YEAR && perYear > FLOOR_YEAR; elapsed -= YEAR) {
            sum += perYear;
            perYear = perYear * 6 / 10;
            if (perYear < FLOOR_YEAR) perYear = FLOOR_YEAR;
        }
        sum += perYear * elapsed / YEAR;
    }

    function nonces(address owner) public view override(ERC20Permit, IERC20Permit) returns (uint256) {
        return super.nonces(owner);
    }
}
