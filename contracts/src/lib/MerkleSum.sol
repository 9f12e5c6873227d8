// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle trees whose every node carries the sum below it
/// @notice leaf = keccak256(keccak256(abi.encode(pot, index, account, amount))), its sum is `amount`;
/// node = keccak256(abi.encode(left, leftSum, right, rightSum)), its sum is leftSum + rightSum.
/// A tree has 2^depth places; a place without a leaf is hash 0 with sum 0. The bits of `index`, lowest first, say on which
/// side a node stands. Whatever paths one tree has, the amounts of all its leaves sum to the root's sum: a claim can take
/// nothing that was not voted.
library MerkleSum {
    struct Leaf {
        uint32 index;
        address account;
        /// 1e-18 of the pot's token.
        uint96 amount;
    }

    /// A sibling on the way to the root.
    struct Sibling {
        bytes32 hash;
        uint96 sum;
    }

    uint256 internal constant DEPTH_MAX = 32;

    /// @notice Thrown when a proof is longer than 32, or too short for its index.
    error WrongProofLength(uint256 has, uint256 max);
    /// @notice Thrown when a leaf is not in the tree of that root and sum.
    error NotInTheTree(bytes32 has, uint256 hasSum, bytes32 root, uint256 sum);

    function requireLeaf(bytes32 root, uint256 sum, bytes32 pot, Leaf calldata leaf, Sibling[] calldata proof)
        internal
        pure
    {
        if (proof.length > DEPTH_MAX || uint256(leaf.index) >> proof.length != 0) {
            revert WrongProofLength(proof.length, DEPTH_MAX);
        }
        bytes32 hash =
            keccak256(bytes.concat(keccak256(abi.encode(pot, leaf.index, leaf.account, leaf.amount))));
        uint256 below = leaf.amount;
        for (uint256 i = 0; i < proof.length; ++i) {
            Sibling calldata sibling = proof[i];
            hash = (leaf.index >> i) & 1 == 0
                ? keccak256(abi.encode(hash, below, sibling.hash, uint256(sibling.sum)))
                : keccak256(abi.encode(sibling.hash, uint256(sibling.sum), hash, below));
            below += sibling.sum;
        }
        if (hash != root || below != sum) revert NotInTheTree(hash, below, root, sum);
    }
}
