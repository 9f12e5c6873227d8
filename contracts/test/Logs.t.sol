// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../src/Types.sol";
import {IMarketBalances} from "../src/interfaces/IMarketBalances.sol";
import {IMarketBook} from "../src/interfaces/IMarketBook.sol";
import {IMarketDeals} from "../src/interfaces/IMarketDeals.sol";
import {System} from "./base/System.sol";
import {Vm, vm} from "./base/Vm.sol";

/// An indexer that reads logs and never calls: what it knows in the end is what the market knows.
contract LogsTest is System {
    mapping(address => uint256) private _balances;
    mapping(OrderId => OrderStatus) private _orders;
    mapping(OrderId => uint96) private _escrows;
    mapping(DealId => DealState) private _deals;

    function test_logs_alone__tell_balances_orders_and_deals() public {
        vm.recordLogs();
        fund(stranger, 50e18);
        Order[4] memory orders = [anAsk(), aBid(), anAsk(), aBid()];
        orders[0].price = Price.wrap(PRICE / 2); // something goes back when the deal opens
        orders[2].duration = orders[3].duration = 0;
        for (uint256 i = 0; i < 4; ++i) {
            place(orders[i]);
        }
        Order memory cancelled = aBid();
        place(cancelled);
        vm.prank(consumer);
        market.cancelOrder(cancelled);
        market.openDeal(orders[0], orders[1]);
        market.openDeal(orders[2], orders[3]);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        read(logs);
        Deal memory forward = dealIn(logs, 1);
        Deal memory spot = dealIn(logs, 2);
        assertKnown(orders, forward, spot);

        vm.recordLogs();
        vm.warp(block.timestamp + 100);
        settle(forward);
        vm.prank(stranger);
        market.topUp(spot, Amount.wrap(3e18), Amount.wrap(0));
        read(vm.getRecordedLogs());
        assertKnown(orders, forward, spot);

        vm.recordLogs();
        vm.warp(block.timestamp + 100);
        close(consumer, forward);
        settle(spot);
        vm.prank(worker);
        market.withdraw(worker, Amount.wrap(1e15));
        read(vm.getRecordedLogs());
        vm.assertEq(uint256(_deals[forward.id].status), uint256(DealStatus.Closed), "closed");
        vm.assertEq(Amount.unwrap(_deals[forward.id].paid), 200 * (PRICE / 2), "paid in all");
        assertBalances();
    }

    function assertKnown(Order[4] memory orders, Deal memory forward, Deal memory spot) private view {
        assertBalances();
        for (uint256 i = 0; i < 4; ++i) {
            OrderId id = market.orderId(orders[i]);
            (OrderStatus status, Amount escrow) = market.orderState(id);
            vm.assertEq(uint256(_orders[id]), uint256(status), "order");
            vm.assertEq(_escrows[id], Amount.unwrap(escrow), "escrow");
        }
        assertSame(_deals[forward.id], market.dealState(forward));
        assertSame(_deals[spot.id], market.dealState(spot));
    }

    function assertBalances() private view {
        address[3] memory accounts = [consumer, worker, stranger];
        for (uint256 i = 0; i < 3; ++i) {
            assertBalance(accounts[i], _balances[accounts[i]], "balance");
        }
    }

    function assertSame(DealState memory known, DealState memory stored) private pure {
        vm.assertEq(keccak256(abi.encode(known)), keccak256(abi.encode(stored)), "deal");
    }

    function dealIn(Vm.Log[] memory logs, uint64 id) private pure returns (Deal memory) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IMarketDeals.DealOpened.selector) continue;
            if (uint256(logs[i].topics[1]) == id) return abi.decode(logs[i].data, (Deal));
        }
        revert("no such deal");
    }

    // ---- the indexer

    function read(Vm.Log[] memory logs) private {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(market)) read(logs[i]);
        }
    }

    function read(Vm.Log memory log) private {
        bytes32 kind = log.topics[0];
        if (kind == IMarketBalances.Deposited.selector || kind == IMarketBalances.Withdrawn.selector) {
            (, _balances[toAddress(log.topics[1])]) = abi.decode(log.data, (uint96, uint256));
        } else if (kind == IMarketBook.OrderPlaced.selector) {
            OrderId id = OrderId.wrap(log.topics[1]);
            (Order memory order, uint96 escrow, uint256 balance) =
                abi.decode(log.data, (Order, uint96, uint256));
            _orders[id] = OrderStatus.Open;
            _escrows[id] = escrow;
            if (order.side == Side.Bid) _balances[order.author] = balance;
        } else if (kind == IMarketBook.OrderCancelled.selector) {
            OrderId id = OrderId.wrap(log.topics[1]);
            (, uint96 refund, uint256 balance) = abi.decode(log.data, (address, uint96, uint256));
            _orders[id] = OrderStatus.Cancelled;
            _escrows[id] = 0;
            if (refund != 0) _balances[toAddress(log.topics[2])] = balance;
        } else if (log.topics.length == 4) {
            readDeal(kind, log.data);
        }
    }

    function readDeal(bytes32 kind, bytes memory data) private {
        (Deal memory deal, DealState memory state) = abi.decode(data, (Deal, DealState));
        _deals[deal.id] = state;
        if (kind == IMarketDeals.DealOpened.selector) {
            _orders[deal.ask] = _orders[deal.bid] = OrderStatus.Matched;
            _escrows[deal.bid] = 0;
            (,, uint96 refund, uint256 balance) = abi.decode(data, (Deal, DealState, uint96, uint256));
            if (refund != 0) _balances[deal.consumer] = balance;
        } else if (kind == IMarketDeals.DealSettled.selector) {
            (,, _balances[deal.master]) = abi.decode(data, (Deal, DealState, uint256));
        } else if (kind == IMarketDeals.DealToppedUp.selector) {
            address by;
            uint256 balance;
            (,, by,, balance) = abi.decode(data, (Deal, DealState, address, uint96, uint256));
            _balances[by] = balance;
        } else if (kind == IMarketDeals.DealClosed.selector) {
            (,,, _balances[deal.master], _balances[deal.consumer],) =
                abi.decode(data, (Deal, DealState, uint96, uint256, uint256, address));
        }
    }

    function toAddress(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
