// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {DealId, Order, OrderId} from "../Types.sol";
import {IMarketSigned} from "../interfaces/IMarketSigned.sol";
import {NonceMap} from "../lib/NonceMap.sol";
import {Signatures} from "../lib/Signatures.sol";
import {Deals} from "./Deals.sol";

/// @title Orders that are signed off chain, and batches
abstract contract Signed is Deals, EIP712, IMarketSigned {
    using NonceMap for NonceMap.Used;

    uint256 private constant REASON_BYTES_MAX = 256;

    NonceMap.Used private _nonces;

    constructor() EIP712("SONM Market", "1") {}

    /// @inheritdoc IMarketSigned
    function openWithSignatures(
        Order calldata ask,
        bytes calldata askSignature,
        Order calldata bid,
        bytes calldata bidSignature
    ) external returns (DealId) {
        return _open(ask, askSignature, bid, bidSignature);
    }

    /// @inheritdoc IMarketSigned
    function cancelNonce(uint256 nonce) external {
        cancelNonces(nonce >> 8, 1 << (nonce & 0xff));
    }

    /// @inheritdoc IMarketSigned
    function cancelNonces(uint256 word, uint256 mask) public {
        _nonces.useAll(msg.sender, word, mask);
        emit NoncesCancelled(msg.sender, word, mask);
    }

    /// @inheritdoc IMarketSigned
    function isNonceUsed(address author, uint256 nonce) external view returns (bool) {
        return _nonces.isUsed(author, nonce);
    }

    /// @inheritdoc IMarketSigned
    function digestOf(OrderId id) public view returns (bytes32) {
        return _hashTypedDataV4(OrderId.unwrap(id));
    }

    /// @inheritdoc IMarketSigned
    function batch(bytes[] calldata calls) external returns (uint256 skipped) {
        if (calls.length > BATCH_MAX) revert BatchTooLong(calls.length, BATCH_MAX);
        for (uint256 i = 0; i < calls.length; ++i) {
            bytes calldata call = calls[i];
            if (bytes4(call) == this.batch.selector) revert BatchInBatch();
            if (_tryAsCaller(call)) continue;
            skipped |= 1 << i;
            emit EntrySkipped(i, msg.sender, _lastReason());
        }
    }

    /// @inheritdoc Deals
    function _takeSigned(Order calldata order, OrderId id, bytes calldata signature) internal override {
        if (order.nonce == NO_NONCE || !_nonces.use(order.author, order.nonce)) {
            revert NonceUsed(order.author, order.nonce);
        }
        if (!Signatures.isBy(order.author, digestOf(id), signature)) revert NotSigned(id, order.author);
    }

    /// Delegates to this contract's own code: the caller stays the caller, and what fails undoes itself alone.
    function _tryAsCaller(bytes calldata call) private returns (bool ok) {
        assembly ("memory-safe") {
            let start := mload(0x40) // left free: the next entry may have it
            calldatacopy(start, call.offset, call.length)
            ok := delegatecall(gas(), address(), start, call.length, 0, 0)
        }
    }

    function _lastReason() private pure returns (bytes memory reason) {
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, REASON_BYTES_MAX) { size := REASON_BYTES_MAX }
            reason := mload(0x40)
            mstore(reason, size)
            returndatacopy(add(reason, 0x20), 0, size)
            mstore(0x40, add(reason, add(0x20, REASON_BYTES_MAX)))
        }
    }
}
