// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../base/Vm.sol";
import {SaleHandler} from "./SaleHandler.sol";

/// A sale holds what it owes, coins and SNM; at last everybody has its own.
contract SaleInvariantTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    bool public IS_TEST = true;
    SaleHandler private _handler;

    function setUp() public {
        _handler = new SaleHandler();
    }

    function calls() private pure returns (bytes4[12] memory) {
        return [
            SaleHandler.fill.selector,
            SaleHandler.purchase.selector,
            SaleHandler.purchase.selector,
            SaleHandler.purchase.selector,
            SaleHandler.conclude.selector,
            SaleHandler.claim.selector,
            SaleHandler.refund.selector,
            SaleHandler.collect.selector,
            SaleHandler.pass.selector,
            SaleHandler.pass.selector,
            SaleHandler.pass.selector,
            SaleHandler.turnToken.selector
        ];
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(_handler);
        targets[0].selectors = new bytes4[](12);
        for (uint256 i = 0; i < 12; ++i) {
            targets[0].selectors[i] = calls()[i];
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_sale_holds_exactly_what_it_owes() public view {
        (uint256 coins, uint256 tokens) = _handler.owed();
        (uint256 heldCoins, uint256 heldTokens) = _handler.held();
        vm.assertEq(heldCoins, coins, "coins");
        vm.assertEq(heldTokens, tokens, "SNM");
    }

    function afterInvariant() external {
        _handler.goHome();
        (uint256 coins, uint256 tokens) = _handler.held();
        vm.assertEq(coins + tokens, 0, "nothing is left");
    }

    /// The random calls are no walk among refusals: sales succeed, and fail, and everybody acts.
    function test_random_calls__reach_every_operation() public {
        bytes32[7] memory names =
            [bytes32("fill"), "buy", "conclude", "claim", "refund", "collect", "nested refused"];
        uint256[7] memory counts;
        uint256 seed = 5;
        for (uint256 round = 0; round < 24; ++round) {
            _handler = new SaleHandler();
            for (uint256 i = 0; i < 150; ++i) {
                seed = uint256(keccak256(abi.encode(seed)));
                bytes4 call = calls()[seed % 12];
                bytes memory arguments = abi.encode(seed >> 8 & 0xffff, seed >> 32);
                if (call == SaleHandler.pass.selector) arguments = abi.encode(seed >> 8);
                if (call == SaleHandler.turnToken.selector) {
                    arguments = abi.encode(seed >> 8 & 0xff, seed >> 16 & 1);
                }
                (bool ok, bytes memory answer) = address(_handler).call(bytes.concat(call, arguments));
                if (!ok) {
                    assembly {
                        revert(add(answer, 32), mload(answer))
                    }
                }
                invariant_sale_holds_exactly_what_it_owes();
            }
            for (uint256 i = 0; i < 7; ++i) {
                counts[i] += _handler.succeeded(names[i]);
            }
        }
        for (uint256 i = 0; i < 7; ++i) {
            vm.assertGe(counts[i], 3, string(abi.encodePacked(names[i])));
        }
    }
}
