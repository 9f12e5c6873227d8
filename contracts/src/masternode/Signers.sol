// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signatures} from "../lib/Signatures.sol";

/// One masternode in a set.
struct Member {
    /// Who has staked.
    address account;
    /// The key it votes with.
    address signer;
    /// Its stake, capped. 1e-18 SNM.
    uint96 weight;
}

/// The masternodes as they were at one moment. Callers bring it as calldata; contracts keep its hash.
struct SignerSet {
    uint64 epoch;
    Member[] members;
}

/// ECDSA over secp256k1, 65 bytes' worth; low `s` only, `v` 27 or 28.
struct Signature {
    /// Index in the set.
    uint8 member;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @title Who may speak for the masternodes, and with what weight
interface ISigners {
    /// @notice Thrown when a set is not one that was taken, or is too old to speak.
    error UnknownSet(uint64 epoch, bytes32 has, bytes32 needs);

    /// @notice Thrown when a signature is not by the key of that member over that digest, is malleable, or comes twice.
    error InvalidSignature(uint256 index, uint8 member);

    /// @notice Thrown when there are no signatures, more than members, or another number of digests.
    error WrongNumber(uint256 has, uint256 max);

    /// @notice Thrown when what was signed has no more than two thirds of the stake behind it.
    error NoQuorum(uint256 has, uint256 total);

    /// @notice What stands behind each signature. A member that has left, was slashed out or has another key now counts 0.
    /// @param digests One for all signatures, or one for each.
    /// @return weights As the signatures.
    /// @return total Of the whole set.
    function weigh(SignerSet calldata set, bytes32[] calldata digests, Signature[] calldata signatures)
        external
        view
        returns (uint256[] memory weights, uint256 total);

    /// @notice Reverts unless more than two thirds of the set's stake has signed `digest`.
    /// @return voters Bit i = member i has signed and counts.
    function requireQuorum(SignerSet calldata set, bytes32 digest, Signature[] calldata signatures)
        external
        view
        returns (uint64 voters);

    /// @notice Reverts unless `set` may speak now.
    function requireSet(SignerSet calldata set) external view;

    /// @notice Whether that member of the set may still vote.
    function mayVote(Member calldata member) external view returns (bool);
}

/// @title Counting of signatures, see {ISigners}
abstract contract Signers is ISigners {
    /// As many bits as a bitmap of voters has, and as many signatures as one transaction bears easily.
    uint256 internal constant MEMBERS_MAX = 64;

    /// @inheritdoc ISigners
    function weigh(SignerSet calldata set, bytes32[] calldata digests, Signature[] calldata signatures)
        public
        view
        returns (uint256[] memory weights, uint256 total)
    {
        requireSet(set);
        if (signatures.length == 0 || signatures.length > set.members.length) {
            revert WrongNumber(signatures.length, set.members.length);
        }
        if (digests.length != 1 && digests.length != signatures.length) {
            revert WrongNumber(digests.length, signatures.length);
        }
        weights = new uint256[](signatures.length);
        uint256 seen;
        for (uint256 i = 0; i < signatures.length; ++i) {
            Signature calldata signature = signatures[i];
            uint256 bit = 1 << signature.member;
            if (signature.member >= set.members.length || seen & bit != 0) {
                revert InvalidSignature(i, signature.member);
            }
            seen |= bit;
            Member calldata member = set.members[signature.member];
            bytes32 digest = digests[digests.length == 1 ? 0 : i];
            address signer = Signatures.recover(digest, signature.v, signature.r, signature.s);
            // Nobody (0) never signs, whatever a set says.
            if (signer == address(0) || signer != member.signer) {
                revert InvalidSignature(i, signature.member);
            }
            if (mayVote(member)) weights[i] = member.weight;
        }
        for (uint256 i = 0; i < set.members.length; ++i) {
            total += set.members[i].weight;
        }
    }

    /// @inheritdoc ISigners
    function requireQuorum(SignerSet calldata set, bytes32 digest, Signature[] calldata signatures)
        external
        view
        returns (uint64 voters)
    {
        bytes32[] memory digests = new bytes32[](1);
        digests[0] = digest;
        (uint256[] memory weights, uint256 total) = this.weigh(set, digests, signatures);
        uint256 weight;
        for (uint256 i = 0; i < weights.length; ++i) {
            weight += weights[i];
            if (weights[i] != 0) voters |= uint64(1) << signatures[i].member;
        }
        if (3 * weight <= 2 * total) revert NoQuorum(weight, total);
    }

    /// @inheritdoc ISigners
    function requireSet(SignerSet calldata set) public view {
        bytes32 known = _setHash(set.epoch);
        bytes32 has = keccak256(abi.encode(set));
        if (has != known) revert UnknownSet(set.epoch, has, known);
    }

    /// @inheritdoc ISigners
    function mayVote(Member calldata member) public view virtual returns (bool);

    /// Hash of the set taken in `epoch`; 0, which no set has, if none was, or if it may not speak any more.
    function _setHash(uint64 epoch) internal view virtual returns (bytes32);
}
