// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Amount} from "../../../src/Types.sol";
import {vm} from "../../base/Vm.sol";
import {DaoHandler} from "./DaoHandler.sol";

/// Nothing leaves the vault or the purse but by a motion that won, waited and was done once; votes are tokens.
contract GovernmentInvariantTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    bool public IS_TEST = true;
    DaoHandler private _handler;

    function setUp() public {
        _handler = new DaoHandler();
    }

    /// Some stand twice or more often: a motion needs many votes and much time to be done.
    function calls() private pure returns (bytes4[20] memory) {
        return [
            DaoHandler.move.selector,
            DaoHandler.delegate.selector,
            DaoHandler.lock.selector,
            DaoHandler.lock.selector,
            DaoHandler.gift.selector,
            DaoHandler.propose.selector,
            DaoHandler.queue.selector,
            DaoHandler.vote.selector,
            DaoHandler.vote.selector,
            DaoHandler.vote.selector,
            DaoHandler.vote.selector,
            DaoHandler.queue.selector,
            DaoHandler.queue.selector,
            DaoHandler.execute.selector,
            DaoHandler.execute.selector,
            DaoHandler.cancel.selector,
            DaoHandler.trespass.selector,
            DaoHandler.wait.selector,
            DaoHandler.wait.selector,
            DaoHandler.wait.selector
        ];
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(_handler);
        targets[0].selectors = new bytes4[](20);
        for (uint256 i = 0; i < 20; ++i) {
            targets[0].selectors[i] = calls()[i];
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_money_moves_by_won_motions_only_and_votes_are_tokens() public view {
        bytes32[7] memory what = [
            bytes32("an entry's number came twice"),
            "one voted twice",
            "a lost motion was queued",
            "a withdrawn motion was queued",
            "done before its time",
            "done twice",
            "somebody went past the vote"
        ];
        for (uint256 i = 0; i < what.length; ++i) {
            vm.assertEq(_handler.violations(what[i]), 0, string(abi.encodePacked(what[i])));
        }
        vm.assertEq(_handler.violations("frozen money left"), 0, "frozen money left");
        address vault = address(_handler.vault());
        vm.assertEq(_handler.vault().total(), _handler.locked(), "what the vault owes");
        uint256 held = _handler.snm().balanceOf(vault);
        vm.assertEq(held, _handler.locked() + _handler.gifts(), "what it holds");
        uint256[] memory entries = _handler.entries();
        vm.assertEq(_handler.vault().entryCount(), entries.length, "entries");
        for (uint256 i = 0; i < entries.length; ++i) {
            vm.assertEq(_amount(i + 1), entries[i], "each entry");
        }
        vm.assertEq(_handler.snm().balanceOf(address(_handler.timelock())), _handler.purse(), "the purse");
        vm.assertEq(_handler.allTokens(), _handler.snm().SUPPLY(), "all tokens");
        vm.assertTrue(_handler.votesAreTokens(), "votes are tokens");
        vm.assertTrue(_handler.votesAreCounted(), "votes are counted");
    }

    function afterInvariant() external {
        _handler.goHome();
        vm.assertEq(_handler.allTokens(), _handler.snm().SUPPLY(), "all tokens");
    }

    /// The random calls are no walk among refusals: each kind gets through, many times.
    function test_random_calls__reach_every_operation() public {
        uint256 seed = 11;
        for (uint256 i = 0; i < 4000; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            bytes4 call = calls()[seed % 20];
            bytes memory arguments = abi.encode(seed >> 8, seed >> 3, uint64(seed >> 100));
            if (call == DaoHandler.vote.selector) {
                arguments = abi.encode(seed >> 8, seed >> 3, uint8(seed >> 100));
            } else if (call == DaoHandler.gift.selector) {
                arguments = abi.encode(seed >> 8, uint64(seed >> 100));
            }
            (bool ok, bytes memory answer) = address(_handler).call(bytes.concat(call, arguments));
            if (!ok) {
                assembly {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
        vm.warp(_handler.time());
        bytes32[9] memory names = [
            bytes32("move"), "delegate", "lock", "propose", "vote", "queue", "execute", "cancel", "trespass"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            vm.assertGe(_handler.succeeded(names[i]), 5, string(abi.encodePacked(names[i])));
        }
        invariant_money_moves_by_won_motions_only_and_votes_are_tokens();
        _handler.goHome();
    }

    function _amount(uint256 id) private view returns (uint256) {
        return Amount.unwrap(_handler.vault().entryOf(id).amount);
    }
}
