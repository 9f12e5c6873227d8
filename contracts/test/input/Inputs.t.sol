// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {vm} from "../base/Vm.sol";
import {Encoder, Fill} from "./Encoder.sol";
import {World} from "./World.sol";

/// Every external function of every contract, as the committed artifacts list them: a stranger calls it with zeros, with the
/// largest values and too long arrays, with arrays of one; twice; now, 15 seconds earlier, ten years later. Whatever it
/// does, it answers with an error that has a name or does something that the stranger may do: nobody else's money moves.
contract InputsTest is World {
    function setUp() public override {
        super.setUp();
        vm.assertEq(names.length, 24, "all contracts that have an artifact");
        vm.deal(stranger, 1 ether);
    }

    function test_every_function__with_zeros_early_and_late__has_a_named_error_or_harms_nobody() public {
        check(Fill.Zero, NOON);
        check(Fill.Zero, NOON - 15);
        check(Fill.Zero, NOON + 3650 days);
    }

    function test_every_function__with_the_largest_values__has_a_named_error_or_harms_nobody() public {
        check(Fill.Most, NOON);
    }

    function test_every_function__with_arrays_of_one__has_a_named_error_or_harms_nobody() public {
        check(Fill.One, NOON);
    }

    function check(Fill fill, uint256 time) private {
        vm.warp(time);
        uint256 functions;
        for (uint256 i = 0; i < names.length; ++i) {
            functions += this.checkContract(names[i], fill);
        }
        vm.assertGe(functions, 400, "functions were called");
    }

    /// A frame of its own, whose memory is given back.
    function checkContract(string memory name, Fill fill) external returns (uint256) {
        string memory json = vm.readFile(string.concat("artifacts/", name, ".json"));
        string[] memory functions = vm.parseJsonKeys(json, ".methodIdentifiers");
        bytes32 before = wealth();
        for (uint256 i = 0; i < functions.length; ++i) {
            uint256 state = vm.snapshotState();
            // Whose work is to give: to the caller; or, when its time has come and whoever calls, to the owners.
            bytes32 function_ = keccak256(bytes(functions[i]));
            bool gives = function_ == keccak256("drip()") || function_ == keccak256("conclude()");
            this.checkFunction(name, functions[i], fill, gives ? bytes32(0) : before);
            vm.revertToState(state);
        }
        return functions.length;
    }

    function checkFunction(string memory name, string memory signature, Fill fill, bytes32 before) external {
        string memory what = string.concat(name, ".", signature);
        bytes memory call = Encoder.call(signature, fill);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(stranger);
            (bool ok, bytes memory answer) = at[name].call(call);
            if (!ok && !isNamed(answer, what, fill)) vm.assertTrue(false, string.concat("no name: ", what));
        }
        if (before != 0) vm.assertEq(wealth(), before, what);
    }

    /// An error of ours or of OpenZeppelin's; or one of the compiler's own, where it says what is wrong well enough.
    function isNamed(bytes memory answer, string memory what, Fill fill) private pure returns (bool) {
        // A word that is none of an enumeration's values is refused before the function begins.
        if (answer.length == 0) return fill == Fill.Most && contains(what, "uint8");
        if (bytes4(answer) != bytes4(0x4e487b71)) return true;
        bytes32 function_ = keccak256(bytes(what));
        // Entries by number, beyond the last one: the panic of an array.
        return function_ == keccak256("SNM.checkpoints(address,uint32)")
            || function_ == keccak256("PriceOracle.reportAt(uint256)")
            // When a sum beyond all seconds is reached: a reader's question that has no answer.
            || function_ == keccak256("PriceOracle.reachedAt(uint256)")
            || function_ == keccak256("SNO.emittedAfter(uint256)");
    }

    function contains(string memory text, string memory part) private pure returns (bool) {
        (bytes memory a, bytes memory b) = (bytes(text), bytes(part));
        for (uint256 i = 0; i + b.length <= a.length; ++i) {
            uint256 k = 0;
            while (k < b.length && a[i + k] == b[k]) ++k;
            if (k == b.length) return true;
        }
        return false;
    }

    /// What others than the stranger have: tokens in their wallets and in all contracts, votes apart.
    function wealth() private view returns (bytes32) {
        IERC20 sno = IERC20(at["SNO"]);
        uint256[] memory all = new uint256[](3 * names.length + 9);
        uint256 n = 0;
        for (uint256 i = 0; i < names.length + 3; ++i) {
            address one = i < names.length ? at[names[i]] : [consumer, worker, admin][i - names.length];
            all[n++] = snm.balanceOf(one);
            all[n++] = i < names.length ? sno.balanceOf(one) : market.balanceOf(one);
            all[n++] = one.balance;
        }
        return keccak256(abi.encode(all));
    }
}
