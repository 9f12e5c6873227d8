// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PriceOracle} from "../../src/PriceOracle.sol";
import "../../src/Types.sol";
import {IPriceOracle} from "../../src/interfaces/IPriceOracle.sol";
import {PriceReports} from "../../src/masternode/PriceReports.sol";
import {ISigners, Signature, SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {MasternodeSystem} from "./MasternodeSystem.sol";

/// The masternodes' median, and what reaches the oracle of it.
contract PricesTest is MasternodeSystem {
    uint88 private constant RATE = 0.05e18;

    PriceReports private prices;
    PriceOracle private oracle;

    function setUp() public override {
        super.setUp();
        address feeder = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        IPriceOracle.Limits memory limits =
            IPriceOracle.Limits(Rate.wrap(1e12), Rate.wrap(1e24), 1000, uint32(EPOCH), 3600);
        oracle = new PriceOracle(feeder, Rate.wrap(RATE), limits);
        prices = new PriceReports(masternodes, oracle);
        vm.assertEq(address(prices), feeder, "the feeder");
        vm.warp(block.timestamp + EPOCH);
    }

    /// Member i reports rates[i]; they ascend.
    function report(uint64 epoch, uint88[] memory rates)
        private
        returns (SignerSet memory set, Rate[] memory values, Signature[] memory signatures)
    {
        set = takenSet();
        values = new Rate[](rates.length);
        signatures = new Signature[](rates.length);
        for (uint256 i = 0; i < rates.length; ++i) {
            values[i] = Rate.wrap(rates[i]);
            signatures[i] = signed(set, uint8(i), prices.reportDigest(epoch, values[i]));
        }
    }

    function submit(uint88[] memory rates) private returns (uint256) {
        uint64 epoch = masternodes.epoch();
        (SignerSet memory set, Rate[] memory values, Signature[] memory signatures) = report(epoch, rates);
        prices.submit(epoch, set, values, signatures);
        (Rate rate,,) = oracle.latest();
        return Rate.unwrap(rate);
    }

    function four(uint88 a, uint88 b, uint88 c, uint88 d) private pure returns (uint88[] memory rates) {
        rates = new uint88[](4);
        (rates[0], rates[1], rates[2], rates[3]) = (a, b, c, d);
    }

    function test_median_by_stake_is_reported() public {
        vm.assertEq(
            submit(four(RATE - 3, RATE + 1, RATE + 2, RATE + 3)), RATE + 1, "the lower median of four"
        );
    }

    function test_one_liar_with_any_rate_moves_nothing_beyond_the_others() public {
        vm.assertEq(submit(four(1, RATE, RATE, RATE)), RATE, "a liar below");
        nextEpoch();
        vm.assertEq(submit(four(RATE, RATE, RATE, type(uint88).max)), RATE, "a liar above");
    }

    function test_stake_decides_not_heads() public {
        // Member 3 has 10,000, the others 1,000 each: its rate is the median.
        snm.transfer(node(3), MAX);
        vm.prank(node(3));
        masternodes.addStake(Amount.wrap(MAX));
        vm.assertEq(submit(four(RATE, RATE, RATE, RATE + 5)), RATE + 5, "the median by stake");
    }

    function test_move_is_clamped_to_the_oracles_bounds() public {
        uint88 far = 2 * RATE;
        vm.assertEq(submit(four(far, far, far, far)), RATE + RATE / 10, "a tenth up");
        nextEpoch();
        uint256 last = RATE + RATE / 10;
        vm.assertEq(submit(four(1, 1, 1, 1)), last - last / 10, "a tenth down");
    }

    function test_two_thirds_of_the_stake_count_less_does_not() public {
        uint64 epoch = masternodes.epoch();
        uint88[] memory rates = new uint88[](2);
        (rates[0], rates[1]) = (RATE, RATE);
        (SignerSet memory set, Rate[] memory values, Signature[] memory signatures) = report(epoch, rates);
        vm.expectRevert(
            abi.encodeWithSelector(PriceReports.TooFewReports.selector, 2 * MIN, 4 * uint256(MIN))
        );
        prices.submit(epoch, set, values, signatures);
        vm.prank(node(3));
        masternodes.resign();
        nextEpoch();
        vm.assertEq(submit(rates), RATE, "two of three");
    }

    function test_reports_of_another_epoch_twice_or_out_of_order__refused() public {
        uint64 epoch = masternodes.epoch();
        (SignerSet memory set, Rate[] memory values, Signature[] memory signatures) =
            report(epoch, four(RATE, RATE, RATE, RATE));
        vm.expectPartialRevert(PriceReports.WrongEpoch.selector);
        prices.submit(epoch + 1, set, values, signatures);
        vm.expectPartialRevert(PriceReports.WrongEpoch.selector);
        prices.submit(epoch - 2, set, values, signatures);
        // Signed for this epoch, brought as the last one's.
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        prices.submit(epoch - 1, set, values, signatures);
        prices.submit(epoch, set, values, signatures);
        vm.expectPartialRevert(PriceReports.WrongEpoch.selector);
        prices.submit(epoch, set, values, signatures);
        nextEpoch();
        nextEpoch();
        vm.expectPartialRevert(PriceReports.WrongEpoch.selector);
        prices.submit(epoch, set, values, signatures);
    }

    function test_rates_that_do_not_ascend_or_do_not_match_the_signatures__refused() public {
        uint64 epoch = masternodes.epoch();
        (SignerSet memory set, Rate[] memory values, Signature[] memory signatures) =
            report(epoch, four(RATE, RATE - 1, RATE, RATE));
        vm.expectRevert(abi.encodeWithSelector(PriceReports.NotAscending.selector, 1));
        prices.submit(epoch, set, values, signatures);
        Rate[] memory one = new Rate[](1);
        one[0] = values[0];
        vm.expectRevert(abi.encodeWithSelector(PriceReports.TooFewReports.selector, 1, 4));
        prices.submit(epoch, set, one, signatures);
        vm.expectPartialRevert(ISigners.WrongNumber.selector);
        prices.submit(epoch, set, new Rate[](0), new Signature[](0));
    }

    function test_signatures_for_another_contract_or_chain__refused() public {
        uint64 epoch = masternodes.epoch();
        (SignerSet memory set, Rate[] memory values, Signature[] memory signatures) =
            report(epoch, four(RATE, RATE, RATE, RATE));
        PriceReports other = new PriceReports(masternodes, oracle);
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        other.submit(epoch, set, values, signatures);
        vm.chainId(7);
        vm.expectPartialRevert(ISigners.InvalidSignature.selector);
        prices.submit(epoch, set, values, signatures);
    }

    function testFuzz_median_lies_between_honest_rates(uint88 a, uint88 b, uint88 c, uint88 liar) public {
        uint88[] memory rates = four(a, b, c, liar);
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 k = i + 1; k < 4; ++k) {
                if (rates[k] < rates[i]) (rates[i], rates[k]) = (rates[k], rates[i]);
            }
        }
        uint256 least = a < b ? (a < c ? a : c) : (b < c ? b : c);
        uint256 most = a > b ? (a > c ? a : c) : (b > c ? b : c);
        // Whoever signs which rate does not matter here: all have the same weight.
        uint256 reported = submit(rates);
        uint256 low = RATE - RATE / 10;
        uint256 high = RATE + RATE / 10;
        vm.assertGe(reported, least < low ? low : least > high ? high : least, "not below the honest");
        vm.assertLe(reported, most > high ? high : most < low ? low : most, "not above the honest");
    }
}
