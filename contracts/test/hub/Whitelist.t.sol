// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {HubState, HubStatus} from "../../src/hub/HubTypes.sol";
import {HubWallet} from "../../src/hub/HubWallet.sol";
import {IHubFactory} from "../../src/interfaces/IHubFactory.sol";
import {IHubRatings} from "../../src/interfaces/IHubRatings.sol";
import {IWhitelist} from "../../src/interfaces/IWhitelist.sol";
import {vm} from "../base/Vm.sol";
import {HubSystem} from "./HubSystem.sol";

/// The factory and the list of its wallets.
contract WhitelistTest is HubSystem {
    function status() private view returns (uint256) {
        return uint256(whitelist.hubOf(address(wallet)).status);
    }

    function setStatus(HubStatus value) private {
        vm.prank(dao);
        whitelist.setStatus(address(wallet), value);
    }

    function test_create__wallet_is_where_it_was_predicted_and_its_makers() public {
        address expected = factory.predict(stranger, "salt");
        vm.expectEmit(true, true, true, true);
        emit IHubFactory.HubCreated(stranger, expected, "salt");
        HubWallet made = newWallet(stranger, "salt");
        vm.assertEq(address(made), expected, "CREATE2");
        vm.assertEq(made.owner(), stranger, "owner");
        vm.assertTrue(factory.isWallet(expected), "known");
        vm.assertEq(address(made.whitelist()), address(whitelist), "list");
        vm.assertEq(address(made.vault()), address(vault), "vault");
        vm.assertEq(made.dao(), dao, "dao");
        vm.assertEq(address(made.token()), address(snm), "token");
    }

    function test_create_with_the_same_salt__twice_by_one_refused_by_another_fine() public {
        newWallet(stranger, "salt");
        newWallet(owner, "salt");
        vm.prank(stranger);
        vm.expectRevert();
        factory.create("salt");
    }

    function test_wallet_of_a_stranger__cannot_enter_the_list() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IWhitelist.NotAHubWallet.selector, stranger));
        whitelist.report(HubState.Registered);
        // Neither the right code at another address.
        HubWallet fake = new HubWallet(snm, whitelist, dao, vault);
        vm.prank(address(fake));
        vm.expectRevert(abi.encodeWithSelector(IWhitelist.NotAHubWallet.selector, address(fake)));
        whitelist.report(HubState.Registered);
    }

    function test_first_register__hub_is_unverified_and_active() public {
        vm.assertEq(whitelist.hubOf(address(wallet)).owner, address(0), "unknown before");
        vm.expectEmit(true, true, true, true);
        emit IWhitelist.HubChanged(address(wallet), owner, HubStatus.Unverified, true);
        register();
        vm.assertEq(status(), uint256(HubStatus.Unverified), "unverified");
    }

    function test_dao__appoints_trusted_hubs_and_nobody_else_does() public {
        register();
        vm.expectEmit(true, true, true, true);
        emit IWhitelist.HubChanged(address(wallet), owner, HubStatus.Trusted, true);
        setStatus(HubStatus.Trusted);
        vm.assertEq(status(), uint256(HubStatus.Trusted), "trusted");
        setStatus(HubStatus.Verified);
        vm.assertEq(status(), uint256(HubStatus.Verified), "verified");
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IWhitelist.NotTheDao.selector, owner, dao));
        whitelist.setStatus(address(wallet), HubStatus.Trusted);
    }

    function test_dao__cannot_list_suspect_or_ban_past_the_wallet() public {
        vm.startPrank(dao);
        vm.expectRevert(abi.encodeWithSelector(IWhitelist.HubUnknown.selector, address(wallet)));
        whitelist.setStatus(address(wallet), HubStatus.Trusted);
        vm.stopPrank();
        register();
        HubStatus[2] memory refused = [HubStatus.Suspected, HubStatus.Banned];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(dao);
            vm.expectRevert(abi.encodeWithSelector(IWhitelist.StatusNotForTheDao.selector, refused[i]));
            whitelist.setStatus(address(wallet), refused[i]);
        }
        suspect();
        vm.prank(dao);
        vm.expectRevert(
            abi.encodeWithSelector(
                IHubRatings.HubNotInGoodStanding.selector, address(wallet), HubStatus.Suspected
            )
        );
        whitelist.setStatus(address(wallet), HubStatus.Trusted);
    }

    function test_rehabilitated__has_the_status_of_before() public {
        register();
        setStatus(HubStatus.Trusted);
        suspect();
        vm.assertEq(status(), uint256(HubStatus.Suspected), "suspected");
        vm.prank(dao);
        wallet.rehabilitate();
        vm.assertEq(status(), uint256(HubStatus.Trusted), "trusted again");
        vm.assertFalse(whitelist.isActive(address(wallet)), "idle");
        register();
        vm.assertEq(status(), uint256(HubStatus.Trusted), "still");
    }

    function test_banned__for_ever() public {
        reach(HubState.Punished);
        vm.assertEq(status(), uint256(HubStatus.Banned), "banned");
        vm.assertFalse(whitelist.isActive(address(wallet)), "not active");
        vm.prank(dao);
        vm.expectPartialRevert(IHubRatings.HubNotInGoodStanding.selector);
        whitelist.setStatus(address(wallet), HubStatus.Trusted);
    }

    function test_owner__changes_endpoint_and_name_in_every_state() public {
        register();
        vm.expectEmit(true, true, true, true);
        emit IWhitelist.HubDescribed(address(wallet), owner, "peer@host:1", "My hub");
        vm.prank(owner);
        whitelist.describe(address(wallet), "peer@host:1", "My hub");
        vm.assertEq(whitelist.hubOf(address(wallet)).endpoint, "peer@host:1", "endpoint");
        vm.assertEq(whitelist.hubOf(address(wallet)).name, "My hub", "name");
        suspect();
        vm.prank(owner);
        whitelist.describe(address(wallet), "", "");
        vm.assertEq(whitelist.hubOf(address(wallet)).name, "", "empty");
    }

    function test_describe__as_a_stranger_unlisted_or_too_long_refused() public {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IWhitelist.NotTheOwner.selector, owner, address(0)));
        whitelist.describe(address(wallet), "", "");
        register();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IWhitelist.NotTheOwner.selector, stranger, owner));
        whitelist.describe(address(wallet), "", "");
        vm.startPrank(owner);
        whitelist.describe(address(wallet), string(new bytes(1024)), string(new bytes(64)));
        vm.expectRevert(abi.encodeWithSelector(IWhitelist.TextTooLong.selector, 1025, 1024));
        whitelist.describe(address(wallet), string(new bytes(1025)), "");
        vm.expectRevert(abi.encodeWithSelector(IWhitelist.TextTooLong.selector, 65, 64));
        whitelist.describe(address(wallet), "", string(new bytes(65)));
    }
}
