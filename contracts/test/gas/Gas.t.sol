// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {System} from "../base/System.sol";
import {vm} from "../base/Vm.sol";

/// What each operation costs as a transaction of its own, from the committed artifacts. Run with --isolate.
/// 12 benchmarks, 3 netflags; every account has dealt before, so that its balance slot is in use.
contract GasTest is System {
    function fromArtifacts() internal pure override returns (bool) {
        return true;
    }

    function setUp() public override {
        super.setUp();
        // A first deal, settled and closed, so that no slot of an account is new.
        fund(worker, 1e18);
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 60);
        close(consumer, deal);
    }

    function test_gas_of_each_operation_is_within_its_bound() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();

        vm.prank(worker);
        market.placeAsk(ask);
        uint256 placeAsk = measure("place ask", 60_000);

        vm.prank(consumer);
        market.placeBid(bid, Amount.wrap(3600 * PRICE), Amount.wrap(0));
        uint256 placeBid = measure("place bid", 70_000);

        vm.recordLogs();
        vm.prank(stranger);
        market.openDeal(ask, bid);
        uint256 open = measure("open deal from the book", 85_000);
        Deal memory deal = lastDeal();
        checkSum("ask + bid + open", placeAsk + placeBid + open, 215_000);

        vm.warp(block.timestamp + 60);
        vm.prank(stranger);
        market.settle(deal);
        measure("settle one deal", 48_000);

        vm.warp(block.timestamp + 60);
        vm.prank(consumer);
        market.closeDeal(deal, BlacklistChoice.Nobody);
        measure("close with refund", 50_000);
    }

    function test_gas_of_opening_with_masters_tags_and_refund() public {
        address master = account("master");
        bind(worker, master);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.tag = bid.tag = keccak256("tag");
        ask.price = Price.wrap(PRICE - 1);
        bid.counterparty = master;
        place(ask);
        place(bid);
        vm.prank(stranger);
        market.openDeal(ask, bid);
        measure("open deal, everything used, with refund", 100_000);
    }

    function test_gas_of_other_operations() public {
        Order memory ask = anAsk();
        place(ask);
        vm.prank(consumer);
        market.quickBuy(ask, 3600, Amount.wrap(3600 * PRICE), Amount.wrap(0), 1);
        measure("quick buy of an ask", 150_000);

        Order memory bid = aBid();
        place(bid);
        vm.prank(consumer);
        market.cancelOrder(bid);
        measure("cancel bid", 50_000);

        vm.prank(consumer);
        market.withdraw(consumer, Amount.wrap(1e18));
        measure("withdraw", 70_000);

        vm.prank(consumer);
        market.deposit(Amount.wrap(1e18));
        measure("deposit", 70_000);
    }

    function test_gas_of_dollar_deals() public {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.currency = bid.currency = Currency.USD;
        ask.price = bid.price = Price.wrap(PRICE / 100);
        place(ask);
        place(bid, 3600 * PRICE);
        vm.recordLogs();
        vm.prank(stranger);
        market.openDeal(ask, bid);
        measure("open USD deal from the book", 110_000);
        Deal memory deal = lastDeal();
        vm.warp(block.timestamp + 60);
        vm.prank(stranger);
        market.settle(deal);
        measure("settle one USD deal", 60_000);
    }

    /// The accounts have used a signed order before, so that the word of their nonces is in use.
    function useNonces() private {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        Deal memory deal = openSigned(ask, bid);
        vm.warp(block.timestamp + 60);
        close(consumer, deal);
    }

    function test_gas_of_signed_orders() public {
        useNonces();
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bytes memory askSignature = sign(ask);
        bytes memory bidSignature = sign(bid);
        vm.recordLogs();
        vm.prank(stranger);
        market.openWithSignatures(ask, askSignature, bid, bidSignature);
        measure("match two signed orders", 110_000);
        Deal memory deal = lastDeal();
        vm.warp(block.timestamp + 60);
        vm.prank(stranger);
        market.settle(deal);
        measure("settle one deal of signed orders", 48_000);
        vm.warp(block.timestamp + 60);
        vm.prank(consumer);
        market.closeDeal(deal, BlacklistChoice.Nobody);
        measure("close a deal of signed orders with refund", 50_000);

        Order memory bookAsk = anAsk();
        place(bookAsk);
        Order memory another = aBid();
        bytes memory signature = sign(another);
        vm.prank(stranger);
        market.openWithSignatures(bookAsk, "", another, signature);
        measure("match a signed bid with an ask from the book", 120_000);

        vm.prank(consumer);
        market.cancelNonce(77);
        measure("cancel a nonce", 40_000);
    }

    function test_gas_of_batches() public {
        useNonces();
        bytes[] memory calls = new bytes[](10);
        for (uint256 i = 0; i < 10; ++i) {
            Order memory ask = anAsk();
            Order memory bid = aBid();
            calls[i] = abi.encodeCall(market.openWithSignatures, (ask, sign(ask), bid, sign(bid)));
        }
        vm.prank(stranger);
        vm.assertEq(market.batch(calls), 0, "none skipped");
        measurePer("match two signed orders, batch of 10, same parties, per deal", 10, 65_000);

        Deal[] memory deals = new Deal[](50);
        for (uint256 i = 0; i < 50; ++i) {
            deals[i] = forwardDeal();
        }
        vm.warp(block.timestamp + 60);
        vm.prank(stranger);
        vm.assertEq(market.settleMany(deals), 0, "none skipped");
        measurePer("settle, batch of 50, per deal", 50, 20_000);

        calls = new bytes[](10);
        for (uint256 i = 0; i < 10; ++i) {
            calls[i] = abi.encodeCall(market.placeAsk, (anAsk()));
        }
        vm.prank(worker);
        vm.assertEq(market.batch(calls), 0, "none skipped");
        measurePer("place ask, batch of 10, per ask", 10, 45_000);
    }

    function test_gas_of_change_requests() public {
        Deal memory deal = forwardDeal();
        vm.warp(block.timestamp + 60);
        Change memory change = Change(Price.wrap(PRICE), deal.end + 600, uint40(block.timestamp + 60));
        vm.prank(worker);
        market.requestChange(deal, change);
        measure("offer a change", 80_000);
        vm.prank(consumer);
        market.acceptChange(deal, change);
        measure("accept a change", 80_000);
    }

    function measurePer(string memory name, uint256 count, uint256 bound) private {
        uint256 gas = vm.snapshotGasLastCall("market-batches", name) / count;
        vm.snapshotValue("market", name, gas);
        vm.assertLe(gas, bound, name);
    }

    function measure(string memory name, uint256 bound) private returns (uint256 gas) {
        gas = vm.snapshotGasLastCall("market", name);
        vm.assertLe(gas, bound, name);
    }

    function checkSum(string memory name, uint256 gas, uint256 bound) private {
        vm.snapshotValue("market", name, gas);
        vm.assertLe(gas, bound, name);
    }
}
