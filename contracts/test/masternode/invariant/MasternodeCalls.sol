// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import "../../../src/Types.sol";
import {IGatekeeper} from "../../../src/interfaces/IGatekeeper.sol";
import {IMasternodes} from "../../../src/interfaces/IMasternodes.sol";
import {Gatekeeper} from "../../../src/masternode/Gatekeeper.sol";
import {Participants} from "../../../src/masternode/Participants.sol";
import {Signature, SignerSet} from "../../../src/masternode/Signers.sol";
import {vm} from "../../base/Vm.sol";
import {HostileToken, ITokenHook} from "../../mocks/HostileToken.sol";
import {MasternodeSystem} from "../MasternodeSystem.sol";

/// Random calls of honest and hostile masternodes, workers, payers and strangers, with a token that misbehaves at times
/// and a clock that falls back or jumps. A call that is refused counts as a call.
abstract contract MasternodeCalls is MasternodeSystem, ITokenHook {
    uint256 private constant AWAY = 777;

    HostileToken public token;
    Gatekeeper public gate;
    uint256 public time;
    mapping(bytes32 call => uint256) public succeeded;
    /// What must never happen, counted: a failed assertion would be undone with the call.
    mapping(bytes32 what => uint256) public violations;
    address[] public actors;
    bytes private _nested;

    SignerSet internal _set;
    mapping(uint256 id => bool) private _released;

    constructor() {
        time = NOON;
        vm.warp(time);
        token = new HostileToken(address(this));
        deployMasternodes(IERC20(address(token)));
        gate = new Gatekeeper(
            snm,
            masternodes,
            AWAY,
            stranger,
            IGatekeeper.Params(Amount.wrap(100e18), Amount.wrap(250e18), 1 days, 1 days, 30 days)
        );
        for (uint256 i = 0; i < 6; ++i) {
            joins(node(i), uint96(MIN * (1 + i)));
            actors.push(node(i));
        }
        actors.push(stranger);
        actors.push(worker);
        actors.push(address(this));
        for (uint256 i = 0; i < actors.length; ++i) {
            token.transfer(actors[i], 100_000e18);
            vm.startPrank(actors[i]);
            snm.approve(address(masternodes), type(uint256).max);
            snm.approve(address(coordinator), type(uint256).max);
            snm.approve(address(gate), type(uint256).max);
            participants.register(Participants.Role.Worker, 0);
            vm.stopPrank();
        }
        keep(takenSet());
    }

    modifier timed() {
        vm.warp(time);
        _;
    }

    function actor(uint256 seed) internal view returns (address) {
        return actors[seed % actors.length];
    }

    function keep(SignerSet memory set) internal {
        delete _set.members;
        _set.epoch = set.epoch;
        for (uint256 i = 0; i < set.members.length; ++i) {
            _set.members.push(set.members[i]);
        }
    }

    // ---- the clock and the token

    function tick(uint256 by) external {
        if (by % 8 == 0) time -= 15;
        else if (by % 32 == 1) time += 3650 days;
        else if (by % 4 == 2) time += 7 days;
        else time += by % 1200;
        vm.warp(time);
    }

    function misbehave(uint8 mode) external timed {
        token.setMode(HostileToken.Mode(mode % 5), this);
    }

    function behave() external timed {
        token.setMode(HostileToken.Mode.Honest, this);
    }

    function onTokenMoved() external {
        bytes memory call = _nested;
        delete _nested;
        if (call.length == 0) return;
        (bool ok,) = address(masternodes).call(call);
        if (ok) ++succeeded["nested"];
    }

    function nest(uint8 which) external timed {
        if (which % 3 == 0) _nested = abi.encodeCall(IMasternodes.withdraw, ());
        else if (which % 3 == 1) _nested = abi.encodeCall(IMasternodes.collect, ());
        else _nested = abi.encodeCall(IMasternodes.sweep, (node(0)));
    }

    // ---- stakes

    function join(uint256 who, uint96 amount) external timed {
        address one = actor(who);
        keyOf[one] = uint256(keccak256(abi.encode("key of", one)));
        vm.prank(one);
        try masternodes.join(Amount.wrap(amount % (2 * MAX)), vm.addr(keyOf[one]), 0) {
            ++succeeded["join"];
        } catch {}
    }

    function addStake(uint256 who, uint96 amount) external timed {
        vm.prank(actor(who));
        try masternodes.addStake(Amount.wrap(amount % MAX)) {
            ++succeeded["addStake"];
        } catch {}
    }

    function resign(uint256 who) external timed {
        // Two always stay: without any masternode there is nothing left to try.
        if (masternodes.active().length < 4) return;
        vm.prank(actor(who));
        try masternodes.resign() {
            ++succeeded["resign"];
        } catch {}
    }

    function withdraw(uint256 who) external timed {
        vm.prank(actor(who));
        try masternodes.withdraw() {
            ++succeeded["withdraw"];
        } catch {}
    }

    function collect(uint256 who) external timed {
        vm.prank(actor(who));
        try masternodes.collect() {
            ++succeeded["collect"];
        } catch {}
    }

    function collectPart(uint256 who) external timed {
        vm.prank(actor(who));
        try coordinator.collect() {
            ++succeeded["collectPart"];
        } catch {}
    }

    function sweep(uint256 who) external timed {
        try masternodes.sweep(actor(who)) {
            ++succeeded["sweep"];
        } catch {}
    }

    function forgeSlash(uint256 who, uint256 whom, uint16 bps) external timed {
        vm.prank(actor(who));
        try masternodes.slash(actor(whom), bps, actor(who), 0) {
            ++violations["a stranger slashed"];
        } catch {}
    }

    // ---- the gate

    function deposit(uint256 who, uint96 amount) external timed {
        vm.prank(actor(who));
        try gate.deposit(worker, Amount.wrap(amount % 200e18)) {
            ++succeeded["deposit"];
        } catch {}
    }

    function release(uint256 seed, uint96 amount) external timed {
        if (_set.members.length == 0) return;
        uint256 id = 1 + seed % 40;
        IGatekeeper.Transfer memory transfer = IGatekeeper.Transfer(
            AWAY,
            block.chainid,
            stranger,
            address(gate),
            id,
            actor(seed >> 16),
            Amount.wrap(1 + amount % 150e18)
        );
        Signature[] memory signatures =
            signedBy(_set, _set.members.length, gate.releaseDigest(transfer, _set.epoch));
        try gate.release(transfer, _set, signatures) {
            if (_released[id]) ++violations["released twice"];
            _released[id] = true;
            ++succeeded["release"];
        } catch {}
    }

    function finish(uint256 seed) external timed {
        try gate.finish(1 + seed % 40) {
            ++succeeded["finish"];
        } catch {}
    }

    function freeze(uint8 member) external timed {
        if (_set.members.length == 0) return;
        member = uint8(member % _set.members.length);
        vm.prank(_set.members[member].signer);
        try gate.freeze(_set, member) {
            ++succeeded["freeze"];
        } catch {}
    }

    function gift(uint96 amount) external timed {
        token.setMode(HostileToken.Mode.Honest, this);
        token.transfer(address(masternodes), amount % 1e18);
        token.transfer(address(coordinator), amount % 1e18);
        token.transfer(address(gate), amount % 1e18);
    }
}
