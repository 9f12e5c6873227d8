// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VestingWallet} from "@openzeppelin/contracts/finance/VestingWallet.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {SNM} from "../../src/SNM.sol";
import {Amount} from "../../src/Types.sol";
import {ITokenSale} from "../../src/interfaces/ITokenSale.sol";
import {Purse} from "../../src/lib/Purse.sol";
import {TokenSale} from "../../src/token/TokenSale.sol";
import {vm} from "../base/Vm.sol";
import {HostileToken, ITokenHook} from "../mocks/HostileToken.sol";

/// Presale: 1,000 SNM for 0.01 coins each. Sale: 9,000 SNM for 0.02. At most 4,000 for one. Soft cap: 50 coins.
abstract contract SaleSystem {
    bool public IS_TEST = true;
    uint256 internal constant NOON = 1_800_000_000;

    SNM internal snm;
    TokenSale internal sale;
    address internal treasury = vm.addr(1);
    address internal team = vm.addr(2);
    address internal alice = vm.addr(3);
    address internal bob = vm.addr(4);
    address internal carol = vm.addr(5);

    function setUp() public virtual {
        vm.warp(NOON);
        snm = new SNM(address(this));
        sale = new TokenSale(snm, aPlan());
        snm.approve(address(sale), type(uint256).max);
        sale.fill();
        vm.deal(alice, 1000 ether);
        vm.deal(bob, 1000 ether);
        vm.deal(carol, 1000 ether);
        vm.deal(treasury, 0);
    }

    function aPlan() internal view returns (ITokenSale.Plan memory) {
        return ITokenSale.Plan({
            presale: ITokenSale.Stage(
                uint40(NOON + 1 days), uint40(NOON + 2 days), Amount.wrap(1000e18), 0.01e18
            ),
            sale: ITokenSale.Stage(
                uint40(NOON + 3 days), uint40(NOON + 10 days), Amount.wrap(9000e18), 0.02e18
            ),
            buyerMax: Amount.wrap(4000e18),
            teamShare: Amount.wrap(2000e18),
            softCap: 50e18,
            treasury: treasury,
            team: team,
            cliff: 100 days,
            vesting: 400 days
        });
    }

    function buy(address by, uint256 coins) internal {
        vm.prank(by);
        sale.buy{value: coins}();
    }

    function toPresale() internal {
        vm.warp(NOON + 1 days);
    }

    function toSale() internal {
        vm.warp(NOON + 3 days);
    }

    function toEnd() internal {
        vm.warp(NOON + 10 days);
    }

    function outcome() internal view returns (uint256) {
        (ITokenSale.Outcome result,,,) = sale.progress();
        return uint256(result);
    }
}

contract TokenSaleTest is SaleSystem {
    function test_stages__each_with_its_price_and_its_time() public {
        toPresale();
        buy(alice, 1 ether);
        toSale();
        buy(alice, 1 ether);
        (uint256 paid, Amount amount) = sale.purchaseOf(alice);
        vm.assertEq(paid, 2 ether, "paid");
        vm.assertEq(Amount.unwrap(amount), 150e18, "100 and 50");
        (, uint256 raised, Amount first, Amount second) = sale.progress();
        vm.assertEq(raised, 2 ether, "raised");
        vm.assertEq(Amount.unwrap(first), 100e18, "presale");
        vm.assertEq(Amount.unwrap(second), 50e18, "sale");
    }

    function test_outside_the_stages__nothing_is_sold() public {
        uint256[5] memory times = [NOON, NOON + 1 days - 1, NOON + 2 days, NOON + 3 days - 1, NOON + 10 days];
        for (uint256 i = 0; i < 5; ++i) {
            vm.warp(times[i]);
            vm.prank(alice);
            vm.expectRevert(abi.encodeWithSelector(ITokenSale.NotOnSale.selector, times[i]));
            sale.buy{value: 1 ether}();
        }
        vm.warp(NOON + 2 days - 1);
        buy(alice, 1 ether);
        vm.warp(NOON + 10 days - 1);
        buy(alice, 1 ether);
    }

    function test_unfilled_sale__sells_nothing() public {
        TokenSale empty = new TokenSale(snm, aPlan());
        toSale();
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NotOnSale.selector, NOON + 3 days));
        empty.buy{value: 1 ether}();
        toEnd();
        empty.conclude();
        snm.approve(address(empty), type(uint256).max);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITokenSale.WrongOutcome.selector, ITokenSale.Outcome.Failed, ITokenSale.Outcome.Open
            )
        );
        empty.fill();
        vm.prank(treasury);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NothingToTake.selector, treasury));
        empty.collect(payable(treasury));
    }

    function test_fill__once() public {
        vm.expectRevert(ITokenSale.AlreadyFilled.selector);
        sale.fill();
        vm.assertEq(snm.balanceOf(address(sale)), 12_000e18, "stages and team");
    }

    function test_stage_cap__not_one_unit_more() public {
        toPresale();
        buy(alice, 9 ether);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.StageSoldOut.selector, 100e18, 100e18 + 100));
        sale.buy{value: 1 ether + 1}();
        buy(bob, 1 ether);
    }

    function test_buyer_limit__over_both_stages() public {
        toPresale();
        buy(alice, 10 ether);
        toSale();
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.BuyerLimit.selector, alice, 4000e18 + 50, 4000e18));
        sale.buy{value: 60 ether + 1}();
        buy(alice, 60 ether);
    }

    function test_less_than_the_smallest_unit__refused() public {
        toPresale();
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NothingBought.selector, 0));
        sale.buy{value: 0}();
        buy(alice, 1);
        (, Amount amount) = sale.purchaseOf(alice);
        vm.assertEq(Amount.unwrap(amount), 100, "a hundred units for one");
    }

    function test_soft_cap_reached__buyers_treasury_and_team_get_theirs() public {
        toSale();
        buy(alice, 40 ether);
        buy(bob, 10 ether);
        toEnd();
        vm.prank(bob);
        sale.claim();
        vm.assertEq(snm.balanceOf(bob), 500e18, "bob");
        vm.prank(treasury);
        sale.collect(payable(treasury));
        vm.assertEq(treasury.balance, 50 ether, "coins");
        vm.assertEq(snm.balanceOf(treasury), 7500e18, "unsold");
        vm.assertEq(snm.balanceOf(sale.teamVesting()), 2000e18, "team");
        vm.prank(alice);
        sale.claim();
        vm.assertEq(snm.balanceOf(alice), 2000e18, "alice");
        vm.assertEq(snm.balanceOf(address(sale)), 0, "nothing left");
    }

    function test_soft_cap_missed_by_one__everybody_gets_its_coins_back() public {
        toSale();
        buy(alice, 40 ether);
        buy(bob, 10 ether - 1);
        toEnd();
        vm.prank(alice);
        sale.refund(payable(alice));
        vm.assertEq(alice.balance, 1000 ether, "alice");
        vm.prank(treasury);
        sale.collect(payable(treasury));
        vm.assertEq(treasury.balance, 0, "no coins for the treasury");
        vm.assertEq(snm.balanceOf(treasury), 12_000e18, "but all SNM");
        vm.prank(bob);
        sale.refund(payable(carol));
        vm.assertEq(carol.balance, 1010 ether - 1, "where bob said");
        vm.assertEq(address(sale).balance, 0, "nothing left");
    }

    function test_claim_and_refund__once_and_only_what_the_outcome_says() public {
        toSale();
        buy(alice, 50 ether);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NotEnded.selector, NOON + 3 days, NOON + 10 days));
        sale.claim();
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NotEnded.selector, NOON + 3 days, NOON + 10 days));
        sale.refund(payable(alice));
        toEnd();
        vm.expectRevert(
            abi.encodeWithSelector(
                ITokenSale.WrongOutcome.selector, ITokenSale.Outcome.Succeeded, ITokenSale.Outcome.Failed
            )
        );
        sale.refund(payable(alice));
        sale.claim();
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NothingToTake.selector, alice));
        sale.claim();
        vm.stopPrank();
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NothingToTake.selector, bob));
        sale.claim();
        setUp();
        toSale();
        buy(alice, 1 ether);
        toEnd();
        vm.startPrank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITokenSale.WrongOutcome.selector, ITokenSale.Outcome.Failed, ITokenSale.Outcome.Succeeded
            )
        );
        sale.claim();
        sale.refund(payable(alice));
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NothingToTake.selector, alice));
        sale.refund(payable(alice));
    }

    function test_treasury__collects_once_after_the_end_and_nobody_else_does() public {
        toSale();
        buy(alice, 50 ether);
        vm.prank(treasury);
        vm.expectPartialRevert(ITokenSale.NotEnded.selector);
        sale.collect(payable(treasury));
        toEnd();
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NotTheTreasury.selector, alice, treasury));
        sale.collect(payable(alice));
        vm.startPrank(treasury);
        sale.collect(payable(treasury));
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.NothingToTake.selector, treasury));
        sale.collect(payable(treasury));
    }

    function test_sold_out__is_over_before_its_time() public {
        toPresale();
        buy(alice, 10 ether);
        toSale();
        buy(alice, 60 ether);
        buy(bob, 80 ether);
        vm.expectPartialRevert(ITokenSale.NotEnded.selector);
        sale.conclude();
        buy(carol, 40 ether);
        sale.conclude();
        vm.prank(carol);
        sale.claim();
        vm.assertEq(outcome(), uint256(ITokenSale.Outcome.Succeeded), "succeeded");
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITokenSale.WrongOutcome.selector, ITokenSale.Outcome.Succeeded, ITokenSale.Outcome.Open
            )
        );
        sale.buy{value: 1}();
    }

    function test_clock_falls_back_after_the_end__the_outcome_stays() public {
        toSale();
        buy(alice, 49 ether);
        toEnd();
        vm.prank(alice);
        sale.refund(payable(alice));
        vm.warp(NOON + 10 days - 15);
        vm.prank(bob);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITokenSale.WrongOutcome.selector, ITokenSale.Outcome.Failed, ITokenSale.Outcome.Open
            )
        );
        sale.buy{value: 50 ether}();
        vm.warp(NOON + 3650 days);
        sale.conclude();
        vm.assertEq(outcome(), uint256(ITokenSale.Outcome.Failed), "failed for ever");
    }

    function test_team_share__nothing_before_the_cliff_all_at_the_end() public {
        toSale();
        buy(alice, 50 ether);
        toEnd();
        sale.conclude();
        VestingWallet vesting = VestingWallet(payable(sale.teamVesting()));
        vm.assertEq(vesting.owner(), team, "the team's");
        vm.warp(NOON + 10 days + 100 days - 1);
        vm.assertEq(vesting.releasable(address(snm)), 0, "cliff");
        vm.warp(NOON + 10 days + 100 days);
        vm.assertEq(vesting.releasable(address(snm)), 500e18, "a quarter");
        vesting.release(address(snm));
        vm.warp(NOON + 10 days + 400 days);
        vesting.release(address(snm));
        vm.assertEq(snm.balanceOf(team), 2000e18, "all");
    }

    function test_plans_that_contradict_themselves__refused() public {
        ITokenSale.Plan[11] memory plans;
        for (uint256 i = 0; i < 11; ++i) {
            plans[i] = aPlan();
        }
        plans[0].presale.end = plans[0].presale.start;
        plans[1].sale.start = plans[1].presale.end - 1;
        plans[2].sale.end = plans[2].sale.start;
        plans[3].presale.price = 0;
        plans[4].sale.price = 0;
        plans[5].sale.cap = Amount.wrap(0);
        plans[6].buyerMax = Amount.wrap(0);
        plans[7].treasury = address(0);
        plans[8].cliff = plans[8].vesting + 1;
        plans[9].softCap = 190e18 + 1;
        plans[10].presale.start = plans[10].presale.end + 1;
        for (uint256 i = 0; i < 11; ++i) {
            vm.expectRevert(ITokenSale.InvalidPlan.selector);
            new TokenSale(snm, plans[i]);
        }
        toEnd();
        vm.expectRevert(ITokenSale.InvalidPlan.selector);
        new TokenSale(snm, aPlan());
    }

    function test_fee_taking_token__does_not_fill_the_sale() public {
        HostileToken token = new HostileToken(address(this));
        TokenSale other = new TokenSale(token, aPlan());
        token.approve(address(other), type(uint256).max);
        token.setMode(HostileToken.Mode.FeeTaking, ITokenHook(address(0)));
        vm.expectRevert(abi.encodeWithSelector(Purse.WrongAmountReceived.selector, 11_880e18, 12_000e18));
        other.fill();
    }

    function test_token_that_refuses__does_not_stop_refunds() public {
        HostileToken token = new HostileToken(address(this));
        sale = new TokenSale(token, aPlan());
        token.approve(address(sale), type(uint256).max);
        sale.fill();
        toSale();
        buy(alice, 1 ether);
        toEnd();
        token.setMode(HostileToken.Mode.Reverting, ITokenHook(address(0)));
        vm.prank(alice);
        sale.refund(payable(alice));
        vm.assertEq(alice.balance, 1000 ether, "back");
    }

    function test_receiver_that_refuses_coins__is_told_and_may_name_another() public {
        toSale();
        buy(alice, 1 ether);
        toEnd();
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(ITokenSale.CoinsRefused.selector, address(snm)));
        sale.refund(payable(address(snm)));
        sale.refund(payable(alice));
    }

    uint256 private _tries;

    receive() external payable {
        ++_tries;
        (bool ok,) = address(sale).call(abi.encodeCall(sale.refund, (payable(address(this)))));
        vm.assertFalse(ok, "no refund inside a refund");
    }

    function test_refund_within_refund__blocked() public {
        vm.deal(address(this), 10 ether);
        toSale();
        sale.buy{value: 1 ether}();
        buy(alice, 1 ether);
        toEnd();
        sale.refund(payable(address(this)));
        vm.assertEq(_tries, 1, "tried");
        vm.assertEq(address(this).balance, 10 ether, "once");
        vm.assertEq(address(sale).balance, 1 ether, "alice's is there");
    }

    function test_coins_sent_without_buying__refused() public {
        toSale();
        vm.prank(alice);
        (bool ok,) = address(sale).call{value: 1 ether}("");
        vm.assertFalse(ok, "no receive");
    }
}

