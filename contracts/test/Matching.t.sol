// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../src/Types.sol";
import {ITerms} from "../src/interfaces/ITerms.sol";
import {System} from "./base/System.sol";
import {vm} from "./base/Vm.sol";

/// The rules of matching: each one alone, their order, and against a second writing of them.
contract MatchingTest is System {
    function fresh() private returns (Order memory ask, Order memory bid) {
        ask = anAsk();
        bid = aBid();
    }

    function test_equal_terms__match() public {
        (Order memory ask, Order memory bid) = fresh();
        assertMismatch(ask, bid, Mismatch.None, "equal");
        (Mismatch reason, address master) = terms.judge(ask, bid);
        vm.assertEq(uint256(reason), 0, "judge agrees");
        vm.assertEq(master, worker, "its own master");
    }

    function test_sides__ask_first_then_bid() public {
        (Order memory ask, Order memory bid) = fresh();
        assertMismatch(bid, ask, Mismatch.NotAnAsk, "swapped");
        assertMismatch(ask, ask, Mismatch.NotABid, "two asks");
    }

    function test_expiry__first_second_that_is_too_late() public {
        (Order memory ask, Order memory bid) = fresh();
        ask.expiry = uint40(block.timestamp);
        assertMismatch(ask, bid, Mismatch.AskExpired, "ask");
        ask.expiry += 1;
        assertMismatch(ask, bid, Mismatch.None, "one second left");
        bid.expiry = uint40(block.timestamp);
        assertMismatch(ask, bid, Mismatch.BidExpired, "bid");
    }

    function test_currencies_differ__no_match() public {
        (Order memory ask, Order memory bid) = fresh();
        ask.currency = Currency.USD;
        assertMismatch(ask, bid, Mismatch.Currency, "USD ask, SNM bid");
    }

    function test_price__ask_at_most_the_bids() public {
        (Order memory ask, Order memory bid) = fresh();
        ask.price = Price.wrap(PRICE + 1);
        assertMismatch(ask, bid, Mismatch.Price, "one unit dearer");
        ask.price = Price.wrap(1);
        assertMismatch(ask, bid, Mismatch.None, "cheaper");
    }

    function test_duration__bid_fits_into_ask_and_spot_only_with_spot() public {
        (Order memory ask, Order memory bid) = fresh();
        bid.duration = 3601;
        assertMismatch(ask, bid, Mismatch.Duration, "too long");
        bid.duration = 1;
        assertMismatch(ask, bid, Mismatch.None, "shorter");
        bid.duration = 0;
        assertMismatch(ask, bid, Mismatch.Duration, "spot bid, forward ask");
        ask.duration = 0;
        assertMismatch(ask, bid, Mismatch.None, "spot");
        bid.duration = 1;
        assertMismatch(ask, bid, Mismatch.Duration, "forward bid, spot ask");
    }

    function test_each_benchmark__one_less_is_too_little() public {
        for (uint256 i = 0; i < 16; ++i) {
            (Order memory ask, Order memory bid) = fresh();
            setBenchmark(ask, i, 1 << 40);
            setBenchmark(bid, i, (1 << 40) + 1);
            assertMismatch(ask, bid, Mismatch.Benchmark, "less");
            for (uint256 j = 0; j < 16; ++j) {
                if (j != i) setBenchmark(ask, j, type(uint64).max);
            }
            assertMismatch(ask, bid, Mismatch.Benchmark, "less, whatever the others are");
            setBenchmark(ask, i, type(uint64).max);
            assertMismatch(ask, bid, Mismatch.None, "more");
        }
    }

    function test_same_owner__in_every_constellation() public {
        (Order memory ask, Order memory bid) = fresh();
        bid.author = worker;
        assertMismatch(ask, bid, Mismatch.SameOwner, "oneself");
        address master = account("master");
        address sibling = account("sibling");
        bind(worker, master);
        bid.author = master;
        assertMismatch(ask, bid, Mismatch.SameOwner, "worker and its master");
        bind(sibling, master);
        bid.author = sibling;
        assertMismatch(ask, bid, Mismatch.SameOwner, "two workers of one master");
    }

    function test_counterparty__a_master_stands_for_its_workers() public {
        (Order memory ask, Order memory bid) = fresh();
        ask.counterparty = stranger;
        assertMismatch(ask, bid, Mismatch.AskCounterparty, "somebody else");
        ask.counterparty = consumer;
        bid.counterparty = stranger;
        assertMismatch(ask, bid, Mismatch.BidCounterparty, "somebody else");
        bind(worker, stranger);
        assertMismatch(ask, bid, Mismatch.None, "the worker's master");
        bid.counterparty = worker;
        assertMismatch(ask, bid, Mismatch.None, "the worker itself");
        ask.counterparty = admin;
        bind(consumer, admin);
        assertMismatch(ask, bid, Mismatch.None, "the consumer's master");
    }

    function test_levels__both_ways() public {
        (Order memory ask, Order memory bid) = fresh();
        vm.prank(admin);
        profiles.setValidator(stranger, Level.Professional);
        ask.identity = Level.Identified;
        certify(consumer, Level.Registered);
        assertMismatch(ask, bid, Mismatch.ConsumerLevel, "too low");
        certify(consumer, Level.Professional);
        assertMismatch(ask, bid, Mismatch.None, "higher will do");
        bid.identity = Level.Registered;
        assertMismatch(ask, bid, Mismatch.SupplierLevel, "supplier unknown");
        certify(worker, Level.Registered);
        assertMismatch(ask, bid, Mismatch.None, "both known");
    }

    function certify(address who, Level level) private {
        vm.prank(stranger);
        profiles.certify(who, level, uint40(block.timestamp + 1 days), 0, "");
    }

    function test_blacklists__every_list_that_counts() public {
        address master = account("master");
        bind(worker, master);
        (Order memory ask, Order memory bid) = fresh();
        ask.blacklist = account("ask list");
        bid.blacklist = account("bid list");
        address[2] memory demand = [consumer, bid.blacklist];
        for (uint256 i = 0; i < 2; ++i) {
            checkListing(ask, bid, demand[i], worker, Mismatch.SupplierBlacklisted);
            checkListing(ask, bid, demand[i], master, Mismatch.SupplierBlacklisted);
        }
        checkListing(ask, bid, worker, consumer, Mismatch.ConsumerBlacklisted);
        checkListing(ask, bid, master, consumer, Mismatch.ConsumerBlacklisted);
        checkListing(ask, bid, ask.blacklist, consumer, Mismatch.ConsumerBlacklisted);
        // A list that nobody named does not count.
        checkListing(ask, bid, stranger, consumer, Mismatch.None);
    }

    function checkListing(Order memory ask, Order memory bid, address owner, address listed, Mismatch reason)
        private
    {
        vm.prank(owner);
        blacklist.add(listed);
        assertMismatch(ask, bid, reason, "listed");
        vm.prank(owner);
        blacklist.remove(listed);
        assertMismatch(ask, bid, Mismatch.None, "no longer listed");
    }

    function test_rate__stale_or_outside_the_bounds_of_either_side() public {
        (Order memory ask, Order memory bid) = fresh();
        ask.rateMin = ask.rateMax = bid.rateMax = Rate.wrap(1);
        assertMismatch(ask, bid, Mismatch.None, "SNM orders ignore rates");
        ask.currency = bid.currency = Currency.USD;
        assertMismatch(ask, bid, Mismatch.AskRate, "above the ask's");
        ask.rateMax = Rate.wrap(0);
        assertMismatch(ask, bid, Mismatch.BidRate, "above the bid's");
        bid.rateMax = Rate.wrap(RATE);
        bid.rateMin = Rate.wrap(RATE);
        assertMismatch(ask, bid, Mismatch.None, "exactly");
        bid.rateMax = Rate.wrap(0);
        bid.rateMin = Rate.wrap(RATE + 1);
        assertMismatch(ask, bid, Mismatch.BidRate, "below the bid's");
        vm.warp(block.timestamp + 3601);
        assertMismatch(ask, bid, Mismatch.RateStale, "older than an hour");
    }

    function test_many_pairs_in_one_call__same_answers() public {
        Order[] memory asks = new Order[](3);
        Order[] memory bids = new Order[](3);
        for (uint256 i = 0; i < 3; ++i) {
            (asks[i], bids[i]) = fresh();
        }
        asks[1].price = Price.wrap(PRICE + 1);
        bids[2].netflags = 8;
        Mismatch[] memory reasons = terms.matchesMany(asks, bids);
        vm.assertEq(uint256(reasons[0]), uint256(Mismatch.None), "first");
        vm.assertEq(uint256(reasons[1]), uint256(Mismatch.Price), "second");
        vm.assertEq(uint256(reasons[2]), uint256(Mismatch.Netflags), "third");
        vm.expectRevert(abi.encodeWithSelector(ITerms.LengthsDiffer.selector, 3, 0));
        terms.matchesMany(asks, new Order[](0));
    }

    /// Random small changes on both sides: the contract and a plain second writing of the rules give the same reason.
    function testFuzz_reason__is_that_of_the_first_rule_that_fails(uint256 seed) public {
        (Order memory ask, Order memory bid) = fresh();
        for (uint256 i = 0; i < 3; ++i) {
            disturb(seed & 1 == 0 ? ask : bid, seed >> 1);
            seed = uint256(keccak256(abi.encode(seed)));
        }
        assertMismatch(ask, bid, expected(ask, bid), "second writing");
    }

    function disturb(Order memory order, uint256 seed) private view {
        uint256 what = seed % 10;
        seed >>= 8;
        if (what == 0) order.side = Side(seed % 2);
        if (what == 1) order.expiry = uint40(block.timestamp + seed % 3);
        if (what == 2) order.currency = Currency(seed % 2);
        if (what == 3) order.price = Price.wrap(uint96(PRICE - 1 + seed % 3));
        if (what == 4) order.duration = uint32(seed % 2 == 0 ? 0 : 3599 + seed % 3);
        if (what == 5) order.netflags = uint64(seed % 16);
        if (what >= 6 && what < 9) setBenchmark(order, seed % 16, uint64((seed >> 8) % 16_000));
        if (what == 9) order.counterparty = seed % 2 == 0 ? worker : consumer;
    }

    function expected(Order memory ask, Order memory bid) private view returns (Mismatch) {
        if (ask.side == Side.Bid) return Mismatch.NotAnAsk;
        if (bid.side == Side.Ask) return Mismatch.NotABid;
        if (block.timestamp >= ask.expiry) return Mismatch.AskExpired;
        if (block.timestamp >= bid.expiry) return Mismatch.BidExpired;
        if (ask.currency != bid.currency) return Mismatch.Currency;
        if (Price.unwrap(ask.price) > Price.unwrap(bid.price)) return Mismatch.Price;
        if (ask.duration == 0 && bid.duration != 0) return Mismatch.Duration;
        if (ask.duration != 0 && bid.duration == 0) return Mismatch.Duration;
        if (ask.duration < bid.duration) return Mismatch.Duration;
        for (uint256 flag = 0; flag < 64; ++flag) {
            if ((bid.netflags >> flag) & 1 == 1 && (ask.netflags >> flag) & 1 == 0) return Mismatch.Netflags;
        }
        for (uint256 i = 0; i < 16; ++i) {
            if (benchmark(ask, i) < benchmark(bid, i)) return Mismatch.Benchmark;
        }
        if (ask.counterparty != address(0) && ask.counterparty != consumer) return Mismatch.AskCounterparty;
        if (bid.counterparty != address(0) && bid.counterparty != worker) return Mismatch.BidCounterparty;
        return Mismatch.None;
    }

    function benchmark(Order memory order, uint256 index) private pure returns (uint64) {
        return uint64(order.benchmarks[index / 4] >> (64 * (index % 4)));
    }

    /// All 16 values at once, arbitrary words.
    function testFuzz_benchmarks__compared_one_by_one(
        uint256[4] memory has,
        uint256[4] memory needs,
        uint256 copies
    ) public {
        (Order memory ask, Order memory bid) = fresh();
        ask.benchmarks = has;
        bid.benchmarks = needs;
        // Independent random words nearly never reach: copy most values over, and raise some.
        for (uint256 i = 0; i < 16; ++i) {
            uint256 choice = (copies >> (4 * i)) % 16;
            if (choice < 14) setBenchmark(ask, i, benchmark(bid, i));
            if (choice < 4 && benchmark(bid, i) < type(uint64).max) {
                setBenchmark(ask, i, benchmark(bid, i) + 1);
            }
        }
        assertMismatch(ask, bid, expected(ask, bid), "one by one");
    }
}
