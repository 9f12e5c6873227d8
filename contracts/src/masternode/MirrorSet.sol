// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {ISigners, Member, Signature, SignerSet, Signers} from "./Signers.sol";

/// @title The masternodes as another chain sees them
/// @notice Holds the hash of one set. More than two thirds of it hand over to the next one. Nobody else can, and there
/// is no way round: whoever deploys it names the first set.
contract MirrorSet is Signers, EIP712 {
    bytes32 public constant HANDOVER_TYPEHASH =
        keccak256("Handover(uint256 homeChain,address home,uint64 epoch,bytes32 setHash)");

    /// @notice `hash` of the encoded {SignerSet} of `epoch` speaks from now on.
    event HandedOver(uint64 indexed epoch, bytes32 hash);

    /// @notice Thrown when the next set is no newer than the present one, or empty, or too large.
    error NotNewer(uint64 has, uint64 needs);

    uint256 public immutable homeChain;
    address public immutable home;
    uint64 public latestSet;
    bytes32 public latestHash;

    /// @param home_ `Masternodes` on chain `homeChain_`.
    constructor(uint256 homeChain_, address home_, SignerSet memory first) EIP712("SONM MirrorSet", "1") {
        homeChain = homeChain_;
        home = home_;
        if (first.members.length == 0 || first.members.length > MEMBERS_MAX) revert NotNewer(0, first.epoch);
        _take(first.epoch, keccak256(abi.encode(first)));
    }

    /// @notice Hands over to `next`, by the signatures of `current`. By anybody who has them.
    function handOver(SignerSet calldata next, SignerSet calldata current, Signature[] calldata signatures)
        external
    {
        if (next.epoch <= latestSet || next.members.length == 0 || next.members.length > MEMBERS_MAX) {
            revert NotNewer(next.epoch, latestSet + 1);
        }
        bytes32 hash = keccak256(abi.encode(next));
        this.requireQuorum(current, handoverDigest(next.epoch, hash), signatures);
        _take(next.epoch, hash);
    }

    /// @notice What is signed to hand over.
    function handoverDigest(uint64 epoch, bytes32 hash) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(HANDOVER_TYPEHASH, homeChain, home, epoch, hash)));
    }

    /// @inheritdoc ISigners
    function mayVote(Member calldata) public pure override returns (bool) {
        return true;
    }

    function _take(uint64 epoch, bytes32 hash) private {
        latestSet = epoch;
        latestHash = hash;
        emit HandedOver(epoch, hash);
    }

    function _setHash(uint64 epoch) internal view override returns (bytes32) {
        return epoch == latestSet ? latestHash : bytes32(0);
    }
}
