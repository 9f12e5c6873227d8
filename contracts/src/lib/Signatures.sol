// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Whose signature it is
/// @notice A key's signature has 65 bytes r, s, v with the lower s and v 27 or 28: neither a compact nor a mirrored form
/// is taken, so a signature has one spelling. Anything else is put before the signer's code (ERC-1271), if it has one.
library Signatures {
    /// What a wallet may use to judge. More than that, and it has not signed: it must not burn what a batch has left.
    uint256 internal constant WALLET_GAS = 400_000;

    /// Half the order of secp256k1: of the two values of `s` that fit, only the smaller one counts.
    uint256 private constant S_MAX = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// Whether `signer` signed `digest`. Nobody (0) never did.
    function isBy(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (signer == address(0)) return false;
        if (_recoverPacked(digest, signature) == signer) return true;
        return signer.code.length != 0 && _walletAccepts(signer, digest, signature);
    }

    /// Whose key made the signature; 0 if it is none, or has the higher s.
    function recover(bytes32 digest, uint8 v, bytes32 r, bytes32 s) internal pure returns (address) {
        // The precompile itself takes no v but 27 and 28, and answers 0 to what is no signature.
        return uint256(s) > S_MAX ? address(0) : ecrecover(digest, v, r, s);
    }

    function _recoverPacked(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly ("memory-safe") {
            r := calldataload(signature.offset)
            s := calldataload(add(signature.offset, 0x20))
            v := byte(0, calldataload(add(signature.offset, 0x40)))
        }
        return recover(digest, v, r, s);
    }

    /// Reads one word of the answer, however long it is.
    function _walletAccepts(address wallet, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool accepted)
    {
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 yes = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            let ok := staticcall(WALLET_GAS, wallet, add(question, 0x20), mload(question), 0, 0x20)
            accepted := and(ok, and(gt(returndatasize(), 0x1f), eq(mload(0), yes)))
        }
    }
}
