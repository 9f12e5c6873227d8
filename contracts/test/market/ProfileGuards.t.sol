// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Blacklist} from "../../src/Blacklist.sol";
import {PriceOracle} from "../../src/PriceOracle.sol";
import "../../src/Types.sol";
import {IBlacklist} from "../../src/interfaces/IBlacklist.sol";
import {IPriceOracle} from "../../src/interfaces/IPriceOracle.sol";
import {IProfileRegistry} from "../../src/interfaces/IProfileRegistry.sol";
import {System} from "../base/System.sol";
import {vm} from "../base/Vm.sol";

/// Guards of profiles, lists and prices that several entries share: each entry has them.
contract ProfileGuardsTest is System {
    function test_revoking_where_there_is_no_certificate__refused() public {
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.CannotRevoke.selector, worker, worker));
        profiles.revoke(worker);
    }

    function test_worker_that_became_a_master_since_it_asked__not_confirmed() public {
        address master = account("master");
        vm.prank(worker);
        profiles.requestMaster(master);
        bind(stranger, worker);
        vm.prank(master);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.CannotBeWorker.selector, worker, master));
        profiles.confirmWorker(worker);
    }

    function test_nobody_or_the_owner_itself__on_no_list_by_any_way() public {
        vm.prank(worker);
        blacklist.setCurator(stranger, true);
        address[2] memory wrong = [address(0), worker];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory why = abi.encodeWithSelector(IBlacklist.CannotBeListed.selector, wrong[i]);
            vm.startPrank(worker);
            vm.expectRevert(why);
            blacklist.add(wrong[i]);
            vm.expectRevert(why);
            blacklist.remove(wrong[i]);
            vm.stopPrank();
            vm.startPrank(stranger);
            vm.expectRevert(why);
            blacklist.addTo(worker, wrong[i]);
            vm.expectRevert(why);
            blacklist.removeFrom(worker, wrong[i]);
            vm.stopPrank();
            vm.prank(address(market));
            vm.expectRevert(why);
            blacklist.addFor(worker, wrong[i]);
        }
    }

    function test_list_whose_market_would_be_nobody__refused() public {
        Blacklist fresh = new Blacklist(address(this), profiles);
        vm.expectRevert(IBlacklist.MarketCannotBeSet.selector);
        fresh.setMarket(address(0));
        fresh.setMarket(address(market));
    }

    function test_first_rate_beyond_its_own_bounds__refused() public {
        IPriceOracle.Limits memory limits = oracleLimits();
        vm.expectPartialRevert(IPriceOracle.RateOutOfBounds.selector);
        new PriceOracle(feeder, Rate.wrap(Rate.unwrap(limits.rateMax) + 1), limits);
        vm.expectPartialRevert(IPriceOracle.RateOutOfBounds.selector);
        new PriceOracle(feeder, Rate.wrap(Rate.unwrap(limits.rateMin) - 1), limits);
        new PriceOracle(feeder, limits.rateMin, limits);
    }
}
