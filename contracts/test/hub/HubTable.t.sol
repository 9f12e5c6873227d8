// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HubState} from "../../src/hub/HubTypes.sol";
import {HubWallet} from "../../src/hub/HubWallet.sol";
import {IHubWallet} from "../../src/interfaces/IHubWallet.sol";
import {vm} from "../base/Vm.sol";
import {HubSystem} from "./HubSystem.sol";

/// The table of states: what is in it works, everything else reverts.
contract HubTableTest is HubSystem {
    enum Call {
        Fund,
        Register,
        Pay,
        Payday,
        Withdraw,
        Suspect,
        Rehabilitate,
        Ban
    }

    function encoded(Call call) private view returns (bytes memory) {
        if (call == Call.Fund) return abi.encodeCall(wallet.fund, (amount_(1)));
        if (call == Call.Register) return abi.encodeCall(wallet.register, ());
        if (call == Call.Pay) return abi.encodeCall(wallet.pay, (miner, amount_(1)));
        if (call == Call.Payday) return abi.encodeCall(wallet.payday, ());
        if (call == Call.Withdraw) return abi.encodeCall(wallet.withdraw, (owner, amount_(1)));
        if (call == Call.Suspect) return abi.encodeCall(wallet.suspect, ("evidence"));
        if (call == Call.Rehabilitate) return abi.encodeCall(wallet.rehabilitate, ());
        return abi.encodeCall(wallet.ban, ());
    }

    function caller(Call call) private view returns (address) {
        if (call == Call.Fund || call == Call.Payday) return stranger;
        return call >= Call.Suspect ? dao : owner;
    }

    function inTable(HubState state, Call call) private pure returns (bool) {
        if (call == Call.Fund) return state != HubState.Punished;
        if (call == Call.Register) return state == HubState.Created || state == HubState.Idle;
        if (call == Call.Withdraw) return state == HubState.Idle;
        if (call == Call.Rehabilitate || call == Call.Ban) return state == HubState.Suspected;
        return state == HubState.Registered;
    }

    function tryEach(HubState state) private {
        give(stranger, address(wallet), 1);
        reach(state);
        // Whatever has to wait has waited long enough.
        wait(200 days);
        for (uint256 i = 0; i <= uint256(type(Call).max); ++i) {
            Call call = Call(i);
            if (inTable(state, call)) continue;
            vm.prank(caller(call));
            vm.expectRevert(abi.encodeWithSelector(IHubWallet.WrongState.selector, state));
            (bool ok,) = address(wallet).call(encoded(call));
            vm.assertTrue(ok, "reverted as expected");
        }
        vm.assertEq(uint256(wallet.account().state), uint256(state), "unmoved");
    }

    function tryAllowed(HubState state, Call call) private {
        give(stranger, address(wallet), 1);
        reach(state);
        wait(200 days);
        vm.prank(caller(call));
        (bool ok,) = address(wallet).call(encoded(call));
        vm.assertEq(ok ? 1 : 0, inTable(state, call) ? 1 : 0, "as the table says");
    }

    function test_state_created__nothing_but_the_table() public {
        tryEach(HubState.Created);
    }

    function test_state_registered__nothing_but_the_table() public {
        tryEach(HubState.Registered);
    }

    function test_state_idle__nothing_but_the_table() public {
        tryEach(HubState.Idle);
    }

    function test_state_suspected__nothing_but_the_table() public {
        tryEach(HubState.Suspected);
    }

    function test_state_punished__nothing_but_the_table() public {
        tryEach(HubState.Punished);
    }

    function testFuzz_state_and_call__as_the_table_says(uint8 state, uint8 call) public {
        tryAllowed(HubState(state % 5), Call(call % 8));
    }

    function test_calls_of_the_owner__refused_to_everybody_else() public {
        Call[3] memory calls = [Call.Register, Call.Pay, Call.Withdraw];
        address[3] memory others = [stranger, dao, miner];
        for (uint256 i = 0; i < 9; ++i) {
            vm.prank(others[i / 3]);
            vm.expectRevert(abi.encodeWithSelector(IHubWallet.NotTheOwner.selector, others[i / 3], owner));
            (bool ok,) = address(wallet).call(encoded(calls[i % 3]));
            vm.assertTrue(ok, "reverted as expected");
        }
    }

    function test_calls_of_the_dao__refused_to_everybody_else() public {
        register();
        address[3] memory others = [stranger, owner, miner];
        for (uint256 i = 0; i < 6; ++i) {
            vm.prank(others[i / 2]);
            vm.expectRevert(abi.encodeWithSelector(IHubWallet.NotTheDao.selector, others[i / 2], dao));
            (bool ok,) = address(wallet).call(encoded(i % 2 == 0 ? Call.Suspect : Call.Ban));
            vm.assertTrue(ok, "reverted as expected");
        }
    }

    function test_code_that_wallets_share__is_no_wallet() public {
        HubWallet code = HubWallet(factory.implementation());
        snm.approve(address(code), 1);
        vm.expectRevert(abi.encodeWithSelector(IHubWallet.WrongState.selector, HubState.Punished));
        code.fund(amount_(1));
    }
}
