// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../../base/Vm.sol";
import {JobHandler} from "./JobHandler.sol";

/// The job escrow holds what it owes; and from any state the buyer alone, or the hub alone, gets every job to its end.
contract JobsInvariantTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    bool public IS_TEST = true;
    JobHandler private _handler;

    function setUp() public {
        _handler = new JobHandler();
    }

    function calls() private pure returns (bytes4[20] memory) {
        return [
            JobHandler.order.selector,
            JobHandler.order.selector,
            JobHandler.accept.selector,
            JobHandler.bring.selector,
            JobHandler.bring.selector,
            JobHandler.bring.selector,
            JobHandler.reclaim.selector,
            JobHandler.confirm.selector,
            JobHandler.doubt.selector,
            JobHandler.doubt.selector,
            JobHandler.referee_.selector,
            JobHandler.contest.selector,
            JobHandler.court.selector,
            JobHandler.goOn.selector,
            JobHandler.take.selector,
            JobHandler.collect.selector,
            JobHandler.live.selector,
            JobHandler.govern.selector,
            JobHandler.pass.selector,
            JobHandler.turnToken.selector
        ];
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(_handler);
        targets[0].selectors = new bytes4[](21);
        for (uint256 i = 0; i < 20; ++i) {
            targets[0].selectors[i] = calls()[i];
        }
        targets[0].selectors[20] = JobHandler.gift.selector;
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_job_escrow_holds_exactly_what_it_owes() public view {
        vm.assertEq(_handler.held(), _handler.owed() + _handler.gifts(), "held = owed + gifts");
    }

    function afterInvariant() external {
        _handler.goHome(_handler.time() % 2 == 0);
        vm.assertEq(_handler.held(), _handler.gifts(), "nothing but gifts is left");
    }

    /// The random calls are no walk among refusals: each kind gets through in one of six walks.
    function test_random_calls__reach_every_operation() public {
        bytes32[13] memory names = [
            bytes32("create"),
            "accept",
            "deliver",
            "reclaim",
            "confirm",
            "dispute",
            "rule",
            "appeal",
            "judge",
            "resolve",
            "withdraw",
            "collect",
            "nested refused"
        ];
        uint256[13] memory reached;
        for (uint256 walk = 0; walk < 6; ++walk) {
            _handler = new JobHandler();
            this.randomCalls(walk);
            for (uint256 i = 0; i < names.length; ++i) {
                reached[i] += _handler.succeeded(names[i]);
            }
            _handler.goHome(true);
            vm.assertEq(_handler.held(), _handler.gifts(), "nothing but gifts is left");
        }
        for (uint256 i = 0; i < names.length; ++i) {
            vm.assertGe(reached[i], 1, string(abi.encodePacked(names[i])));
        }
    }

    /// A frame of its own: memory of so many calls would cost more with each.
    function randomCalls(uint256 seed) external {
        for (uint256 i = 0; i < 2500; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            bytes4 call = calls()[seed % 20];
            uint256 x = seed >> 8;
            bytes memory arguments =
                abi.encode(x & 0xffffffff, x >> 32 & 0xffffffff, x >> 64 & 0xffff, x >> 80 & 0xff);
            if (call == JobHandler.order.selector) arguments = abi.encode(x & 0xff, x >> 8, x >> 180);
            if (call == JobHandler.pass.selector || call == JobHandler.govern.selector) {
                arguments = abi.encode(x);
            }
            if (call == JobHandler.turnToken.selector) arguments = abi.encode(x & 0xff, x >> 8);
            (bool ok, bytes memory answer) = address(_handler).call(bytes.concat(call, arguments));
            if (!ok) {
                assembly {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
        invariant_job_escrow_holds_exactly_what_it_owes();
    }
}
