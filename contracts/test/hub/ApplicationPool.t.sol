// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ApplicationPool} from "../../src/hub/ApplicationPool.sol";
import {HubState} from "../../src/hub/HubTypes.sol";
import {IApplicationPool} from "../../src/interfaces/IApplicationPool.sol";
import {vm} from "../base/Vm.sol";
import {HubSystem} from "./HubSystem.sol";

contract ApplicationPoolTest is HubSystem {
    ApplicationPool private pool;
    bytes32 private constant APP = "povray";

    function setUp() public override {
        super.setUp();
        pool = ApplicationPool(
            deploy("ApplicationPool", type(ApplicationPool).creationCode, abi.encode(whitelist))
        );
    }

    function anOffer() private view returns (IApplicationPool.Offer memory) {
        return IApplicationPool.Offer({
            hub: address(0),
            price: amount_(5),
            expiry: uint40(block.timestamp + 1 days),
            terms: "terms",
            what: "sha256:00"
        });
    }

    function test_offer__stands_until_it_expires() public {
        IApplicationPool.Offer memory o = anOffer();
        vm.expectEmit(true, true, true, true);
        emit IApplicationPool.OfferChanged(APP, stranger, o);
        vm.prank(stranger);
        pool.offer(APP, o);
        vm.assertTrue(pool.stands(APP, stranger), "stands");
        vm.assertEq(keccak256(abi.encode(pool.offerOf(APP, stranger))), keccak256(abi.encode(o)), "stored");
        vm.assertFalse(pool.stands(APP, owner), "another's does not");
        wait(1 days);
        vm.assertFalse(pool.stands(APP, stranger), "expired");
    }

    function test_offer_again__takes_the_place_of_the_first() public {
        IApplicationPool.Offer memory o = anOffer();
        pool.offer(APP, o);
        o.price = amount_(7);
        pool.offer(APP, o);
        vm.assertEq(keccak256(abi.encode(pool.offerOf(APP, address(this)))), keccak256(abi.encode(o)), "new");
    }

    function test_offer_taken_back__is_gone_once() public {
        pool.offer(APP, anOffer());
        pool.withdrawOffer(APP);
        vm.assertFalse(pool.stands(APP, address(this)), "gone");
        vm.expectRevert(abi.encodeWithSelector(IApplicationPool.NoOffer.selector, APP, address(this)));
        pool.withdrawOffer(APP);
    }

    function test_offer_of_a_hub__only_its_owner_and_while_it_is_active() public {
        IApplicationPool.Offer memory o = anOffer();
        o.hub = address(wallet);
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(IApplicationPool.NotTheHubsOwner.selector, address(wallet), owner)
        );
        pool.offer(APP, o);
        register();
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IApplicationPool.NotTheHubsOwner.selector, address(wallet), stranger)
        );
        pool.offer(APP, o);
        vm.prank(owner);
        pool.offer(APP, o);
        vm.assertTrue(pool.stands(APP, owner), "stands");
        suspect();
        vm.assertFalse(pool.stands(APP, owner), "not under suspicion");
    }

    function test_offers_that_say_nothing_or_too_much__refused() public {
        IApplicationPool.Offer memory o = anOffer();
        uint40[4] memory expiries = [0, uint40(NOON), uint40(NOON + 90 days + 1), type(uint40).max];
        for (uint256 i = 0; i < 4; ++i) {
            o.expiry = expiries[i];
            vm.expectRevert(
                abi.encodeWithSelector(
                    IApplicationPool.InvalidExpiry.selector, expiries[i], NOON + 1, NOON + 90 days
                )
            );
            pool.offer(APP, o);
        }
        o.expiry = uint40(NOON + 90 days);
        o.price = amount_(0);
        vm.expectRevert(IApplicationPool.InvalidOffer.selector);
        pool.offer(APP, o);
        o.price = amount_(1);
        o.what = "";
        vm.expectRevert(IApplicationPool.InvalidOffer.selector);
        pool.offer(APP, o);
        o.what = string(new bytes(257));
        vm.expectRevert(IApplicationPool.InvalidOffer.selector);
        pool.offer(APP, o);
        o.what = string(new bytes(256));
        pool.offer(APP, o);
    }
}
