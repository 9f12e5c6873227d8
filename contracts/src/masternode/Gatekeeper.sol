// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {Amount} from "../Types.sol";
import {IGatekeeper} from "../interfaces/IGatekeeper.sol";
import {Amounts} from "../lib/Amounts.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Purse} from "../lib/Purse.sol";
import {ISigners, Signature, SignerSet} from "./Signers.sol";

/// @title One side of a bridge, see {IGatekeeper}
contract Gatekeeper is IGatekeeper, EIP712, ReentrancyGuardTransient {
    using Purse for IERC20;
    using Amounts for Amount;
    using BitMaps for BitMaps.BitMap;

    struct Payment {
        address to;
        Amount amount;
        uint40 readyAt;
    }

    bytes32 public constant RELEASE_TYPEHASH = keccak256(
        "Release(uint256 sourceChain,uint256 destinationChain,address source,address destination,uint256 id,address to,uint96 amount,uint64 setEpoch)"
    );
    bytes32 public constant REFUND_TYPEHASH = keccak256("Refund(uint256 id,uint64 setEpoch)");
    bytes32 public constant THAW_TYPEHASH = keccak256("Thaw(uint40 frozenUntil,uint64 setEpoch)");

    IERC20 public immutable token;
    ISigners public immutable signers;
    uint256 public immutable peerChain;
    address public immutable peer;
    Amount public immutable largeAmount;
    Amount public immutable dayLimit;
    uint40 public immutable delay;
    uint40 public immutable freezeLength;
    uint40 public immutable freezePause;

    uint256 public free;
    uint256 public depositCount;
    uint40 public frozenUntil;
    mapping(uint256 day => uint256) public releasedOn;
    mapping(address account => uint40) public mayFreezeAt;
    mapping(uint256 id => Payment) public deposits;
    mapping(uint256 id => Payment) public waiting;
    BitMaps.BitMap private _accepted;

    /// @param peer_ The gatekeeper of chain `peerChain_`; its address is known before it is deployed.
    constructor(IERC20 token_, ISigners signers_, uint256 peerChain_, address peer_, Params memory params)
        EIP712("SONM Gatekeeper", "1")
    {
        if (
            peer_ == address(0) || (peerChain_ == block.chainid && peer_ == address(this))
                || params.freezePause <= params.freezeLength || params.largeAmount.isZero()
        ) revert InvalidParams();
        token = token_;
        signers = signers_;
        peerChain = peerChain_;
        peer = peer_;
        largeAmount = params.largeAmount;
        dayLimit = params.dayLimit;
        delay = params.delay;
        freezeLength = params.freezeLength;
        freezePause = params.freezePause;
    }

    /// @inheritdoc IGatekeeper
    function deposit(address to, Amount amount) external nonReentrant returns (uint256 id) {
        if (to == address(0) || amount.isZero()) revert WrongTransfer();
        // Who deposits during a freeze would only wait for its end.
        _requireThawed();
        _take(amount);
        id = ++depositCount;
        deposits[id] = Payment(msg.sender, amount, 0);
        emit Deposited(id, msg.sender, to, amount);
    }

    /// @inheritdoc IGatekeeper
    function fund(Amount amount) external nonReentrant {
        _take(amount);
        emit Funded(msg.sender, amount.raw(), free);
    }

    /// @inheritdoc IGatekeeper
    function release(Transfer calldata transfer, SignerSet calldata set, Signature[] calldata signatures)
        external
        nonReentrant
    {
        if (
            transfer.sourceChain != peerChain || transfer.source != peer
                || transfer.destinationChain != block.chainid || transfer.destination != address(this)
                || transfer.to == address(0) || transfer.to == address(this) || transfer.amount.isZero()
        ) revert WrongTransfer();
        if (_accepted.get(transfer.id)) revert WrongState(transfer.id, stateOf(transfer.id));
        signers.requireQuorum(set, releaseDigest(transfer, set.epoch), signatures);
        _accepted.set(transfer.id);

        uint256 day = block.timestamp / 1 days;
        uint256 amount = transfer.amount.raw();
        bool now_ = amount <= largeAmount.raw() && releasedOn[day] + amount <= dayLimit.raw()
            && amount <= free && block.timestamp >= frozenUntil;
        if (!now_) {
            uint40 readyAt = Calendar.narrow(block.timestamp + delay);
            waiting[transfer.id] = Payment(transfer.to, transfer.amount, readyAt);
            emit Queued(transfer.id, transfer.to, transfer.amount, readyAt);
            return;
        }
        releasedOn[day] += amount;
        _release(transfer.id, transfer.to, transfer.amount);
    }

    /// @inheritdoc IGatekeeper
    function finish(uint256 id) external nonReentrant {
        Payment memory payment = waiting[id];
        if (payment.amount.isZero()) revert WrongState(id, stateOf(id));
        _requireThawed();
        if (block.timestamp < payment.readyAt) revert NotReady(block.timestamp, payment.readyAt);
        if (free < payment.amount.raw()) revert TooFewTokens(free, payment.amount.raw());
        delete waiting[id];
        _release(id, payment.to, payment.amount);
    }

    /// @inheritdoc IGatekeeper
    function refund(uint256 id, SignerSet calldata set, Signature[] calldata signatures)
        external
        nonReentrant
    {
        Payment memory payment = deposits[id];
        if (payment.amount.isZero()) revert WrongState(id, State.None);
        _requireThawed();
        if (free < payment.amount.raw()) revert TooFewTokens(free, payment.amount.raw());
        signers.requireQuorum(set, refundDigest(id, set.epoch), signatures);
        delete deposits[id];
        emit Refunded(id, payment.to, payment.amount);
        _pay(payment.to, payment.amount);
    }

    /// @inheritdoc IGatekeeper
    function freeze(SignerSet calldata set, uint8 member) external {
        signers.requireSet(set);
        address signer = member < set.members.length ? set.members[member].signer : address(0);
        if (signer != msg.sender || !signers.mayVote(set.members[member])) {
            revert NotTheSigner(msg.sender, signer);
        }
        address account = set.members[member].account;
        if (block.timestamp < mayFreezeAt[account]) {
            revert FreezeTooSoon(block.timestamp, mayFreezeAt[account]);
        }
        mayFreezeAt[account] = Calendar.narrow(block.timestamp + freezePause);
        frozenUntil = Calendar.later(frozenUntil, Calendar.narrow(block.timestamp + freezeLength));
        emit Frozen(account, frozenUntil);
    }

    /// @inheritdoc IGatekeeper
    function thaw(SignerSet calldata set, Signature[] calldata signatures) external {
        signers.requireQuorum(set, thawDigest(set.epoch), signatures);
        frozenUntil = 0;
        emit Thawed();
    }

    /// @inheritdoc IGatekeeper
    function releaseDigest(Transfer calldata transfer, uint64 setEpoch) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    RELEASE_TYPEHASH,
                    transfer.sourceChain,
                    transfer.destinationChain,
                    transfer.source,
                    transfer.destination,
                    transfer.id,
                    transfer.to,
                    transfer.amount,
                    setEpoch
                )
            )
        );
    }

    /// @inheritdoc IGatekeeper
    function refundDigest(uint256 id, uint64 setEpoch) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REFUND_TYPEHASH, id, setEpoch)));
    }

    /// @inheritdoc IGatekeeper
    function thawDigest(uint64 setEpoch) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(THAW_TYPEHASH, frozenUntil, setEpoch)));
    }

    /// @inheritdoc IGatekeeper
    function stateOf(uint256 id) public view returns (State) {
        if (!_accepted.get(id)) return State.None;
        return waiting[id].amount.isZero() ? State.Released : State.Waiting;
    }

    function _requireThawed() private view {
        if (block.timestamp < frozenUntil) revert StillFrozen(block.timestamp, frozenUntil);
    }

    function _release(uint256 id, address to, Amount amount) private {
        emit Released(id, to, amount);
        _pay(to, amount);
    }

    function _take(Amount amount) private {
        token.take(amount);
        free += amount.raw();
    }

    function _pay(address to, Amount amount) private {
        free -= amount.raw();
        token.pay(to, amount);
    }
}
