// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import "../src/Types.sol";
import {IMarketBalances} from "../src/interfaces/IMarketBalances.sol";
import {System} from "./base/System.sol";
import {vm} from "./base/Vm.sol";
import {HostileToken, ITokenHook} from "./mocks/HostileToken.sol";

/// Money in and out, with the honest token.
contract BalancesTest is System {
    function test_deposit_and_withdraw__wallet_and_balance_move_alike() public {
        snm.transfer(stranger, 10e18);
        vm.startPrank(stranger);
        snm.approve(address(market), 10e18);
        vm.expectEmit(true, true, true, true);
        emit IMarketBalances.Deposited(stranger, Amount.wrap(10e18), 10e18);
        market.deposit(Amount.wrap(10e18));
        vm.expectEmit(true, true, true, true);
        emit IMarketBalances.Withdrawn(stranger, admin, Amount.wrap(4e18), 6e18);
        market.withdraw(admin, Amount.wrap(4e18));
        vm.assertEq(snm.balanceOf(admin), 4e18, "wallet");
        assertBalance(stranger, 6e18, "balance");
    }

    function test_withdraw_more_than_the_balance__refused() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IMarketBalances.BalanceTooSmall.selector, stranger, 0, 1));
        market.withdraw(stranger, Amount.wrap(1));
    }

    function test_withdraw_to_nowhere_or_to_the_market__refused() public {
        address[2] memory nowhere = [address(0), address(market)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(consumer);
            vm.expectRevert(abi.encodeWithSelector(IMarketBalances.InvalidReceiver.selector, nowhere[i]));
            market.withdraw(nowhere[i], Amount.wrap(1));
        }
    }

    function test_deposit_without_allowance__refused() public {
        snm.transfer(stranger, 1e18);
        vm.prank(stranger);
        vm.expectRevert();
        market.deposit(Amount.wrap(1e18));
    }

    function permit(uint256 key, uint256 amount, uint256 deadline)
        private
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        bytes32 typehash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 hash = keccak256(
            abi.encode(typehash, vm.addr(key), address(market), amount, snm.nonces(vm.addr(key)), deadline)
        );
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", snm.DOMAIN_SEPARATOR(), hash)));
    }

    function test_deposit_with_permit__needs_no_allowance_before() public {
        uint256 key = 0xabc;
        snm.transfer(vm.addr(key), 1e18);
        (uint8 v, bytes32 r, bytes32 s) = permit(key, 1e18, block.timestamp);
        vm.prank(vm.addr(key));
        market.depositWithPermit(Amount.wrap(1e18), block.timestamp, v, r, s);
        assertBalance(vm.addr(key), 1e18, "deposited");
    }

    function test_permit_played_first_by_somebody_else__deposit_works_all_the_same() public {
        uint256 key = 0xabc;
        snm.transfer(vm.addr(key), 1e18);
        (uint8 v, bytes32 r, bytes32 s) = permit(key, 1e18, block.timestamp);
        vm.prank(stranger);
        snm.permit(vm.addr(key), address(market), 1e18, block.timestamp, v, r, s);
        vm.prank(vm.addr(key));
        market.depositWithPermit(Amount.wrap(1e18), block.timestamp, v, r, s);
        assertBalance(vm.addr(key), 1e18, "deposited");
    }

    function test_permit_signed_by_somebody_else__refused() public {
        snm.transfer(stranger, 1e18);
        (uint8 v, bytes32 r, bytes32 s) = permit(0xabc, 1e18, block.timestamp);
        vm.prank(stranger);
        vm.expectRevert();
        market.depositWithPermit(Amount.wrap(1e18), block.timestamp, v, r, s);
    }

    function test_token__is_a_fixed_supply_of_eighteen_decimals() public view {
        vm.assertEq(snm.totalSupply(), snm.SUPPLY(), "supply");
        vm.assertEq(snm.decimals(), 18, "decimals");
        vm.assertEq(snm.symbol(), "SNM", "symbol");
    }
}

/// Money in and out, with a token that reverts, takes fees, lies, or calls back.
contract HostileTokenTest is System, ITokenHook {
    HostileToken private _token;
    bytes[] private _attacks;
    uint256 private _succeeded;
    bytes private _lastError;

    function setUp() public override {
        vm.warp(NOON);
        _token = new HostileToken(address(this));
        deploySystem(IERC20(address(_token)));
        _token.approve(address(market), type(uint256).max);
        market.deposit(Amount.wrap(1000e18));
        // Somebody else's money, which is not to be touched.
        _token.transfer(consumer, 1000e18);
        vm.startPrank(consumer);
        _token.approve(address(market), type(uint256).max);
        market.deposit(Amount.wrap(1000e18));
        vm.stopPrank();
    }

    function onTokenMoved() external {
        for (uint256 i = 0; i < _attacks.length; ++i) {
            (bool ok, bytes memory answer) = address(market).call(_attacks[i]);
            if (ok) ++_succeeded;
            else _lastError = answer;
        }
    }

    function attack(bytes memory call) private {
        delete _attacks;
        _attacks.push(call);
        _succeeded = 0;
        _token.setMode(HostileToken.Mode.Reentering, this);
    }

    function assertBlocked() private view {
        vm.assertEq(_succeeded, 0, "no nested call went through");
        vm.assertEq(
            bytes32(_lastError),
            bytes32(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
            "guard"
        );
    }

    function assertConserved() private view {
        uint256 owed = market.balanceOf(address(this)) + market.balanceOf(consumer);
        vm.assertEq(_token.balanceOf(address(market)), owed, "token balance = what is owed");
    }

    function test_withdraw_within_withdraw__blocked() public {
        attack(abi.encodeCall(market.withdraw, (address(this), Amount.wrap(1000e18))));
        market.withdraw(address(this), Amount.wrap(1000e18));
        assertBlocked();
        assertBalance(consumer, 1000e18, "untouched");
        assertConserved();
    }

    function test_deposit_within_deposit__not_counted_twice() public {
        attack(abi.encodeCall(market.deposit, (Amount.wrap(1e18))));
        market.deposit(Amount.wrap(1e18));
        assertBlocked();
        assertBalance(address(this), 1001e18, "once");
        assertConserved();
    }

    function test_withdraw_within_deposit__blocked() public {
        attack(abi.encodeCall(market.withdraw, (address(this), Amount.wrap(500e18))));
        market.deposit(Amount.wrap(1e18));
        assertBlocked();
        assertConserved();
    }

    function test_fee_taking_token__deposit_refused_instead_of_crediting_what_never_came() public {
        _token.setMode(HostileToken.Mode.FeeTaking, this);
        vm.expectRevert(abi.encodeWithSelector(IMarketBalances.WrongAmountReceived.selector, 0.99e18, 1e18));
        market.deposit(Amount.wrap(1e18));
        market.withdraw(address(this), Amount.wrap(1e18));
        assertConserved();
    }

    function test_lying_token__deposit_refused() public {
        _token.setMode(HostileToken.Mode.Lying, this);
        vm.expectRevert(abi.encodeWithSelector(IMarketBalances.WrongAmountReceived.selector, 0, 1e18));
        market.deposit(Amount.wrap(1e18));
    }

    function test_token_reverts__deals_open_settle_and_close_all_the_same() public {
        _token.setMode(HostileToken.Mode.Reverting, this);
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 100);
        settle(deal);
        vm.warp(block.timestamp + 100);
        close(consumer, deal);
        assertBalance(worker, 200 * PRICE, "earned");
        vm.expectRevert("token says no");
        market.withdraw(address(this), Amount.wrap(1));
        _token.setMode(HostileToken.Mode.Honest, this);
        vm.prank(worker);
        market.withdraw(worker, Amount.wrap(200 * PRICE));
    }

    function test_money_sent_past_the_market__is_nobodys_and_disturbs_nothing() public {
        _token.transfer(address(market), 5e18);
        market.withdraw(address(this), Amount.wrap(1000e18));
        vm.prank(consumer);
        market.withdraw(consumer, Amount.wrap(1000e18));
        vm.assertEq(_token.balanceOf(address(market)), 5e18, "only the gift is left");
    }
}
