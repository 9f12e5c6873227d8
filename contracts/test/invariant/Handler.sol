// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import "../../src/Types.sol";
import {System} from "../base/System.sol";
import {Vm, vm} from "../base/Vm.sol";
import {HostileToken, ITokenHook} from "../mocks/HostileToken.sol";

/// Makes random calls to a market whose token is hostile, whose clock jumps and whose callers stop at nothing, and
/// keeps book of what is frozen where. A call that the market refuses counts as a call.
contract Handler is System, ITokenHook {
    address[] public actors;
    HostileToken public token;
    uint256 public gifts;
    uint256 public time;
    mapping(bytes32 call => uint256) public succeeded;

    Order[] private _orders;
    Deal[] private _deals;
    bytes private _nested;
    mapping(bytes32 terms => bool) private _known;

    modifier timed() {
        // Block time does not survive from one random call to the next by itself.
        vm.warp(time);
        _;
    }

    constructor() {
        time = NOON;
        vm.warp(time);
        token = new HostileToken(address(this));
        deploySystem(IERC20(address(token)));
        string[7] memory names =
            ["worker", "second worker", "master", "consumer", "second consumer", "stranger", "admin"];
        for (uint256 i = 0; i < names.length; ++i) {
            address user = account(names[i]);
            actors.push(user);
            token.transfer(user, 1_000_000e18);
            vm.startPrank(user);
            token.approve(address(market), type(uint256).max);
            market.deposit(Amount.wrap(1000e18));
            vm.stopPrank();
        }
        // The handler itself holds money, too: the token calls it back.
        token.approve(address(market), type(uint256).max);
        market.deposit(Amount.wrap(1000e18));
        actors.push(address(this));
        bind(actors[1], actors[2]);
    }

    // ---- random calls

    function deposit(uint256 who, uint96 amount) external timed {
        vm.prank(actor(who));
        try market.deposit(Amount.wrap(amount % 1000e18)) {
            ++succeeded["deposit"];
        } catch {}
    }

    function withdraw(uint256 who, uint256 to, uint96 amount) external timed {
        amount %= 1000e18;
        vm.prank(actor(who));
        try market.withdraw(actor(to), Amount.wrap(amount)) {
            ++succeeded["withdraw"];
            // A token that only says that it paid leaves its holder's money here, for nobody.
            if (token.mode() == HostileToken.Mode.Lying) gifts += amount;
        } catch {}
    }

    function gift(uint96 amount) external timed {
        if (token.mode() != HostileToken.Mode.Honest) return;
        token.transfer(address(market), amount % 1e18);
        gifts += amount % 1e18;
    }

    function placeAsk(uint256 seed) external timed {
        Order memory ask = randomOrder(Side.Ask, seed);
        vm.prank(ask.author);
        try market.placeAsk(ask) {
            _orders.push(ask);
            ++succeeded["place ask"];
        } catch {}
    }

    function placeBid(uint256 seed, uint96 escrow, uint96 deposit_) external timed {
        Order memory bid = randomOrder(Side.Bid, seed);
        vm.prank(bid.author);
        try market.placeBid(bid, Amount.wrap(escrow % 20e18), Amount.wrap(deposit_ % 10 == 0 ? 1e18 : 0)) {
            _orders.push(bid);
            ++succeeded["place bid"];
        } catch {}
    }

    function cancel(uint256 who, uint256 which) external timed {
        if (_orders.length == 0) return;
        Order memory order = _orders[which % _orders.length];
        vm.prank(who % 2 == 0 ? order.author : actor(who));
        try market.cancelOrder(order) {
            ++succeeded["cancel"];
        } catch {}
    }

    /// Takes the first pair of orders that the market accepts, starting anywhere.
    function open(uint256 who, uint256 from) external timed {
        uint256 count = _orders.length;
        if (count == 0) return;
        from %= count;
        for (uint256 i = 0; i < count && i < 8; ++i) {
            for (uint256 j = 0; j < count && j < 8; ++j) {
                Order memory ask = _orders[(from + i) % count];
                Order memory bid = _orders[(from + i + j) % count];
                if (ask.side == bid.side) continue;
                if (ask.side == Side.Bid) (ask, bid) = (bid, ask);
                vm.recordLogs();
                vm.prank(actor(who));
                try market.openDeal(ask, bid) {
                    remember(lastDeal());
                    ++succeeded["open"];
                    return;
                } catch {}
            }
        }
    }

    /// Takes the first order that the market lets it take, starting anywhere.
    function quickBuy(uint256 who, uint256 from, uint32 duration, uint96 escrow, uint256 nonce)
        external
        timed
    {
        uint256 count = _orders.length;
        for (uint256 i = 0; i < count && i < 8; ++i) {
            Order memory ask = _orders[(from % count + i) % count];
            uint32 length = duration % 2 == 0 ? ask.duration : duration;
            vm.recordLogs();
            vm.prank(actor(who));
            try market.quickBuy(ask, length, Amount.wrap(escrow % 20e18), Amount.wrap(0), nonce) {
                remember(lastDeal());
                ++succeeded["quick buy"];
                return;
            } catch {}
        }
    }

    /// Signs two new orders, sometimes the same nonce again, and opens a deal between them.
    function openSignedPair(uint256 who, uint256 seed, uint256 nonce) external timed {
        Order memory ask = randomOrder(Side.Ask, seed);
        Order memory bid = randomOrder(Side.Bid, seed >> 3);
        (bid.currency, bid.duration) = (ask.currency, ask.duration);
        bid.nonce = nonce % 512;
        // The handler is no key.
        if (bid.author == address(this)) return;
        bytes memory askSignature = sign(ask);
        bytes memory bidSignature = sign(bid);
        vm.recordLogs();
        vm.prank(actor(who));
        try market.openWithSignatures(ask, askSignature, bid, bidSignature) {
            remember(lastDeal());
            ++succeeded["open signed"];
        } catch {}
    }

    /// One side offers, the other accepts; or one of them does it alone.
    function change(uint256 which, uint256 seed, bool acceptIt) external timed {
        if (_deals.length == 0) return;
        Deal memory deal = _deals[which % _deals.length];
        Change memory wanted = Change(
            Price.wrap(uint96(1e12 * (1 + (seed >> 8) % 6))),
            deal.end == 0 || seed % 4 == 0 ? deal.end : uint40(block.timestamp + (seed >> 16) % 7200),
            uint40(block.timestamp + (seed >> 32) % 7200)
        );
        (address first, address second) =
            seed % 2 == 0 ? (deal.consumer, deal.supplier) : (deal.supplier, deal.consumer);
        vm.recordLogs();
        vm.prank(first);
        try market.requestChange(deal, wanted) {} catch {}
        if (acceptIt) {
            vm.prank(second);
            try market.acceptChange(deal, wanted) {} catch {}
        }
        try this.lastDealHere() returns (Deal memory next) {
            remember(next);
            ++succeeded["change"];
        } catch {}
    }

    function lastDealHere() external returns (Deal memory) {
        return lastDeal();
    }

    function settleAll(uint256 who, uint256 from) external timed {
        uint256 count = _deals.length < 8 ? _deals.length : 8;
        Deal[] memory some = new Deal[](count);
        for (uint256 i = 0; i < count; ++i) {
            some[i] = _deals[(from % _deals.length + i) % _deals.length];
        }
        vm.prank(actor(who));
        market.settleMany(some);
        ++succeeded["settle many"];
    }

    function settleDeal(uint256 who, uint256 which) external timed {
        if (_deals.length == 0) return;
        vm.prank(actor(who));
        try market.settle(_deals[which % _deals.length]) {
            ++succeeded["settle"];
        } catch {}
    }

    function closeDeal(uint256 who, uint256 which, uint8 choice) external timed {
        if (_deals.length == 0) return;
        Deal memory deal = _deals[which % _deals.length];
        vm.prank(who % 2 == 0 ? deal.consumer : actor(who));
        // Listings stay rare, or soon nobody deals with anybody.
        try market.closeDeal(deal, choice % 16 == 0 ? BlacklistChoice.Counterparty : BlacklistChoice.Nobody) {
            ++succeeded["close"];
        } catch {}
    }

    /// Terms with one word changed must never be anybody's deal.
    function forge(uint256 who, uint256 which, uint256 member, uint256 value) external timed {
        if (_deals.length == 0) return;
        bytes memory words = abi.encode(_deals[which % _deals.length]);
        bytes32 original;
        uint256 offset = 32 + 32 * (member % 11);
        assembly {
            original := mload(add(words, offset))
            mstore(add(words, offset), value)
        }
        if (original == bytes32(value)) return;
        vm.prank(actor(who));
        (bool ok,) = address(market).call(bytes.concat(market.settle.selector, words));
        vm.assertFalse(ok, "forged terms are no deal");
        ++succeeded["forge"];
    }

    function topUp(uint256 who, uint256 which, uint96 amount) external timed {
        if (_deals.length == 0) return;
        vm.prank(actor(who));
        try market.topUp(_deals[which % _deals.length], Amount.wrap(amount % 5e18), Amount.wrap(0)) {
            ++succeeded["top up"];
        } catch {}
    }

    /// Forward by up to an hour; sometimes back by 15 s, sometimes ten years on.
    function wait(uint256 seed) external {
        if (seed % 8 == 0) time -= 15;
        else if (seed % 64 == 1) time += 10 * 365 days;
        else time += seed % 3600;
        vm.warp(time);
    }

    function report(uint88 rate) external timed {
        (Rate last,,) = oracle.latest();
        uint256 old = Rate.unwrap(last);
        vm.prank(feeder);
        try oracle.report(Rate.wrap(uint88(old * (60 + rate % 80) / 100))) {
            ++succeeded["report"];
        } catch {}
    }

    function pause(uint256 seed) external timed {
        vm.prank(admin);
        if (seed % 16 == 0) try market.pause(600) {} catch {} else try market.unpause() {} catch {}
    }

    function turnToken(uint8 mode, uint256 what, uint96 amount) external timed {
        // Honest half of the time, or no money would move at all.
        mode = mode % 8;
        token.setMode(HostileToken.Mode(mode < 4 ? 0 : mode - 3), this);
        if (what % 3 == 0) _nested = abi.encodeCall(market.deposit, (Amount.wrap(amount)));
        if (what % 3 == 1) _nested = abi.encodeCall(market.withdraw, (address(this), Amount.wrap(amount)));
        if (what % 3 == 2 && _deals.length != 0) {
            _nested = abi.encodeCall(market.settle, (_deals[_deals.length - 1]));
        }
    }

    function onTokenMoved() external {
        (bool ok,) = address(market).call(_nested);
        if (ok) ++succeeded["nested"];
    }

    // ---- what the book says

    /// All that the market owes: balances, escrow of bids, what is left in deals.
    function owed() public view returns (uint256 sum) {
        for (uint256 i = 0; i < actors.length; ++i) {
            sum += market.balanceOf(actors[i]);
        }
        for (uint256 i = 0; i < _orders.length; ++i) {
            (, Amount escrow) = market.orderState(market.orderId(_orders[i]));
            sum += Amount.unwrap(escrow);
        }
        for (uint256 i = 0; i < _deals.length; ++i) {
            try market.dealState(_deals[i]) returns (DealState memory state) {
                require(Amount.unwrap(state.paid) <= Amount.unwrap(state.escrow), "paid more than there was");
                sum += Amount.unwrap(state.escrow) - Amount.unwrap(state.paid);
            } catch {}
        }
    }

    /// Everybody goes home: each alone, with nobody's help. The consumers end the deals now; or they never come again, and
    /// the suppliers' side does when it may.
    function goHome(bool consumersAreGone) external timed {
        token.setMode(HostileToken.Mode.Honest, this);
        for (uint256 i = 0; i < _deals.length; ++i) {
            try market.dealState(_deals[i]) returns (DealState memory) {
                address by = consumersAreGone ? _deals[i].master : _deals[i].consumer;
                if (consumersAreGone && time < _deals[i].end) time = _deals[i].end;
                vm.warp(time);
                close(by, _deals[i]);
            } catch {}
        }
        for (uint256 i = 0; i < _orders.length; ++i) {
            (OrderStatus status,) = market.orderState(market.orderId(_orders[i]));
            if (status != OrderStatus.Open) continue;
            vm.prank(_orders[i].author);
            market.cancelOrder(_orders[i]);
        }
        for (uint256 i = 0; i < actors.length; ++i) {
            uint256 balance = market.balanceOf(actors[i]);
            vm.prank(actors[i]);
            market.withdraw(actors[i], Amount.wrap(uint96(balance)));
        }
    }

    function market_() external view returns (address) {
        return address(market);
    }

    // ---- helpers

    /// Terms can come back within a second, the first ones, too: a deal is counted once.
    function remember(Deal memory deal) private {
        bytes32 words = keccak256(abi.encode(deal));
        if (!_known[words]) _deals.push(deal);
        _known[words] = true;
    }

    function actor(uint256 seed) private view returns (address) {
        return actors[seed % actors.length];
    }

    /// From a small world, so that many pairs match.
    function randomOrder(Side side, uint256 seed) private returns (Order memory order) {
        order = anAsk();
        order.side = side;
        order.author = side == Side.Ask ? actors[seed % 3] : actors[3 + seed % 5];
        order.currency = Currency((seed >> 8) % 2);
        uint256 price = 1e12 * (1 + (seed >> 16) % 4) + (seed >> 24) % 3;
        if (side == Side.Bid) price += 2e12;
        order.price = Price.wrap(uint96(price));
        order.duration = (seed >> 32) % 2 == 0 ? 0 : uint32(1 + (seed >> 40) % 7200);
        order.expiry = uint40(block.timestamp + 1 + (seed >> 48) % 2 days);
        order.netflags = uint64((seed >> 56) % 2);
        if (side == Side.Ask) order.netflags |= 1;
    }
}
