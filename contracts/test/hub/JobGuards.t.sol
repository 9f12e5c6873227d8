// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ApplicationPool} from "../../src/hub/ApplicationPool.sol";
import {JobId} from "../../src/hub/HubTypes.sol";
import {IApplicationPool} from "../../src/interfaces/IApplicationPool.sol";
import {IJobEscrow} from "../../src/interfaces/IJobEscrow.sol";
import {vm} from "../base/Vm.sol";
import {JobSystem} from "./JobSystem.sol";

/// What a hub may not do any more.
contract JobGuardsTest is JobSystem {
    function test_offer_of_a_hub_whose_month_is_over__refused_to_its_owner_too() public {
        ApplicationPool pool = new ApplicationPool(whitelist);
        wait(31 days);
        wallet.payday();
        IApplicationPool.Offer memory offer = IApplicationPool.Offer({
            hub: address(wallet),
            price: amount_(5),
            expiry: uint40(block.timestamp + 1 days),
            terms: "terms",
            what: "sha256:00"
        });
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(IApplicationPool.NotTheHubsOwner.selector, address(wallet), owner)
        );
        pool.offer("povray", offer);
    }

    function test_job_is_accepted_after_its_deadline__refused() public {
        JobId id = create(0);
        wait(1 days + 1);
        vm.prank(owner);
        vm.expectPartialRevert(IJobEscrow.DeadlineOver.selector);
        escrow.accept(id);
    }
}
