// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {IGatekeeper} from "../../src/interfaces/IGatekeeper.sol";
import {Gatekeeper} from "../../src/masternode/Gatekeeper.sol";
import {Signature, SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {MasternodeSystem} from "./MasternodeSystem.sol";

/// A refund has the guards of every other payment of a gate.
contract GateGuardsTest is MasternodeSystem {
    uint256 private constant AWAY = 777;

    Gatekeeper private gate;

    /// A gate with a deposit of 50 SNM from here.
    function setUp() public override {
        super.setUp();
        IGatekeeper.Params memory params =
            IGatekeeper.Params(Amount.wrap(100e18), Amount.wrap(250e18), 1 days, 1 days, 30 days);
        gate = new Gatekeeper(snm, masternodes, AWAY, stranger, params);
        snm.approve(address(gate), type(uint256).max);
        gate.deposit(worker, Amount.wrap(50e18));
    }

    function test_refund_during_a_freeze__waits_for_its_end() public {
        SignerSet memory set = takenSet();
        Signature[] memory good = signedBy(set, 3, gate.refundDigest(1, set.epoch));
        vm.prank(set.members[0].signer);
        gate.freeze(set, 0);
        vm.expectRevert(abi.encodeWithSelector(IGatekeeper.StillFrozen.selector, NOON, NOON + 1 days));
        gate.refund(1, set, good);
        vm.warp(NOON + 1 days);
        set = takenSet();
        gate.refund(1, set, signedBy(set, 3, gate.refundDigest(1, set.epoch)));
        vm.assertEq(gate.free(), 0, "given back");
    }

    function test_refund_of_more_than_the_gate_has__refused_until_it_has_it() public {
        SignerSet memory set = takenSet();
        IGatekeeper.Transfer memory transfer =
            IGatekeeper.Transfer(AWAY, block.chainid, stranger, address(gate), 9, worker, Amount.wrap(20e18));
        gate.release(transfer, set, signedBy(set, 3, gate.releaseDigest(transfer, set.epoch)));
        Signature[] memory good = signedBy(set, 3, gate.refundDigest(1, set.epoch));
        vm.expectRevert(abi.encodeWithSelector(IGatekeeper.TooFewTokens.selector, 30e18, 50e18));
        gate.refund(1, set, good);
        gate.fund(Amount.wrap(20e18));
        gate.refund(1, set, good);
        vm.assertEq(gate.free(), 0, "given back");
    }
}
