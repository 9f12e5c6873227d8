// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Rate} from "../Types.sol";
import {IMasternodes} from "../interfaces/IMasternodes.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";
import {Signature, SignerSet} from "./Signers.sol";

/// @title The masternodes' price: the feeder of {IPriceOracle}
/// @notice In each epoch the masternodes sign what SNM costs. Anybody brings the signed rates in one transaction; their
/// median by stake, of at least two thirds of the stake, is reported, moved as far as the oracle's bounds let it.
/// No single masternode, nor a third of the stake, moves the median beyond what others say.
contract PriceReports is EIP712 {
    bytes32 public constant REPORT_TYPEHASH = keccak256("PriceReport(uint64 epoch,uint88 rate)");
    uint256 private constant BPS = 10_000;

    /// @notice The median was `median`; what the oracle took is `reported`. 1e-18 USD per SNM.
    event PriceSubmitted(uint64 indexed epoch, Rate median, Rate reported, uint256 weight, uint256 total);

    /// @notice Thrown when reports are not of the running epoch or the one before, or this epoch has its price.
    error WrongEpoch(uint64 has, uint64 min, uint64 max);
    /// @notice Thrown when rates are not in ascending order.
    error NotAscending(uint256 index);
    /// @notice Thrown when fewer than two thirds of the stake report.
    error TooFewReports(uint256 has, uint256 total);

    IMasternodes public immutable masternodes;
    IPriceOracle public immutable oracle;
    uint64 public lastEpoch;

    constructor(IMasternodes masternodes_, IPriceOracle oracle_) EIP712("SONM PriceReports", "1") {
        masternodes = masternodes_;
        oracle = oracle_;
    }

    /// @notice Reports the median of `rates`, each signed by one masternode for `epoch`. `rates` ascend.
    function submit(
        uint64 epoch,
        SignerSet calldata set,
        Rate[] calldata rates,
        Signature[] calldata signatures
    ) external {
        uint64 now_ = masternodes.epoch();
        uint64 min = lastEpoch + 1 > now_ - 1 ? lastEpoch + 1 : now_ - 1;
        if (epoch < min || epoch > now_) revert WrongEpoch(epoch, min, now_);
        lastEpoch = epoch;
        bytes32[] memory digests = new bytes32[](rates.length);
        for (uint256 i = 0; i < rates.length; ++i) {
            if (i != 0 && Rate.unwrap(rates[i]) < Rate.unwrap(rates[i - 1])) revert NotAscending(i);
            digests[i] = reportDigest(epoch, rates[i]);
        }
        // One rate for each signature, even where one digest for all would be understood.
        if (rates.length != signatures.length) revert TooFewReports(rates.length, signatures.length);
        (uint256[] memory weights, uint256 total) = masternodes.weigh(set, digests, signatures);
        uint256 weight;
        for (uint256 i = 0; i < weights.length; ++i) {
            weight += weights[i];
        }
        if (3 * weight < 2 * total) revert TooFewReports(weight, total);
        Rate median = _median(rates, weights, weight);
        Rate reported = _within(median);
        emit PriceSubmitted(epoch, median, reported, weight, total);
        oracle.report(reported);
    }

    /// @notice What a masternode signs.
    function reportDigest(uint64 epoch, Rate rate) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REPORT_TYPEHASH, epoch, rate)));
    }

    /// The least rate that half of the reporting stake does not exceed.
    function _median(Rate[] calldata rates, uint256[] memory weights, uint256 total)
        private
        pure
        returns (Rate median)
    {
        uint256 sum;
        for (uint256 i = 0; i < rates.length; ++i) {
            sum += weights[i];
            if (2 * sum >= total) return rates[i];
        }
    }

    function _within(Rate rate) private view returns (Rate) {
        IPriceOracle.Limits memory limits = oracle.limits();
        (Rate last,,) = oracle.latest();
        uint256 old = Rate.unwrap(last);
        uint256 move = old * limits.moveMaxBps / BPS;
        uint256 min = old - move > Rate.unwrap(limits.rateMin) ? old - move : Rate.unwrap(limits.rateMin);
        uint256 max = old + move < Rate.unwrap(limits.rateMax) ? old + move : Rate.unwrap(limits.rateMax);
        uint256 value = Rate.unwrap(rate);
        value = value < min ? min : value > max ? max : value;
        return Rate.wrap(uint88(value));
    }
}
