// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {Blacklist} from "../src/Blacklist.sol";
import "../src/Types.sol";
import {IBlacklist} from "../src/interfaces/IBlacklist.sol";
import {IMarketDeals} from "../src/interfaces/IMarketDeals.sol";
import {IProfileRegistry} from "../src/interfaces/IProfileRegistry.sol";
import {System} from "./base/System.sol";
import {vm} from "./base/Vm.sol";
import {HostileBlacklist} from "./mocks/HostileBlacklist.sol";

/// Levels, attributes, and who is whose master.
contract ProfilesTest is System {
    address private validator;
    address private master;

    function setUp() public override {
        super.setUp();
        validator = account("validator");
        master = account("master");
        vm.prank(admin);
        profiles.setValidator(validator, Level.Identified);
    }

    function certify(address by, address who, Level level) private {
        vm.prank(by);
        profiles.certify(
            who, level, uint40(block.timestamp + 1 days), keccak256("document"), "https://kyc.example"
        );
    }

    function assertLevel(address who, Level expected, string memory what) private view {
        vm.assertEq(uint256(profiles.levelOf(who)), uint256(expected), what);
    }

    function test_certificate__counts_until_its_expiry() public {
        assertLevel(worker, Level.Anonymous, "unknown");
        certify(validator, worker, Level.Identified);
        assertLevel(worker, Level.Identified, "attested");
        vm.warp(block.timestamp + 1 days);
        assertLevel(worker, Level.Anonymous, "expired");
    }

    function test_validator_attests_more_than_it_may__refused() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IProfileRegistry.LevelTooHigh.selector, validator, Level.Professional, Level.Identified
            )
        );
        certify(validator, worker, Level.Professional);
        vm.expectRevert(
            abi.encodeWithSelector(
                IProfileRegistry.LevelTooHigh.selector, stranger, Level.Anonymous, Level.Anonymous
            )
        );
        certify(stranger, worker, Level.Anonymous);
    }

    function test_validator_is_removed_or_lowered__its_certificates_with_it() public {
        certify(validator, worker, Level.Identified);
        vm.startPrank(admin);
        profiles.setValidator(validator, Level.Registered);
        assertLevel(worker, Level.Registered, "no more than it may attest");
        profiles.setValidator(validator, Level.Anonymous);
        assertLevel(worker, Level.Anonymous, "lapsed");
    }

    function test_certificate_in_force__not_replaced_by_a_lower_one_of_another_validator() public {
        address second = account("second");
        vm.prank(admin);
        profiles.setValidator(second, Level.Professional);
        certify(validator, worker, Level.Identified);
        vm.expectRevert(
            abi.encodeWithSelector(
                IProfileRegistry.CertificateInForce.selector, worker, validator, Level.Identified
            )
        );
        certify(second, worker, Level.Identified);
        certify(second, worker, Level.Professional);
        certify(second, worker, Level.Registered);
        assertLevel(worker, Level.Registered, "one's own may be lowered");
    }

    function test_revoke__by_the_account_or_its_validator_only() public {
        certify(validator, worker, Level.Identified);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.CannotRevoke.selector, worker, stranger));
        profiles.revoke(worker);
        vm.prank(worker);
        profiles.revoke(worker);
        assertLevel(worker, Level.Anonymous, "its own wish");
        certify(validator, worker, Level.Identified);
        vm.prank(validator);
        profiles.revoke(worker);
        assertLevel(worker, Level.Anonymous, "the validator's");
    }

    function test_setting_validators__admin_only() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        profiles.setValidator(stranger, Level.Professional);
    }

    function test_attribute__is_the_callers_own_and_bounded() public {
        bytes32 key = keccak256("endpoint");
        vm.startPrank(worker);
        vm.expectEmit(true, true, true, true);
        emit IProfileRegistry.AttributeSet(worker, key, "tcp://127.0.0.1:4433");
        profiles.setAttribute(key, "tcp://127.0.0.1:4433");
        vm.assertEq(profiles.attributeOf(worker, key), "tcp://127.0.0.1:4433", "stored");
        string memory long = string(new bytes(1025));
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.TextTooLong.selector, 1025, 1024));
        profiles.setAttribute(key, long);
        profiles.setAttribute(key, "");
        vm.assertEq(profiles.attributeOf(worker, key), "", "removed");
    }

    function test_binding__worker_asks_master_confirms() public {
        vm.assertEq(profiles.masterOf(worker), worker, "its own master");
        vm.prank(master);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.NotRequested.selector, worker, master));
        profiles.confirmWorker(worker);
        bind(worker, master);
        vm.assertEq(profiles.masterOf(worker), master, "bound");
        vm.prank(master);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.NotRequested.selector, worker, master));
        profiles.confirmWorker(worker);
    }

    function test_bound_worker__cannot_ask_another_until_unbound_by_either_side() public {
        bind(worker, master);
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.CannotBeWorker.selector, worker, stranger));
        profiles.requestMaster(stranger);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.NotBound.selector, worker, stranger));
        profiles.unbind(worker);
        vm.prank(master);
        profiles.unbind(worker);
        bind(worker, stranger);
        vm.prank(worker);
        profiles.unbind(worker);
        vm.assertEq(profiles.masterOf(worker), worker, "free");
    }

    function test_request_for_nobody_or_oneself__no_master() public {
        vm.startPrank(worker);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.CannotBeWorker.selector, worker, worker));
        profiles.requestMaster(worker);
        profiles.requestMaster(master);
        profiles.requestMaster(address(0));
        vm.stopPrank();
        vm.prank(master);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.NotRequested.selector, worker, master));
        profiles.confirmWorker(worker);
    }
}

/// Own lists, and the one entry that the market makes for a closer.
contract BlacklistTest is System {
    function test_own_list__add_and_remove_at_any_time() public {
        vm.startPrank(consumer);
        vm.expectEmit(true, true, true, true);
        emit IBlacklist.ListingChanged(consumer, worker, true);
        blacklist.add(worker);
        vm.assertTrue(blacklist.isListed(consumer, worker), "listed");
        vm.assertFalse(blacklist.isListed(worker, consumer), "one way only");
        blacklist.remove(worker);
        vm.assertFalse(blacklist.isListed(consumer, worker), "removed");
    }

    function test_listing_nobody_or_oneself__refused() public {
        vm.startPrank(consumer);
        vm.expectRevert(abi.encodeWithSelector(IBlacklist.CannotBeListed.selector, address(0)));
        blacklist.add(address(0));
        vm.expectRevert(abi.encodeWithSelector(IBlacklist.CannotBeListed.selector, consumer));
        blacklist.add(consumer);
    }

    function test_closing__lists_whom_the_closer_chooses() public {
        address master = account("master");
        bind(worker, master);
        Deal memory deal = spotDeal(600 * PRICE);
        vm.prank(consumer);
        market.closeDeal(deal, BlacklistChoice.Counterparty);
        vm.assertTrue(blacklist.isListed(consumer, worker), "the worker");
        vm.prank(consumer);
        blacklist.remove(worker);

        deal = spotDeal(600 * PRICE);
        vm.prank(consumer);
        market.closeDeal(deal, BlacklistChoice.Master);
        vm.assertTrue(blacklist.isListed(consumer, master), "the master");
        vm.prank(consumer);
        blacklist.remove(master);

        deal = spotDeal(600 * PRICE);
        vm.prank(worker);
        market.closeDeal(deal, BlacklistChoice.Counterparty);
        vm.assertTrue(blacklist.isListed(worker, consumer), "the consumer");
    }

    function test_stranger_closes_an_ended_deal__its_choice_is_ignored() public {
        Deal memory deal = forwardDeal();
        vm.warp(deal.end);
        vm.prank(stranger);
        market.closeDeal(deal, BlacklistChoice.Counterparty);
        vm.assertFalse(
            blacklist.isListed(stranger, worker) || blacklist.isListed(stranger, consumer), "nobody"
        );
    }

    function test_list_that_burns_all_gas__cannot_stop_the_closing() public {
        Deal memory deal = spotDeal(600 * PRICE);
        vm.etch(address(blacklist), address(new HostileBlacklist()).code);
        vm.warp(block.timestamp + 10);
        vm.expectEmit(true, true, true, true);
        emit IMarketDeals.BlacklistingFailed(deal.id, consumer, worker);
        vm.prank(consumer);
        market.closeDeal{gas: 300_000}(deal, BlacklistChoice.Counterparty);
        assertBalance(worker, 10 * PRICE, "closed and paid");
    }

    function test_market_is_named__once_and_by_the_deployer_only() public {
        vm.expectRevert(IBlacklist.MarketCannotBeSet.selector);
        blacklist.setMarket(stranger);
        Blacklist another = new Blacklist(admin, profiles);
        vm.expectRevert(IBlacklist.MarketCannotBeSet.selector);
        another.setMarket(stranger);
        vm.prank(admin);
        another.setMarket(address(market));
        vm.assertEq(another.market(), address(market), "named");
    }
}
