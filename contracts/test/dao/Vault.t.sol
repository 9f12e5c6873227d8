// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../../src/Types.sol";
import {Vault} from "../../src/dao/Vault.sol";
import {IVault} from "../../src/interfaces/IVault.sol";
import {Purse} from "../../src/lib/Purse.sol";
import {vm} from "../base/Vm.sol";
import {HubSystem} from "../hub/HubSystem.sol";
import {HostileToken, ITokenHook} from "../mocks/HostileToken.sol";

contract VaultTest is HubSystem, ITokenHook {
    bytes private _nested;
    bytes private _answer;

    function lock(uint256 value) private returns (uint256) {
        snm.approve(address(vault), value);
        return vault.lock(owner, amount_(value));
    }

    function release(uint256 id, address to, uint256 value) private {
        vm.prank(dao);
        vault.release(id, to, amount_(value));
    }

    function test_entry__is_frozen_for_180_days_to_the_second() public {
        uint256 id = lock(100);
        uint40 until = uint40(NOON + 180 days);
        vm.assertEq(vault.entryOf(id).frozenUntil, until, "until");
        vm.warp(until - 1);
        vm.prank(dao);
        vm.expectRevert(abi.encodeWithSelector(IVault.Frozen.selector, id, until - 1, until));
        vault.release(id, stranger, amount_(1));
        vm.warp(until);
        release(id, stranger, 100);
        vm.assertEq(snm.balanceOf(stranger), 100, "released");
        vm.assertEq(vault.total(), 0, "empty");
    }

    function test_wrong_ban__dao_gives_back_at_once_but_only_to_whom_it_was_taken_from() public {
        uint256 id = lock(100);
        release(id, owner, 60);
        vm.assertEq(snm.balanceOf(owner), 60, "given back");
        vm.assertEq(Amount.unwrap(vault.entryOf(id).amount), 40, "left");
        vm.prank(dao);
        vm.expectPartialRevert(IVault.Frozen.selector);
        vault.release(id, dao, amount_(40));
    }

    function test_each_entry__has_its_own_time_and_money() public {
        uint256 first = lock(100);
        wait(100 days);
        uint256 second = lock(50);
        vm.assertEq(second, first + 1, "counted");
        wait(80 days);
        release(first, stranger, 100);
        vm.startPrank(dao);
        vm.expectRevert(abi.encodeWithSelector(IVault.EntryTooSmall.selector, first, 0, 1));
        vault.release(first, stranger, amount_(1));
        vm.expectPartialRevert(IVault.Frozen.selector);
        vault.release(second, stranger, amount_(1));
        vm.expectRevert(abi.encodeWithSelector(IVault.EntryTooSmall.selector, second, 50, 51));
        vault.release(second, owner, amount_(51));
        vm.expectRevert(abi.encodeWithSelector(IVault.EntryTooSmall.selector, 99, 0, 1));
        vault.release(99, stranger, amount_(1));
    }

    function test_stranger_former_owner_and_depositor__cannot_release() public {
        uint256 id = lock(100);
        wait(365 days);
        address[3] memory others = [stranger, owner, address(this)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IVault.NotTheDao.selector, others[i], dao));
            vault.release(id, others[i], amount_(1));
        }
    }

    function test_nothing_nowhere_and_itself__refused() public {
        uint256 id = lock(100);
        vm.expectRevert(abi.encodeWithSelector(IVault.InvalidEntry.selector, owner, 0));
        vault.lock(owner, amount_(0));
        vm.expectRevert(abi.encodeWithSelector(IVault.InvalidEntry.selector, address(0), 1));
        vault.lock(address(0), amount_(1));
        wait(365 days);
        vm.startPrank(dao);
        vm.expectRevert(abi.encodeWithSelector(IVault.InvalidEntry.selector, address(0), 1));
        vault.release(id, address(0), amount_(1));
        vm.expectRevert(abi.encodeWithSelector(IVault.InvalidEntry.selector, address(vault), 1));
        vault.release(id, address(vault), amount_(1));
        vm.expectRevert(abi.encodeWithSelector(IVault.InvalidEntry.selector, stranger, 0));
        vault.release(id, stranger, amount_(0));
    }

    function test_freeze__is_between_90_days_and_2_years() public {
        uint40[4] memory times = [uint40(0), 90 days - 1, 730 days + 1, type(uint40).max];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IVault.InvalidFreeze.selector, times[i], 90 days, 730 days)
            );
            new Vault(snm, dao, times[i]);
        }
        vm.assertEq(new Vault(snm, dao, 90 days).FREEZE(), 90 days, "least");
        vm.assertEq(new Vault(snm, dao, 730 days).FREEZE(), 730 days, "most");
    }

    function test_money_sent_past_it__changes_nothing() public {
        snm.transfer(address(vault), 77);
        uint256 id = lock(100);
        wait(180 days);
        release(id, stranger, 100);
        vm.assertEq(snm.balanceOf(address(vault)), 77, "stays");
    }

    function test_clock_falls_back__stays_frozen() public {
        uint256 id = lock(100);
        wait(180 days);
        vm.warp(block.timestamp - 15);
        vm.prank(dao);
        vm.expectPartialRevert(IVault.Frozen.selector);
        vault.release(id, stranger, amount_(100));
    }

    function onTokenMoved() external {
        (, _answer) = address(vault).call(_nested);
    }

    function test_hostile_token__no_call_inside_a_call_and_no_fees() public {
        HostileToken token = new HostileToken(address(this));
        dao = address(this);
        deployHubs(token);
        token.approve(address(vault), type(uint256).max);
        uint256 id = vault.lock(owner, amount_(100));
        _nested = abi.encodeCall(vault.release, (id, owner, amount_(50)));
        token.setMode(HostileToken.Mode.Reentering, this);
        vault.release(id, owner, amount_(50));
        bytes4 guard = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
        vm.assertEq(bytes32(_answer), bytes32(guard), "guard");
        _nested = abi.encodeCall(vault.lock, (owner, amount_(50)));
        vault.lock(owner, amount_(50));
        vm.assertEq(bytes32(_answer), bytes32(guard), "guard");
        vm.assertEq(vault.total(), token.balanceOf(address(vault)), "counted once");
        token.setMode(HostileToken.Mode.FeeTaking, this);
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongAmountReceived.selector, 99, 100));
        vault.lock(owner, amount_(100));
    }
}
