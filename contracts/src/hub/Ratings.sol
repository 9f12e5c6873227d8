// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../Types.sol";
import {IHubRatings} from "../interfaces/IHubRatings.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Amounts} from "../lib/Amounts.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Purse} from "../lib/Purse.sol";
import {HubStatus, Mark} from "./HubTypes.sol";

/// @title Marks on hubs, see {IHubRatings}
/// @dev Weights grow with time, and nobody walks the ratings: a sum of stake × (now - since) is now × (sum of stakes)
/// less the sum of stake × since. That is exact because a hub's clock never runs backwards.
abstract contract Ratings is IHubRatings, ReentrancyGuardTransient {
    using Amounts for Amount;
    using Purse for IERC20;
    using SafeERC20 for IERC20;

    uint40 public constant RATING_LOCK = 30 days;
    Amount public constant STAKE_MIN = Amount.wrap(1e18);
    int8 private constant MARK_MAX = 5;
    int256 private constant MILLI = 1000;

    IERC20 public immutable token;
    address public immutable dao;
    IVault public immutable vault;
    mapping(address wallet => Tally) private _tallies;
    mapping(address wallet => mapping(address rater => Rating)) private _ratings;

    constructor(IERC20 token_, address dao_, IVault vault_) {
        token = token_;
        dao = dao_;
        vault = vault_;
    }

    /// @inheritdoc IHubRatings
    function rate(address wallet, Mark mark, Amount stake) external nonReentrant {
        _requireGoodStanding(wallet);
        int8 value = Mark.unwrap(mark);
        if (value == 0 || value < -MARK_MAX || value > MARK_MAX) revert InvalidMark(mark);
        if (stake.raw() < STAKE_MIN.raw()) revert StakeTooSmall(stake.raw(), STAKE_MIN.raw());
        if (Mark.unwrap(_ratings[wallet][msg.sender].mark) != 0) revert AlreadyRated(wallet, msg.sender);
        Tally memory tally = _tallies[wallet];
        tally.clock = Calendar.later(tally.clock, Calendar.timestamp());
        Rating memory rating = Rating(mark, tally.clock, stake);
        _ratings[wallet][msg.sender] = rating;
        if (value > 0) {
            tally.positive = tally.positive.plus(stake);
            tally.positiveTimes += stake.raw() * rating.since;
        } else {
            tally.negative = tally.negative.plus(stake);
            tally.negativeTimes += stake.raw() * rating.since;
        }
        int256 weighed = value * int256(stake.raw());
        tally.marks += weighed;
        tally.markTimes += weighed * int256(uint256(rating.since));
        _tallies[wallet] = tally;
        emit Rated(wallet, msg.sender, rating, tally);
        token.take(stake);
    }

    /// @inheritdoc IHubRatings
    function endRating(address wallet) external nonReentrant {
        Rating memory rating = _ratings[wallet][msg.sender];
        if (Mark.unwrap(rating.mark) == 0) revert NotRated(wallet, msg.sender);
        delete _ratings[wallet][msg.sender];
        Tally memory tally = _tallies[wallet];
        Amount share;
        if (_statusOf(wallet) == HubStatus.Banned) {
            if (Mark.unwrap(rating.mark) > 0) revert StakeLost(wallet, msg.sender);
            if (tally.negativeTimes != 0) {
                uint256 weight = rating.stake.raw() * (tally.clock - rating.since);
                share = Amounts.make(tally.positive.raw() * weight / tally.negativeTimes);
            }
        } else {
            _requireGoodStanding(wallet);
            uint256 needs = uint256(rating.since) + RATING_LOCK;
            if (block.timestamp < needs) revert StakeLocked(block.timestamp, needs);
            _forget(tally, rating);
            _tallies[wallet] = tally;
        }
        emit RatingEnded(wallet, msg.sender, rating.stake, share, tally);
        token.pay(msg.sender, rating.stake.plus(share));
    }

    /// @inheritdoc IHubRatings
    function scoreOf(address wallet) external view returns (int256 markMilli) {
        HubStatus status = _statusOf(wallet);
        if (status == HubStatus.Banned) return -MARK_MAX * MILLI;
        Tally memory tally = _tallies[wallet];
        uint256 clock =
            status == HubStatus.Suspected ? tally.clock : Calendar.later(tally.clock, Calendar.timestamp());
        uint256 weight =
            (tally.positive.raw() + tally.negative.raw()) * clock - tally.positiveTimes - tally.negativeTimes;
        if (weight == 0) return 0;
        return (tally.marks * int256(clock) - tally.markTimes) * MILLI / int256(weight);
    }

    /// @inheritdoc IHubRatings
    function tallyOf(address wallet) external view returns (Tally memory) {
        return _tallies[wallet];
    }

    /// @inheritdoc IHubRatings
    function ratingOf(address wallet, address rater) external view returns (Rating memory) {
        return _ratings[wallet][rater];
    }

    /// Ages stop counting.
    function _stopClock(address wallet) internal {
        _tallies[wallet].clock = Calendar.later(_tallies[wallet].clock, Calendar.timestamp());
    }

    /// Stakes on good marks are lost.
    function _settle(address wallet) internal {
        Tally memory tally = _tallies[wallet];
        Amount lost = tally.positive;
        tally.negativeTimes = tally.negative.raw() * tally.clock - tally.negativeTimes;
        if (tally.negativeTimes == 0) tally.positive = Amount.wrap(0);
        _tallies[wallet] = tally;
        emit RatingsSettled(wallet, lost, tally);
        if (tally.negativeTimes == 0 && !lost.isZero()) {
            token.forceApprove(address(vault), lost.raw());
            // Taken from many: there is nobody to give it back to early.
            vault.lock(address(vault), lost);
        }
    }

    /// Of the list that rates.
    function _statusOf(address wallet) internal view virtual returns (HubStatus);

    /// Listed, neither suspected nor banned.
    function _requireGoodStanding(address wallet) internal view virtual;

    function _forget(Tally memory tally, Rating memory rating) private pure {
        uint256 time = rating.stake.raw() * rating.since;
        if (Mark.unwrap(rating.mark) > 0) {
            tally.positive = tally.positive.minus(rating.stake);
            tally.positiveTimes -= time;
        } else {
            tally.negative = tally.negative.minus(rating.stake);
            tally.negativeTimes -= time;
        }
        int256 weighed = Mark.unwrap(rating.mark) * int256(rating.stake.raw());
        tally.marks -= weighed;
        tally.markTimes -= weighed * int256(uint256(rating.since));
    }
}
