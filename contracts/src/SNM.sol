// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC6372} from "@openzeppelin/contracts/interfaces/IERC6372.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

import {ISNM} from "./interfaces/ISNM.sol";

/// @title The payment token, see {ISNM}
contract SNM is ISNM, ERC20Permit, ERC20Votes {
    uint256 public constant SUPPLY = 444_000_000e18;

    uint48 private _latest;

    /// @param holder Gets the whole supply.
    constructor(address holder) ERC20("SONM", "SNM") ERC20Permit("SONM") {
        _mint(holder, SUPPLY);
    }

    /// @notice Unix time, but never before the last change of votes.
    function clock() public view override(Votes, IERC6372) returns (uint48) {
        uint48 latest = _latest;
        return block.timestamp > latest ? uint48(block.timestamp) : latest;
    }

    /// @notice EIP-6372.
    function CLOCK_MODE() public pure override(Votes, IERC6372) returns (string memory) {
        return "mode=timestamp";
    }

    function nonces(address owner) public view override(ERC20Permit, IERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }

    function _moveDelegateVotes(address from, address to, uint256 amount) internal override {
        if (from != to) _latest = clock();
        super._moveDelegateVotes(from, to, amount);
    }
}
