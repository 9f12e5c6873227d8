// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../../src/Types.sol";
import {JobId, Units} from "../../src/hub/HubTypes.sol";
import {JobEscrow} from "../../src/hub/JobEscrow.sol";
import {Job, JobOrder, Part, PartStatus} from "../../src/hub/JobTypes.sol";
import {vm} from "../base/Vm.sol";
import {HubSystem} from "./HubSystem.sol";

/// An escrow with a fee of 1 %, a referee for class 1, none for class 0, and a buyer.
abstract contract JobSystem is HubSystem {
    uint96 internal constant PRICE = 10e18;

    address internal buyer = account("buyer");
    address internal referee = account("referee");
    JobEscrow internal escrow;

    function setUp() public virtual override {
        super.setUp();
        deployEscrow();
        register();
        give(buyer, address(escrow), 10_000 * SNM_);
        give(owner, address(escrow), 1000 * SNM_);
    }

    function deployEscrow() internal {
        escrow = JobEscrow(deploy("JobEscrow", type(JobEscrow).creationCode, abi.encode(snm, factory, dao)));
        vm.startPrank(dao);
        escrow.setFee(100);
        escrow.setReferee(1, referee);
        vm.stopPrank();
    }

    /// 10 units for 10 SNM each, a day to deliver, an hour to look.
    function anOrder(uint8 verification) internal view returns (JobOrder memory) {
        return JobOrder({
            hub: address(wallet),
            terms: "terms",
            units: Units.wrap(10),
            price: amount_(PRICE),
            verification: verification,
            deadline: uint40(block.timestamp + 1 days),
            review: 1 hours,
            partsMax: 5
        });
    }

    function create(uint8 verification) internal returns (JobId) {
        vm.prank(buyer);
        return escrow.create(anOrder(verification));
    }

    function deliver(JobId id, uint32 units) internal returns (uint16) {
        vm.prank(owner);
        return escrow.deliver(id, Units.wrap(units), "root");
    }

    function dispute(JobId id, uint16 index) internal {
        vm.prank(buyer);
        escrow.dispute(id, index, "evidence");
    }

    function rule(JobId id, uint16 index, uint32 good) internal {
        vm.prank(referee);
        escrow.rule(id, index, Units.wrap(good));
    }

    function appeal(address by, JobId id, uint16 index) internal {
        vm.prank(by);
        escrow.appeal(id, index, "more evidence");
    }

    function judge(JobId id, uint16 index, uint32 good) internal {
        vm.prank(dao);
        escrow.judge(id, index, Units.wrap(good));
    }

    function resolve(JobId id, uint16 index) internal {
        vm.prank(stranger);
        escrow.resolve(id, index);
    }

    function assertBalances(uint256 hub, uint256 buyer_, uint256 dao_, string memory what) internal view {
        vm.assertEq(escrow.balanceOf(address(wallet)), hub, string.concat(what, ": hub"));
        vm.assertEq(escrow.balanceOf(buyer), buyer_, string.concat(what, ": buyer"));
        vm.assertEq(escrow.balanceOf(dao), dao_, string.concat(what, ": dao"));
    }

    function assertStatus(JobId id, uint16 index, PartStatus expected) internal view {
        vm.assertEq(uint256(escrow.partOf(id, index).status), uint256(expected), "status");
    }
}
