// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {SNM} from "../../src/SNM.sol";
import "../../src/Types.sol";
import {IGatekeeper} from "../../src/interfaces/IGatekeeper.sol";
import {Gatekeeper} from "../../src/masternode/Gatekeeper.sol";
import {MirrorSet} from "../../src/masternode/MirrorSet.sol";
import {ISigners, Member, Signature, SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {MasternodeSystem} from "./MasternodeSystem.sol";

/// Two gatekeepers, one for each of two chains: the home chain asks Masternodes, the other one a MirrorSet.
contract GatekeeperTest is MasternodeSystem {
    uint256 private constant HOME = 31337;
    uint256 private constant AWAY = 777;
    uint96 private constant LARGE = 100e18;
    uint96 private constant DAY_LIMIT = 250e18;

    IERC20 private awaySnm;
    MirrorSet private mirror;
    Gatekeeper private home;
    Gatekeeper private away;
    SignerSet private _set;

    function setUp() public override {
        super.setUp();
        SignerSet memory set = takenSet();
        _set.epoch = set.epoch;
        for (uint256 i = 0; i < set.members.length; ++i) {
            _set.members.push(set.members[i]);
        }
        IGatekeeper.Params memory params =
            IGatekeeper.Params(Amount.wrap(LARGE), Amount.wrap(DAY_LIMIT), 1 days, 1 days, 30 days);
        address later = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 3);
        home = new Gatekeeper(snm, masternodes, AWAY, later, params);
        awaySnm = new SNM(address(this));
        mirror = new MirrorSet(HOME, address(masternodes), set);
        vm.chainId(AWAY);
        away = new Gatekeeper(awaySnm, mirror, HOME, address(home), params);
        vm.assertEq(address(away), later, "the gate of the other chain");
        awaySnm.approve(address(away), type(uint256).max);
        away.fund(Amount.wrap(1000e18));
        vm.chainId(HOME);
        snm.transfer(stranger, 1000e18);
        vm.prank(stranger);
        snm.approve(address(home), type(uint256).max);
    }

    function deposit(uint96 amount) private returns (IGatekeeper.Transfer memory) {
        vm.chainId(HOME);
        vm.prank(stranger);
        uint256 id = home.deposit(worker, Amount.wrap(amount));
        return IGatekeeper.Transfer(HOME, AWAY, address(home), address(away), id, worker, Amount.wrap(amount));
    }

    function signatures(IGatekeeper.Transfer memory transfer, uint256 count)
        private
        returns (Signature[] memory)
    {
        vm.chainId(AWAY);
        return signedBy(_set, count, away.releaseDigest(transfer, _set.epoch));
    }

    function release(IGatekeeper.Transfer memory transfer) private {
        away.release(transfer, _set, signatures(transfer, 3));
    }

    function assertState(uint256 id, IGatekeeper.State expected, string memory what) private view {
        vm.assertEq(uint256(away.stateOf(id)), uint256(expected), what);
    }

    // ---- the way over

    function test_deposit_is_released_on_the_other_chain() public {
        release(deposit(50e18));
        vm.assertEq(awaySnm.balanceOf(worker), 50e18, "arrived");
        vm.assertEq(home.free(), 50e18, "locked");
        vm.assertEq(away.free(), 950e18, "released");
        assertState(1, IGatekeeper.State.Released, "released");
    }

    function test_and_the_way_back() public {
        release(deposit(50e18));
        vm.prank(worker);
        awaySnm.approve(address(away), 50e18);
        vm.prank(worker);
        uint256 id = away.deposit(stranger, Amount.wrap(50e18));
        vm.chainId(HOME);
        IGatekeeper.Transfer memory back =
            IGatekeeper.Transfer(AWAY, HOME, address(away), address(home), id, stranger, Amount.wrap(50e18));
        home.release(back, _set, signedBy(_set, 3, home.releaseDigest(back, _set.epoch)));
        vm.assertEq(snm.balanceOf(stranger), 1000e18, "all back");
        vm.assertEq(home.free(), 0, "nothing locked");
        vm.assertEq(away.free(), 1000e18, "as at the beginning");
    }

    function test_release_twice__refused() public {
        IGatekeeper.Transfer memory transfer = deposit(50e18);
        release(transfer);
        Signature[] memory again = signatures(transfer, 4);
        vm.expectRevert(
            abi.encodeWithSelector(IGatekeeper.WrongState.selector, 1, IGatekeeper.State.Released)
        );
        away.release(transfer, _set, again);
    }

    function test_two_thirds_or_less__refused() public {
        IGatekeeper.Transfer memory transfer = deposit(50e18);
        Signature[] memory two = signatures(transfer, 2);
        vm.expectPartialRevert(ISigners.NoQuorum.selector);
        away.release(transfer, _set, two);
    }

    function test_every_field_is_under_the_signatures() public {
        IGatekeeper.Transfer memory transfer = deposit(50e18);
        Signature[] memory good = signatures(transfer, 4);
        IGatekeeper.Transfer memory other = deposit(50e18);
        vm.chainId(AWAY);
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        away.release(other, _set, good);
        other.id = transfer.id;
        other.amount = Amount.wrap(51e18);
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        away.release(other, _set, good);
        other.amount = Amount.wrap(50e18);
        other.to = stranger;
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        away.release(other, _set, good);
        SignerSet memory set = _set;
        set.epoch += 1;
        vm.expectPartialRevert(ISigners.UnknownSet.selector);
        away.release(transfer, set, good);
    }

    function test_transfer_for_another_chain_or_gate_or_nobody__refused() public {
        IGatekeeper.Transfer memory transfer = deposit(50e18);
        vm.chainId(AWAY);
        IGatekeeper.Transfer[7] memory wrong;
        for (uint256 i = 0; i < 7; ++i) {
            wrong[i] = IGatekeeper.Transfer(
                transfer.sourceChain,
                transfer.destinationChain,
                transfer.source,
                transfer.destination,
                transfer.id,
                transfer.to,
                transfer.amount
            );
        }
        wrong[0].sourceChain = AWAY;
        wrong[1].destinationChain = HOME;
        wrong[2].source = stranger;
        wrong[3].destination = stranger;
        wrong[4].to = address(0);
        wrong[5].to = address(away);
        wrong[6].amount = Amount.wrap(0);
        for (uint256 i = 0; i < 7; ++i) {
            Signature[] memory good = signatures(wrong[i], 4);
            vm.expectRevert(IGatekeeper.WrongTransfer.selector);
            away.release(wrong[i], _set, good);
        }
        // The home side's own deposit is none of the other side's.
        vm.chainId(HOME);
        Signature[] memory own = signedBy(_set, 4, home.releaseDigest(transfer, _set.epoch));
        vm.expectRevert(IGatekeeper.WrongTransfer.selector);
        home.release(transfer, _set, own);
    }

    function test_signatures_for_another_chain_id__refused() public {
        IGatekeeper.Transfer memory transfer = deposit(50e18);
        vm.chainId(HOME);
        Signature[] memory here = signedBy(_set, 4, away.releaseDigest(transfer, _set.epoch));
        vm.chainId(AWAY);
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        away.release(transfer, _set, here);
    }

    function test_deposit_of_nothing_or_to_nobody__refused() public {
        vm.startPrank(stranger);
        vm.expectRevert(IGatekeeper.WrongTransfer.selector);
        home.deposit(address(0), Amount.wrap(1));
        vm.expectRevert(IGatekeeper.WrongTransfer.selector);
        home.deposit(worker, Amount.wrap(0));
        vm.stopPrank();
    }

    // ---- limits delay

    function test_large_release_waits_a_day() public {
        IGatekeeper.Transfer memory transfer = deposit(LARGE + 1);
        release(transfer);
        assertState(1, IGatekeeper.State.Waiting, "waits");
        vm.expectRevert(abi.encodeWithSelector(IGatekeeper.NotReady.selector, NOON, NOON + 1 days));
        away.finish(1);
        vm.warp(NOON + 1 days);
        away.finish(1);
        vm.assertEq(awaySnm.balanceOf(worker), LARGE + 1, "arrived");
        vm.expectRevert(
            abi.encodeWithSelector(IGatekeeper.WrongState.selector, 1, IGatekeeper.State.Released)
        );
        away.finish(1);
        vm.expectRevert(abi.encodeWithSelector(IGatekeeper.WrongState.selector, 9, IGatekeeper.State.None));
        away.finish(9);
    }

    function test_release_above_the_days_limit_waits_and_is_not_lost() public {
        release(deposit(LARGE));
        release(deposit(LARGE));
        release(deposit(LARGE));
        vm.assertEq(awaySnm.balanceOf(worker), 2 * LARGE, "two fit the day");
        assertState(3, IGatekeeper.State.Waiting, "the third waits");
        vm.warp(NOON + 1 days);
        release(deposit(LARGE));
        vm.assertEq(awaySnm.balanceOf(worker), 3 * LARGE, "a new day");
        away.finish(3);
        vm.assertEq(awaySnm.balanceOf(worker), 4 * LARGE, "all");
    }

    function test_release_of_more_than_is_there_waits_for_the_tokens() public {
        snm.transfer(stranger, 2000e18);
        release(deposit(1001e18));
        vm.warp(NOON + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IGatekeeper.TooFewTokens.selector, 1000e18, 1001e18));
        away.finish(1);
        away.fund(Amount.wrap(1e18));
        away.finish(1);
        vm.assertEq(awaySnm.balanceOf(worker), 1001e18, "arrived");
        vm.assertEq(away.free(), 0, "empty");
    }

    // ---- freezing

    function test_any_masternode_freezes_for_a_bounded_time_and_not_again_soon() public {
        IGatekeeper.Transfer memory transfer = deposit(50e18);
        vm.chainId(AWAY);
        vm.prank(_set.members[2].signer);
        away.freeze(_set, 2);
        release(transfer);
        assertState(1, IGatekeeper.State.Waiting, "signed, not paid");
        vm.warp(NOON + 1 days - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IGatekeeper.StillFrozen.selector, NOON + 1 days - 1, NOON + 1 days)
        );
        away.finish(1);
        vm.prank(_set.members[2].signer);
        vm.expectPartialRevert(IGatekeeper.FreezeTooSoon.selector);
        away.freeze(_set, 2);
        vm.warp(NOON + 1 days);
        away.finish(1);
        vm.assertEq(awaySnm.balanceOf(worker), 50e18, "one member cannot stop it for ever");
    }

    function test_stranger_or_member_that_has_left__cannot_freeze() public {
        vm.expectPartialRevert(IGatekeeper.NotTheSigner.selector);
        home.freeze(_set, 0);
        vm.expectPartialRevert(IGatekeeper.NotTheSigner.selector);
        home.freeze(_set, 4);
        vm.expectPartialRevert(IGatekeeper.NotTheSigner.selector);
        home.freeze(_set, 255);
        vm.prank(node(0));
        masternodes.resign();
        vm.prank(_set.members[0].signer);
        vm.expectPartialRevert(IGatekeeper.NotTheSigner.selector);
        home.freeze(_set, 0);
        SignerSet memory own = _set;
        own.members[0].signer = stranger;
        vm.prank(stranger);
        vm.expectPartialRevert(ISigners.UnknownSet.selector);
        home.freeze(own, 0);
    }

    function test_quorum_thaws_and_its_signatures_are_for_this_freeze_only() public {
        vm.prank(_set.members[0].signer);
        home.freeze(_set, 0);
        Signature[] memory good = signedBy(_set, 3, home.thawDigest(_set.epoch));
        home.thaw(_set, good);
        deposit(1e18);
        vm.warp(NOON + 100);
        vm.prank(_set.members[1].signer);
        home.freeze(_set, 1);
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        home.thaw(_set, good);
        vm.prank(stranger);
        vm.expectPartialRevert(IGatekeeper.StillFrozen.selector);
        home.deposit(worker, Amount.wrap(1));
    }

    // ---- refunds

    function test_quorum_gives_a_deposit_back_once_to_its_owner() public {
        deposit(50e18);
        deposit(60e18);
        Signature[] memory good = signedBy(_set, 3, home.refundDigest(1, _set.epoch));
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        home.refund(2, _set, good);
        home.refund(1, _set, good);
        vm.assertEq(snm.balanceOf(stranger), 940e18, "the first is back");
        vm.expectRevert(abi.encodeWithSelector(IGatekeeper.WrongState.selector, 1, IGatekeeper.State.None));
        home.refund(1, _set, good);
        vm.expectPartialRevert(IGatekeeper.WrongState.selector);
        home.refund(7, _set, good);
    }

    // ---- the set on the other chain

    function test_present_set_hands_over_to_the_next_and_speaks_no_more() public {
        vm.chainId(HOME);
        joins(node(7), MAX);
        nextEpoch();
        SignerSet memory next = takenSet();
        SignerSet memory old = _set;
        vm.chainId(AWAY);
        bytes32 digest = mirror.handoverDigest(next.epoch, keccak256(abi.encode(next)));
        vm.expectPartialRevert(ISigners.NoQuorum.selector);
        mirror.handOver(next, old, signedBy(old, 2, digest));
        mirror.handOver(next, old, signedBy(old, 3, digest));
        vm.assertEq(mirror.latestSet(), next.epoch, "handed over");
        IGatekeeper.Transfer memory transfer = deposit(50e18);
        Signature[] memory former = signatures(transfer, 4);
        vm.expectPartialRevert(ISigners.UnknownSet.selector);
        away.release(transfer, old, former);
        // The newcomer has most of the stake now: it and two others are enough.
        Signature[] memory now_ = new Signature[](3);
        bytes32 what = away.releaseDigest(transfer, next.epoch);
        for (uint8 i = 0; i < 3; ++i) {
            now_[i] = signed(next, i + 2, what);
        }
        away.release(transfer, next, now_);
        vm.assertEq(awaySnm.balanceOf(worker), 50e18, "arrived");
    }

    function test_older_empty_or_stolen_sets__no_hand_over() public {
        SignerSet memory old = _set;
        SignerSet memory next;
        next.epoch = old.epoch + 1;
        vm.expectPartialRevert(MirrorSet.NotNewer.selector);
        mirror.handOver(next, old, new Signature[](1));
        next.members = new Member[](65);
        vm.expectPartialRevert(MirrorSet.NotNewer.selector);
        mirror.handOver(next, old, new Signature[](1));
        vm.expectPartialRevert(MirrorSet.NotNewer.selector);
        mirror.handOver(old, old, new Signature[](1));
        // Signed for a mirror of another home.
        next.members = old.members;
        MirrorSet other = new MirrorSet(HOME, stranger, old);
        bytes32 digest = mirror.handoverDigest(next.epoch, keccak256(abi.encode(next)));
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        other.handOver(next, old, signedBy(old, 4, digest));
        vm.expectPartialRevert(MirrorSet.NotNewer.selector);
        new MirrorSet(HOME, address(masternodes), SignerSet(1, new Member[](0)));
    }

    function test_seat_of_nobody__what_is_no_signature_does_not_speak_for_it() public {
        SignerSet memory set = _set;
        for (uint256 i = 0; i < set.members.length; ++i) {
            set.members[i].signer = address(0);
        }
        MirrorSet other = new MirrorSet(HOME, address(masternodes), set);
        Signature[] memory nothing = new Signature[](1);
        vm.expectRevert(abi.encodeWithSelector(ISigners.InvalidSignature.selector, 0, 0));
        other.requireQuorum(set, bytes32(0), nothing);
    }

    function test_gate_whose_parameters_contradict_themselves__refused() public {
        IGatekeeper.Params memory params =
            IGatekeeper.Params(Amount.wrap(LARGE), Amount.wrap(DAY_LIMIT), 1 days, 1 days, 1 days);
        vm.expectRevert(IGatekeeper.InvalidParams.selector);
        new Gatekeeper(snm, masternodes, AWAY, stranger, params);
        params.freezePause = 2 days;
        vm.expectRevert(IGatekeeper.InvalidParams.selector);
        new Gatekeeper(snm, masternodes, AWAY, address(0), params);
        params.largeAmount = Amount.wrap(0);
        vm.expectRevert(IGatekeeper.InvalidParams.selector);
        new Gatekeeper(snm, masternodes, AWAY, stranger, params);
        params.largeAmount = Amount.wrap(1);
        address self = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(IGatekeeper.InvalidParams.selector);
        new Gatekeeper(snm, masternodes, block.chainid, self, params);
    }
}
