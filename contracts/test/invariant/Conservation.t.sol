// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../base/Vm.sol";
import {Handler} from "./Handler.sol";

/// In every state the market's tokens are what it owes; and at the end everybody gets all of it, each alone.
contract ConservationTest {
    bool public IS_TEST = true;
    Handler private _handler;

    function setUp() public {
        _handler = new Handler();
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// What is called at random.
    function calls() private pure returns (bytes4[20] memory) {
        return [
            Handler.deposit.selector,
            Handler.withdraw.selector,
            Handler.gift.selector,
            Handler.placeAsk.selector,
            Handler.placeBid.selector,
            Handler.cancel.selector,
            Handler.open.selector,
            Handler.open.selector,
            Handler.quickBuy.selector,
            Handler.settleDeal.selector,
            Handler.closeDeal.selector,
            Handler.forge.selector,
            Handler.topUp.selector,
            Handler.wait.selector,
            Handler.report.selector,
            Handler.pause.selector,
            Handler.turnToken.selector,
            Handler.openSignedPair.selector,
            Handler.change.selector,
            Handler.settleAll.selector
        ];
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(_handler);
        targets[0].selectors = new bytes4[](20);
        for (uint256 i = 0; i < 20; ++i) {
            targets[0].selectors[i] = calls()[i];
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_market_holds_exactly_what_it_owes() public {
        vm.warp(_handler.time());
        uint256 held = _handler.token().balanceOf(_handler.market_());
        vm.assertEq(held, _handler.owed() + _handler.gifts(), "held = owed + gifts");
    }

    function afterInvariant() external {
        _handler.goHome(_handler.time() % 2 == 0);
        uint256 held = _handler.token().balanceOf(_handler.market_());
        vm.assertEq(held, _handler.gifts(), "nothing but gifts is left");
    }

    /// The random calls are no walk among refusals: each kind gets through, many times.
    function test_random_calls__reach_every_operation() public {
        uint256 seed = 1;
        for (uint256 i = 0; i < 3000; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            bytes memory arguments = abi.encode(
                seed >> 1, uint64(seed >> 65), uint96(uint64(seed >> 129)), uint64(seed >> 65), seed >> 3
            );
            // Arguments that do not fit their type are refused by the handler; narrow ones are masked here.
            bytes4 call = calls()[seed % 20];
            if (call == Handler.turnToken.selector) {
                arguments = abi.encode(uint8(seed >> 8), seed >> 16, 1e18);
            }
            if (call == Handler.report.selector) arguments = abi.encode(uint64(seed >> 8));
            if (call == Handler.gift.selector) arguments = abi.encode(uint64(seed >> 8));
            if (call == Handler.deposit.selector) arguments = abi.encode(seed >> 8, uint64(seed >> 16));
            if (call == Handler.quickBuy.selector) {
                arguments = abi.encode(seed >> 8, seed >> 16, uint32(seed >> 24), uint64(seed >> 32), seed);
            }
            if (call == Handler.change.selector) {
                arguments = abi.encode(seed >> 8, seed >> 16, seed % 3 != 0);
            }
            if (call == Handler.closeDeal.selector) {
                arguments = abi.encode(seed >> 8, seed >> 16, uint8(seed >> 24));
            }
            (bool ok,) = address(_handler).call(bytes.concat(call, arguments));
            ok;
        }
        vm.warp(_handler.time());
        string[15] memory names = [
            "deposit",
            "withdraw",
            "place ask",
            "place bid",
            "cancel",
            "open",
            "quick buy",
            "settle",
            "close",
            "top up",
            "report",
            "nested",
            "open signed",
            "change",
            "settle many"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            vm.assertGe(_handler.succeeded(bytes32(bytes(names[i]))), 5, names[i]);
        }
        invariant_market_holds_exactly_what_it_owes();
    }
}
