// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SNM} from "../../src/SNM.sol";
import {Amount} from "../../src/Types.sol";
import {IFaucet} from "../../src/interfaces/IFaucet.sol";
import {Faucet} from "../../src/token/Faucet.sol";
import {vm} from "../base/Vm.sol";

/// Votes of the payment token, and the faucet.
contract SNMTest {
    bool public IS_TEST = true;
    uint256 private constant NOON = 1_800_000_000;

    SNM private snm;
    address private a = vm.addr(0xa);
    address private b = vm.addr(0xb);

    function setUp() public {
        vm.warp(NOON);
        snm = new SNM(address(this));
        snm.transfer(a, 100);
        snm.transfer(b, 10);
        vm.prank(a);
        snm.delegate(a);
    }

    function test_votes__are_those_of_the_moment_asked_for() public {
        vm.warp(NOON + 10);
        vm.prank(a);
        snm.transfer(b, 60);
        vm.warp(NOON + 20);
        vm.assertEq(snm.getPastVotes(a, NOON + 5), 100, "before");
        vm.assertEq(snm.getPastVotes(a, NOON + 10), 40, "after");
        vm.assertEq(snm.getPastVotes(b, NOON + 19), 0, "who never delegated has none");
        vm.assertEq(snm.getPastTotalSupply(NOON), snm.SUPPLY(), "supply");
    }

    function test_clock__is_unix_time() public view {
        vm.assertEq(snm.clock(), NOON, "time");
        vm.assertEq(snm.CLOCK_MODE(), "mode=timestamp", "mode");
    }

    function test_clock_falls_back__delegated_tokens_move_all_the_same() public {
        vm.warp(NOON - 15);
        vm.prank(a);
        snm.transfer(b, 1);
        vm.assertEq(snm.clock(), NOON, "stays");
        vm.assertEq(snm.getVotes(a), 99, "counted");
        vm.warp(NOON + 10 * 365 days);
        vm.prank(a);
        snm.transfer(b, 1);
        vm.warp(NOON);
        vm.startPrank(a);
        snm.transfer(b, 1);
        snm.delegate(b);
        vm.stopPrank();
        vm.assertEq(snm.getVotes(b), 97, "delegated");
        vm.assertEq(snm.getPastVotes(a, NOON + 1), 99, "history is whole");
    }

    function test_vote_of_the_same_second__cannot_be_asked_for() public {
        vm.expectRevert();
        snm.getPastVotes(a, NOON);
    }

    function test_permit_and_delegation_by_signature__share_one_nonce_and_play_once() public {
        bytes32 domain = snm.DOMAIN_SEPARATOR();
        bytes32 typehash = keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)");
        bytes32 digest =
            keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(typehash, b, 0, NOON))));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(0xa, digest);
        vm.warp(NOON + 1);
        vm.expectRevert();
        snm.delegateBySig(b, 0, NOON, v, r, s);
        vm.warp(NOON);
        // The other half of the curve is not accepted.
        bytes32 high =
            bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(s));
        vm.expectRevert();
        snm.delegateBySig(b, 0, NOON, v == 27 ? 28 : 27, r, high);
        snm.delegateBySig(b, 0, NOON, v, r, s);
        vm.assertEq(snm.getVotes(b), 100, "delegated");
        vm.assertEq(snm.nonces(a), 1, "nonce");
        vm.expectRevert();
        snm.delegateBySig(b, 0, NOON, v, r, s);
    }

    function testFuzz_votes__are_the_balances_of_who_delegated(uint64 x, uint64 y, uint64 back) public {
        snm.transfer(a, x);
        vm.warp(NOON - back % 1000);
        vm.prank(a);
        snm.transfer(b, y % (uint256(x) + 101));
        vm.assertEq(snm.getVotes(a), snm.balanceOf(a), "all of it");
    }

    // ---- faucet

    function test_faucet__once_a_day_for_everybody() public {
        Faucet faucet = new Faucet(snm);
        snm.transfer(address(faucet), 3000e18);
        vm.expectEmit(true, true, true, true);
        emit IFaucet.Dripped(b, Amount.wrap(1000e18), uint40(NOON + 1 days));
        vm.prank(b);
        faucet.drip();
        vm.assertEq(snm.balanceOf(b), 1000e18 + 10, "given");
        vm.warp(NOON + 1 days - 1);
        vm.prank(b);
        vm.expectRevert(
            abi.encodeWithSelector(IFaucet.AskedTooEarly.selector, b, NOON + 1 days - 1, NOON + 1 days)
        );
        faucet.drip();
        vm.prank(a);
        faucet.drip();
        vm.warp(NOON + 1 days);
        vm.prank(b);
        faucet.drip();
        vm.prank(address(this));
        vm.expectRevert();
        faucet.drip();
    }

    function test_faucet__cannot_stand_on_a_main_chain() public {
        uint256[5] memory main = [uint256(1), 10, 137, 8453, 42161];
        for (uint256 i = 0; i < 5; ++i) {
            vm.chainId(main[i]);
            vm.expectRevert(abi.encodeWithSelector(IFaucet.NotATestNetwork.selector, main[i]));
            new Faucet(snm);
        }
    }
}
