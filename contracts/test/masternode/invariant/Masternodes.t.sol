// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import "../../../src/Types.sol";
import {ICoordinator} from "../../../src/interfaces/ICoordinator.sol";
import {IGatekeeper} from "../../../src/interfaces/IGatekeeper.sol";
import {IMasternodes} from "../../../src/interfaces/IMasternodes.sol";
import {MerkleSum} from "../../../src/lib/MerkleSum.sol";
import {Gatekeeper} from "../../../src/masternode/Gatekeeper.sol";
import {Participants} from "../../../src/masternode/Participants.sol";
import {Signature, SignerSet} from "../../../src/masternode/Signers.sol";
import {vm} from "../../base/Vm.sol";
import {HostileToken, ITokenHook} from "../../mocks/HostileToken.sol";
import {MasternodeSystem} from "../MasternodeSystem.sol";

/// Random calls of honest and hostile masternodes, workers, payers and strangers, with a token that misbehaves at times
/// and a clock that falls back or jumps. A call that is refused counts as a call.
contract MasternodeHandler is MasternodeSystem, ITokenHook {
    uint256 private constant AWAY = 777;

    HostileToken public token;
    Gatekeeper public gate;
    uint256 public time;
    mapping(bytes32 call => uint256) public succeeded;
    /// What must never happen, counted: a failed assertion would be undone with the call.
    mapping(bytes32 what => uint256) public violations;
    address[] public actors;
    bytes32[] public pots;
    bytes32[] public jobs;
    uint256 public transfers;
    bytes private _nested;

    SignerSet private _set;
    mapping(bytes32 pot => MerkleSum.Leaf[]) private _leaves;
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

    function actor(uint256 seed) private view returns (address) {
        return actors[seed % actors.length];
    }

    function keep(SignerSet memory set) private {
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

    // ---- epochs and pots

    function takeSet() external timed {
        try masternodes.takeSet() {
            keep(currentSet());
            ++succeeded["takeSet"];
        } catch {}
    }

    function vote(uint256 seed, uint96 sum, bool bad, bool aJob) external timed {
        if (_set.members.length == 0 || masternodes.epoch() == 0) return;
        ICoordinator.Proposal memory proposal = emptyProposal(_set);
        bytes32 pot = coordinator.epochPot(proposal.epoch);
        if (aJob && jobs.length != 0) pot = jobs[seed % jobs.length];
        else aJob = false;
        if (_leaves[pot].length == 0) {
            uint256 count = 1 + seed % 5;
            for (uint256 i = 0; i < count; ++i) {
                address one = bad && i == 0 ? address(uint160(seed | 1)) : actor(i);
                _leaves[pot].push(MerkleSum.Leaf(uint32(i), one, uint96((sum % 1e18) / (i + 1))));
            }
        }
        (bytes32 root, uint96 total,) = tree(pot, _leaves[pot]);
        if (aJob) {
            proposal.jobs = new ICoordinator.JobRewards[](1);
            proposal.jobs[0] = ICoordinator.JobRewards(pot, root, total);
        } else {
            (proposal.rewardRoot, proposal.rewardSum) = (root, total);
        }
        Signature[] memory signatures =
            signedBy(_set, _set.members.length - (seed >> 8) % 2, coordinator.digestOf(proposal));
        try coordinator.execute(proposal, _set, signatures) {
            ++succeeded["vote"];
            pots.push(pot);
        } catch {}
    }

    function claim(uint256 seed, uint256 which) external timed {
        if (pots.length == 0) return;
        bytes32 pot = pots[seed % pots.length];
        (,, MerkleSum.Sibling[][] memory proofs) = tree(pot, _leaves[pot]);
        uint256 i = which % proofs.length;
        ICoordinator.Claim[] memory claims = new ICoordinator.Claim[](1);
        claims[0] = ICoordinator.Claim(pot, _leaves[pot][i], proofs[i]);
        // A hostile claimer asks for more than its leaf says.
        if (which >> 128 == 0) claims[0].leaf.amount += 1;
        try coordinator.claim(claims) {
            if (which >> 128 == 0) ++violations["a forged leaf was paid"];
            ++succeeded["claim"];
        } catch {}
    }

    function challenge(uint256 seed) external timed {
        if (pots.length == 0) return;
        bytes32 pot = pots[seed % pots.length];
        (,, MerkleSum.Sibling[][] memory proofs) = tree(pot, _leaves[pot]);
        ICoordinator.Claim[] memory claims = new ICoordinator.Claim[](1);
        claims[0] = ICoordinator.Claim(pot, _leaves[pot][0], proofs[0]);
        vm.prank(actor(seed >> 8));
        try coordinator.challenge(pot, claims, _set) {
            ++succeeded["challenge"];
            delete _leaves[pot];
        } catch {}
    }

    function closePot(uint256 seed) external timed {
        if (pots.length == 0) return;
        try coordinator.closePot(pots[seed % pots.length]) {
            ++succeeded["closePot"];
        } catch {}
    }

    function fundJob(uint256 who, uint96 amount) external timed {
        bytes32 job = keccak256(abi.encode("job", jobs.length));
        vm.prank(actor(who));
        try coordinator.fundJob(job, Amount.wrap(amount % 1000e18)) {
            jobs.push(job);
            ++succeeded["fundJob"];
        } catch {}
    }

    function reclaimJob(uint256 seed) external timed {
        if (jobs.length == 0) return;
        try coordinator.reclaimJob(jobs[seed % jobs.length]) {
            ++succeeded["reclaimJob"];
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

    // ---- what must hold

    function theMasternodes() external view returns (IMasternodes) {
        return masternodes;
    }

    function theCoordinator() external view returns (ICoordinator) {
        return coordinator;
    }

    function theSno() external view returns (address) {
        return address(sno);
    }

    function stakesAndMore() external view returns (uint256 sum) {
        for (uint256 i = 0; i < actors.length; ++i) {
            sum += Amount.unwrap(masternodes.nodeOf(actors[i]).stake) + masternodes.rewardOf(actors[i]);
            sum += Amount.unwrap(masternodes.slashedOf(actors[i]));
        }
    }

    function partsAndPots() external view returns (uint256 sum) {
        for (uint256 i = 0; i < actors.length; ++i) {
            sum += coordinator.partOf(actors[i]);
        }
        sum += coordinator.partOf(dao) + coordinator.pool();
        for (uint256 i = 0; i < pots.length; ++i) {
            ICoordinator.Pot memory pot = coordinator.potOf(pots[i]);
            if (!pot.isJob && !pot.isClosed) sum += pot.sum - pot.claimed;
        }
    }

    function jobsMoney() external view returns (uint256 sum) {
        for (uint256 i = 0; i < jobs.length; ++i) {
            (, uint96 amount,) = coordinator.jobOf(jobs[i]);
            sum += amount;
        }
    }

    /// From wherever the calls have led: everybody takes out what is his by his own calls alone.
    function everybodyGoesHome() external {
        vm.warp(time);
        token.setMode(HostileToken.Mode.Honest, this);
        for (uint256 i = 0; i < actors.length; ++i) {
            if (masternodes.nodeOf(actors[i]).state != IMasternodes.State.Active) continue;
            vm.prank(actors[i]);
            masternodes.resign();
        }
        time += 501 * uint256(EPOCH) + 31 days;
        vm.warp(time);
        for (uint256 i = 0; i < actors.length; ++i) {
            vm.startPrank(actors[i]);
            if (masternodes.nodeOf(actors[i]).state == IMasternodes.State.Unbonding) masternodes.withdraw();
            if (masternodes.rewardOf(actors[i]) != 0) masternodes.collect();
            if (coordinator.partOf(actors[i]) != 0) coordinator.collect();
            vm.stopPrank();
            if (Amount.unwrap(masternodes.slashedOf(actors[i])) != 0) masternodes.sweep(actors[i]);
        }
        for (uint256 i = 0; i < jobs.length; ++i) {
            (, uint96 amount,) = coordinator.jobOf(jobs[i]);
            if (amount != 0) coordinator.reclaimJob(jobs[i]);
        }
        for (uint256 id = 1; id <= 40; ++id) {
            if (gate.stateOf(id) != IGatekeeper.State.Waiting) continue;
            (, Amount amount,) = gate.waiting(id);
            if (gate.free() < Amount.unwrap(amount)) {
                token.approve(address(gate), Amount.unwrap(amount));
                gate.fund(amount);
            }
            gate.finish(id);
        }
        vm.assertEq(masternodes.owed(), 0, "no stake is left behind");
        vm.assertEq(coordinator.owedSnm(), 0, "no job's money is left behind");
    }
}

/// The money of masternodes, rewards and gate is conserved, whoever does what.
contract MasternodeInvariants {
    bool public IS_TEST = true;
    MasternodeHandler private _handler;

    function setUp() public {
        _handler = new MasternodeHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[24] memory all = [
            MasternodeHandler.tick.selector,
            MasternodeHandler.tick.selector,
            MasternodeHandler.misbehave.selector,
            MasternodeHandler.behave.selector,
            MasternodeHandler.nest.selector,
            MasternodeHandler.join.selector,
            MasternodeHandler.addStake.selector,
            MasternodeHandler.resign.selector,
            MasternodeHandler.withdraw.selector,
            MasternodeHandler.collect.selector,
            MasternodeHandler.collectPart.selector,
            MasternodeHandler.sweep.selector,
            MasternodeHandler.forgeSlash.selector,
            MasternodeHandler.takeSet.selector,
            MasternodeHandler.vote.selector,
            MasternodeHandler.claim.selector,
            MasternodeHandler.challenge.selector,
            MasternodeHandler.closePot.selector,
            MasternodeHandler.fundJob.selector,
            MasternodeHandler.reclaimJob.selector,
            MasternodeHandler.deposit.selector,
            MasternodeHandler.release.selector,
            MasternodeHandler.finish.selector,
            MasternodeHandler.freeze.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0].addr = address(_handler);
        targets[0].selectors = new bytes4[](all.length);
        for (uint256 i = 0; i < all.length; ++i) {
            targets[0].selectors[i] = all[i];
        }
    }

    function _stakes_rewards_and_slashes_are_what_is_owed() private view {
        uint256 owed = _handler.stakesAndMore();
        vm.assertEq(_stakes().owed(), owed, "owed");
        vm.assertGe(_handler.token().balanceOf(address(_stakes())), owed, "there");
    }

    function _emission_is_in_parts_pots_and_pool() private view {
        (uint256 owedSno, uint256 owedSnm, address coordinator, address sno) = _owed();
        vm.assertEq(owedSno, _handler.partsAndPots(), "SNO owed");
        vm.assertEq(IERC20(sno).balanceOf(coordinator), owedSno, "SNO there");
        vm.assertEq(owedSnm, _handler.jobsMoney(), "SNM owed");
        vm.assertGe(_handler.token().balanceOf(coordinator), owedSnm, "SNM there");
    }

    function _gate_holds_what_is_free() private view {
        vm.assertGe(
            _handler.token().balanceOf(address(_handler.gate())), _handler.gate().free(), "the gate's money"
        );
    }

    function _nobody_did_what_he_may_not() private view {
        bytes32[3] memory what = [bytes32("a stranger slashed"), "a forged leaf was paid", "released twice"];
        for (uint256 i = 0; i < what.length; ++i) {
            vm.assertEq(_handler.violations(what[i]), 0, "violations");
        }
    }

    /// The random calls are worth something only if each of them succeeds now and then.
    function test_random_calls_reach_everything() external {
        bytes4[] memory selectors = this.targetSelectors()[0].selectors;
        for (uint256 i = 0; i < 6000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("calls", i)));
            bytes memory arguments = abi.encode(
                seed,
                uint256(keccak256(abi.encode(seed))) >> (seed % 3 == 0 ? 160 : 0),
                seed % 3 == 0,
                seed % 5 < 2
            );
            bytes4 selector = selectors[(seed >> 16) % selectors.length];
            (bool ok,) = address(_handler).call(bytes.concat(selector, arguments));
            ok;
        }
        bytes32[17] memory calls = [
            bytes32("join"),
            "addStake",
            "resign",
            "withdraw",
            "collect",
            "collectPart",
            "sweep",
            "takeSet",
            "vote",
            "claim",
            "challenge",
            "closePot",
            "fundJob",
            "reclaimJob",
            "deposit",
            "release",
            "finish"
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.assertGe(_handler.succeeded(calls[i]), 1, string(abi.encodePacked(calls[i])));
        }
        _handler.everybodyGoesHome();
    }

    function _at_most_64_masternodes() private view {
        vm.assertLe(_stakes().active().length, 64, "seats");
    }

    /// One name for all, so that they share their random calls.
    function invariant_money_is_conserved_and_nobody_did_what_he_may_not() external view {
        _stakes_rewards_and_slashes_are_what_is_owed();
        _emission_is_in_parts_pots_and_pool();
        _gate_holds_what_is_free();
        _nobody_did_what_he_may_not();
        _at_most_64_masternodes();
    }

    /// After each sequence of random calls: nobody is locked out of his own money.
    function afterInvariant() external {
        _handler.everybodyGoesHome();
    }

    function _stakes() private view returns (IMasternodes) {
        return _handler.theMasternodes();
    }

    function _owed() private view returns (uint256, uint256, address, address) {
        ICoordinator coordinator = _handler.theCoordinator();
        return (coordinator.owedSno(), coordinator.owedSnm(), address(coordinator), _handler.theSno());
    }
}
