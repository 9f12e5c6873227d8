// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../../src/Types.sol";
import {ITokenSale} from "../../src/interfaces/ITokenSale.sol";
import {TokenSale} from "../../src/token/TokenSale.sol";
import {vm} from "../base/Vm.sol";
import {SaleSystem} from "./TokenSale.t.sol";

/// A buyer that calls back when coins come, plans in which one thing is wrong, a treasury that refuses.
contract SaleGuardsTest is SaleSystem {
    bytes[] private _attacks;
    uint256 private _blocked;

    receive() external payable {
        for (uint256 i = 0; i < _attacks.length; ++i) {
            (bool ok, bytes memory answer) = address(sale).call(_attacks[i]);
            bytes4 guard = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
            vm.assertTrue(!ok && bytes32(answer) == bytes32(guard), "the guard, and nothing else, says no");
            ++_blocked;
        }
    }

    function test_refund__every_entry_that_moves_money_is_shut_meanwhile() public {
        toSale();
        vm.deal(address(this), 1 ether);
        sale.buy{value: 1 ether}();
        toEnd();
        _attacks.push(abi.encodeCall(sale.fill, ()));
        _attacks.push(abi.encodeCall(sale.buy, ()));
        _attacks.push(abi.encodeCall(sale.conclude, ()));
        _attacks.push(abi.encodeCall(sale.claim, ()));
        _attacks.push(abi.encodeCall(sale.refund, (payable(address(this)))));
        _attacks.push(abi.encodeCall(sale.collect, (payable(address(this)))));
        sale.refund(payable(address(this)));
        vm.assertEq(_blocked, _attacks.length, "all of them");
        vm.assertEq(address(this).balance, 1 ether, "once");
    }

    function test_second_stage_for_nothing_or_of_nothing__refused_without_a_soft_cap_too() public {
        ITokenSale.Plan memory plan = aPlan();
        plan.softCap = 0;
        new TokenSale(snm, plan);
        plan.sale.price = 0;
        vm.expectRevert(ITokenSale.InvalidPlan.selector);
        new TokenSale(snm, plan);
        plan = aPlan();
        plan.softCap = 0;
        plan.sale.cap = Amount.wrap(0);
        vm.expectRevert(ITokenSale.InvalidPlan.selector);
        new TokenSale(snm, plan);
    }

    function test_treasury_that_names_who_refuses_coins__is_told_and_may_name_another() public {
        toSale();
        buy(alice, 60 ether);
        toEnd();
        vm.startPrank(treasury);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.CoinsRefused.selector, address(snm)));
        sale.collect(payable(address(snm)));
        sale.collect(payable(treasury));
        vm.stopPrank();
        vm.assertEq(treasury.balance, 60 ether, "all coins");
    }
}
