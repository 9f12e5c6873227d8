// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {HubState, JobId, Mark, Units} from "../../src/hub/HubTypes.sol";
import {Purse} from "../../src/lib/Purse.sol";
import {vm} from "../base/Vm.sol";
import {HostileToken, ITokenHook} from "../mocks/HostileToken.sol";
import {JobSystem} from "./JobSystem.sol";

/// A token that calls back, takes fees, lies or refuses. This contract is owner, miner, DAO, rater and buyer in one, so
/// that nothing but the guard stops a nested call.
contract HostileHubTest is JobSystem, ITokenHook {
    HostileToken private _token;
    address private _target;
    bytes[] private _attacks;
    uint256 private _blocked;
    uint256 private _moves;
    uint256 private _skip;

    function setUp() public override {
        vm.warp(NOON);
        _token = new HostileToken(address(this));
        dao = owner = buyer = referee = address(this);
        deployHubs(_token);
        deployEscrow();
        wallet = newWallet(owner, "first");
        fund(wallet, 1000 * SNM_);
        register();
        pay(address(this), 100 * SNM_);
        _token.approve(address(wallet), type(uint256).max);
        _token.approve(address(whitelist), type(uint256).max);
        _token.approve(address(escrow), type(uint256).max);
    }

    function onTokenMoved() external {
        if (++_moves <= _skip) return;
        for (uint256 i = 0; i < _attacks.length; ++i) {
            (bool ok, bytes memory answer) = _target.call(_attacks[i]);
            bytes4 guard = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
            vm.assertTrue(!ok && bytes32(answer) == bytes32(guard), "the guard, and nothing else, says no");
            ++_blocked;
        }
    }

    function attackWallet() private {
        delete _attacks;
        _target = address(wallet);
        _attacks.push(abi.encodeCall(wallet.fund, (amount_(1))));
        _attacks.push(abi.encodeCall(wallet.register, ()));
        _attacks.push(abi.encodeCall(wallet.pay, (stranger, amount_(1))));
        _attacks.push(abi.encodeCall(wallet.draw, (amount_(1))));
        _attacks.push(abi.encodeCall(wallet.payday, ()));
        _attacks.push(abi.encodeCall(wallet.withdraw, (owner, amount_(1))));
        _attacks.push(abi.encodeCall(wallet.suspect, ("again")));
        _attacks.push(abi.encodeCall(wallet.rehabilitate, ()));
        _attacks.push(abi.encodeCall(wallet.ban, ()));
        _token.setMode(HostileToken.Mode.Reentering, this);
    }

    function attackList() private {
        delete _attacks;
        _target = address(whitelist);
        _attacks.push(abi.encodeCall(whitelist.rate, (address(wallet), Mark.wrap(1), amount_(SNM_))));
        _attacks.push(abi.encodeCall(whitelist.endRating, (address(wallet))));
        _attacks.push(abi.encodeCall(whitelist.report, (HubState.Idle)));
        _token.setMode(HostileToken.Mode.Reentering, this);
    }

    function attackEscrow() private {
        delete _attacks;
        _target = address(escrow);
        _attacks.push(abi.encodeCall(escrow.create, (anOrder(0))));
        _attacks.push(abi.encodeCall(escrow.dispute, (JobId.wrap(1), 0, 0)));
        _attacks.push(abi.encodeCall(escrow.appeal, (JobId.wrap(1), 0, 0)));
        _attacks.push(abi.encodeCall(escrow.withdraw, (buyer, amount_(1))));
        _attacks.push(abi.encodeCall(escrow.collect, (address(wallet))));
        _token.setMode(HostileToken.Mode.Reentering, this);
    }

    function assertAttacked(uint256 moves) private view {
        vm.assertEq(_moves, moves, "the token moved so often");
        vm.assertEq(_blocked, moves * _attacks.length, "and each time nothing came through");
    }

    function test_wallet__no_call_inside_any_call_that_moves_money() public {
        attackWallet();
        wallet.fund(amount_(1));
        wallet.draw(amount_(1));
        wait(30 days);
        wallet.payday();
        wallet.withdraw(owner, amount_(1));
        wallet.register();
        wallet.suspect("evidence");
        assertAttacked(4);
        wait(120 days);
        wallet.ban();
        assertAttacked(5);
    }

    function test_list__no_call_inside_rating() public {
        attackList();
        whitelist.rate(address(wallet), Mark.wrap(1), amount_(SNM_));
        wait(30 days);
        whitelist.endRating(address(wallet));
        assertAttacked(2);
    }

    function test_list__no_call_inside_the_settling_of_a_ban() public {
        whitelist.rate(address(wallet), Mark.wrap(1), amount_(SNM_));
        wallet.suspect("evidence");
        wait(120 days);
        // The wallet's own money moves first: the list is not under way then.
        _skip = 1;
        attackList();
        wallet.ban();
        vm.assertEq(_moves, 2, "wallet to vault, list to vault");
        vm.assertEq(_blocked, _attacks.length, "nothing came through");
    }

    function test_escrow__no_call_inside_any_call_that_moves_money() public {
        attackEscrow();
        JobId id = escrow.create(anOrder(1));
        escrow.deliver(id, Units.wrap(5), "root");
        escrow.dispute(id, 0, 0);
        escrow.rule(id, 0, Units.wrap(5));
        escrow.appeal(id, 0, 0);
        escrow.judge(id, 0, Units.wrap(5));
        escrow.reclaim(id);
        escrow.withdraw(buyer, amount_(1));
        escrow.collect(address(wallet));
        assertAttacked(5);
    }

    function test_fee_taking_token__nothing_is_credited_that_never_came() public {
        _token.setMode(HostileToken.Mode.FeeTaking, this);
        bytes memory wrong = abi.encodeWithSelector(Purse.WrongAmountReceived.selector, 99, 100);
        vm.expectRevert(wrong);
        wallet.fund(amount_(100));
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongAmountReceived.selector, 0.99e18, 1e18));
        whitelist.rate(address(wallet), Mark.wrap(1), amount_(SNM_));
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongAmountReceived.selector, 99e18, 100e18));
        escrow.create(anOrder(0));
    }

    function test_lying_token__nothing_is_credited_that_never_came() public {
        _token.setMode(HostileToken.Mode.Lying, this);
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongAmountReceived.selector, 0, 100));
        wallet.fund(amount_(100));
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongAmountReceived.selector, 0, 1e18));
        whitelist.rate(address(wallet), Mark.wrap(1), amount_(SNM_));
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongAmountReceived.selector, 0, 100e18));
        escrow.create(anOrder(0));
    }

    function test_refusing_token__decisions_go_on_and_money_waits() public {
        JobId id = escrow.create(anOrder(0));
        _token.setMode(HostileToken.Mode.Reverting, this);
        escrow.deliver(id, Units.wrap(10), "root");
        escrow.confirm(id, 0);
        wallet.suspect("evidence");
        wallet.rehabilitate();
        vm.expectRevert("token says no");
        wallet.draw(amount_(1));
        vm.expectRevert("token says no");
        wallet.withdraw(owner, amount_(1));
        vm.expectRevert("token says no");
        escrow.collect(address(wallet));
        _token.setMode(HostileToken.Mode.Honest, this);
        escrow.collect(address(wallet));
        wallet.draw(amount_(100 * SNM_));
        wallet.withdraw(owner, wallet.free());
        assertAccount(HubState.Idle, 0, 0, 0, "all out");
    }
}
