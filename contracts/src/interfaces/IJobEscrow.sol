// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../Types.sol";
import {JobId, Units} from "../hub/HubTypes.sol";
import {Job, JobOrder, Part} from "../hub/JobTypes.sol";
import {IHubFactory} from "./IHubFactory.sol";

/// @title Money of jobs between a buyer and a hub
/// @notice The buyer pays the whole job in; the hub delivers in parts; each part is paid when the buyer confirms it, or
/// is silent for the review time, or a dispute ends so. What is not delivered by the deadline goes back. In every state
/// some call that either side can make alone, or time, leads on.
interface IJobEscrow {
    /// @notice `buyer` has paid `escrow` in for job `id`.
    event JobCreated(
        JobId indexed id, address indexed buyer, address indexed hub, bytes32 terms, Amount escrow, Job job
    );

    /// @notice The hub will do job `id`: the buyer can no longer take it back before the deadline.
    event JobAccepted(JobId indexed id, Job job);

    /// @notice `returned` for units that will not be delivered is the buyer's again.
    event JobReclaimed(JobId indexed id, address indexed by, Amount returned, Job job);

    /// @notice The hub has delivered part `index`.
    event PartDelivered(JobId indexed id, uint16 indexed index, Part part, Job job);

    /// @notice The buyer doubts part `index`. `evidence`: hash of a document.
    event PartDisputed(JobId indexed id, uint16 indexed index, bytes32 evidence, Part part);

    /// @notice The referee has decided on part `index`.
    event PartRuled(JobId indexed id, uint16 indexed index, address indexed referee, Part part);

    /// @notice Part `index` goes to the court: `by` appealed, or the referee was silent.
    event PartAppealed(
        JobId indexed id, uint16 indexed index, address indexed by, bytes32 evidence, Part part
    );

    /// @notice Part `index` is done: `paid` to the hub's balance, `fee` to the DAO's, `returned` to the buyer's; bonds
    /// beside: `bondsToHub`, `bondsToBuyer`.
    event PartSettled(
        JobId indexed id,
        uint16 indexed index,
        Amount paid,
        Amount fee,
        Amount returned,
        Amount bondsToHub,
        Amount bondsToBuyer,
        Part part
    );

    /// @notice Free balance of `account` (a buyer, a hub's wallet, the DAO), 1e-18 SNM.
    event BalanceChanged(address indexed account, uint256 balance);

    /// @notice `amount` of `account` went to `to`.
    event Withdrawn(address indexed account, address indexed to, Amount amount, uint256 balance);

    /// @notice Later jobs pay this to the DAO, 1/10,000 of each payment.
    event FeeSet(uint16 feeBps);

    /// @notice Disputes of class `verification` go to `referee` first; 0 = to the court at once.
    event RefereeSet(uint8 indexed verification, address referee);

    /// @notice The last word in disputes is this account's.
    event CourtSet(address court);

    /// @notice Thrown for an order with nothing in it, or times outside what is allowed.
    error InvalidOrder();

    /// @notice Thrown when a hub is not active.
    error HubNotActive(address hub);

    /// @notice Thrown when the caller is not the one whose call this is.
    error NotYours(address has, address needs);

    /// @notice Thrown when a job does not exist.
    error JobUnknown(JobId id);

    /// @notice Thrown when the hub is too late. Unix times.
    error DeadlineOver(uint256 has, uint40 max);

    /// @notice Thrown when a call does not fit the part's status and due time.
    error WrongMoment(Part part, uint256 time);

    /// @notice Thrown when more units are delivered or found good than there are.
    error TooManyUnits(uint256 has, uint256 max);

    /// @notice Thrown when a job has all its parts.
    error TooManyParts(uint16 max);

    /// @notice Thrown when there is nothing to reclaim now, for this caller.
    error NothingToReclaim(JobId id, address by);

    /// @notice Thrown for accepting twice.
    error AlreadyAccepted(JobId id);

    /// @notice Thrown when an account takes more than its balance. 1e-18 SNM.
    error BalanceTooSmall(address account, uint256 has, uint256 needs);

    /// @notice Thrown for a withdrawal of nothing or to nowhere.
    error InvalidReceiver(address to, Amount amount);

    /// @notice Thrown when a fee is above {FEE_BPS_MAX}.
    error FeeTooHigh(uint16 has, uint16 max);

    /// @notice Largest fee, 1/10,000.
    function FEE_BPS_MAX() external view returns (uint16);

    /// @notice Least bond, 1e-18 SNM.
    function BOND_MIN() external view returns (Amount);

    /// @notice A bond is this part of what it is about, 1/10,000, rounded up, and at least {BOND_MIN}.
    function BOND_BPS() external view returns (uint256);

    /// @notice Time for the referee, seconds.
    function REFEREE_TIME() external view returns (uint40);

    /// @notice Time to appeal, seconds.
    function APPEAL_TIME() external view returns (uint40);

    /// @notice Time for the court, seconds.
    function COURT_TIME() external view returns (uint40);

    /// @notice Creates a job and moves its whole price from the caller's wallet here.
    /// @dev Not re-entrant. Emits {JobCreated}. Errors: {InvalidOrder}, {HubNotActive}.
    function create(JobOrder calldata order) external returns (JobId id);

    /// @notice Binds the hub's word: from now on the buyer cannot take the job back before the deadline. Delivering
    /// does the same.
    /// @dev Hub's owner only. Emits {JobAccepted}.
    function accept(JobId id) external;

    /// @notice Delivers the next part: `units` results with this Merkle root.
    /// @dev Hub's owner only, until the deadline. Emits {PartDelivered}.
    /// @return index Counted from 0.
    function deliver(JobId id, Units units, bytes32 root) external returns (uint16 index);

    /// @notice Returns the price of undelivered units to the buyer's balance: anybody after the deadline, the hub's
    /// owner at any time, the buyer before the hub has accepted.
    /// @dev Emits {JobReclaimed}.
    function reclaim(JobId id) external;

    /// @notice The buyer is content: the part is paid now.
    /// @dev Buyer only; Delivered only, at any time. Emits {PartSettled}.
    function confirm(JobId id, uint16 index) external;

    /// @notice The buyer doubts a part within the review time, and puts {bondFor} from its wallet on it.
    /// @dev Not re-entrant. Emits {PartDisputed}.
    function dispute(JobId id, uint16 index, bytes32 evidence) external;

    /// @notice The referee of the job's class says how many units are good.
    /// @dev Emits {PartRuled}.
    function rule(JobId id, uint16 index, Units good) external;

    /// @notice Buyer or hub's owner does not accept the ruling and puts {bondFor} from its wallet on that. It gets the
    /// bond back if the court gives it more than the referee did; else the other side gets it.
    /// @dev Not re-entrant. Emits {PartAppealed}.
    function appeal(JobId id, uint16 index, bytes32 evidence) external;

    /// @notice The court says how many units are good.
    /// @dev {court} only. Emits {PartSettled}.
    function judge(JobId id, uint16 index, Units good) external;

    /// @notice Time has run out for somebody: goes on without. Anybody. Delivered: the part is paid. Disputed: it goes
    /// to the court. Ruled: the ruling is carried out. Appealed: the ruling is carried out and bonds go back; if there
    /// is none, hub and buyer get half each.
    /// @dev Emits {PartSettled} or {PartAppealed}.
    function resolve(JobId id, uint16 index) external;

    /// @notice Takes from the caller's balance.
    /// @dev Not re-entrant. Emits {Withdrawn}.
    function withdraw(address to, Amount amount) external;

    /// @notice Moves a hub's whole balance into its wallet; if that is Punished, which takes nothing, to its owner.
    /// @dev Hub's owner only. Not re-entrant. Emits {Withdrawn}.
    function collect(address hub) external;

    /// @notice Fee of later jobs, at most {FEE_BPS_MAX}.
    /// @dev DAO only. Emits {FeeSet}.
    function setFee(uint16 feeBps_) external;

    /// @notice Referee of a verification class.
    /// @dev DAO only. Emits {RefereeSet}.
    function setReferee(uint8 verification, address referee) external;

    /// @notice The DAO's court.
    /// @dev DAO only. Emits {CourtSet}.
    function setCourt(address court_) external;

    /// @notice The job.
    function jobOf(JobId id) external view returns (Job memory);

    /// @notice Part `index` of a job.
    function partOf(JobId id, uint16 index) external view returns (Part memory);

    /// @notice Bond that a dispute or an appeal about a part costs, 1e-18 SNM.
    function bondFor(JobId id, uint16 index) external view returns (Amount);

    /// @notice Free balance, 1e-18 SNM.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Number of jobs: the newest one's id.
    function jobCount() external view returns (uint64);

    /// @notice Fee of jobs created now, 1/10,000.
    function feeBps() external view returns (uint16);

    /// @notice Who decides first in class `verification`; 0 = the court.
    function refereeOf(uint8 verification) external view returns (address);

    /// @notice Who decides last.
    function court() external view returns (address);

    /// @notice Gets the fees; sets fee, referees and court.
    function dao() external view returns (address);

    /// @notice Who knows hub wallets.
    function factory() external view returns (IHubFactory);

    /// @notice What is paid.
    function token() external view returns (IERC20);
}
