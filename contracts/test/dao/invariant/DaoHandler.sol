// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {SNM} from "../../../src/SNM.sol";
import {Amount} from "../../../src/Types.sol";
import {DAO} from "../../../src/dao/DAO.sol";
import {Timelock} from "../../../src/dao/Timelock.sol";
import {Vault} from "../../../src/dao/Vault.sol";
import {IVault} from "../../../src/interfaces/IVault.sol";
import {vm} from "../../base/Vm.sol";

/// Random calls of holders, of those who lock money, and of those who try to go past the vote, while the clock falls back
/// or jumps. What was voted for by whom, and what lies in the vault, is written down a second time here.
contract DaoHandler {
    struct Motion {
        address target;
        bytes call;
        string text;
        uint256 id;
        uint256 yes;
        uint256 no;
        uint256 abstain;
        uint256 readyAt;
        bool isCanceled;
        bool isDone;
    }

    uint256 private constant NOON = 1_800_000_000;

    SNM public snm;
    DAO public dao;
    Timelock public timelock;
    Vault public vault;
    uint256 public time = NOON;
    /// What lies in the vault and in the DAO's purse, by this handler's own book.
    uint256 public locked;
    uint256 public gifts;
    uint256 public purse;
    address[] public actors;
    mapping(bytes32 call => uint256) public succeeded;
    /// What must never happen, counted: a failed assertion would be undone with the call.
    mapping(bytes32 what => uint256) public violations;

    Motion[] private _motions;
    uint256[] private _entries;
    mapping(uint256 id => mapping(address voter => bool)) private _voted;

    modifier timed() {
        // Block time does not survive from one random call to the next by itself.
        vm.warp(time);
        _;
    }

    constructor() {
        vm.warp(time);
        snm = new SNM(address(this));
        dao = new DAO(snm, DAO.Settings(1 days, 7 days, 1000e18, 4, 2 days));
        timelock = Timelock(payable(dao.timelock()));
        vault = new Vault(snm, address(timelock), 180 days);
        // Two who can decide together with anybody, some small ones, one below the threshold, one with nothing.
        uint96[6] memory holdings =
            [uint96(20_000_000e18), 12_000_000e18, 6_000_000e18, 2_000_000e18, 999e18, 0];
        for (uint256 i = 0; i < holdings.length; ++i) {
            address one = vm.addr(100 + i);
            actors.push(one);
            snm.transfer(one, holdings[i]);
            vm.startPrank(one);
            snm.approve(address(vault), type(uint256).max);
            if (i != 3) snm.delegate(one);
            vm.stopPrank();
        }
        snm.transfer(address(timelock), 1000e18);
        purse = 1000e18;
    }

    // ---- money and votes

    function move(uint256 from, uint256 to, uint96 value) external timed {
        vm.prank(actor(from));
        try snm.transfer(actor(to), value % 3_000_000e18) {
            ++succeeded["move"];
        } catch {}
    }

    function delegate(uint256 from, uint256 to) external timed {
        vm.prank(actor(from));
        snm.delegate(actor(to));
        ++succeeded["delegate"];
    }

    function lock(uint256 who, uint256 former, uint96 value) external timed {
        value %= 100e18;
        vm.prank(actor(who));
        try vault.lock(actor(former), Amount.wrap(value)) returns (uint256 id) {
            _entries.push(value);
            if (id != _entries.length) ++violations["an entry's number came twice"];
            locked += value;
            ++succeeded["lock"];
        } catch {}
    }

    /// To the purse, which counts it, or past the vault's book.
    function gift(uint256 who, uint96 value) external timed {
        address to = who % 2 == 0 ? address(timelock) : address(vault);
        vm.prank(actor(who >> 8));
        try snm.transfer(to, value % 10e18) {
            if (who % 2 == 0) purse += value % 10e18;
            else gifts += value % 10e18;
        } catch {}
    }

    // ---- motions

    function propose(uint256 who, uint256 what) external timed {
        Motion memory m;
        address to = actor(what >> 8);
        if (what % 4 == 0) {
            (m.target, m.call) = (address(snm), abi.encodeCall(snm.transfer, (to, (what >> 16) % 200e18)));
        } else if (what % 8 == 1) {
            m.target = address(timelock);
            m.call = abi.encodeCall(timelock.updateDelay, ((what >> 16) % 4 days));
        } else {
            Amount some = Amount.wrap(uint96((what >> 16) % 60e18));
            uint256 id = _entries.length == 0 ? 1 : 1 + (what >> 128) % _entries.length;
            // Half of the motions give back to whom the money was taken from.
            if (what % 16 < 8) to = vault.entryOf(id).former;
            (m.target, m.call) = (address(vault), abi.encodeCall(vault.release, (id, to, some)));
        }
        m.text = string(abi.encodePacked("motion ", bytes32(_motions.length)));
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = lists(m);
        vm.prank(actor(who));
        try dao.propose(targets, values, calls, m.text) returns (uint256 id) {
            m.id = id;
            _motions.push(m);
            ++succeeded["propose"];
        } catch {}
    }

    function vote(uint256 who, uint256 which, uint8 support) external timed {
        if (_motions.length == 0) return;
        Motion storage m = recent(which);
        // Most say yes, or nothing would ever be done.
        support = support % 8 == 0 ? 0 : support % 8 == 1 ? 2 : 1;
        address voter = actor(who);
        vm.prank(voter);
        try dao.castVote(m.id, support) returns (uint256 weight) {
            if (_voted[m.id][voter]) ++violations["one voted twice"];
            _voted[m.id][voter] = true;
            if (support == 0) m.no += weight;
            else if (support == 1) m.yes += weight;
            else m.abstain += weight;
            ++succeeded["vote"];
        } catch {}
    }

    function queue(uint256 who, uint256 which) external timed {
        if (_motions.length == 0) return;
        Motion storage m = recent(which);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = lists(m);
        vm.prank(actor(who));
        try dao.queue(targets, values, calls, keccak256(bytes(m.text))) {
            uint256 quorum = snm.SUPPLY() * 4 / 100;
            if (m.yes <= m.no || m.yes + m.abstain < quorum) ++violations["a lost motion was queued"];
            if (m.isCanceled) ++violations["a withdrawn motion was queued"];
            m.readyAt = time + timelock.getMinDelay();
            ++succeeded["queue"];
        } catch {}
    }

    function execute(uint256 who, uint256 which) external timed {
        if (_motions.length == 0) return;
        Motion storage m = recent(which);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = lists(m);
        vm.prank(actor(who));
        try dao.execute(targets, values, calls, keccak256(bytes(m.text))) {
            if (m.readyAt == 0 || time < m.readyAt) ++violations["done before its time"];
            if (m.isDone) ++violations["done twice"];
            m.isDone = true;
            book(m);
            ++succeeded["execute"];
        } catch {}
    }

    function cancel(uint256 who, uint256 which) external timed {
        if (_motions.length == 0) return;
        Motion storage m = recent(which);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = lists(m);
        vm.prank(who % 2 == 0 ? dao.proposalProposer(m.id) : actor(who));
        try dao.cancel(targets, values, calls, keccak256(bytes(m.text))) {
            m.isCanceled = true;
            ++succeeded["cancel"];
        } catch {}
    }

    // ---- past the vote

    /// Calls that nobody but the DAO may make, and those that only the DAO's own machinery makes.
    function trespass(uint256 who, uint256 what) external timed {
        address one = actor(who);
        bytes memory theft = abi.encodeCall(snm.transfer, (one, 1));
        bytes[8] memory calls = [
            abi.encodeCall(vault.release, (1, one, Amount.wrap(1))),
            abi.encodeCall(timelock.schedule, (address(snm), 0, theft, bytes32(0), bytes32(0), 10 days)),
            abi.encodeCall(timelock.execute, (address(snm), 0, theft, bytes32(0), bytes32(0))),
            abi.encodeCall(timelock.grantRole, (bytes32(0), one)),
            abi.encodeCall(timelock.updateDelay, (0)),
            abi.encodeCall(dao.relay, (address(snm), 0, theft)),
            abi.encodeCall(dao.setProposalThreshold, (0)),
            abi.encodeCall(dao.updateQuorumNumerator, (0))
        ];
        uint256 i = what % 8;
        vm.prank(one);
        (bool ok,) = (i == 0 ? address(vault) : i < 5 ? address(timelock) : address(dao)).call(calls[i]);
        if (ok) ++violations["somebody went past the vote"];
        ++succeeded["trespass"];
    }

    /// Forward by up to four days; sometimes back by 15 s, seldom ten years on.
    function wait(uint256 seed) external {
        if (seed % 8 == 0) time -= 15;
        else if (seed % 128 == 1) time += 10 * 365 days;
        else time += seed % 4 days;
        vm.warp(time);
    }

    // ---- what must hold

    function entries() external view returns (uint256[] memory) {
        return _entries;
    }

    /// Every holder's votes are the tokens that were delegated to it, whatever happened before.
    function votesAreTokens() external view returns (bool) {
        for (uint256 i = 0; i < actors.length; ++i) {
            uint256 sum = 0;
            for (uint256 k = 0; k < actors.length; ++k) {
                if (snm.delegates(actors[k]) == actors[i]) sum += snm.balanceOf(actors[k]);
            }
            if (snm.getVotes(actors[i]) != sum) return false;
        }
        return true;
    }

    /// None of the last motions has more votes than there are tokens, and the DAO counted what this handler counted.
    function votesAreCounted() external view returns (bool) {
        for (uint256 i = 0; i < 4 && i < _motions.length; ++i) {
            Motion storage m = recent(i);
            (uint256 no, uint256 yes, uint256 abstain) = dao.proposalVotes(m.id);
            if (no != m.no || yes != m.yes || abstain != m.abstain) return false;
            if (no + yes + abstain > snm.SUPPLY()) return false;
        }
        return true;
    }

    function allTokens() external view returns (uint256 sum) {
        for (uint256 i = 0; i < actors.length; ++i) {
            sum += snm.balanceOf(actors[i]);
        }
        sum += snm.balanceOf(address(vault)) + snm.balanceOf(address(timelock)) + snm.balanceOf(address(this));
    }

    /// From wherever the calls have led the holders can still decide: by one motion everything in the vault goes to whom it
    /// was taken from, before or after its freeze, and the purse to its heirs; then each holder takes its tokens away.
    function goHome() external timed {
        // Ballots that are running do not hold anybody's tokens.
        for (uint256 i = 0; i < actors.length; ++i) {
            vm.prank(actors[i]);
            snm.delegate(actors[0]);
        }
        uint256 count = 1;
        for (uint256 i = 0; i < _entries.length; ++i) {
            if (_entries[i] != 0) ++count;
        }
        address[] memory targets = new address[](count);
        bytes[] memory calls = new bytes[](count);
        (targets[0], calls[0]) = (address(snm), abi.encodeCall(snm.transfer, (actors[0], purse)));
        for (uint256 i = _entries.length; i > 0; --i) {
            if (_entries[i - 1] == 0) continue;
            targets[--count] = address(vault);
            calls[count] = abi.encodeCall(
                vault.release, (i, vault.entryOf(i).former, Amount.wrap(uint96(_entries[i - 1])))
            );
        }
        decide(targets, calls);
        vm.assertEq(vault.total(), 0, "the vault owes nobody");
        vm.assertEq(snm.balanceOf(address(vault)), gifts, "nothing but gifts is left in it");
        vm.assertEq(snm.balanceOf(address(timelock)), 0, "the purse is empty");
        for (uint256 i = 0; i < actors.length; ++i) {
            uint256 all = snm.balanceOf(actors[i]);
            vm.prank(actors[i]);
            snm.transfer(address(this), all);
        }
    }

    // ---- helpers

    function decide(address[] memory targets, bytes[] memory calls) private {
        uint256[] memory values = new uint256[](targets.length);
        bytes32 description = keccak256("home");
        pass(1);
        vm.startPrank(actors[0]);
        uint256 id = dao.propose(targets, values, calls, "home");
        pass(1 days + 1);
        dao.castVote(id, 1);
        pass(7 days);
        dao.queue(targets, values, calls, description);
        pass(timelock.getMinDelay());
        dao.execute(targets, values, calls, description);
        vm.stopPrank();
        vm.assertEq(uint256(dao.state(id)), uint256(IGovernor.ProposalState.Executed), "decided and done");
    }

    /// Not less than the token's clock, which does not fall back.
    function pass(uint256 seconds_) private {
        uint256 last = snm.clock();
        time = (time < last ? last : time) + seconds_;
        vm.warp(time);
    }

    /// What a motion that was done has moved.
    function book(Motion storage m) private {
        bytes memory call = m.call;
        if (m.target == address(snm)) {
            (, uint256 value) = abi.decode(tail(call), (address, uint256));
            purse -= value;
        } else if (m.target == address(vault)) {
            (uint256 id, address to, uint96 value) = abi.decode(tail(call), (uint256, address, uint96));
            IVault.Entry memory entry = vault.entryOf(id);
            if (time < entry.frozenUntil && to != entry.former) ++violations["frozen money left"];
            _entries[id - 1] -= value;
            locked -= value;
        }
    }

    function tail(bytes memory call) private pure returns (bytes memory arguments) {
        arguments = new bytes(call.length - 4);
        for (uint256 i = 4; i < call.length; ++i) {
            arguments[i - 4] = call[i];
        }
    }

    function lists(Motion memory m)
        private
        pure
        returns (address[] memory targets, uint256[] memory values, bytes[] memory calls)
    {
        targets = new address[](1);
        values = new uint256[](1);
        calls = new bytes[](1);
        (targets[0], calls[0]) = (m.target, m.call);
    }

    /// One of the last four: older ones are over.
    function recent(uint256 which) private view returns (Motion storage) {
        uint256 count = _motions.length < 4 ? _motions.length : 4;
        return _motions[_motions.length - 1 - which % count];
    }

    function actor(uint256 seed) private view returns (address) {
        return actors[seed % actors.length];
    }
}
