// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISNO} from "../../src/interfaces/ISNO.sol";
import {SNO} from "../../src/token/SNO.sol";
import {vm} from "../base/Vm.sol";

/// The reward token comes into being by time alone.
contract SNOTest {
    bool public IS_TEST = true;
    uint256 private constant NOON = 1_800_000_000;
    uint256 private constant YEAR = 31_536_000;

    SNO private sno;
    address private dao = vm.addr(1);
    address private coordinator = vm.addr(2);
    address private stranger = vm.addr(3);
    address private pot = vm.addr(4);

    function setUp() public {
        vm.warp(NOON);
        sno = new SNO(dao, address(this));
        sno.setCoordinator(coordinator);
    }

    function mint() private returns (uint256 amount) {
        vm.prank(coordinator);
        return sno.mintDue(pot);
    }

    function test_years__decay_by_six_tenths_down_to_the_floor() public {
        uint256 perYear = 60_000_000e18;
        for (uint256 year = 1; year <= 12; ++year) {
            vm.warp(NOON + year * YEAR);
            vm.assertEq(mint(), perYear, "a year");
            perYear = perYear * 6 / 10;
            if (perYear < 1_000_000e18) perYear = 1_000_000e18;
        }
        vm.assertEq(perYear, 1_000_000e18, "the floor is reached");
    }

    /// Fault: hours mixed with seconds in the emission.
    function test_emission__counts_in_seconds() public {
        vm.warp(NOON + 3600);
        vm.assertEq(mint(), uint256(60_000_000e18) * 3600 / YEAR, "an hour");
        vm.warp(NOON + 3601);
        uint256 second = mint();
        vm.assertGe(second, uint256(60_000_000e18) / YEAR, "a second");
        vm.assertLe(second, uint256(60_000_000e18) / YEAR + 1, "a second, rounded");
    }

    function test_minting__often_or_seldom_gives_the_same() public {
        for (uint256 i = 1; i <= 100; ++i) {
            vm.warp(NOON + i * 12_345_678 / 10);
            mint();
            vm.assertEq(mint(), 0, "never per call");
        }
        uint256 often = sno.totalSupply();
        vm.warp(NOON);
        SNO other = new SNO(dao, address(this));
        other.setCoordinator(coordinator);
        vm.warp(NOON + 1_234_567_80);
        vm.prank(coordinator);
        vm.assertEq(other.mintDue(pot), often, "the same");
    }

    function testFuzz_emission__never_falls_and_is_never_faster_than_in_the_first_year(uint64 t, uint32 more)
        public
        view
    {
        uint256 elapsed = t % (1000 * YEAR);
        uint256 grown = sno.emittedAfter(elapsed + more) - sno.emittedAfter(elapsed);
        vm.assertLe(grown, uint256(60_000_000e18) * more / YEAR + 1, "at most");
        vm.assertGe(grown + 1, uint256(1_000_000e18) * more / YEAR, "at least");
    }

    function test_stranger__cannot_mint() public {
        vm.warp(NOON + YEAR);
        address[3] memory others = [stranger, dao, address(this)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(ISNO.NotTheCoordinator.selector, others[i], coordinator));
            sno.mintDue(others[i]);
        }
    }

    /// Fault: the first caller may set the coordinator.
    function test_first_caller__cannot_set_the_coordinator() public {
        SNO fresh = new SNO(dao, address(this));
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ISNO.CoordinatorCannotBeSet.selector, stranger, stranger));
        fresh.setCoordinator(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(ISNO.CoordinatorCannotBeSet.selector, address(this), address(0))
        );
        fresh.setCoordinator(address(0));
        // Before there is one nobody mints, not even address 0's friends.
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ISNO.NotTheCoordinator.selector, stranger, address(0)));
        fresh.mintDue(stranger);
    }

    function test_deployer__sets_it_once_then_only_the_dao() public {
        vm.expectRevert(abi.encodeWithSelector(ISNO.CoordinatorCannotBeSet.selector, address(this), stranger));
        sno.setCoordinator(stranger);
        vm.prank(dao);
        vm.expectRevert(abi.encodeWithSelector(ISNO.CoordinatorCannotBeSet.selector, dao, address(0)));
        sno.setCoordinator(address(0));
        vm.expectEmit(true, true, true, true);
        emit ISNO.CoordinatorSet(stranger);
        vm.prank(dao);
        sno.setCoordinator(stranger);
        vm.warp(NOON + 100);
        vm.prank(coordinator);
        vm.expectRevert(abi.encodeWithSelector(ISNO.NotTheCoordinator.selector, coordinator, stranger));
        sno.mintDue(coordinator);
        vm.prank(stranger);
        vm.assertGe(sno.mintDue(pot), 1, "the new one mints what is due");
    }

    function test_clock_falls_back_or_jumps__nothing_is_minted_twice() public {
        vm.warp(NOON + 1000);
        uint256 first = mint();
        vm.warp(NOON + 985);
        vm.assertEq(sno.due(), 0, "nothing");
        vm.assertEq(mint(), 0, "nothing");
        vm.warp(NOON - 1);
        vm.assertEq(mint(), 0, "before the beginning");
        vm.warp(NOON + 10 * YEAR);
        vm.assertEq(first + mint(), sno.emittedAfter(10 * YEAR), "all of it");
        vm.warp(NOON + 1000 * YEAR);
        mint();
        vm.assertEq(sno.totalSupply(), sno.emittedAfter(1000 * YEAR), "a thousand years");
    }

    function test_minted__goes_where_the_coordinator_says_and_is_told() public {
        vm.warp(NOON + 10);
        uint256 due = sno.due();
        vm.expectEmit(true, true, true, true);
        emit ISNO.Emitted(pot, due, due);
        mint();
        vm.assertEq(sno.balanceOf(pot), due, "there");
        vm.assertEq(sno.nonces(pot), 0, "permit");
    }
}
