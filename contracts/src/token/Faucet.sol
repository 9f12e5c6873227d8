// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../Types.sol";
import {IFaucet} from "../interfaces/IFaucet.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Purse} from "../lib/Purse.sol";

/// @title Gives SNM away on test networks, see {IFaucet}
contract Faucet is IFaucet {
    using Purse for IERC20;

    Amount public constant AMOUNT = Amount.wrap(1000e18);
    uint40 public constant PERIOD = 1 days;

    IERC20 public immutable token;
    mapping(address account => uint40) public nextAt;

    constructor(IERC20 token_) {
        uint256 id = block.chainid;
        // anvil, other development chains, Sepolia, Hoodi, Holesky.
        if (id != 31337 && id != 1337 && id != 11155111 && id != 560048 && id != 17000) {
            revert NotATestNetwork(id);
        }
        token = token_;
    }

    /// @inheritdoc IFaucet
    function drip() external {
        uint40 earliest = nextAt[msg.sender];
        if (block.timestamp < earliest) revert AskedTooEarly(msg.sender, block.timestamp, earliest);
        uint40 next = Calendar.narrow(block.timestamp + PERIOD);
        nextAt[msg.sender] = next;
        emit Dripped(msg.sender, AMOUNT, next);
        token.pay(msg.sender, AMOUNT);
    }
}
