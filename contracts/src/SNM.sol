// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {ISNM} from "./interfaces/ISNM.sol";

/// @title The payment token, see {ISNM}
contract SNM is ISNM, ERC20Permit {
    uint256 public constant SUPPLY = 444_000_000e18;

    /// @param holder Gets the whole supply.
    constructor(address holder) ERC20("SONM", "SNM") ERC20Permit("SONM") {
        _mint(holder, SUPPLY);
    }

    function nonces(address owner) public view override(ERC20Permit, IERC20Permit) returns (uint256) {
        return super.nonces(owner);
    }
}
