// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../Types.sol";
import {Signature, SignerSet} from "../masternode/Signers.sol";

/// @title One side of a bridge between two chains
/// @notice Tokens locked here are released by the gatekeeper of the other chain from what is locked there, against
/// signatures of more than two thirds of the masternodes' stake; and the reverse.
/// A release is paid at once if it is small, today's limit leaves room and the tokens are there; else it waits a day,
/// during which any masternode may freeze the gate, and is paid then by anybody's call.
/// What was signed can always be paid in the end: limits delay, they do not refuse.
interface IGatekeeper {
    /// @notice A deposit on `sourceChain` that is to be released on `destinationChain`.
    struct Transfer {
        uint256 sourceChain;
        uint256 destinationChain;
        /// The two gatekeepers.
        address source;
        address destination;
        /// Number of the deposit, from 1.
        uint256 id;
        address to;
        /// 1e-18 SNM.
        Amount amount;
    }

    struct Params {
        /// A larger release waits, 1e-18 SNM.
        Amount largeAmount;
        /// Above this sum in one day (UTC) releases wait, 1e-18 SNM.
        Amount dayLimit;
        /// How long they wait, seconds.
        uint40 delay;
        /// How long a masternode's freeze lasts, seconds.
        uint40 freezeLength;
        /// How long that masternode has to wait before it may freeze again, seconds; more than `freezeLength`.
        uint40 freezePause;
    }

    enum State {
        None,
        /// Signed, waits for `readyAt`, the tokens, or the end of a freeze.
        Waiting,
        Released
    }

    /// @notice Tokens were locked here.
    event Deposited(uint256 indexed id, address indexed from, address indexed to, Amount amount);
    /// @notice A release is signed and waits until `readyAt` (Unix time) at least.
    event Queued(uint256 indexed id, address indexed to, Amount amount, uint40 readyAt);
    /// @notice A release was paid.
    event Released(uint256 indexed id, address indexed to, Amount amount);
    /// @notice A deposit went back to its owner: the other side will not release it.
    event Refunded(uint256 indexed id, address indexed to, Amount amount);
    /// @notice Nothing is released before `until` (Unix time).
    event Frozen(address indexed by, uint40 until);
    /// @notice The freeze was lifted by more than two thirds of the stake.
    event Thawed();
    /// @notice Somebody gave tokens for releases; `free` is there now.
    event Funded(address indexed by, uint256 amount, uint256 free);

    /// @notice Thrown when a transfer is for another chain, gatekeeper, or has no receiver or amount.
    error WrongTransfer();
    /// @notice Thrown when a release was signed already, or a deposit refunded.
    error WrongState(uint256 id, State has);
    /// @notice Thrown while frozen. Unix times.
    error StillFrozen(uint256 has, uint256 needs);
    /// @notice Thrown before the wait is over. Unix times.
    error NotReady(uint256 has, uint256 needs);
    /// @notice Thrown when fewer tokens than this are here.
    error TooFewTokens(uint256 has, uint256 needs);
    /// @notice Thrown when a masternode has frozen the gate too lately. Unix times.
    error FreezeTooSoon(uint256 has, uint256 needs);
    /// @notice Thrown when the caller does not sign for that member of the set.
    error NotTheSigner(address has, address needs);
    /// @notice Thrown when parameters contradict themselves.
    error InvalidParams();

    /// @notice Locks `amount` of the caller's tokens for `to` on the other chain.
    function deposit(address to, Amount amount) external returns (uint256 id);
    /// @notice Adds tokens that releases may be paid from. They cannot be taken back.
    function fund(Amount amount) external;
    /// @notice Accepts a signed release, once, and pays it or lets it wait.
    function release(Transfer calldata transfer, SignerSet calldata set, Signature[] calldata signatures)
        external;
    /// @notice Pays a release that has waited long enough; by anybody.
    function finish(uint256 id) external;
    /// @notice Gives a deposit back to whoever made it, when more than two thirds say that it is never released.
    function refund(uint256 id, SignerSet calldata set, Signature[] calldata signatures) external;
    /// @notice Stops releases for a bounded time. By the signing key of member `member` of `set`.
    function freeze(SignerSet calldata set, uint8 member) external;
    /// @notice Ends a freeze early, by signatures over {thawDigest}.
    function thaw(SignerSet calldata set, Signature[] calldata signatures) external;

    /// @notice What is signed for a release here; names both chains, both contracts, deposit, receiver, amount, set.
    function releaseDigest(Transfer calldata transfer, uint64 setEpoch) external view returns (bytes32);
    /// @notice What is signed for a refund here.
    function refundDigest(uint256 id, uint64 setEpoch) external view returns (bytes32);
    /// @notice What is signed to end the present freeze.
    function thawDigest(uint64 setEpoch) external view returns (bytes32);
    /// @notice Whether the other side's deposit `id` was accepted here.
    function stateOf(uint256 id) external view returns (State);
    /// @notice Tokens that may be released: deposits, funds, less what was released or refunded.
    function free() external view returns (uint256);
}
