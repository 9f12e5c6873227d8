// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ICoordinator} from "../../../src/interfaces/ICoordinator.sol";
import {IMasternodes} from "../../../src/interfaces/IMasternodes.sol";
import {vm} from "../../base/Vm.sol";
import {MasternodeCalls} from "./MasternodeCalls.sol";
import {MasternodeHandler} from "./MasternodeHandler.sol";

/// The money of masternodes, rewards and gate is conserved, whoever does what.
contract MasternodeInvariants {
    bool public IS_TEST = true;
    MasternodeHandler private _handler;

    function setUp() public {
        _handler = new MasternodeHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[24] memory all = [
            MasternodeCalls.tick.selector,
            MasternodeCalls.tick.selector,
            MasternodeCalls.misbehave.selector,
            MasternodeCalls.behave.selector,
            MasternodeCalls.nest.selector,
            MasternodeCalls.join.selector,
            MasternodeCalls.addStake.selector,
            MasternodeCalls.resign.selector,
            MasternodeCalls.withdraw.selector,
            MasternodeCalls.collect.selector,
            MasternodeCalls.collectPart.selector,
            MasternodeCalls.sweep.selector,
            MasternodeCalls.forgeSlash.selector,
            MasternodeHandler.takeSet.selector,
            MasternodeHandler.vote.selector,
            MasternodeHandler.claim.selector,
            MasternodeHandler.challenge.selector,
            MasternodeHandler.closePot.selector,
            MasternodeHandler.fundJob.selector,
            MasternodeHandler.reclaimJob.selector,
            MasternodeCalls.deposit.selector,
            MasternodeCalls.release.selector,
            MasternodeCalls.finish.selector,
            MasternodeCalls.freeze.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0].addr = address(_handler);
        targets[0].selectors = new bytes4[](all.length);
        for (uint256 i = 0; i < all.length; ++i) {
            targets[0].selectors[i] = all[i];
        }
    }

    function _stakes_rewards_and_slashes_are_what_is_owed() private view {
        uint256 owed = _handler.stakesAndMore();
        vm.assertEq(_stakes().owed(), owed, "owed");
        vm.assertGe(_handler.token().balanceOf(address(_stakes())), owed, "there");
    }

    function _emission_is_in_parts_pots_and_pool() private view {
        (uint256 owedSno, uint256 owedSnm, address coordinator, address sno) = _owed();
        vm.assertEq(owedSno, _handler.partsAndPots(), "SNO owed");
        vm.assertEq(IERC20(sno).balanceOf(coordinator), owedSno, "SNO there");
        vm.assertEq(owedSnm, _handler.jobsMoney(), "SNM owed");
        vm.assertGe(_handler.token().balanceOf(coordinator), owedSnm, "SNM there");
    }

    function _gate_holds_what_is_free() private view {
        vm.assertGe(
            _handler.token().balanceOf(address(_handler.gate())), _handler.gate().free(), "the gate's money"
        );
    }

    function _nobody_did_what_he_may_not() private view {
        bytes32[3] memory what = [bytes32("a stranger slashed"), "a forged leaf was paid", "released twice"];
        for (uint256 i = 0; i < what.length; ++i) {
            vm.assertEq(_handler.violations(what[i]), 0, "violations");
        }
    }

    /// The random calls are worth something only if each of them succeeds now and then.
    function test_random_calls_reach_everything() external {
        bytes4[] memory selectors = this.targetSelectors()[0].selectors;
        for (uint256 i = 0; i < 6000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("calls", i)));
            bytes memory arguments = abi.encode(
                seed,
                uint256(keccak256(abi.encode(seed))) >> (seed % 3 == 0 ? 160 : 0),
                seed % 3 == 0,
                seed % 5 < 2
            );
            bytes4 selector = selectors[(seed >> 16) % selectors.length];
            (bool ok,) = address(_handler).call(bytes.concat(selector, arguments));
            ok;
        }
        bytes32[17] memory calls = [
            bytes32("join"),
            "addStake",
            "resign",
            "withdraw",
            "collect",
            "collectPart",
            "sweep",
            "takeSet",
            "vote",
            "claim",
            "challenge",
            "closePot",
            "fundJob",
            "reclaimJob",
            "deposit",
            "release",
            "finish"
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.assertGe(_handler.succeeded(calls[i]), 1, string(abi.encodePacked(calls[i])));
        }
        _handler.everybodyGoesHome();
        vm.assertGe(_handler.succeeded("claimed at last"), 1, "claimed at last");
    }

    function _at_most_64_masternodes() private view {
        vm.assertLe(_stakes().active().length, 64, "seats");
    }

    /// One name for all, so that they share their random calls.
    function invariant_money_is_conserved_and_nobody_did_what_he_may_not() external view {
        _stakes_rewards_and_slashes_are_what_is_owed();
        _emission_is_in_parts_pots_and_pool();
        _gate_holds_what_is_free();
        _nobody_did_what_he_may_not();
        _at_most_64_masternodes();
    }

    /// After each sequence of random calls: nobody is locked out of his own money.
    function afterInvariant() external {
        _handler.everybodyGoesHome();
    }

    function _stakes() private view returns (IMasternodes) {
        return _handler.theMasternodes();
    }

    function _owed() private view returns (uint256, uint256, address, address) {
        ICoordinator coordinator = _handler.theCoordinator();
        return (coordinator.owedSno(), coordinator.owedSnm(), address(coordinator), _handler.theSno());
    }
}
