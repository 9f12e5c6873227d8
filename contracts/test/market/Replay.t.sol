// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {IBlacklist} from "../../src/interfaces/IBlacklist.sol";
import {IMarketChanges} from "../../src/interfaces/IMarketChanges.sol";
import {IMarketDeals} from "../../src/interfaces/IMarketDeals.sol";
import {IMarketSigned} from "../../src/interfaces/IMarketSigned.sol";
import {System} from "../base/System.sol";
import {Vm, vm} from "../base/Vm.sol";

/// An indexer of what came with signed orders, changes and managed lists: it reads logs and never calls, and knows in the
/// end which nonces are used, under which terms each deal runs, what is offered, and who follows and lists whom.
contract ReplayTest is System {
    mapping(address => uint256) private _balances;
    mapping(address author => mapping(uint256 word => uint256)) private _nonces;
    mapping(DealId => Deal) private _terms;
    mapping(DealId => DealState) private _states;
    mapping(DealId => mapping(bool bySupplier => Change)) private _offers;
    mapping(address owner => mapping(address => bool)) private _follows;
    mapping(address owner => mapping(address => bool)) private _lists;
    mapping(address owner => mapping(address => bool)) private _curators;
    DealId private _last;

    function test_logs_alone__tell_used_and_cancelled_nonces() public {
        vm.recordLogs();
        openSignedRecorded(anAsk(), aBid());
        Order memory ask = anAsk();
        place(ask);
        Order memory bid = aBid();
        bid.nonce = 700;
        market.openWithSignatures(ask, "", bid, sign(bid));
        vm.startPrank(consumer);
        market.cancelNonce(77);
        market.cancelNonces(1, 0xf0);
        vm.stopPrank();
        read(vm.getRecordedLogs());
        uint256 used = 0;
        for (uint256 nonce = 0; nonce < 1024; ++nonce) {
            assertNonce(worker, nonce);
            assertNonce(consumer, nonce);
            if (market.isNonceUsed(consumer, nonce)) ++used;
        }
        vm.assertEq(used, 7, "two orders, one nonce, four of a word");
        assertState();
    }

    function test_logs_alone__tell_offers_and_new_terms() public {
        fund(worker, 1e18);
        vm.recordLogs();
        fund(consumer, 50e18);
        openSignedRecorded(anAsk(), aBid());
        read(vm.getRecordedLogs());
        Change memory longer = Change(Price.wrap(PRICE), 0, uint40(block.timestamp + 1000));
        longer.end = _terms[_last].end + 600;
        vm.warp(block.timestamp + 60);

        step(worker, abi.encodeCall(market.requestChange, (_terms[_last], longer)));
        vm.assertEq(_offers[_last][true].end, longer.end, "offered");
        step(worker, abi.encodeCall(market.withdrawChange, (_terms[_last], longer)));
        vm.assertEq(_offers[_last][true].end, 0, "withdrawn");
        step(worker, abi.encodeCall(market.requestChange, (_terms[_last], longer)));
        Change memory dearer = Change(Price.wrap(PRICE + 1), longer.end, longer.expiry);
        step(consumer, abi.encodeCall(market.requestChange, (_terms[_last], dearer)));
        // More was paid in; both offers are gone with the terms that they would have replaced.
        step(consumer, abi.encodeCall(market.acceptChange, (_terms[_last], longer)));
        vm.assertEq(_terms[_last].end, longer.end, "longer");
        vm.warp(block.timestamp + 60);
        // Something goes back at once.
        Change memory cheaper = Change(Price.wrap(PRICE / 2), longer.end, longer.expiry);
        step(worker, abi.encodeCall(market.requestChange, (_terms[_last], cheaper)));
        vm.assertEq(Price.unwrap(_terms[_last].price), PRICE / 2, "cheaper");
        vm.warp(block.timestamp + 60);
        step(stranger, abi.encodeCall(market.settle, (_terms[_last])));
    }

    function test_logs_alone__tell_lists_curators_and_who_follows_whom() public {
        address curator = account("curator");
        Deal memory deal = forwardDeal();
        vm.recordLogs();
        vm.startPrank(consumer);
        blacklist.follow(stranger);
        blacklist.follow(admin);
        blacklist.follow(curator);
        blacklist.unfollow(admin);
        blacklist.add(admin);
        blacklist.add(worker);
        blacklist.remove(worker);
        vm.stopPrank();
        vm.startPrank(stranger);
        blacklist.setCurator(curator, true);
        blacklist.setCurator(worker, true);
        blacklist.setCurator(worker, false);
        vm.stopPrank();
        vm.startPrank(curator);
        blacklist.addTo(stranger, feeder);
        blacklist.addTo(stranger, admin);
        blacklist.removeFrom(stranger, admin);
        vm.stopPrank();
        vm.prank(consumer);
        market.closeDeal(deal, BlacklistChoice.Counterparty);
        read(vm.getRecordedLogs());

        address[6] memory people = [consumer, worker, stranger, admin, feeder, curator];
        for (uint256 i = 0; i < 6; ++i) {
            uint256 follows = 0;
            for (uint256 k = 0; k < 6; ++k) {
                (address a, address b) = (people[i], people[k]);
                vm.assertTrue(_lists[a][b] == blacklist.isListed(a, b), "listed");
                if (a != b) vm.assertTrue(_curators[a][b] == blacklist.isCurator(a, b), "curator");
                if (_follows[a][b]) ++follows;
            }
            address[] memory followed = blacklist.followedBy(people[i]);
            vm.assertEq(followed.length, follows, "follows");
            for (uint256 k = 0; k < followed.length; ++k) {
                vm.assertTrue(_follows[people[i]][followed[k]], "whom");
            }
        }
        vm.assertTrue(_lists[consumer][worker], "the closer's entry");
    }

    // ---- what is compared

    function step(address by, bytes memory call) private {
        vm.recordLogs();
        vm.prank(by);
        (bool ok,) = address(market).call(call);
        vm.assertTrue(ok, "done");
        read(vm.getRecordedLogs());
        assertState();
    }

    function assertState() private view {
        assertBalance(consumer, _balances[consumer], "consumer");
        if (_balances[worker] != 0) assertBalance(worker, _balances[worker], "worker");
        // Terms that are not those of the deal would be refused.
        DealState memory stored = market.dealState(_terms[_last]);
        vm.assertEq(keccak256(abi.encode(_states[_last])), keccak256(abi.encode(stored)), "state");
        (Change memory byConsumer, Change memory bySupplier) = market.changesOf(_terms[_last]);
        assertOffer(byConsumer, false);
        assertOffer(bySupplier, true);
    }

    function assertOffer(Change memory stored, bool bySupplier) private view {
        bytes32 known = keccak256(abi.encode(_offers[_last][bySupplier]));
        vm.assertEq(known, keccak256(abi.encode(stored)), "offer");
    }

    function assertNonce(address author, uint256 nonce) private view {
        bool known = (_nonces[author][nonce >> 8] >> (nonce & 0xff)) & 1 == 1;
        vm.assertTrue(known == market.isNonceUsed(author, nonce), "nonce");
    }

    // ---- the indexer

    function openSignedRecorded(Order memory ask, Order memory bid) private {
        market.openWithSignatures(ask, sign(ask), bid, sign(bid));
    }

    function read(Vm.Log[] memory logs) private {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(market)) readMarket(logs[i]);
            if (logs[i].emitter == address(blacklist)) readList(logs[i]);
        }
    }

    function readMarket(Vm.Log memory log) private {
        bytes32 kind = log.topics[0];
        if (kind == IMarketSigned.NoncesCancelled.selector) {
            (uint256 word, uint256 mask) = abi.decode(log.data, (uint256, uint256));
            _nonces[toAddress(log.topics[1])][word] |= mask;
        } else if (kind == IMarketDeals.SignaturesUsed.selector) {
            (uint256 ask, uint256 bid) = abi.decode(log.data, (uint256, uint256));
            Deal storage deal = _terms[DealId.wrap(uint64(uint256(log.topics[1])))];
            use(deal.supplier, ask);
            use(deal.consumer, bid);
        } else if (kind == IMarketChanges.ChangeRequested.selector) {
            (bool bySupplier, Change memory change) = abi.decode(log.data, (bool, Change));
            _offers[DealId.wrap(uint64(uint256(log.topics[1])))][bySupplier] = change;
        } else if (kind == IMarketChanges.ChangeWithdrawn.selector) {
            (bool bySupplier,) = abi.decode(log.data, (bool, Change));
            delete _offers[DealId.wrap(uint64(uint256(log.topics[1])))][bySupplier];
        } else if (log.topics.length == 4) {
            readDeal(kind, log.data);
        } else if (log.data.length == 64) {
            // Deposited.
            (, _balances[toAddress(log.topics[1])]) = abi.decode(log.data, (uint96, uint256));
        }
    }

    function readDeal(bytes32 kind, bytes memory data) private {
        (Deal memory deal, DealState memory state) = abi.decode(data, (Deal, DealState));
        _last = deal.id;
        _terms[_last] = deal;
        _states[_last] = state;
        uint256 balance;
        if (kind == IMarketDeals.DealOpened.selector) {
            (,,, balance) = abi.decode(data, (Deal, DealState, uint96, uint256));
            if (balance != 0) _balances[deal.consumer] = balance;
        } else if (kind == IMarketDeals.DealSettled.selector) {
            (,, _balances[deal.master]) = abi.decode(data, (Deal, DealState, uint256));
        } else if (kind == IMarketChanges.DealChanged.selector) {
            uint256 ofMaster;
            (,,,,, ofMaster, balance,) =
                abi.decode(data, (Deal, DealState, uint96, uint96, uint96, uint256, uint256, address));
            (_balances[deal.master], _balances[deal.consumer]) = (ofMaster, balance);
            delete _offers[_last][false];
            delete _offers[_last][true];
        }
    }

    function readList(Vm.Log memory log) private {
        bytes32 kind = log.topics[0];
        (address owner, address other) = (toAddress(log.topics[1]), toAddress(log.topics[2]));
        if (kind == IBlacklist.ListingChanged.selector) {
            _lists[owner][other] = abi.decode(log.data, (bool));
        } else if (kind == IBlacklist.CuratorSet.selector) {
            _curators[owner][other] = abi.decode(log.data, (bool));
        } else if (kind == IBlacklist.FollowChanged.selector) {
            _follows[owner][other] = abi.decode(log.data, (bool));
        }
    }

    function use(address author, uint256 nonce) private {
        if (nonce != type(uint256).max) _nonces[author][nonce >> 8] |= 1 << (nonce & 0xff);
    }

    function toAddress(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
