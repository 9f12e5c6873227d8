// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PriceOracle} from "../../src/PriceOracle.sol";
import "../../src/Types.sol";
import {ICoordinator} from "../../src/interfaces/ICoordinator.sol";
import {IGatekeeper} from "../../src/interfaces/IGatekeeper.sol";
import {IPriceOracle} from "../../src/interfaces/IPriceOracle.sol";
import {MerkleSum} from "../../src/lib/MerkleSum.sol";
import {Gatekeeper} from "../../src/masternode/Gatekeeper.sol";
import {MirrorSet} from "../../src/masternode/MirrorSet.sol";
import {Participants} from "../../src/masternode/Participants.sol";
import {PriceReports} from "../../src/masternode/PriceReports.sol";
import {Signature, SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {MasternodeSystem} from "../masternode/MasternodeSystem.sol";

/// What each operation of masternodes, price, gate and rewards costs as a transaction of its own, from the committed
/// artifacts, with four masternodes that all sign. Run with --isolate.
contract MasternodeGasTest is MasternodeSystem {
    function fromArtifacts() internal pure override returns (bool) {
        return true;
    }

    function setUp() public override {
        super.setUp();
        nextEpoch();
        takenSet();
        for (uint256 i = 0; i < 2; ++i) {
            nextEpoch();
            execute(emptyProposal(takenSet()), takenSet());
        }
        nextEpoch();
        // The accounts have had rewards before: a little SNO, so that their balances are in use.
        vm.startPrank(node(0));
        coordinator.collect();
        for (uint256 i = 0; i < 64; ++i) {
            sno.transfer(vm.addr(1000 + i), 1);
        }
        vm.stopPrank();
        execute(emptyProposal(takenSet()), takenSet());
        nextEpoch();
    }

    function test_gas_of_stakes() public {
        address one = node(9);
        snm.transfer(one, 2 * MIN + 1);
        keyOf[one] = uint256(keccak256("key"));
        vm.startPrank(one);
        snm.approve(address(masternodes), type(uint256).max);
        masternodes.join(Amount.wrap(MIN), vm.addr(keyOf[one]), keccak256("network key"));
        measure("stake", 230_000);
        masternodes.addStake(Amount.wrap(MIN));
        measure("add to a stake", 70_000);
        vm.stopPrank();
        masternodes.takeSet();
        measure("take the set, five members", 140_000);
        vm.prank(one);
        masternodes.resign();
        measure("resign", 70_000);
        vm.warp(block.timestamp + 7 days);
        vm.prank(one);
        masternodes.withdraw();
        measure("unstake", 70_000);
    }

    function test_gas_of_a_price_report() public {
        address feeder = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        IPriceOracle.Limits memory limits =
            IPriceOracle.Limits(Rate.wrap(1e12), Rate.wrap(1e24), 1000, uint32(EPOCH), 3600);
        bytes memory arguments = abi.encode(feeder, Rate.wrap(0.05e18), limits);
        PriceOracle oracle = PriceOracle(deploy("PriceOracle", type(PriceOracle).creationCode, arguments));
        arguments = abi.encode(masternodes, oracle);
        PriceReports prices = PriceReports(deploy("PriceReports", type(PriceReports).creationCode, arguments));
        for (uint256 round = 0; round < 2; ++round) {
            nextEpoch();
            SignerSet memory set = takenSet();
            Rate[] memory rates = new Rate[](4);
            Signature[] memory signatures = new Signature[](4);
            for (uint256 i = 0; i < 4; ++i) {
                rates[i] = Rate.wrap(uint88(0.05e18 + i));
                signatures[i] = signed(set, uint8(i), prices.reportDigest(set.epoch, rates[i]));
            }
            prices.submit(set.epoch, set, rates, signatures);
        }
        measure("report the price, four signatures", 150_000);
    }

    function test_gas_of_selection() public {
        uint64 epoch = masternodes.epoch() + 2;
        vm.startPrank(node(0));
        coordinator.commit(epoch, keccak256(abi.encode(epoch, node(0), bytes32("secret"))));
        measure("promise a secret", 60_000);
        nextEpoch();
        coordinator.reveal(epoch, "secret");
        measure("tell the secret", 60_000);
        vm.stopPrank();
    }

    // ---- epochs and claims

    /// The tree's first 64 leaves, in a tree of 2^depth; everything beside them is as if it were there.
    function pot(uint256 depth, uint256 count)
        private
        returns (bytes32 id, bytes32 root, uint96 sum, ICoordinator.Claim[] memory claims)
    {
        id = coordinator.epochPot(masternodes.epoch() - 1);
        MerkleSum.Leaf[] memory leaves = new MerkleSum.Leaf[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = MerkleSum.Leaf(uint32(i), vm.addr(1000 + i), 1e12);
        }
        MerkleSum.Sibling[][] memory proofs;
        (root, sum, proofs) = tree(id, leaves);
        claims = new ICoordinator.Claim[](count);
        uint256 low = proofs[0].length;
        for (uint256 i = 0; i < count; ++i) {
            MerkleSum.Sibling[] memory proof = new MerkleSum.Sibling[](depth);
            for (uint256 level = 0; level < depth; ++level) {
                proof[level] = level < low
                    ? proofs[i][level]
                    : MerkleSum.Sibling(keccak256(abi.encode("others", level)), uint96(1e12 << level));
            }
            claims[i] = ICoordinator.Claim(id, leaves[i], proof);
        }
        for (uint256 level = low; level < depth; ++level) {
            MerkleSum.Sibling memory beside = claims[0].proof[level];
            root = keccak256(abi.encode(root, uint256(sum), beside.hash, uint256(beside.sum)));
            sum += beside.sum;
        }
    }

    function epochOf(string memory workers, uint256 depth, uint256 count)
        private
        returns (uint256 gas, ICoordinator.Claim[] memory claims)
    {
        bytes32 root;
        uint96 sum;
        (, root, sum, claims) = pot(depth, count);
        SignerSet memory set = takenSet();
        ICoordinator.Proposal memory proposal = emptyProposal(set);
        (proposal.rewardRoot, proposal.rewardSum) = (root, sum);
        Signature[] memory signatures = signedBy(set, 4, coordinator.digestOf(proposal));
        coordinator.execute(proposal, set, signatures);
        gas = measure(string.concat("decide an epoch, ", workers, " rewarded workers"), 380_000);
        nextEpoch();
        ICoordinator.Claim[] memory first = new ICoordinator.Claim[](1);
        first[0] = claims[0];
        coordinator.claim(first);
        first[0] = claims[1];
        coordinator.claim(first);
        measure(string.concat("claim one of ", workers), 110_000);
    }

    function test_gas_of_an_epoch__does_not_grow_with_its_workers() public {
        (uint256 ten,) = epochOf("10", 4, 10);
        (uint256 thousand,) = epochOf("1,000", 10, 64);
        (uint256 million, ICoordinator.Claim[] memory claims) = epochOf("1,000,000", 20, 64);
        vm.assertLe(thousand, ten + ten / 100, "a thousand");
        vm.assertLe(million, ten + ten / 100, "a million");
        ICoordinator.Claim[] memory fifty = new ICoordinator.Claim[](50);
        for (uint256 i = 0; i < 50; ++i) {
            fifty[i] = claims[i + 14];
        }
        coordinator.claim(fifty);
        uint256 gas = vm.snapshotGasLastCall("masternode-batches", "claims") / 50;
        vm.snapshotValue("masternode", "claim one of 1,000,000, batch of 50, per claim", gas);
        vm.assertLe(gas, 80_000, "batch");
    }

    function test_gas_of_a_jobs_money() public {
        bytes32 job = "job";
        snm.approve(address(coordinator), type(uint256).max);
        coordinator.fundJob("another", Amount.wrap(1e18));
        coordinator.fundJob(job, Amount.wrap(1e18));
        measure("put up a job's money", 130_000);
        vm.prank(worker);
        participants.register(Participants.Role.Worker, "key");
        measure("register as a worker", 125_000);
        MerkleSum.Leaf[] memory leaves = new MerkleSum.Leaf[](1);
        leaves[0] = MerkleSum.Leaf(0, stranger, 1e18);
        ICoordinator.Claim[] memory claims = new ICoordinator.Claim[](1);
        (bytes32 root,,) = tree(job, leaves);
        claims[0] = ICoordinator.Claim(job, leaves[0], new MerkleSum.Sibling[](0));
        SignerSet memory set = takenSet();
        ICoordinator.Proposal memory proposal = emptyProposal(set);
        proposal.jobs = new ICoordinator.JobRewards[](1);
        proposal.jobs[0] = ICoordinator.JobRewards(job, root, 1e18);
        Signature[] memory signatures = signedBy(set, 4, coordinator.digestOf(proposal));
        coordinator.execute(proposal, set, signatures);
        measure("decide an epoch with one job", 480_000);
        coordinator.challenge(job, claims, set);
        measure("refute a pot, four signers slashed", 500_000);
        vm.prank(node(0));
        coordinator.collect();
        measure("collect a masternode's part", 80_000);
    }

    // ---- the gate

    function test_gas_of_the_bridge() public {
        uint256 away = 777;
        IGatekeeper.Params memory limits =
            IGatekeeper.Params(Amount.wrap(100e18), Amount.wrap(250e18), 1 days, 1 days, 30 days);
        bytes memory arguments = abi.encode(snm, masternodes, away, stranger, limits);
        Gatekeeper gate = Gatekeeper(deploy("Gatekeeper", type(Gatekeeper).creationCode, arguments));
        snm.approve(address(gate), type(uint256).max);
        gate.fund(Amount.wrap(1000e18));
        gate.deposit(worker, Amount.wrap(1e18));
        gate.deposit(worker, Amount.wrap(1e18));
        measure("send over the bridge", 110_000);
        SignerSet memory set = takenSet();
        for (uint256 id = 1; id < 4; ++id) {
            IGatekeeper.Transfer memory transfer = IGatekeeper.Transfer(
                away, block.chainid, stranger, address(gate), id, worker, Amount.wrap(id == 3 ? 101e18 : 1e18)
            );
            Signature[] memory signatures = signedBy(set, 4, gate.releaseDigest(transfer, set.epoch));
            gate.release(transfer, set, signatures);
            if (id == 2) measure("deliver from the bridge, four signatures", 150_000);
        }
        measure("accept a large delivery, which waits", 150_000);
        vm.warp(block.timestamp + 1 days);
        gate.finish(3);
        measure("finish a delivery", 70_000);
        MirrorSet mirror =
            MirrorSet(deploy("MirrorSet", type(MirrorSet).creationCode, abi.encode(1, masternodes, set)));
        SignerSet memory next = takenSet();
        bytes32 digest = mirror.handoverDigest(next.epoch, keccak256(abi.encode(next)));
        Signature[] memory handover = signedBy(set, 4, digest);
        mirror.handOver(next, set, handover);
        measure("hand over to the next set there", 120_000);
    }

    function measure(string memory name, uint256 bound) private returns (uint256 gas) {
        gas = vm.snapshotGasLastCall("masternode", name);
        vm.assertLe(gas, bound, name);
    }
}
