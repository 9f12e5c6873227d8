// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import "../../src/Types.sol";
import {SNM} from "../../src/SNM.sol";
import {ICoordinator} from "../../src/interfaces/ICoordinator.sol";
import {IMasternodes} from "../../src/interfaces/IMasternodes.sol";
import {Vault} from "../../src/dao/Vault.sol";
import {MerkleSum} from "../../src/lib/MerkleSum.sol";
import {Coordinator} from "../../src/masternode/Coordinator.sol";
import {Masternodes} from "../../src/masternode/Masternodes.sol";
import {Participants} from "../../src/masternode/Participants.sol";
import {Member, Signature, SignerSet} from "../../src/masternode/Signers.sol";
import {SNO} from "../../src/token/SNO.sol";
import {Artifacts} from "../base/Artifacts.sol";
import {Vm, vm} from "../base/Vm.sol";

/// Masternodes, Participants, Coordinator and both tokens, four masternodes, and signing for them.
abstract contract MasternodeSystem is Artifacts {
    bool public IS_TEST = true;

    uint256 internal constant NOON = 1_800_000_000;
    uint40 internal constant EPOCH = 600;
    uint96 internal constant MIN = 1000e18;
    uint96 internal constant MAX = 10_000e18;

    address internal dao = account("dao");
    address internal stranger = account("stranger");
    address internal worker = account("worker");

    IERC20 internal snm;
    SNO internal sno;
    Vault internal vault;
    Masternodes internal masternodes;
    Participants internal participants;
    Coordinator internal coordinator;
    /// Signing keys by account; account i is account("masternode i").
    mapping(address account => uint256) internal keyOf;

    function setUp() public virtual {
        vm.warp(NOON);
        deployMasternodes(IERC20(address(0)));
        for (uint256 i = 0; i < 4; ++i) {
            joins(node(i), MIN);
        }
    }

    function deployMasternodes(IERC20 token) internal {
        snm = address(token) == address(0) ? IERC20(new SNM(address(this))) : token;
        sno = SNO(deploy("SNO", type(SNO).creationCode, abi.encode(dao, address(this))));
        vault = Vault(deploy("Vault", type(Vault).creationCode, abi.encode(snm, dao, 180 days)));
        // The next three: Masternodes, Participants, Coordinator.
        address later = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 2);
        bytes memory arguments = abi.encode(snm, later, vault, nodeParams(MIN, MAX, EPOCH));
        masternodes = Masternodes(deploy("Masternodes", type(Masternodes).creationCode, arguments));
        participants =
            Participants(deploy("Participants", type(Participants).creationCode, abi.encode(later)));
        arguments = abi.encode(masternodes, participants, sno, snm, dao, EPOCH);
        coordinator = Coordinator(deploy("Coordinator", type(Coordinator).creationCode, arguments));
        vm.assertEq(address(coordinator), later, "the coordinator is where the others expect it");
        sno.setCoordinator(later);
    }

    // ---- accounts

    function account(string memory name) internal returns (address result) {
        result = vm.addr(uint256(keccak256(bytes(name))));
        vm.label(result, name);
    }

    function node(uint256 i) internal returns (address) {
        return account(string.concat("masternode ", digits(i)));
    }

    function digits(uint256 i) internal pure returns (string memory) {
        bytes memory text = new bytes(3);
        for (uint256 k = 3; k > 0; --k) {
            text[k - 1] = bytes1(uint8(48 + i % 10));
            i /= 10;
        }
        return string(text);
    }

    function joins(address who, uint96 stake) internal {
        snm.transfer(who, stake);
        keyOf[who] = uint256(keccak256(abi.encode("key of", who)));
        vm.startPrank(who);
        snm.approve(address(masternodes), type(uint256).max);
        masternodes.join(Amount.wrap(stake), vm.addr(keyOf[who]), keccak256(abi.encode(who)));
        vm.stopPrank();
    }

    // ---- sets and signatures

    /// Takes the running epoch's set down if nobody has, and gives it.
    function takenSet() internal returns (SignerSet memory set) {
        if (masternodes.latestSet() < masternodes.epoch()) masternodes.takeSet();
        return currentSet();
    }

    /// What takeSet() would take now, under the last epoch in which it was called.
    function currentSet() internal view returns (SignerSet memory set) {
        address[] memory active = masternodes.active();
        set.epoch = masternodes.latestSet();
        set.members = new Member[](active.length);
        for (uint256 i = 0; i < active.length; ++i) {
            IMasternodes.Node memory one = masternodes.nodeOf(active[i]);
            set.members[i] = Member(active[i], one.signer, weightOf(one.stake));
        }
    }

    function stakeOf(address who) internal view returns (uint96) {
        return Amount.unwrap(masternodes.nodeOf(who).stake);
    }

    function weightOf(Amount stake) private pure returns (uint96) {
        return Amount.unwrap(stake) < MAX ? Amount.unwrap(stake) : MAX;
    }

    function nodeParams(uint96 min, uint96 max, uint40 epochLength)
        internal
        pure
        returns (IMasternodes.Params memory)
    {
        return IMasternodes.Params(Amount.wrap(min), Amount.wrap(max), epochLength);
    }

    function signed(SignerSet memory set, uint8 member, bytes32 digest)
        internal
        view
        returns (Signature memory signature)
    {
        signature.member = member;
        (signature.v, signature.r, signature.s) = vm.sign(keyOf[set.members[member].account], digest);
    }

    /// The first `count` members' signatures.
    function signedBy(SignerSet memory set, uint256 count, bytes32 digest)
        internal
        view
        returns (Signature[] memory signatures)
    {
        signatures = new Signature[](count);
        for (uint256 i = 0; i < count; ++i) {
            signatures[i] = signed(set, uint8(i), digest);
        }
    }

    // ---- Merkle-sum trees

    function leafHash(bytes32 pot, MerkleSum.Leaf memory leaf) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(pot, leaf.index, leaf.account, leaf.amount))));
    }

    /// Root, sum, and the proofs of all leaves.
    function tree(bytes32 pot, MerkleSum.Leaf[] memory leaves)
        internal
        pure
        returns (bytes32 root, uint96 sum, MerkleSum.Sibling[][] memory proofs)
    {
        uint256 depth = 0;
        while (1 << depth < leaves.length) ++depth;
        MerkleSum.Sibling[] memory row = new MerkleSum.Sibling[](1 << depth);
        proofs = new MerkleSum.Sibling[][](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            row[i] = MerkleSum.Sibling(leafHash(pot, leaves[i]), leaves[i].amount);
            proofs[i] = new MerkleSum.Sibling[](depth);
        }
        for (uint256 level = 0; level < depth; ++level) {
            for (uint256 i = 0; i < leaves.length; ++i) {
                proofs[i][level] = row[(i >> level) ^ 1];
            }
            MerkleSum.Sibling[] memory above = new MerkleSum.Sibling[](row.length / 2);
            for (uint256 i = 0; i < above.length; ++i) {
                above[i].hash = keccak256(
                    abi.encode(
                        row[2 * i].hash,
                        uint256(row[2 * i].sum),
                        row[2 * i + 1].hash,
                        uint256(row[2 * i + 1].sum)
                    )
                );
                above[i].sum = row[2 * i].sum + row[2 * i + 1].sum;
            }
            row = above;
        }
        return (row[0].hash, row[0].sum, proofs);
    }

    // ---- proposals

    /// A proposal for the epoch that has just ended, by somebody whose turn it is, with no content.
    function emptyProposal(SignerSet memory set)
        internal
        view
        returns (ICoordinator.Proposal memory proposal)
    {
        proposal.epoch = masternodes.epoch() - 1;
        proposal.previous = coordinator.lastHash();
        proposal.setEpoch = set.epoch;
        proposal.proposer = coordinator.selected(proposal.epoch, set)[0];
    }

    function execute(ICoordinator.Proposal memory proposal, SignerSet memory set) internal {
        coordinator.execute(proposal, set, signedBy(set, set.members.length, coordinator.digestOf(proposal)));
    }

    function nextEpoch() internal {
        vm.warp(block.timestamp + EPOCH);
    }
}
