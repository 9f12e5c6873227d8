// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Blacklist} from "../../src/Blacklist.sol";
import {Market} from "../../src/Market.sol";
import {PriceOracle} from "../../src/PriceOracle.sol";
import {ProfileRegistry} from "../../src/ProfileRegistry.sol";
import {SNM} from "../../src/SNM.sol";
import {Terms} from "../../src/Terms.sol";
import "../../src/Types.sol";
import {IBlacklist} from "../../src/interfaces/IBlacklist.sol";
import {IPriceOracle} from "../../src/interfaces/IPriceOracle.sol";
import {IProfileRegistry} from "../../src/interfaces/IProfileRegistry.sol";
import {Artifacts} from "./Artifacts.sol";
import {Vm, vm} from "./Vm.sol";

/// All contracts, deployed as contracts/README.md says, and the accounts that most tests need.
/// With SONM_TEST_ARTIFACTS=true the committed artifacts are deployed instead of what forge compiled from the sources.
abstract contract System is Artifacts {
    bool public IS_TEST = true;

    uint256 internal constant NOON = 1_800_000_000;
    uint96 internal constant PRICE = 1e15; // 1e-18 SNM per second
    uint88 internal constant RATE = 0.05e18; // 1e-18 USD per SNM: 1 USD = 20 SNM

    address internal admin = account("admin");
    address internal feeder = account("feeder");
    address internal worker = account("worker");
    address internal consumer = account("consumer");
    address internal stranger = account("stranger");

    SNM internal snm;
    ProfileRegistry internal profiles;
    PriceOracle internal oracle;
    Blacklist internal blacklist;
    Terms internal terms;
    Market internal market;
    uint256 private _nonce;
    mapping(address account => uint256) private _keys;

    function setUp() public virtual {
        vm.warp(NOON);
        deploySystem(IERC20(address(0)));
        fund(consumer, 1_000_000e18);
    }

    /// `token` 0 = a new SNM.
    function deploySystem(IERC20 token) internal {
        snm = SNM(deploy("SNM", type(SNM).creationCode, abi.encode(address(this))));
        if (address(token) == address(0)) token = snm;
        // The registry, the oracle, and then the blacklist, whose address the registry wants to know.
        address coming = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 2);
        profiles = ProfileRegistry(
            deploy("ProfileRegistry", type(ProfileRegistry).creationCode, abi.encode(admin, coming))
        );
        oracle = PriceOracle(
            deploy("PriceOracle", type(PriceOracle).creationCode, abi.encode(feeder, RATE, oracleLimits()))
        );
        blacklist =
            Blacklist(deploy("Blacklist", type(Blacklist).creationCode, abi.encode(address(this), profiles)));
        terms = Terms(deploy("Terms", type(Terms).creationCode, abi.encode(profiles, blacklist, oracle)));
        market = Market(deploy("Market", type(Market).creationCode, abi.encode(admin, token, terms)));
        blacklist.setMarket(address(market));
        vm.assertEq(profiles.blacklist(), address(blacklist), "the registry knows the blacklist");
    }

    function oracleLimits() internal pure virtual returns (IPriceOracle.Limits memory) {
        return IPriceOracle.Limits({
            rateMin: Rate.wrap(1e12),
            rateMax: Rate.wrap(1e24),
            moveMaxBps: 5000,
            period: 600,
            staleAfter: 3600
        });
    }

    // ---- accounts and money

    /// A named account; its key is the hash of its name.
    function account(string memory name) internal returns (address result) {
        result = vm.addr(uint256(keccak256(bytes(name))));
        _keys[result] = uint256(keccak256(bytes(name)));
        vm.label(result, name);
    }

    /// Gives `owner` this much SNM in its wallet, with an unlimited allowance for the market, and moves it all in.
    function fund(address owner, uint96 amount) internal {
        snm.transfer(owner, amount);
        vm.startPrank(owner);
        snm.approve(address(market), type(uint256).max);
        market.deposit(Amount.wrap(amount));
        vm.stopPrank();
    }

    function bind(address worker_, address master) internal {
        vm.prank(worker_);
        profiles.requestMaster(master);
        vm.prank(master);
        profiles.confirmWorker(worker_);
    }

    // ---- orders

    /// An hour's ask of `worker` with 12 benchmarks and 3 netflags.
    function anAsk() internal returns (Order memory order) {
        order.side = Side.Ask;
        order.author = worker;
        order.price = Price.wrap(PRICE);
        order.duration = 3600;
        order.netflags = 7;
        order.expiry = uint40(block.timestamp + 1 days);
        order.nonce = ++_nonce;
        for (uint256 i = 0; i < 12; ++i) {
            setBenchmark(order, i, uint64(1000 * (i + 1)));
        }
    }

    /// The bid of `consumer` that asks for exactly what {anAsk} offers.
    function aBid() internal returns (Order memory order) {
        order = anAsk();
        order.side = Side.Bid;
        order.author = consumer;
    }

    function setBenchmark(Order memory order, uint256 index, uint64 value) internal pure {
        uint256 shift = 64 * (index % 4);
        uint256 word = order.benchmarks[index / 4];
        order.benchmarks[index / 4] =
            (word & ~(uint256(type(uint64).max) << shift)) | (uint256(value) << shift);
    }

    function place(Order memory order) internal returns (OrderId) {
        uint256 seconds_ = order.duration == 0 ? 600 : order.duration;
        return place(order, uint96(Price.unwrap(order.price) * seconds_));
    }

    function place(Order memory order, uint96 escrow) internal returns (OrderId) {
        vm.prank(order.author);
        if (order.side == Side.Ask) return market.placeAsk(order);
        return market.placeBid(order, Amount.wrap(escrow), Amount.wrap(0));
    }

    /// The author's signature of its order, for this market.
    function sign(Order memory order) internal view returns (bytes memory) {
        return signDigest(order.author, market.digestOf(market.orderId(order)));
    }

    function signDigest(address signer, bytes32 digest) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[signer], digest);
        return abi.encodePacked(r, s, v);
    }

    // ---- deals

    /// Opens a deal between two orders that are in the book.
    function open(Order memory ask, Order memory bid) internal returns (Deal memory deal) {
        vm.recordLogs();
        market.openDeal(ask, bid);
        return lastDeal();
    }

    /// Opens a deal between two orders that are signed off chain.
    function openSigned(Order memory ask, Order memory bid) internal returns (Deal memory deal) {
        bytes memory askSignature = sign(ask);
        bytes memory bidSignature = sign(bid);
        vm.recordLogs();
        market.openWithSignatures(ask, askSignature, bid, bidSignature);
        return lastDeal();
    }

    /// Places both orders and opens the deal.
    function openNew(Order memory ask, Order memory bid, uint96 escrow) internal returns (Deal memory) {
        place(ask);
        place(bid, escrow);
        return open(ask, bid);
    }

    /// An hour for 3.6 SNM.
    function forwardDeal() internal returns (Deal memory) {
        return openNew(anAsk(), aBid(), 3600 * PRICE);
    }

    function spotDeal(uint96 escrow) internal returns (Deal memory) {
        Order memory ask = anAsk();
        Order memory bid = aBid();
        ask.duration = bid.duration = 0;
        return openNew(ask, bid, escrow);
    }

    /// The terms of the last deal in the recorded logs: every deal event carries them.
    function lastDeal() internal returns (Deal memory deal) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = logs.length; i > 0; --i) {
            Vm.Log memory log = logs[i - 1];
            if (log.emitter == address(market) && log.topics.length == 4 && log.data.length > 11 * 32) {
                return abi.decode(log.data, (Deal));
            }
        }
        revert("no deal event");
    }

    function settle(Deal memory deal) internal {
        vm.prank(stranger);
        market.settle(deal);
    }

    function close(address by, Deal memory deal) internal {
        vm.prank(by);
        market.closeDeal(deal, BlacklistChoice.Nobody);
    }

    // ---- what tests say

    function assertBalance(address owner, uint256 expected, string memory what) internal view {
        vm.assertEq(market.balanceOf(owner), expected, what);
    }

    function assertMismatch(Order memory ask, Order memory bid, Mismatch expected, string memory what)
        internal
        view
    {
        vm.assertEq(uint256(terms.matches(ask, bid)), uint256(expected), what);
    }

    function mismatch(Order memory ask, Order memory bid, Mismatch reason)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeWithSignature(
            "OrdersDoNotMatch(bytes32,bytes32,uint8)", market.orderId(ask), market.orderId(bid), reason
        );
    }
}
