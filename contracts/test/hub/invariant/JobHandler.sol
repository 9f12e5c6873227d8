// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../../../src/Types.sol";
import {JobId, Units} from "../../../src/hub/HubTypes.sol";
import {HubWallet} from "../../../src/hub/HubWallet.sol";
import {Appellant, Job, JobOrder, Part, PartStatus} from "../../../src/hub/JobTypes.sol";
import {vm} from "../../base/Vm.sol";
import {HostileToken, ITokenHook} from "../../mocks/HostileToken.sol";
import {JobSystem} from "../JobSystem.sol";

/// Random calls to the job escrow: two hubs, two buyers, a referee, a court, strangers who try all of it, a hostile token
/// and a jumping clock. What the escrow owes is added up from its jobs and parts.
contract JobHandler is JobSystem, ITokenHook {
    uint256 public time;
    HostileToken public token;
    uint256 public gifts;
    mapping(bytes32 call => uint256) public succeeded;

    HubWallet[2] private _hubs;
    address[2] private _owners;
    address[3] private _buyers;
    address[] private _everybody;
    uint256 private _nested;

    modifier timed() {
        vm.warp(time);
        _;
    }

    constructor() {
        time = NOON;
        vm.warp(time);
        token = new HostileToken(address(this));
        deployHubs(token);
        deployEscrow();
        _owners = [owner, account("other owner")];
        // The last buyer is called by the token.
        _buyers = [buyer, account("other buyer"), address(this)];
        _everybody = [owner, _owners[1], buyer, _buyers[1], address(this), referee, dao, stranger];
        for (uint256 i = 0; i < _everybody.length; ++i) {
            if (_everybody[i] != address(this)) token.transfer(_everybody[i], 1_000_000e18);
            vm.prank(_everybody[i]);
            token.approve(address(escrow), type(uint256).max);
        }
        for (uint256 i = 0; i < 2; ++i) {
            _hubs[i] = newWallet(_owners[i], bytes32(i));
            fund(_hubs[i], 10 * SNM_);
            vm.prank(_owners[i]);
            _hubs[i].register();
        }
    }

    // ---- random calls

    function order(uint256 who, uint256 seed, uint96 price) external timed {
        JobOrder memory wish = JobOrder({
            hub: address(_hubs[seed % 2]),
            terms: "terms",
            units: Units.wrap(uint32(1 + (seed >> 8) % 20)),
            price: amount_(1 + uint256(keccak256(abi.encode(price))) % 20e18),
            verification: uint8((seed >> 16) % 3),
            deadline: uint40(time + 1 + (seed >> 24) % 10 days),
            review: uint24(1 hours + (seed >> 48) % 5 days),
            partsMax: uint16(1 + (seed >> 80) % 4)
        });
        vm.prank(_buyers[who % 3]);
        try escrow.create(wish) {
            ++succeeded["create"];
        } catch {}
    }

    function accept(uint256 who, uint256 which) external timed {
        (JobId id, Job memory job) = _job(which);
        vm.prank(_or(who, job.operator));
        try escrow.accept(id) {
            ++succeeded["accept"];
        } catch {}
    }

    function bring(uint256 who, uint256 which, uint32 units) external timed {
        (JobId id, Job memory job) = _job(which);
        address by = _or(who, job.operator);
        vm.prank(by);
        try escrow.deliver(id, Units.wrap(units % 8), "root") {
            ++succeeded["deliver"];
            vm.assertEq(by, job.operator, "only the hub delivers");
        } catch {}
    }

    function reclaim(uint256 who, uint256 which) external timed {
        (JobId id, Job memory job) = _job(which);
        address by = _or(who, job.buyer);
        vm.prank(by);
        try escrow.reclaim(id) {
            ++succeeded["reclaim"];
            bool early = time <= job.deadline;
            vm.assertTrue(
                !early || by == job.operator || (by == job.buyer && !job.accepted), "nobody else so early"
            );
        } catch {}
    }

    function confirm(uint256 who, uint256 which, uint256 part) external timed {
        (JobId id, Job memory job, uint16 index,) = _part(which, part);
        address by = _or(who, job.buyer);
        vm.prank(by);
        try escrow.confirm(id, index) {
            ++succeeded["confirm"];
            vm.assertEq(by, job.buyer, "only the buyer confirms");
        } catch {}
    }

    function doubt(uint256 who, uint256 which, uint256 part) external timed {
        (JobId id, Job memory job, uint16 index, Part memory p) = _part(which, part);
        address by = _or(who, job.buyer);
        vm.prank(by);
        try escrow.dispute(id, index, "evidence") {
            ++succeeded["dispute"];
            vm.assertTrue(by == job.buyer && time < p.due, "the buyer in time");
        } catch {}
    }

    function referee_(uint256 who, uint256 which, uint256 part, uint32 good) external timed {
        (JobId id,, uint16 index, Part memory p) = _part(which, part);
        address by = _or(who, referee);
        vm.prank(by);
        try escrow.rule(id, index, Units.wrap(good % (Units.unwrap(p.units) + 2))) {
            ++succeeded["rule"];
            vm.assertEq(by, referee, "only the referee rules");
        } catch {}
    }

    function contest(uint256 who, uint256 which, uint256 part) external timed {
        (JobId id, Job memory job, uint16 index,) = _part(which, part);
        address by = _or(who, who % 2 == 0 ? job.buyer : job.operator);
        vm.prank(by);
        try escrow.appeal(id, index, "evidence") {
            ++succeeded["appeal"];
            vm.assertTrue(by == job.buyer || by == job.operator, "only the two");
        } catch {}
    }

    function court(uint256 who, uint256 which, uint256 part, uint32 good) external timed {
        (JobId id,, uint16 index, Part memory p) = _part(which, part);
        address by = _or(who, dao);
        vm.prank(by);
        try escrow.judge(id, index, Units.wrap(good % (Units.unwrap(p.units) + 2))) {
            ++succeeded["judge"];
            vm.assertEq(by, dao, "only the court judges");
        } catch {}
    }

    function goOn(uint256 who, uint256 which, uint256 part) external timed {
        (JobId id,, uint16 index, Part memory p) = _part(which, part);
        vm.prank(_everybody[who % 8]);
        try escrow.resolve(id, index) {
            ++succeeded["resolve"];
            vm.assertGe(time, p.due, "not before its time");
        } catch {}
    }

    function take(uint256 who, uint96 amount) external timed {
        _honestWay();
        address by = _everybody[who % 8];
        uint256 balance = escrow.balanceOf(by);
        vm.prank(by);
        try escrow.withdraw(by, amount_(amount % (balance + 2))) {
            ++succeeded["withdraw"];
        } catch {}
    }

    function collect(uint256 who, uint256 which) external timed {
        _honestWay();
        address by = _or(who, _owners[which % 2]);
        vm.prank(by);
        try escrow.collect(address(_hubs[which % 2])) {
            ++succeeded["collect"];
            vm.assertEq(by, _owners[which % 2], "only the owner");
        } catch {}
    }

    /// Hubs rest, come back, are suspected, banned; then there is another one.
    function live(uint256 which, uint256 seed) external timed {
        which %= 2;
        HubWallet hub = _hubs[which];
        if (seed % 8 == 0) {
            vm.prank(dao);
            try hub.suspect("evidence") {} catch {}
        } else if (seed % 8 == 1) {
            vm.prank(dao);
            try hub.ban() {
                ++succeeded["ban"];
            } catch {}
        } else if (seed % 8 == 2) {
            try hub.rehabilitate() {} catch {}
        } else if (seed % 8 == 3) {
            try hub.payday() {} catch {}
        } else {
            vm.prank(_owners[which]);
            try hub.register() {} catch {}
        }
    }

    function govern(uint256 seed) external timed {
        vm.startPrank(dao);
        if (seed % 2 == 0) escrow.setFee(uint16(seed >> 8) % 301);
        else escrow.setReferee(uint8(seed >> 8) % 3, (seed >> 16) % 4 == 0 ? address(0) : referee);
        vm.stopPrank();
    }

    function gift(uint96 amount) external timed {
        if (token.mode() != HostileToken.Mode.Honest) return;
        token.transfer(address(escrow), amount % 1e18);
        gifts += amount % 1e18;
    }

    /// Forward by up to two days; sometimes back by 15 s, sometimes months, rarely ten years on.
    function pass(uint256 seed) external {
        if (seed % 8 == 0) time -= 15;
        else if (seed % 8 == 1) time += seed % 100 days;
        else if (seed % 128 == 2) time += 10 * 365 days;
        else time += seed % 2 days;
        vm.warp(time);
    }

    function turnToken(uint8 mode, uint256 nested) external timed {
        token.setMode(HostileToken.Mode(mode % 8 < 4 ? 0 : mode % 8 - 3), this);
        _nested = nested;
    }

    /// While the token moves: nothing that moves it again may be had.
    function onTokenMoved() external {
        bytes memory call = abi.encodeCall(escrow.withdraw, (address(this), amount_(1)));
        if (_nested % 3 == 0) call = abi.encodeCall(escrow.create, (anOrder(0)));
        if (_nested % 3 == 1) call = abi.encodeCall(escrow.dispute, (JobId.wrap(1), 0, 0));
        (bool ok,) = address(escrow).call(call);
        vm.assertFalse(ok, "no call inside a call");
        ++succeeded["nested refused"];
    }

    // ---- what it owes

    function owed() public view returns (uint256 sum) {
        for (uint256 i = 0; i < _everybody.length; ++i) {
            sum += escrow.balanceOf(_everybody[i]);
        }
        for (uint256 i = 0; i < 2; ++i) {
            sum += escrow.balanceOf(address(_hubs[i]));
        }
        for (uint64 i = 1; i <= escrow.jobCount(); ++i) {
            Job memory job = escrow.jobOf(JobId.wrap(i));
            uint256 price = Amount.unwrap(job.price);
            uint256 delivered = Units.unwrap(job.delivered);
            sum += price * (Units.unwrap(job.units) - delivered);
            for (uint16 j = 0; j < job.parts; ++j) {
                Part memory part = escrow.partOf(JobId.wrap(i), j);
                delivered -= Units.unwrap(part.units);
                if (part.status == PartStatus.Settled) continue;
                sum += price * Units.unwrap(part.units);
                sum += uint256(Amount.unwrap(part.bond)) * (part.appellant == Appellant.Nobody ? 1 : 2);
            }
            require(delivered == 0, "delivered = sum of parts");
        }
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(escrow));
    }

    /// Everybody takes its own: the buyer and the hub each could do all of this alone.
    function goHome(bool byBuyers) external {
        token.setMode(HostileToken.Mode.Honest, this);
        for (uint64 i = 1; i <= escrow.jobCount(); ++i) {
            JobId id = JobId.wrap(i);
            Job memory job = escrow.jobOf(id);
            address by = byBuyers ? job.buyer : job.operator;
            if (time <= job.deadline) time = uint256(job.deadline) + 1;
            vm.warp(time);
            if (Units.unwrap(job.units) != Units.unwrap(job.delivered)) {
                vm.prank(by);
                escrow.reclaim(id);
            }
            for (uint16 j = 0; j < job.parts; ++j) {
                // At most twice: a silent referee, then a silent court.
                for (uint256 k = 0; k < 2; ++k) {
                    Part memory part = escrow.partOf(id, j);
                    if (part.status == PartStatus.Settled) break;
                    if (time < part.due) time = part.due;
                    vm.warp(time);
                    vm.prank(by);
                    escrow.resolve(id, j);
                }
                vm.assertEq(
                    uint256(escrow.partOf(id, j).status), uint256(PartStatus.Settled), "settled at last"
                );
            }
        }
        for (uint256 i = 0; i < _everybody.length; ++i) {
            uint256 balance = escrow.balanceOf(_everybody[i]);
            if (balance == 0) continue;
            vm.prank(_everybody[i]);
            escrow.withdraw(_everybody[i], amount_(balance));
        }
        for (uint256 i = 0; i < 2; ++i) {
            if (escrow.balanceOf(address(_hubs[i])) == 0) continue;
            vm.prank(_owners[i]);
            escrow.collect(address(_hubs[i]));
        }
    }

    // ---- helpers

    function _job(uint256 which) private view returns (JobId id, Job memory job) {
        uint64 count = escrow.jobCount();
        // Mostly the newest few, which are still alive.
        uint64 back = uint64(which % 4 == 0 ? which >> 8 : (which >> 8) % 6);
        id = JobId.wrap(count == 0 ? 1 : count - back % count);
        job = escrow.jobOf(id);
    }

    function _part(uint256 which, uint256 part)
        private
        view
        returns (JobId id, Job memory job, uint16 index, Part memory p)
    {
        (id, job) = _job(which);
        index = uint16(job.parts == 0 ? part % 2 : part % (uint256(job.parts) + (part % 16 == 0 ? 1 : 0)));
        p = escrow.partOf(id, index);
    }

    function _or(uint256 who, address usual) private view returns (address) {
        return who % 8 == 0 ? _everybody[(who >> 8) % 8] : usual;
    }

    function _honestWay() private {
        HostileToken.Mode mode = token.mode();
        if (mode == HostileToken.Mode.Lying || mode == HostileToken.Mode.FeeTaking) {
            token.setMode(HostileToken.Mode.Honest, this);
        }
    }
}
