// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Numbers that can be used once, in any order
/// @notice One bit each: number n is bit `n % 256` of word `n / 256`.
library NonceMap {
    /// Which numbers of an account are used up.
    struct Used {
        mapping(address account => mapping(uint256 word => uint256)) words;
    }

    /// Marks `nonce` as used; false if it was already.
    function use(Used storage used, address account, uint256 nonce) internal returns (bool) {
        mapping(uint256 => uint256) storage words = used.words[account];
        uint256 word = words[nonce >> 8];
        uint256 bit = 1 << (nonce & 0xff);
        words[nonce >> 8] = word | bit;
        return word & bit == 0;
    }

    /// Marks all whose bit is set in `mask`; which of them were used before does not matter.
    function useAll(Used storage used, address account, uint256 word, uint256 mask) internal {
        used.words[account][word] |= mask;
    }

    function isUsed(Used storage used, address account, uint256 nonce) internal view returns (bool) {
        return used.words[account][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }
}
