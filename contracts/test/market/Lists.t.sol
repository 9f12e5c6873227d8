// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProfileRegistry} from "../../src/ProfileRegistry.sol";
import "../../src/Types.sol";
import {IBlacklist} from "../../src/interfaces/IBlacklist.sol";
import {IProfileRegistry} from "../../src/interfaces/IProfileRegistry.sol";
import {System} from "../base/System.sol";
import {vm} from "../base/Vm.sol";

/// Managed and followed blacklists.
contract ListsTest is System {
    address private curator;
    address private list;

    function setUp() public override {
        super.setUp();
        curator = account("curator");
        list = account("list");
        vm.prank(list);
        blacklist.setCurator(curator, true);
    }

    function follow(address who, address what) private {
        vm.prank(who);
        blacklist.follow(what);
    }

    function test_curator__writes_on_the_list_until_dismissed() public {
        vm.expectEmit(true, true, true, true);
        emit IBlacklist.ListingChanged(list, worker, true);
        vm.expectEmit(true, true, true, true);
        emit IBlacklist.Curated(list, curator, worker, true);
        vm.prank(curator);
        blacklist.addTo(list, worker);
        vm.assertTrue(blacklist.isListed(list, worker), "listed");
        vm.prank(curator);
        blacklist.removeFrom(list, worker);
        vm.assertFalse(blacklist.isListed(list, worker), "removed");
        vm.prank(list);
        blacklist.setCurator(curator, false);
        bytes memory why = abi.encodeWithSelector(IBlacklist.NotACurator.selector, list, curator);
        vm.startPrank(curator);
        vm.expectRevert(why);
        blacklist.addTo(list, worker);
        vm.expectRevert(why);
        blacklist.removeFrom(list, worker);
    }

    function test_stranger_or_owner_of_another_list__cannot_write() public {
        address[3] memory others = [stranger, admin, list];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IBlacklist.NotACurator.selector, consumer, others[i]));
            blacklist.addTo(consumer, worker);
        }
    }

    function test_followed_list__counts_in_matching_for_every_party() public {
        address master = account("master");
        bind(worker, master);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        assertMismatch(ask, bid, Mismatch.None, "nobody lists anybody");
        vm.startPrank(list);
        blacklist.add(worker);
        blacklist.add(consumer);
        vm.stopPrank();
        assertMismatch(ask, bid, Mismatch.None, "nobody follows");
        checkFollower(ask, bid, consumer, Mismatch.SupplierBlacklisted);
        checkFollower(ask, bid, worker, Mismatch.ConsumerBlacklisted);
        checkFollower(ask, bid, master, Mismatch.ConsumerBlacklisted);
        address named = account("named");
        ask.blacklist = named;
        checkFollower(ask, bid, named, Mismatch.ConsumerBlacklisted);
        ask.blacklist = address(0);
        bid.blacklist = named;
        checkFollower(ask, bid, named, Mismatch.SupplierBlacklisted);
        bid.blacklist = list;
        assertMismatch(ask, bid, Mismatch.SupplierBlacklisted, "named itself");
    }

    function checkFollower(Order memory ask, Order memory bid, address who, Mismatch expected) private {
        follow(who, list);
        assertMismatch(ask, bid, expected, "followed");
        vm.prank(who);
        blacklist.unfollow(list);
        assertMismatch(ask, bid, Mismatch.None, "no longer");
    }

    function test_following__is_one_level_deep() public {
        vm.prank(list);
        blacklist.add(worker);
        follow(stranger, list);
        follow(consumer, stranger);
        vm.assertTrue(blacklist.isListedByAny(stranger, worker), "followed");
        vm.assertFalse(blacklist.isListedByAny(consumer, worker), "not through another");
        vm.assertFalse(blacklist.isListed(stranger, worker), "nor on the own list");
        assertMismatch(anAsk(), aBid(), Mismatch.None, "matching agrees");
    }

    function test_following_more_than_eight__refused() public {
        for (uint256 i = 0; i < 8; ++i) {
            follow(consumer, vm.addr(1000 + i));
        }
        follow(consumer, vm.addr(1003));
        vm.assertEq(blacklist.followedBy(consumer).length, 8, "twice is once");
        vm.expectRevert(abi.encodeWithSelector(IBlacklist.FollowsTooMany.selector, consumer, 8));
        follow(consumer, list);
        vm.startPrank(consumer);
        blacklist.unfollow(vm.addr(1000));
        blacklist.unfollow(vm.addr(1000));
        blacklist.follow(list);
        vm.stopPrank();
        address[] memory lists = blacklist.followedBy(consumer);
        vm.assertEq(lists.length, 8, "eight again");
        vm.assertEq(lists[0], vm.addr(1007), "the last took the place of the first");
        vm.assertEq(lists[7], list, "the new one");
    }

    function test_matching_with_all_lists_full__costs_a_bounded_sum() public {
        address master = account("master");
        bind(worker, master);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.blacklist = account("ask list");
        bid.blacklist = account("bid list");
        address[5] memory all = [worker, master, consumer, ask.blacklist, bid.blacklist];
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 j = 0; j < 8; ++j) {
                follow(all[i], vm.addr(1000 + 10 * i + j));
            }
        }
        uint256 before = gasleft();
        assertMismatch(ask, bid, Mismatch.None, "40 lists");
        vm.assertLe(before - gasleft(), 400_000, "bounded");
    }

    function test_nobody_and_oneself__cannot_be_followed_or_appointed() public {
        address[2] memory bad = [address(0), consumer];
        vm.startPrank(consumer);
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory why = abi.encodeWithSelector(IBlacklist.CannotBeListed.selector, bad[i]);
            vm.expectRevert(why);
            blacklist.follow(bad[i]);
            vm.expectRevert(why);
            blacklist.setCurator(bad[i], true);
        }
    }

    function test_publish__says_what_the_list_is_about_within_256_bytes() public {
        vm.expectEmit(true, true, true, true);
        emit IBlacklist.ListPublished(list, "cheats of 2026");
        vm.startPrank(list);
        blacklist.publish("cheats of 2026");
        blacklist.publish(string(new bytes(256)));
        vm.expectRevert(abi.encodeWithSelector(IBlacklist.AboutTooLong.selector, 257, 256));
        blacklist.publish(string(new bytes(257)));
    }

    function test_registry_notes_who_keeps_a_list__from_the_blacklist_only() public {
        (,, bool keep) = profiles.standing(worker, consumer);
        vm.assertFalse(keep, "nobody");
        follow(consumer, list);
        (,, keep) = profiles.standing(worker, consumer);
        vm.assertTrue(keep, "the consumer");
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IProfileRegistry.NotTheBlacklist.selector, stranger, address(blacklist))
        );
        profiles.noteList(worker);
    }

    /// Both directions share a word: neither disturbs the other.
    function testFuzz_lists_of_two__are_apart(address a, address b, uint8 turns) public {
        vm.assume(a != b && a != address(0) && b != address(0));
        bool first;
        bool second;
        for (uint256 i = 0; i < 8; ++i) {
            bool value = (turns >> i) % 2 == 0;
            vm.prank(i % 2 == 0 ? a : b);
            if (value) blacklist.add(i % 2 == 0 ? b : a);
            else blacklist.remove(i % 2 == 0 ? b : a);
            if (i % 2 == 0) first = value;
            else second = value;
            vm.assertTrue(blacklist.isListed(a, b) == first, "a's");
            vm.assertTrue(blacklist.isListed(b, a) == second, "b's");
        }
    }
}

/// Certificates that validators sign off chain.
contract CertificatesTest is System {
    address private validator;

    function setUp() public override {
        super.setUp();
        validator = account("validator");
        vm.prank(admin);
        profiles.setValidator(validator, Level.Identified);
    }

    function certificate() private view returns (IProfileRegistry.SignedCertificate memory) {
        return IProfileRegistry.SignedCertificate({
            account: worker,
            validator: validator,
            level: Level.Identified,
            expiry: uint40(block.timestamp + 30 days),
            hash: keccak256("document"),
            url: "https://kyc.example",
            nonce: 5
        });
    }

    function signed(IProfileRegistry.SignedCertificate memory c) private view returns (bytes memory) {
        return signDigest(validator, profiles.digestOf(c));
    }

    function assertLevel(Level expected, string memory what) private view {
        vm.assertEq(uint256(profiles.levelOf(worker)), uint256(expected), what);
    }

    function test_signed_certificate__anybody_brings_it_once() public {
        IProfileRegistry.SignedCertificate memory c = certificate();
        bytes memory signature = signed(c);
        vm.expectEmit(true, true, true, true);
        emit IProfileRegistry.CertificateSet(worker, validator, c.level, c.expiry, c.hash, c.url);
        vm.prank(stranger);
        profiles.certifySigned(c, signature);
        assertLevel(Level.Identified, "attested");
        vm.assertTrue(profiles.isCertificateUsed(validator, 5), "used");
        vm.prank(validator);
        profiles.revoke(worker);
        assertLevel(Level.Anonymous, "revoked");
        vm.expectRevert(
            abi.encodeWithSelector(IProfileRegistry.CertificateUsed.selector, validator, uint256(5))
        );
        profiles.certifySigned(c, signature);
    }

    function test_certificate_signed_for_another_chain_or_contract_or_in_another_form__refused() public {
        IProfileRegistry.SignedCertificate memory c = certificate();
        bytes memory good = signed(c);
        (bytes32 r, bytes32 s, uint8 v) = (bytes32(0), bytes32(0), uint8(good[64]));
        assembly {
            r := mload(add(good, 0x20))
            s := mload(add(good, 0x40))
        }
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes[6] memory bad;
        vm.chainId(2);
        bad[0] = signed(c);
        vm.chainId(31337);
        bad[1] = signDigest(validator, new ProfileRegistry(admin, address(blacklist)).digestOf(c));
        bad[2] = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        bad[3] = abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
        bad[4] = abi.encodePacked(r, s, v - 27);
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IProfileRegistry.CertificateNotSigned.selector, worker, validator)
            );
            profiles.certifySigned(c, bad[i]);
        }
        profiles.certifySigned(c, good);
        assertLevel(Level.Identified, "attested");
    }

    function test_signed_certificate_taken_back__is_worthless() public {
        IProfileRegistry.SignedCertificate memory c = certificate();
        bytes memory signature = signed(c);
        vm.expectEmit(true, true, true, true);
        emit IProfileRegistry.CertificateCancelled(validator, 5);
        vm.prank(validator);
        profiles.cancelCertificate(5);
        vm.expectPartialRevert(IProfileRegistry.CertificateUsed.selector);
        profiles.certifySigned(c, signature);
    }

    function test_any_other_word__is_not_what_was_signed() public {
        IProfileRegistry.SignedCertificate memory c = certificate();
        bytes memory signature = signed(c);
        bytes4 notSigned = IProfileRegistry.CertificateNotSigned.selector;
        c.account = stranger;
        vm.expectPartialRevert(notSigned);
        profiles.certifySigned(c, signature);
        c = certificate();
        c.level = Level.Registered;
        vm.expectPartialRevert(notSigned);
        profiles.certifySigned(c, signature);
        c = certificate();
        c.expiry += 1;
        vm.expectPartialRevert(notSigned);
        profiles.certifySigned(c, signature);
        c = certificate();
        c.hash = 0;
        vm.expectPartialRevert(notSigned);
        profiles.certifySigned(c, signature);
        c = certificate();
        c.url = "https://evil.example";
        vm.expectPartialRevert(notSigned);
        profiles.certifySigned(c, signature);
        c = certificate();
        c.nonce = 6;
        vm.expectPartialRevert(notSigned);
        profiles.certifySigned(c, signature);
        c = certificate();
        c.validator = stranger;
        vm.expectPartialRevert(notSigned);
        profiles.certifySigned(c, signature);
    }

    function test_signed_by_a_stranger_or_a_removed_validator_or_too_high_or_expired__refused() public {
        IProfileRegistry.SignedCertificate memory c = certificate();
        c.validator = stranger;
        bytes memory signature = signDigest(stranger, profiles.digestOf(c));
        vm.expectPartialRevert(IProfileRegistry.LevelTooHigh.selector);
        profiles.certifySigned(c, signature);
        c = certificate();
        c.level = Level.Professional;
        signature = signed(c);
        vm.expectPartialRevert(IProfileRegistry.LevelTooHigh.selector);
        profiles.certifySigned(c, signature);
        c = certificate();
        signature = signed(c);
        vm.warp(c.expiry);
        vm.expectPartialRevert(IProfileRegistry.CertificateExpired.selector);
        profiles.certifySigned(c, signature);
        vm.warp(c.expiry - 15);
        vm.prank(admin);
        profiles.setValidator(validator, Level.Anonymous);
        vm.expectPartialRevert(IProfileRegistry.LevelTooHigh.selector);
        profiles.certifySigned(c, signature);
    }

    function test_url_of_1025_bytes__refused() public {
        IProfileRegistry.SignedCertificate memory c = certificate();
        c.url = string(new bytes(1025));
        bytes memory signature = signed(c);
        vm.expectRevert(abi.encodeWithSelector(IProfileRegistry.TextTooLong.selector, 1025, 1024));
        profiles.certifySigned(c, signature);
    }

    function test_workers_of_a_master__are_counted() public {
        address master = account("master");
        bind(worker, master);
        bind(stranger, master);
        vm.assertEq(profiles.workersOf(master), 2, "two");
        vm.prank(master);
        profiles.unbind(worker);
        vm.assertEq(profiles.workersOf(master), 1, "one");
    }
}
