// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SNM} from "../../src/SNM.sol";
import {DAO} from "../../src/dao/DAO.sol";
import {ApplicationPool} from "../../src/hub/ApplicationPool.sol";
import {HubStatus, JobId, Mark, Units} from "../../src/hub/HubTypes.sol";
import {IApplicationPool} from "../../src/interfaces/IApplicationPool.sol";
import {vm} from "../base/Vm.sol";
import {JobSystem} from "../hub/JobSystem.sol";

/// What each operation of hubs, jobs and DAO costs as a transaction of its own, from the committed artifacts. Run with
/// --isolate. Balances that move are in use already; a wallet, a job, a part, a rating is new.
contract HubGasTest is JobSystem {
    function fromArtifacts() internal pure override returns (bool) {
        return true;
    }

    function setUp() public override {
        super.setUp();
        give(miner, address(wallet), SNM_);
        give(rater, address(whitelist), 1000 * SNM_);
        snm.transfer(dao, SNM_);
        snm.transfer(address(vault), 1);
        snm.transfer(address(whitelist), 1);
    }

    function test_gas_of_a_hubs_life() public {
        vm.prank(owner);
        factory.create("gas");
        measure("create hub", 150_000);
        snm.approve(address(wallet), type(uint256).max);
        wallet.fund(amount_(SNM_));
        measure("fund hub", 80_000);
        pay(stranger, SNM_);
        measure("pay a new miner", 90_000);
        pay(stranger, SNM_);
        measure("pay a miner again", 60_000);
        draw(stranger, SNM_);
        measure("draw", 85_000);
        wait(30 days);
        wallet.payday();
        measure("payday", 90_000);
        withdraw(SNM_);
        measure("withdraw from hub", 80_000);
        register();
        measure("register again", 70_000);
        suspect();
        measure("suspect", 90_000);
        vm.prank(dao);
        wallet.rehabilitate();
        measure("rehabilitate", 70_000);
        register();
        suspect();
        vm.warp(block.timestamp + 120 days);
        vm.prank(dao);
        wallet.ban();
        measure("ban", 280_000);
    }

    function test_gas_of_the_list() public {
        vm.prank(owner);
        whitelist.describe(address(wallet), string(new bytes(100)), string(new bytes(20)));
        measure("describe hub (endpoint of 100 bytes)", 180_000);
        vm.prank(dao);
        whitelist.setStatus(address(wallet), HubStatus.Trusted);
        measure("set a hub's status", 50_000);
        vm.prank(rater);
        whitelist.rate(address(wallet), Mark.wrap(5), amount_(SNM_));
        measure("rate (first of a hub)", 220_000);
        wait(30 days);
        vm.prank(rater);
        whitelist.endRating(address(wallet));
        measure("end rating", 90_000);
        ApplicationPool pool = ApplicationPool(
            deploy("ApplicationPool", type(ApplicationPool).creationCode, abi.encode(whitelist))
        );
        IApplicationPool.Offer memory o = IApplicationPool.Offer({
            hub: address(wallet),
            price: amount_(1),
            expiry: uint40(block.timestamp + 1 days),
            terms: "terms",
            what: string(new bytes(71))
        });
        vm.prank(owner);
        pool.offer("app", o);
        measure("offer an application (71 bytes)", 230_000);
    }

    function test_gas_of_a_job() public {
        JobId id = create(1);
        measure("create job", 210_000);
        vm.prank(owner);
        escrow.accept(id);
        measure("accept job", 60_000);
        deliver(id, 2);
        measure("deliver a part", 110_000);
        vm.prank(buyer);
        escrow.confirm(id, 0);
        measure("confirm a part (first payment)", 110_000);
        deliver(id, 2);
        vm.prank(buyer);
        escrow.confirm(id, 1);
        measure("confirm a part", 80_000);
        deliver(id, 2);
        dispute(id, 2);
        measure("dispute", 90_000);
        rule(id, 2, 1);
        measure("rule", 60_000);
        appeal(owner, id, 2);
        measure("appeal", 90_000);
        judge(id, 2, 1);
        measure("judge (first return)", 110_000);
        deliver(id, 2);
        wait(1 hours);
        resolve(id, 3);
        measure("resolve after silence", 80_000);
        wait(1 days);
        escrow.reclaim(id);
        measure("reclaim", 60_000);
        vm.prank(buyer);
        escrow.withdraw(buyer, amount_(SNM_));
        measure("withdraw from escrow", 70_000);
        vm.prank(owner);
        escrow.collect(address(wallet));
        measure("collect", 130_000);
    }

    function test_gas_of_votes() public {
        SNM token = SNM(address(snm));
        vm.prank(buyer);
        token.transfer(rater, SNM_);
        measure("transfer, nobody delegated", 45_000);
        vm.prank(buyer);
        token.delegate(buyer);
        measure("delegate", 130_000);
        vm.prank(rater);
        token.delegate(rater);
        wait(1);
        vm.prank(buyer);
        token.transfer(rater, SNM_);
        measure("transfer, both delegated", 140_000);

        token.delegate(address(this));
        DAO.Settings memory settings = DAO.Settings(1 days, 7 days, 1000e18, 4, 2 days);
        DAO governor = DAO(payable(deploy("DAO", type(DAO).creationCode, abi.encode(snm, settings))));
        wait(1);
        address[] memory targets = new address[](1);
        targets[0] = address(governor);
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(governor.setVotingPeriod, (14 days));
        uint256 id = governor.propose(targets, new uint256[](1), calls, "longer");
        measure("propose", 120_000);
        wait(1 days + 1);
        governor.castVote(id, 1);
        measure("vote", 110_000);
        wait(7 days);
        governor.queue(targets, new uint256[](1), calls, keccak256("longer"));
        measure("queue", 150_000);
        wait(2 days);
        governor.execute(targets, new uint256[](1), calls, keccak256("longer"));
        measure("execute", 120_000);
    }

    function measure(string memory name, uint256 bound) private {
        uint256 gas = vm.snapshotGasLastCall("hub", name);
        vm.assertLe(gas, bound, name);
    }
}
