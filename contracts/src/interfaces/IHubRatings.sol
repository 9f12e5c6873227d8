// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../Types.sol";
import {HubStatus, Mark} from "../hub/HubTypes.sol";
import {IVault} from "./IVault.sol";

/// @title Marks on hubs, with money on them
/// @notice Anybody may stake SNM on a mark of a hub, one mark each. It weighs stake × age. The stake comes back after
/// {RATING_LOCK}; not while the hub is suspected. If the hub is banned, the stakes on good marks are lost and go to
/// those on bad ones, by their weight when the suspicion began; if there is none, to the DAO's vault.
interface IHubRatings {
    /// @notice What one account has staked on one hub.
    struct Rating {
        /// 0 = nothing.
        Mark mark;
        /// From when its age counts, Unix time.
        uint40 since;
        /// 1e-18 SNM.
        Amount stake;
    }

    /// @notice Sums over all ratings of one hub.
    struct Tally {
        /// Stakes on good marks. After a ban: what the bad marks share.
        Amount positive;
        /// Stakes on bad marks.
        Amount negative;
        /// Time never falls behind this: that of the last change, or of the suspicion. Unix time.
        uint40 clock;
        /// Sum of mark × stake.
        int256 marks;
        /// Sum of mark × stake × since.
        int256 markTimes;
        /// Sum of stake × since over good marks.
        uint256 positiveTimes;
        /// The same over bad marks. After a ban: their whole weight.
        uint256 negativeTimes;
    }

    /// @notice `rater` has staked on `wallet`.
    event Rated(address indexed wallet, address indexed rater, Rating rating, Tally tally);

    /// @notice `rater` took back its stake, and `share` beside (a bad mark on a hub that was banned).
    event RatingEnded(address indexed wallet, address indexed rater, Amount stake, Amount share, Tally tally);

    /// @notice The hub is banned: stakes on good marks are lost; `tally.positive` is shared among the bad marks.
    event RatingsSettled(address indexed wallet, Amount lost, Tally tally);

    /// @notice Thrown for a mark outside -5 to 5, and for 0.
    error InvalidMark(Mark mark);

    /// @notice Thrown for a stake under {STAKE_MIN}. 1e-18 SNM.
    error StakeTooSmall(uint256 has, uint256 needs);

    /// @notice Thrown when the caller has a rating of this hub already.
    error AlreadyRated(address wallet, address rater);

    /// @notice Thrown when the caller has no rating of this hub.
    error NotRated(address wallet, address rater);

    /// @notice Thrown when a hub is not listed, suspected or banned and the call needs better.
    error HubNotInGoodStanding(address wallet, HubStatus status);

    /// @notice Thrown when a stake is still locked. Unix times.
    error StakeLocked(uint256 has, uint256 needs);

    /// @notice Thrown when a good mark on a banned hub is taken back.
    error StakeLost(address wallet, address rater);

    /// @notice How long a stake stays at least, seconds.
    function RATING_LOCK() external view returns (uint40);

    /// @notice Least stake, 1e-18 SNM.
    function STAKE_MIN() external view returns (Amount);

    /// @notice Stakes `stake` from the caller's wallet on `mark` for the hub.
    /// @dev Not re-entrant. Emits {Rated}.
    function rate(address wallet, Mark mark, Amount stake) external;

    /// @notice Ends the caller's rating: stake, and share if there is one, go to the caller.
    /// @dev Not re-entrant. Emits {RatingEnded}. Errors: {StakeLocked}, {StakeLost}, {HubNotInGoodStanding}.
    function endRating(address wallet) external;

    /// @notice Mean of the marks by weight, now; while suspected: when the suspicion began.
    /// @return markMilli 1/1000 marks, rounded towards 0; 0 if nothing weighs anything yet; the worst after a ban.
    function scoreOf(address wallet) external view returns (int256 markMilli);

    /// @notice The sums.
    function tallyOf(address wallet) external view returns (Tally memory);

    /// @notice What `rater` has staked on the hub.
    function ratingOf(address wallet, address rater) external view returns (Rating memory);

    /// @notice Who sets statuses; the vault's owner, too.
    function dao() external view returns (address);

    /// @notice Where lost stakes go when nobody earned them.
    function vault() external view returns (IVault);

    /// @notice What is staked.
    function token() external view returns (IERC20);
}
