// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../../../src/Types.sol";
import {vm} from "../../base/Vm.sol";
import {HubHandler} from "./HubHandler.sol";
import {HubModel} from "./HubModel.sol";

/// Wallets follow their table and nothing else; wallets, list and vault hold what they owe; at last everybody has its own.
contract HubsInvariantTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    bool public IS_TEST = true;
    HubHandler private _handler;

    function setUp() public {
        _handler = new HubHandler();
    }

    function calls() private pure returns (bytes4[18] memory) {
        return [
            HubHandler.fund.selector,
            HubHandler.fund.selector,
            HubHandler.register.selector,
            HubHandler.register.selector,
            HubHandler.pay.selector,
            HubHandler.draw.selector,
            HubHandler.payday.selector,
            HubHandler.withdraw.selector,
            HubHandler.suspect.selector,
            HubHandler.rehabilitate.selector,
            HubHandler.ban.selector,
            HubHandler.rate.selector,
            HubHandler.rate.selector,
            HubHandler.endRating.selector,
            HubHandler.gift.selector,
            HubHandler.pass.selector,
            HubHandler.passLong.selector,
            HubHandler.turnToken.selector
        ];
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(_handler);
        targets[0].selectors = new bytes4[](18);
        for (uint256 i = 0; i < 18; ++i) {
            targets[0].selectors[i] = calls()[i];
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_hub_contracts_hold_exactly_what_they_owe() public view {
        for (uint256 i = 0; i < 2; ++i) {
            _handler.compare(i);
            address wallet = address(_handler.wallets(i));
            uint256 funds = Amount.unwrap(_handler.wallets(i).account().funds);
            vm.assertEq(_handler.token().balanceOf(wallet), funds + _handler.gifts(wallet), "wallet");
        }
        address list = _handler.list();
        vm.assertEq(_handler.whitelistHeld(), _handler.staked() + _handler.gifts(list), "stakes");
        (uint256 held, uint256 total) = _handler.vaultTotal();
        vm.assertEq(held, total + _handler.gifts(_handler.purse()), "vault");
    }

    function afterInvariant() external {
        _handler.goHome();
        invariant_hub_contracts_hold_exactly_what_they_owe();
        for (uint256 i = 0; i < 2; ++i) {
            HubModel model = _handler.models(i);
            vm.assertEq(model.free() + model.frozen() + model.owed(), 0, "wallets are empty");
            vm.assertEq(Amount.unwrap(_handler.wallets(i).account().funds), 0, "so they are");
        }
        // Rounding of shares: less than one unit for each rater. Lost stakes that nobody ended are shared, too.
        vm.assertLe(_handler.staked(), 2 * _handler.actorCount(), "no stake is left");
    }

    /// The random calls are no walk among refusals: each kind gets through, many times.
    function test_random_calls__reach_every_operation() public {
        uint256 seed = 7;
        for (uint256 round = 0; round < 12; ++round) {
            // A ban is for ever: begin again.
            if (round != 0) _handler = new HubHandler();
            for (uint256 i = 0; i < 300; ++i) {
                seed = uint256(keccak256(abi.encode(seed)));
                _random(calls()[seed % 18], seed >> 8);
            }
            invariant_hub_contracts_hold_exactly_what_they_owe();
            _count();
            if (round % 3 == 0) {
                _handler.goHome();
                _count();
            }
        }
        for (uint256 i = 0; i < 9; ++i) {
            vm.assertGe(_wallet[i], 3, "each call of the table");
        }
        vm.assertGe(_other["rate"], 5, "rate");
        vm.assertGe(_other["end rating"], 5, "end rating");
        vm.assertGe(_other["nested"], 1, "nested");
        vm.assertGe(_other["nested refused"], 1, "nested refused");
    }

    uint256[9] private _wallet;
    mapping(bytes32 => uint256) private _other;

    function _count() private {
        for (uint256 i = 0; i < 9; ++i) {
            _wallet[i] += _handler.succeeded(bytes32(i + 1));
        }
        bytes32[4] memory names = [bytes32("rate"), "end rating", "nested", "nested refused"];
        for (uint256 i = 0; i < 4; ++i) {
            _other[names[i]] += _handler.succeeded(names[i]);
        }
    }

    function _random(bytes4 call, uint256 seed) private {
        bytes memory arguments =
            abi.encode(seed % 2, seed >> 1 & 0xffffffff, seed >> 40 & 0xffffff, uint64(seed >> 64));
        if (call == HubHandler.fund.selector || call == HubHandler.draw.selector) {
            arguments = abi.encode(seed % 2, seed >> 1 & 0xffffffff, uint96(seed >> 40));
        } else if (call == HubHandler.withdraw.selector) {
            arguments = abi.encode(seed % 2, seed >> 1 & 0xffffffff, uint96(seed >> 40));
        } else if (call == HubHandler.rate.selector) {
            arguments = abi.encode(
                seed % 2, seed >> 1 & 0xffffffff, int8(int256(seed >> 40 & 7)) - 4, uint96(seed >> 64)
            );
        } else if (call == HubHandler.gift.selector || call == HubHandler.turnToken.selector) {
            arguments = abi.encode(seed & 7, seed >> 1 & 1);
        } else if (call == HubHandler.pass.selector || call == HubHandler.passLong.selector) {
            arguments = abi.encode(seed);
        }
        (bool ok, bytes memory answer) = address(_handler).call(bytes.concat(call, arguments));
        if (!ok) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
    }
}
