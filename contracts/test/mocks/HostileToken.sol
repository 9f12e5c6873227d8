// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Something that a token calls while it moves.
interface ITokenHook {
    function onTokenMoved() external;
}

/// A token that misbehaves as it is told to.
contract HostileToken is ERC20 {
    enum Mode {
        Honest,
        Reverting,
        /// 1 % of what is moved disappears on the way.
        FeeTaking,
        /// Calls {hook} after each move.
        Reentering,
        /// Says that it moved, and does not.
        Lying
    }

    Mode public mode;
    ITokenHook public hook;
    bool private _inHook;

    constructor(address holder) ERC20("Hostile", "HST") {
        _mint(holder, 444_000_000e18);
    }

    function setMode(Mode mode_, ITokenHook hook_) external {
        mode = mode_;
        hook = hook_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (mode == Mode.Lying) return true;
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (mode == Mode.Lying) return true;
        return super.transferFrom(from, to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (mode == Mode.Reverting) revert("token says no");
        super._update(from, to, amount);
        if (mode == Mode.FeeTaking && amount >= 100) super._update(to, address(0xfee), amount / 100);
        if (mode == Mode.Reentering && !_inHook) {
            _inHook = true;
            hook.onTokenMoved();
            _inHook = false;
        }
    }
}
