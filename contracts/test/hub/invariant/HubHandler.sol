// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../../../src/Types.sol";
import {HubAccount, HubState, HubStatus, Mark} from "../../../src/hub/HubTypes.sol";
import {HubWallet} from "../../../src/hub/HubWallet.sol";
import {IHubRatings} from "../../../src/interfaces/IHubRatings.sol";
import {Vm, vm} from "../../base/Vm.sol";
import {HostileToken, ITokenHook} from "../../mocks/HostileToken.sol";
import {HubSystem} from "../HubSystem.sol";
import {HubModel} from "./HubModel.sol";

/// Random calls to two wallets, their list and the vault, with a hostile token, a jumping clock and callers that try
/// everything. After each call of a wallet the wallet is compared with its model.
contract HubHandler is HubSystem, ITokenHook {
    uint256 public time;
    HostileToken public token;
    HubWallet[2] public wallets;
    HubModel[2] public models;
    address[] public actors;
    mapping(address contract_ => uint256) public gifts;
    mapping(bytes32 call => uint256) public succeeded;
    /// Stakes that came in less what went out.
    uint256 public staked;

    /// Wallet whose call is under way.
    address private _busy;
    bool private _nested;

    modifier timed() {
        vm.warp(time);
        _;
    }

    constructor() {
        time = NOON;
        vm.warp(time);
        token = new HostileToken(address(this));
        deployHubs(token);
        address other = account("other owner");
        wallets[0] = newWallet(owner, "a");
        wallets[1] = newWallet(other, "b");
        models[0] = new HubModel(owner, dao);
        models[1] = new HubModel(other, dao);
        actors = [owner, other, miner, account("second miner"), rater, account("second rater"), stranger, dao];
        actors.push(address(this));
        for (uint256 i = 0; i < actors.length; ++i) {
            if (actors[i] != address(this)) token.transfer(actors[i], 1_000_000e18);
            vm.startPrank(actors[i]);
            token.approve(address(wallets[0]), type(uint256).max);
            token.approve(address(wallets[1]), type(uint256).max);
            token.approve(address(whitelist), type(uint256).max);
            vm.stopPrank();
        }
    }

    // ---- the wallets

    function fund(uint256 which, uint256 who, uint96 amount) external timed {
        _call(which, HubModel.Call.Fund, _actor(who), address(this), amount % 1000e18);
    }

    function register(uint256 which, uint256 who) external timed {
        _call(which, HubModel.Call.Register, _ownerOr(which, who), address(this), 0);
    }

    function pay(uint256 which, uint256 who, uint256 to, uint96 amount) external timed {
        address miner_ = to % 16 == 0 ? address(0) : to % 4 == 1 ? address(this) : actors[2 + to % 2];
        _call(which, HubModel.Call.Pay, _ownerOr(which, who), miner_, _odd(amount, 200e18));
    }

    function draw(uint256 which, uint256 who, uint96 amount) external timed {
        address by = who % 4 == 0 ? _actor(who >> 8) : actors[2 + who % 2];
        uint256 due = models[which % 2].due(by);
        _call(which, HubModel.Call.Draw, by, address(this), amount % 8 == 0 ? due : _odd(amount, due + 2));
    }

    function payday(uint256 which, uint256 who) external timed {
        _call(which, HubModel.Call.Payday, _actor(who), address(this), 0);
    }

    function withdraw(uint256 which, uint256 who, uint96 amount) external timed {
        uint256 free = models[which % 2].free();
        uint256 value = amount % 4 == 0 ? free : _odd(amount, free + 2);
        _call(which, HubModel.Call.Withdraw, _ownerOr(which, who), _actor(amount), value);
    }

    function suspect(uint256 which, uint256 who) external timed {
        _call(which, HubModel.Call.Suspect, who % 4 == 0 ? _actor(who >> 8) : dao, address(this), 0);
    }

    function rehabilitate(uint256 which, uint256 who) external timed {
        _call(which, HubModel.Call.Rehabilitate, _actor(who), address(this), 0);
    }

    function ban(uint256 which, uint256 who) external timed {
        // Rarely: it is for ever.
        if (who % 8 > 1) return;
        _call(which, HubModel.Call.Ban, who % 8 == 0 ? _actor(who >> 8) : dao, address(this), 0);
    }

    // ---- ratings

    function rate(uint256 which, uint256 who, int8 mark, uint96 stake) external timed {
        which %= 2;
        uint256 value = stake % 50e18;
        vm.prank(_actor(who));
        try whitelist.rate(address(wallets[which]), Mark.wrap(mark % 7), amount_(value)) {
            ++succeeded["rate"];
            vm.assertTrue(mark % 7 != 0 && mark % 7 < 6 && mark % 7 > -6, "a mark");
            vm.assertTrue(_inGoodStanding(which), "only then");
            staked += value;
        } catch {}
    }

    function endRating(uint256 which, uint256 who) external timed {
        which %= 2;
        address by = _actor(who);
        address hub = address(wallets[which]);
        IHubRatings.Rating memory rating = whitelist.ratingOf(hub, by);
        _honestWay();
        uint256 held = token.balanceOf(address(whitelist));
        vm.prank(by);
        try whitelist.endRating(hub) {
            ++succeeded["end rating"];
            uint256 got = held - token.balanceOf(address(whitelist));
            vm.assertGe(got, Amount.unwrap(rating.stake), "at least the stake");
            if (got > Amount.unwrap(rating.stake)) ++succeeded["share"];
            staked -= got;
        } catch {}
    }

    // ---- everything around

    function gift(uint256 to, uint96 amount) external timed {
        if (token.mode() != HostileToken.Mode.Honest) return;
        address[4] memory targets =
            [address(wallets[0]), address(wallets[1]), address(whitelist), address(vault)];
        token.transfer(targets[to % 4], amount % 1e18);
        gifts[targets[to % 4]] += amount % 1e18;
    }

    /// Forward by up to 20 days; sometimes back by 15 s, rarely ten years on.
    function pass(uint256 seed) external {
        if (seed % 8 == 0) time -= 15;
        else if (seed % 128 == 1) time += 10 * 365 days;
        else time += seed % 20 days;
        vm.warp(time);
    }

    /// Long enough for a period or a decision.
    function passLong(uint256 seed) external {
        time += 30 days + seed % 130 days;
        vm.warp(time);
    }

    function turnToken(uint8 mode, bool nested) external timed {
        // Honest half of the time. Fees and lies are only for what comes in: see {_honestWay}.
        token.setMode(HostileToken.Mode(mode % 8 < 4 ? 0 : mode % 8 - 3), this);
        _nested = nested;
    }

    /// A miner who is a contract draws while the token moves.
    function onTokenMoved() external {
        if (!_nested) return;
        for (uint256 i = 0; i < 2; ++i) {
            uint256 due = models[i].due(address(this));
            if (due == 0) continue;
            try wallets[i].draw(amount_(due)) {
                vm.assertFalse(_busy == address(wallets[i]), "no call inside a call");
                models[i].apply_(HubModel.Call.Draw, address(this), address(0), due, time);
                ++succeeded["nested"];
            } catch {
                ++succeeded["nested refused"];
            }
        }
    }

    // ---- comparing

    function _call(uint256 which, HubModel.Call call, address by, address to, uint256 amount) private {
        which %= 2;
        HubWallet w = wallets[which];
        HubModel model = models[which];
        bool expected = model.allows(call, by, to, amount, time);
        if (call != HubModel.Call.Fund) _honestWay();
        HostileToken.Mode mode = token.mode();
        uint256 held = token.balanceOf(address(whitelist));
        _busy = address(w);
        vm.recordLogs();
        vm.prank(by);
        (bool ok,) = address(w).call(_encode(call, to, amount));
        _busy = address(0);
        if (ok) {
            vm.assertTrue(expected, "not in the table, and yet it worked");
            model.apply_(call, by, to, amount, time);
            ++succeeded[bytes32(uint256(call) + 1)];
            // A ban may send stakes to the vault.
            staked -= held - token.balanceOf(address(whitelist));
            _compareEvent(w);
        } else {
            bool moved = mode == HostileToken.Mode.Honest || mode == HostileToken.Mode.Reentering;
            vm.assertFalse(expected && moved, "in the table, and yet refused");
        }
        compare(which);
    }

    function _encode(HubModel.Call call, address to, uint256 amount) private pure returns (bytes memory) {
        if (call == HubModel.Call.Fund) return abi.encodeCall(HubWallet.fund, (amount_(amount)));
        if (call == HubModel.Call.Register) return abi.encodeCall(HubWallet.register, ());
        if (call == HubModel.Call.Pay) return abi.encodeCall(HubWallet.pay, (to, amount_(amount)));
        if (call == HubModel.Call.Draw) return abi.encodeCall(HubWallet.draw, (amount_(amount)));
        if (call == HubModel.Call.Payday) return abi.encodeCall(HubWallet.payday, ());
        if (call == HubModel.Call.Withdraw) return abi.encodeCall(HubWallet.withdraw, (to, amount_(amount)));
        if (call == HubModel.Call.Suspect) return abi.encodeCall(HubWallet.suspect, ("evidence"));
        if (call == HubModel.Call.Rehabilitate) return abi.encodeCall(HubWallet.rehabilitate, ());
        return abi.encodeCall(HubWallet.ban, ());
    }

    function compare(uint256 which) public view {
        HubAccount memory a = wallets[which].account();
        HubModel model = models[which];
        string[5] memory names = ["Created", "Registered", "Idle", "Suspected", "Punished"];
        vm.assertEq(names[uint256(a.state)], model.state(), "state");
        vm.assertEq(Amount.unwrap(a.funds), model.free() + model.frozen() + model.owed(), "funds");
        vm.assertEq(Amount.unwrap(a.frozen), model.frozen(), "frozen");
        vm.assertEq(Amount.unwrap(a.owed), model.owed(), "owed");
        vm.assertEq(a.periodEnd, model.scheduledEnd(), "period end");
        vm.assertEq(a.suspectedAt, model.suspectedAt(), "suspected at");
        for (uint256 i = 0; i < actors.length; ++i) {
            uint256 allowance = Amount.unwrap(wallets[which].allowanceOf(actors[i]));
            vm.assertEq(allowance, model.due(actors[i]), "allowance");
        }
    }

    /// The wallet's last event ends with its whole account.
    function _compareEvent(HubWallet w) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = logs.length; i > 0; --i) {
            bytes memory data = logs[i - 1].data;
            if (logs[i - 1].emitter != address(w)) continue;
            bytes memory tail = new bytes(192);
            for (uint256 j = 0; j < 192; ++j) {
                tail[j] = data[data.length - 192 + j];
            }
            vm.assertEq(keccak256(tail), keccak256(abi.encode(w.account())), "event = account");
            return;
        }
        revert("no event");
    }

    // ---- home

    /// Everybody takes its own, each alone, from any state.
    function goHome() external {
        token.setMode(HostileToken.Mode.Honest, this);
        vm.warp(time);
        for (uint256 i = 0; i < 2; ++i) {
            _ownerGoesHome(i);
            for (uint256 j = 0; j < actors.length; ++j) {
                uint256 due = models[i].due(actors[j]);
                if (due != 0) _call(i, HubModel.Call.Draw, actors[j], address(this), due);
            }
        }
        time += 30 days;
        vm.warp(time);
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = 0; j < actors.length; ++j) {
                _raterGoesHome(address(wallets[i]), actors[j]);
            }
        }
    }

    function _ownerGoesHome(uint256 i) private {
        address by = models[i].owner();
        if (models[i].isIn("Punished")) return;
        if (models[i].isIn("Created")) {
            // Too little to register? Then what is missing is put in, and comes back with the rest.
            if (models[i].free() == 0) return;
            if (models[i].free() < 1e18) {
                _call(i, HubModel.Call.Fund, by, address(this), 1e18 - models[i].free());
            }
            _call(i, HubModel.Call.Register, by, address(this), 0);
        }
        if (models[i].isIn("Registered")) {
            if (time < models[i].scheduledEnd()) time = models[i].scheduledEnd();
            vm.warp(time);
            _call(i, HubModel.Call.Payday, by, address(this), 0);
        }
        if (models[i].isIn("Suspected")) {
            if (time < models[i].suspectedAt() + 150 days) time = models[i].suspectedAt() + 150 days;
            vm.warp(time);
            _call(i, HubModel.Call.Rehabilitate, by, address(this), 0);
        }
        vm.assertTrue(models[i].isIn("Idle"), "idle at last");
        if (models[i].free() != 0) _call(i, HubModel.Call.Withdraw, by, by, models[i].free());
    }

    function _raterGoesHome(address hub, address by) private {
        IHubRatings.Rating memory rating = whitelist.ratingOf(hub, by);
        if (Mark.unwrap(rating.mark) == 0) return;
        bool banned = whitelist.hubOf(hub).status == HubStatus.Banned;
        if (banned && Mark.unwrap(rating.mark) > 0) return;
        uint256 held = token.balanceOf(address(whitelist));
        vm.prank(by);
        whitelist.endRating(hub);
        staked -= held - token.balanceOf(address(whitelist));
    }

    function actorCount() external view returns (uint256) {
        return actors.length;
    }

    // ---- helpers

    /// A token that takes fees or lies when it pays out harms its receiver only; here it would harm the count.
    function _honestWay() private {
        HostileToken.Mode mode = token.mode();
        if (mode == HostileToken.Mode.Lying || mode == HostileToken.Mode.FeeTaking) {
            token.setMode(HostileToken.Mode.Honest, this);
        }
    }

    function _inGoodStanding(uint256 which) private view returns (bool) {
        return models[which].isIn("Registered") || models[which].isIn("Idle");
    }

    function _actor(uint256 seed) private view returns (address) {
        return actors[seed % actors.length];
    }

    function _ownerOr(uint256 which, uint256 who) private view returns (address) {
        return who % 8 == 0 ? _actor(who >> 8) : models[which % 2].owner();
    }

    /// Below `limit`, sometimes 0, not round.
    function _odd(uint96 seed, uint256 limit) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed))) % limit;
    }

    function vaultTotal() external view returns (uint256 held, uint256 total) {
        return (token.balanceOf(address(vault)), vault.total());
    }

    function whitelistHeld() external view returns (uint256) {
        return token.balanceOf(address(whitelist));
    }

    function list() external view returns (address) {
        return address(whitelist);
    }

    function purse() external view returns (address) {
        return address(vault);
    }
}
