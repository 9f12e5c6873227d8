// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../Types.sol";
import {IHubFactory} from "../interfaces/IHubFactory.sol";
import {IHubWallet} from "../interfaces/IHubWallet.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {Amounts} from "../lib/Amounts.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Purse} from "../lib/Purse.sol";
import {JobId, Units} from "./HubTypes.sol";
import {JobMoney} from "./JobMoney.sol";
import {Appellant, Job, JobOrder, Part, PartStatus} from "./JobTypes.sol";

/// @title Money of jobs, see {IJobEscrow}
contract JobEscrow is JobMoney {
    using Amounts for Amount;
    using Purse for IERC20;

    Amount public constant BOND_MIN = Amount.wrap(1e18);
    uint256 public constant BOND_BPS = 1000;
    uint40 public constant REFEREE_TIME = 7 days;
    uint40 public constant APPEAL_TIME = 3 days;
    /// Long enough for a vote of the DAO.
    uint40 public constant COURT_TIME = 60 days;
    uint40 private constant DEADLINE_MAX = 365 days;
    uint24 private constant REVIEW_MIN = 1 hours;
    uint24 private constant REVIEW_MAX = 30 days;

    uint64 public jobCount;
    mapping(JobId => Job) private _jobs;
    mapping(JobId => mapping(uint16 index => Part)) private _parts;

    /// @param dao_ Is the court, too, until it names another.
    constructor(IERC20 token_, IHubFactory factory_, address dao_) JobMoney(token_, factory_, dao_) {}

    /// @inheritdoc IJobEscrow
    function create(JobOrder calldata order) external nonReentrant returns (JobId id) {
        if (
            Units.unwrap(order.units) == 0 || order.price.isZero() || order.partsMax == 0
                || order.deadline <= block.timestamp || order.deadline > block.timestamp + DEADLINE_MAX
                || order.review < REVIEW_MIN || order.review > REVIEW_MAX
        ) revert InvalidOrder();
        if (!factory.whitelist().isActive(order.hub)) revert HubNotActive(order.hub);
        id = JobId.wrap(++jobCount);
        Job memory job;
        job.buyer = msg.sender;
        job.price = order.price;
        job.hub = order.hub;
        job.units = order.units;
        job.feeBps = feeBps;
        job.verification = order.verification;
        job.operator = IHubWallet(order.hub).owner();
        job.deadline = order.deadline;
        job.review = order.review;
        job.partsMax = order.partsMax;
        _jobs[id] = job;
        Amount escrow = _times(job.price, Units.unwrap(job.units));
        emit JobCreated(id, msg.sender, order.hub, order.terms, escrow, job);
        token.take(escrow);
    }

    /// @inheritdoc IJobEscrow
    function accept(JobId id) external {
        Job memory job = _operated(id);
        if (job.accepted) revert AlreadyAccepted(id);
        job.accepted = true;
        _jobs[id] = job;
        emit JobAccepted(id, job);
    }

    /// @inheritdoc IJobEscrow
    function deliver(JobId id, Units units, bytes32 root) external returns (uint16 index) {
        Job memory job = _operated(id);
        if (job.parts >= job.partsMax) revert TooManyParts(job.partsMax);
        uint256 count = Units.unwrap(units);
        uint256 left = Units.unwrap(job.units) - Units.unwrap(job.delivered);
        if (count == 0 || count > left) revert TooManyUnits(count, left);
        job.accepted = true;
        index = job.parts++;
        job.delivered = Units.wrap(uint32(Units.unwrap(job.delivered) + count));
        _jobs[id] = job;
        Part memory part;
        part.status = PartStatus.Delivered;
        part.units = units;
        part.due = _in(job.review);
        part.root = root;
        _parts[id][index] = part;
        emit PartDelivered(id, index, part, job);
    }

    /// @inheritdoc IJobEscrow
    function reclaim(JobId id) external {
        Job memory job = _known(id);
        bool allowed = block.timestamp > job.deadline || msg.sender == job.operator
            || (msg.sender == job.buyer && !job.accepted);
        uint256 left = Units.unwrap(job.units) - Units.unwrap(job.delivered);
        if (!allowed || left == 0) revert NothingToReclaim(id, msg.sender);
        job.units = job.delivered;
        _jobs[id] = job;
        Amount returned = _times(job.price, left);
        emit JobReclaimed(id, msg.sender, returned, job);
        _credit(job.buyer, returned);
    }

    /// @inheritdoc IJobEscrow
    function confirm(JobId id, uint16 index) external {
        Job memory job = _known(id);
        _requireCaller(job.buyer);
        Part memory part = _parts[id][index];
        if (part.status != PartStatus.Delivered) revert WrongMoment(part, block.timestamp);
        _settle(id, index, job, part, part.units);
    }

    /// @inheritdoc IJobEscrow
    function dispute(JobId id, uint16 index, bytes32 evidence) external nonReentrant {
        Job memory job = _known(id);
        _requireCaller(job.buyer);
        Part memory part = _before(id, index, PartStatus.Delivered);
        part.bond = bondFor(id, index);
        bool hasReferee = refereeOf[job.verification] != address(0);
        part.status = hasReferee ? PartStatus.Disputed : PartStatus.Appealed;
        part.due = _in(hasReferee ? REFEREE_TIME : COURT_TIME);
        _parts[id][index] = part;
        emit PartDisputed(id, index, evidence, part);
        token.take(part.bond);
    }

    /// @inheritdoc IJobEscrow
    function rule(JobId id, uint16 index, Units good) external {
        _requireCaller(refereeOf[_known(id).verification]);
        Part memory part = _before(id, index, PartStatus.Disputed);
        _requireUnits(part, good);
        part.status = PartStatus.Ruled;
        part.good = good;
        part.ruled = true;
        part.due = _in(APPEAL_TIME);
        _parts[id][index] = part;
        emit PartRuled(id, index, msg.sender, part);
    }

    /// @inheritdoc IJobEscrow
    function appeal(JobId id, uint16 index, bytes32 evidence) external nonReentrant {
        Job memory job = _known(id);
        if (msg.sender != job.buyer) _requireCaller(job.operator);
        Part memory part = _before(id, index, PartStatus.Ruled);
        part.appellant = msg.sender == job.buyer ? Appellant.Buyer : Appellant.Hub;
        _toCourt(id, index, part, evidence);
        token.take(part.bond);
    }

    /// @inheritdoc IJobEscrow
    function judge(JobId id, uint16 index, Units good) external {
        _requireCaller(court);
        Job memory job = _known(id);
        Part memory part = _parts[id][index];
        if (part.status != PartStatus.Appealed) revert WrongMoment(part, block.timestamp);
        _requireUnits(part, good);
        _settle(id, index, job, part, good);
    }

    /// @inheritdoc IJobEscrow
    function resolve(JobId id, uint16 index) external {
        Job memory job = _known(id);
        Part memory part = _parts[id][index];
        bool open = part.status != PartStatus.None && part.status != PartStatus.Settled;
        if (!open || block.timestamp < part.due) revert WrongMoment(part, block.timestamp);
        if (part.status == PartStatus.Delivered) {
            _settle(id, index, job, part, part.units);
        } else if (part.status == PartStatus.Disputed) {
            _toCourt(id, index, part, 0);
        } else if (part.status == PartStatus.Ruled) {
            _settle(id, index, job, part, part.good);
        } else {
            _settleUnjudged(id, index, job, part);
        }
    }

    /// @inheritdoc IJobEscrow
    function jobOf(JobId id) external view returns (Job memory) {
        return _jobs[id];
    }

    /// @inheritdoc IJobEscrow
    function partOf(JobId id, uint16 index) external view returns (Part memory) {
        return _parts[id][index];
    }

    /// @inheritdoc IJobEscrow
    function bondFor(JobId id, uint16 index) public view returns (Amount) {
        Amount bond = _times(_jobs[id].price, Units.unwrap(_parts[id][index].units)).shareUp(BOND_BPS);
        return bond.raw() < BOND_MIN.raw() ? BOND_MIN : bond;
    }

    /// `good` units are paid. The buyer's bond goes to the hub if all are good, an appellant's to the other side if the
    /// appeal brought it nothing.
    function _settle(JobId id, uint16 index, Job memory job, Part memory part, Units good) private {
        uint256 count = Units.unwrap(good);
        bool allGood = count == Units.unwrap(part.units);
        Amount toHub = allGood ? part.bond : Amount.wrap(0);
        Amount toBuyer = allGood ? Amount.wrap(0) : part.bond;
        uint256 ruled = Units.unwrap(part.good);
        if (part.appellant == Appellant.Buyer) {
            if (count < ruled) toBuyer = toBuyer.plus(part.bond);
            else toHub = toHub.plus(part.bond);
        } else if (part.appellant == Appellant.Hub) {
            if (count > ruled) toHub = toHub.plus(part.bond);
            else toBuyer = toBuyer.plus(part.bond);
        }
        _close(id, index, job, part, _times(job.price, count), toHub, toBuyer);
    }

    /// Nobody judged in time: the ruling stands, without one both get half; an appellant loses nothing by it.
    function _settleUnjudged(JobId id, uint16 index, Job memory job, Part memory part) private {
        Amount none = Amount.wrap(0);
        if (!part.ruled) {
            Amount half = _times(job.price, Units.unwrap(part.units)).shareUp(5000);
            return _close(id, index, job, part, half, none, part.bond);
        }
        bool allGood = Units.unwrap(part.good) == Units.unwrap(part.units);
        bool byHub = part.appellant == Appellant.Hub;
        bool byBuyer = part.appellant == Appellant.Buyer;
        Amount toHub = (allGood ? part.bond : none).plus(byHub ? part.bond : none);
        Amount toBuyer = (allGood ? none : part.bond).plus(byBuyer ? part.bond : none);
        _close(id, index, job, part, _times(job.price, Units.unwrap(part.good)), toHub, toBuyer);
    }

    function _close(
        JobId id,
        uint16 index,
        Job memory job,
        Part memory part,
        Amount earned,
        Amount toHub,
        Amount toBuyer
    ) private {
        Amount returned = _times(job.price, Units.unwrap(part.units)).minus(earned);
        Amount fee = earned.shareDown(job.feeBps);
        Amount paid = earned.minus(fee);
        part.status = PartStatus.Settled;
        _parts[id][index] = part;
        emit PartSettled(id, index, paid, fee, returned, toHub, toBuyer, part);
        _credit(job.hub, paid.plus(toHub));
        _credit(job.buyer, returned.plus(toBuyer));
        _credit(dao, fee);
    }

    function _toCourt(JobId id, uint16 index, Part memory part, bytes32 evidence) private {
        part.status = PartStatus.Appealed;
        part.due = _in(COURT_TIME);
        _parts[id][index] = part;
        emit PartAppealed(id, index, msg.sender, evidence, part);
    }

    function _known(JobId id) private view returns (Job memory job) {
        job = _jobs[id];
        if (job.buyer == address(0)) revert JobUnknown(id);
    }

    /// The job, if the caller speaks for its hub and the deadline has not passed.
    function _operated(JobId id) private view returns (Job memory job) {
        job = _known(id);
        _requireCaller(job.operator);
        if (block.timestamp > job.deadline) revert DeadlineOver(block.timestamp, job.deadline);
    }

    /// The part, if it has this status and its time has not run out.
    function _before(JobId id, uint16 index, PartStatus status) private view returns (Part memory part) {
        part = _parts[id][index];
        if (part.status != status || block.timestamp >= part.due) revert WrongMoment(part, block.timestamp);
    }

    function _requireUnits(Part memory part, Units good) private pure {
        if (Units.unwrap(good) > Units.unwrap(part.units)) {
            revert TooManyUnits(Units.unwrap(good), Units.unwrap(part.units));
        }
    }

    function _in(uint40 time) private view returns (uint40) {
        return Calendar.narrow(block.timestamp + time);
    }

    function _times(Amount price, uint256 units) private pure returns (Amount) {
        return Amounts.make(price.raw() * units);
    }
}
