// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../Types.sol";
import {HubAccount, HubState} from "../hub/HubTypes.sol";
import {IVault} from "./IVault.sol";
import {IWhitelist} from "./IWhitelist.sol";

/// @title The wallet of one hub
/// @notice A hub pays its miners from here, and part of what it pays stays frozen for a period, so that cheating costs.
/// What is not said here to be possible in a state reverts with {WrongState}. Every event carries the whole new account.
///
/// | state | call | who |
/// |---|---|---|
/// | Created, Idle | {register} | owner |
/// | Registered | {pay} | owner |
/// | every one | {draw} | the miner |
/// | Registered, period over | {payday} | anyone |
/// | Idle | {withdraw} | owner |
/// | Registered | {suspect} | DAO |
/// | Suspected | {rehabilitate} | DAO; anyone {SUSPICION} + {DECISION} after {suspect} |
/// | Suspected for {SUSPICION} | {ban} | DAO |
/// | all but Punished | {fund} | anyone |
interface IHubWallet {
    /// @notice `from` put `amount` in.
    event Funded(address indexed from, Amount amount, HubAccount account);

    /// @notice A period begins; {REGISTRATION} is frozen.
    event Registered(HubAccount account);

    /// @notice `miner` may draw `amount` more, `allowance` in all; `frozen` more was frozen for it.
    event Paid(address indexed miner, Amount amount, Amount frozen, Amount allowance, HubAccount account);

    /// @notice `miner` drew `amount` and may draw `allowance` more.
    event Drawn(address indexed miner, Amount amount, Amount allowance, HubAccount account);

    /// @notice The period is over: `fee` went to the DAO, all else that was frozen is free.
    event Payday(address indexed by, Amount fee, HubAccount account);

    /// @notice The owner took `amount`, to `to`.
    event Withdrawn(address indexed to, Amount amount, HubAccount account);

    /// @notice The DAO suspects the hub: all that is not owed is frozen. `evidence`: hash of a document.
    event Suspected(bytes32 indexed evidence, HubAccount account);

    /// @notice The suspicion is over: nothing is frozen.
    event Rehabilitated(address indexed by, HubAccount account);

    /// @notice `amount` went to the DAO's vault, as entry `vaultEntry`. This wallet pays only what it owes any more.
    event Banned(Amount amount, uint256 indexed vaultEntry, HubAccount account);

    /// @notice Thrown when a call does not fit the wallet's state.
    error WrongState(HubState has);

    /// @notice Thrown when anybody but the owner makes an owner's call.
    error NotTheOwner(address has, address needs);

    /// @notice Thrown when anybody but the DAO makes a DAO's call.
    error NotTheDao(address has, address needs);

    /// @notice Thrown when the wallet has less free money than a call needs. 1e-18 SNM.
    error FreeMoneyTooSmall(uint256 has, uint256 needs);

    /// @notice Thrown when a miner draws more than it may. 1e-18 SNM.
    error AllowanceTooSmall(address miner, uint256 has, uint256 needs);

    /// @notice Thrown before the time of a call. Unix times.
    error TooEarly(uint256 has, uint256 needs);

    /// @notice Thrown for an amount of 0.
    error NothingToMove();

    /// @notice Thrown for paying or withdrawing to nowhere or to this wallet.
    error InvalidReceiver(address receiver);

    /// @notice What registering freezes, 1e-18 SNM.
    function REGISTRATION() external view returns (Amount);

    /// @notice What paying freezes beside the payment, in 1/10,000 of it, rounded up.
    function LOCK_BPS() external view returns (uint256);

    /// @notice What the DAO gets of the frozen money at payday, in 1/10,000 of it, rounded up.
    function FEE_BPS() external view returns (uint256);

    /// @notice Length of a period, seconds.
    function PERIOD() external view returns (uint40);

    /// @notice How long a suspicion blocks the money, and the time that has to pass before a ban, seconds.
    function SUSPICION() external view returns (uint40);

    /// @notice Time that the DAO has for a decision after {SUSPICION}, seconds.
    function DECISION() external view returns (uint40);

    /// @notice Moves `amount` from the caller's wallet into this one. What is sent here by a mere transfer is not
    /// counted, and stays for ever.
    /// @dev Not re-entrant. Emits {Funded}.
    function fund(Amount amount) external;

    /// @notice Freezes {REGISTRATION}, enters the whitelist and begins a period: now; or, if that is less than a period
    /// ago, at the scheduled end of the last one, so that a late payday does not shift the next.
    /// @dev Emits {Registered}.
    function register() external;

    /// @notice Lets `miner` draw `amount`, for ever. Freezes {LOCK_BPS} of it beside.
    /// @dev Emits {Paid}. Errors: {FreeMoneyTooSmall}.
    function pay(address miner, Amount amount) external;

    /// @notice Sends `amount` of what the caller was allowed to the caller. In every state.
    /// @dev Not re-entrant. Emits {Drawn}. Errors: {AllowanceTooSmall}.
    function draw(Amount amount) external;

    /// @notice Ends a period that is over.
    /// @dev Not re-entrant. Emits {Payday}. Errors: {TooEarly}.
    function payday() external;

    /// @notice Takes free money out.
    /// @dev Not re-entrant. Emits {Withdrawn}. Errors: {FreeMoneyTooSmall}.
    function withdraw(address to, Amount amount) external;

    /// @notice Freezes all that is not owed to miners, what comes in later included.
    /// @dev Emits {Suspected}. A suspicion cannot be renewed while it lasts.
    function suspect(bytes32 evidence) external;

    /// @notice Lifts all freezes.
    /// @dev Emits {Rehabilitated}. Errors: {TooEarly} for anybody but the DAO.
    function rehabilitate() external;

    /// @notice Sends all that is not owed to miners to the vault. For ever.
    /// @dev Not re-entrant. Emits {Banned}. Errors: {TooEarly}.
    function ban() external;

    /// @notice Whose hub it is. Never changes.
    function owner() external view returns (address);

    /// @notice The account.
    function account() external view returns (HubAccount memory);

    /// @notice What the owner might use, 1e-18 SNM.
    function free() external view returns (Amount);

    /// @notice What `miner` may draw, 1e-18 SNM.
    function allowanceOf(address miner) external view returns (Amount);

    /// @notice What it holds.
    function token() external view returns (IERC20);

    /// @notice The list that knows it.
    function whitelist() external view returns (IWhitelist);

    /// @notice Who suspects, rehabilitates, bans.
    function dao() external view returns (address);

    /// @notice Where a ban sends the money.
    function vault() external view returns (IVault);
}
