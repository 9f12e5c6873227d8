// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../../../src/Types.sol";
import {ITokenSale} from "../../../src/interfaces/ITokenSale.sol";
import {TokenSale} from "../../../src/token/TokenSale.sol";
import {vm} from "../../base/Vm.sol";
import {HostileToken, ITokenHook} from "../../mocks/HostileToken.sol";
import {SaleSystem} from "../TokenSale.t.sol";

/// Random calls to one sale after another: buyers who come at any time, a hostile token, a buyer who calls back when he
/// is paid, a jumping clock.
contract SaleHandler is SaleSystem, ITokenHook {
    uint256 public time;
    HostileToken public token;
    mapping(bytes32 call => uint256) public succeeded;
    address[5] public buyers;
    bool private _nested;

    modifier timed() {
        vm.warp(time);
        _;
    }

    constructor() {
        time = NOON;
        vm.warp(time);
        token = new HostileToken(address(this));
        sale = new TokenSale(token, aPlan());
        token.approve(address(sale), type(uint256).max);
        buyers = [alice, bob, carol, team, address(this)];
        for (uint256 i = 0; i < 5; ++i) {
            vm.deal(buyers[i], 1000 ether);
        }
        vm.deal(treasury, 0);
    }

    receive() external payable {
        if (_nested) _attack();
    }

    function onTokenMoved() external {
        if (_nested) _attack();
    }

    function _attack() private {
        bytes[5] memory calls = [
            abi.encodeCall(sale.claim, ()),
            abi.encodeCall(sale.refund, (payable(address(this)))),
            abi.encodeCall(sale.collect, (payable(address(this)))),
            abi.encodeCall(sale.fill, ()),
            abi.encodeCall(sale.conclude, ())
        ];
        for (uint256 i = 0; i < 5; ++i) {
            (bool ok,) = address(sale).call(calls[i]);
            vm.assertFalse(ok, "no call inside a call");
        }
        ++succeeded["nested refused"];
    }

    function fill() external timed {
        try sale.fill() {
            ++succeeded["fill"];
        } catch {}
    }

    function purchase(uint256 who, uint256 coins) external timed {
        address by = buyers[who % 5];
        coins = coins % 32 == 0 ? coins % 200 ether : coins % 3 ether;
        if (coins > by.balance) return;
        vm.prank(by);
        try sale.buy{value: coins}() {
            ++succeeded["buy"];
        } catch {}
    }

    function conclude(uint256 who) external timed {
        _honestWay();
        vm.prank(buyers[who % 5]);
        try sale.conclude() {
            ++succeeded["conclude"];
        } catch {}
    }

    function claim(uint256 who) external timed {
        _honestWay();
        vm.prank(buyers[who % 5]);
        try sale.claim() {
            ++succeeded["claim"];
        } catch {}
    }

    function refund(uint256 who) external timed {
        _honestWay();
        address by = buyers[who % 5];
        (uint256 paid,) = sale.purchaseOf(by);
        uint256 before = by.balance;
        vm.prank(by);
        try sale.refund(payable(by)) {
            ++succeeded["refund"];
            vm.assertEq(by.balance - before, paid, "all of it");
        } catch {}
    }

    function collect(uint256 who) external timed {
        _honestWay();
        address by = who % 4 == 0 ? buyers[(who >> 8) % 5] : treasury;
        vm.prank(by);
        try sale.collect(payable(treasury)) {
            ++succeeded["collect"];
            vm.assertEq(by, treasury, "only the treasury");
        } catch {}
    }

    /// Forward by up to a day; sometimes back by 15 s, rarely ten years on.
    function pass(uint256 seed) external {
        if (seed % 8 == 0) time -= 15;
        else if (seed % 256 == 1) time += 10 * 365 days;
        else time += seed % 1 days;
        vm.warp(time);
    }

    function turnToken(uint8 mode, bool nested) external timed {
        token.setMode(HostileToken.Mode(mode % 8 < 4 ? 0 : mode % 8 - 3), this);
        _nested = nested;
    }

    // ---- what it owes

    /// Coins and SNM that have to be in the sale.
    function owed() external view returns (uint256 coins, uint256 tokens) {
        (ITokenSale.Outcome result, uint256 raised,,) = sale.progress();
        bool filled = succeeded["fill"] != 0;
        bool collected = succeeded["collect"] != 0;
        uint256 bought;
        uint256 paid;
        for (uint256 i = 0; i < 5; ++i) {
            (uint256 coins_, Amount amount) = sale.purchaseOf(buyers[i]);
            paid += coins_;
            bought += Amount.unwrap(amount);
        }
        if (result == ITokenSale.Outcome.Open) return (raised, filled ? 12_000e18 : 0);
        if (result == ITokenSale.Outcome.Failed) return (paid, filled && !collected ? 12_000e18 : 0);
        (,, Amount first, Amount second) = sale.progress();
        uint256 unsold = 10_000e18 - Amount.unwrap(first) - Amount.unwrap(second);
        return (collected ? 0 : raised, bought + (collected ? 0 : unsold));
    }

    function held() external view returns (uint256 coins, uint256 tokens) {
        return (address(sale).balance, token.balanceOf(address(sale)));
    }

    /// Everybody takes its own, each alone.
    function goHome() external {
        token.setMode(HostileToken.Mode.Honest, this);
        _nested = false;
        if (time < NOON + 10 days) time = NOON + 10 days;
        vm.warp(time);
        sale.conclude();
        (ITokenSale.Outcome result,,,) = sale.progress();
        for (uint256 i = 0; i < 5; ++i) {
            (uint256 paid,) = sale.purchaseOf(buyers[i]);
            if (paid == 0) continue;
            vm.prank(buyers[i]);
            if (result == ITokenSale.Outcome.Succeeded) sale.claim();
            else sale.refund(payable(buyers[i]));
        }
        if (succeeded["fill"] != 0 && succeeded["collect"] == 0) {
            vm.prank(treasury);
            sale.collect(payable(treasury));
        }
    }

    /// What a lying or fee-taking token does when it pays out is its receiver's affair.
    function _honestWay() private {
        HostileToken.Mode mode = token.mode();
        if (mode == HostileToken.Mode.Lying || mode == HostileToken.Mode.FeeTaking) {
            token.setMode(HostileToken.Mode.Honest, this);
        }
    }
}
