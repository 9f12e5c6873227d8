// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import "../../src/Types.sol";
import {IMarketBalances} from "../../src/interfaces/IMarketBalances.sol";
import {System} from "../base/System.sol";
import {vm} from "../base/Vm.sol";
import {HostileToken, ITokenHook} from "../mocks/HostileToken.sol";

/// Every entry of the market that takes money from a wallet, with a token that calls back or delivers less.
contract MarketTokenGuardsTest is System, ITokenHook {
    HostileToken private _token;
    bytes[] private _attacks;
    uint256 private _blocked;

    function setUp() public override {
        vm.warp(NOON);
        _token = new HostileToken(address(this));
        deploySystem(IERC20(address(_token)));
        _token.approve(address(market), type(uint256).max);
        market.deposit(Amount.wrap(1000e18));
    }

    function onTokenMoved() external {
        for (uint256 i = 0; i < _attacks.length; ++i) {
            (bool ok, bytes memory answer) = address(market).call(_attacks[i]);
            bytes4 guard = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
            vm.assertTrue(!ok && bytes32(answer) == bytes32(guard), "the guard, and nothing else, says no");
            ++_blocked;
        }
    }

    function test_deposit__every_entry_that_moves_money_is_shut_meanwhile() public {
        Order memory ask = anAsk();
        place(ask);
        Order memory bid = aBid();
        bid.author = address(this);
        Deal memory deal;
        _attacks.push(abi.encodeCall(market.deposit, (Amount.wrap(1))));
        _attacks.push(abi.encodeCall(market.depositWithPermit, (Amount.wrap(1), NOON, 27, 0, 0)));
        _attacks.push(abi.encodeCall(market.withdraw, (address(this), Amount.wrap(1))));
        _attacks.push(abi.encodeCall(market.placeBid, (bid, Amount.wrap(3600 * PRICE), Amount.wrap(0))));
        _attacks.push(
            abi.encodeCall(market.quickBuy, (ask, 3600, Amount.wrap(3600 * PRICE), Amount.wrap(0), 1))
        );
        _attacks.push(abi.encodeCall(market.topUp, (deal, Amount.wrap(1), Amount.wrap(0))));
        _token.setMode(HostileToken.Mode.Reentering, this);
        market.deposit(Amount.wrap(1e18));
        vm.assertEq(_blocked, _attacks.length, "all of them");
    }

    function test_fee_taking_token__no_entry_credits_what_never_came() public {
        Order memory bid = aBid();
        bid.author = address(this);
        Order memory ask = anAsk();
        place(ask);
        Deal memory deal = spotDealOf(address(this));
        _token.setMode(HostileToken.Mode.FeeTaking, this);
        expectLess();
        market.deposit(Amount.wrap(1e18));
        expectLess();
        market.depositWithPermit(Amount.wrap(1e18), NOON, 27, 0, 0);
        expectLess();
        market.placeBid(bid, Amount.wrap(3600 * PRICE), Amount.wrap(1e18));
        expectLess();
        market.quickBuy(ask, 3600, Amount.wrap(3600 * PRICE), Amount.wrap(1e18), 1);
        expectLess();
        market.topUp(deal, Amount.wrap(60 * PRICE), Amount.wrap(1e18));
    }

    function expectLess() private {
        vm.expectRevert(abi.encodeWithSelector(IMarketBalances.WrongAmountReceived.selector, 0.99e18, 1e18));
    }

    function spotDealOf(address buyer) private returns (Deal memory) {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.duration = bid.duration = 0;
        bid.author = buyer;
        return openNew(ask, bid, 600 * PRICE);
    }
}
