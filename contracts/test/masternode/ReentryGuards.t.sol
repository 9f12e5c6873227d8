// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import "../../src/Types.sol";
import {ICoordinator} from "../../src/interfaces/ICoordinator.sol";
import {IGatekeeper} from "../../src/interfaces/IGatekeeper.sol";
import {Purse} from "../../src/lib/Purse.sol";
import {Gatekeeper} from "../../src/masternode/Gatekeeper.sol";
import {Signature, SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {HostileToken, ITokenHook} from "../mocks/HostileToken.sol";
import {MasternodeSystem} from "./MasternodeSystem.sol";

/// A token that calls back while a contract of the masternodes takes money, or takes a fee.
contract MasternodeReentryGuardsTest is MasternodeSystem, ITokenHook {
    HostileToken private _token;
    address private _target;
    bytes[] private _attacks;
    uint256 private _blocked;

    function setUp() public override {
        vm.warp(NOON);
        _token = new HostileToken(address(this));
        deployMasternodes(IERC20(address(_token)));
    }

    function onTokenMoved() external {
        for (uint256 i = 0; i < _attacks.length; ++i) {
            (bool ok, bytes memory answer) = _target.call(_attacks[i]);
            bytes4 guard = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
            vm.assertTrue(!ok && bytes32(answer) == bytes32(guard), "the guard, and nothing else, says no");
            ++_blocked;
        }
    }

    function attack(address target) private {
        _target = target;
        _token.approve(target, type(uint256).max);
        _token.setMode(HostileToken.Mode.Reentering, this);
    }

    function assertAllBlocked() private view {
        vm.assertGe(_attacks.length, 5, "there were attacks");
        vm.assertEq(_blocked, _attacks.length, "and all were blocked");
    }

    function test_join__every_entry_of_the_stakes_is_shut_meanwhile() public {
        _attacks.push(abi.encodeCall(masternodes.join, (Amount.wrap(MIN), stranger, 0)));
        _attacks.push(abi.encodeCall(masternodes.addStake, (Amount.wrap(1))));
        _attacks.push(abi.encodeCall(masternodes.withdraw, ()));
        _attacks.push(abi.encodeCall(masternodes.collect, ()));
        _attacks.push(abi.encodeCall(masternodes.sweep, (address(this))));
        attack(address(masternodes));
        masternodes.join(Amount.wrap(MIN), worker, 0);
        assertAllBlocked();
    }

    function test_funding_of_a_gate__every_entry_of_it_is_shut_meanwhile() public {
        IGatekeeper.Params memory params =
            IGatekeeper.Params(Amount.wrap(1e18), Amount.wrap(1e18), 1 days, 1 days, 30 days);
        Gatekeeper gate = new Gatekeeper(_token, masternodes, 777, stranger, params);
        IGatekeeper.Transfer memory transfer;
        SignerSet memory set;
        Signature[] memory none;
        _attacks.push(abi.encodeCall(gate.deposit, (worker, Amount.wrap(1))));
        _attacks.push(abi.encodeCall(gate.fund, (Amount.wrap(1))));
        _attacks.push(abi.encodeCall(gate.release, (transfer, set, none)));
        _attacks.push(abi.encodeCall(gate.finish, (1)));
        _attacks.push(abi.encodeCall(gate.refund, (1, set, none)));
        attack(address(gate));
        gate.fund(Amount.wrap(1e18));
        assertAllBlocked();
    }

    function test_fee_taking_token__gate_credits_nothing_that_never_came() public {
        IGatekeeper.Params memory params =
            IGatekeeper.Params(Amount.wrap(1e18), Amount.wrap(1e18), 1 days, 1 days, 30 days);
        Gatekeeper gate = new Gatekeeper(_token, masternodes, 777, stranger, params);
        _token.approve(address(gate), type(uint256).max);
        _token.setMode(HostileToken.Mode.FeeTaking, this);
        vm.expectPartialRevert(Purse.WrongAmountReceived.selector);
        gate.fund(Amount.wrap(1e18));
        vm.expectPartialRevert(Purse.WrongAmountReceived.selector);
        gate.deposit(worker, Amount.wrap(1e18));
        vm.assertEq(gate.free(), 0, "nothing was credited");
    }

    function test_funding_of_a_job__every_entry_of_the_coordinator_is_shut_meanwhile() public {
        ICoordinator.Proposal memory proposal;
        ICoordinator.Claim[] memory claims;
        SignerSet memory set;
        Signature[] memory none;
        _attacks.push(abi.encodeCall(coordinator.execute, (proposal, set, none)));
        _attacks.push(abi.encodeCall(coordinator.fundJob, ("another", Amount.wrap(1))));
        _attacks.push(abi.encodeCall(coordinator.reclaimJob, ("job")));
        _attacks.push(abi.encodeCall(coordinator.claim, (claims)));
        _attacks.push(abi.encodeCall(coordinator.closePot, ("pot")));
        _attacks.push(abi.encodeCall(coordinator.challenge, ("pot", claims, set)));
        _attacks.push(abi.encodeCall(coordinator.collect, ()));
        attack(address(coordinator));
        coordinator.fundJob("job", Amount.wrap(1e18));
        assertAllBlocked();
    }
}
