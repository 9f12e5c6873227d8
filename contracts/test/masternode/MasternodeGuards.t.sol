// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {IMasternodes} from "../../src/interfaces/IMasternodes.sol";
import {MirrorSet} from "../../src/masternode/MirrorSet.sol";
import {Member, SignerSet} from "../../src/masternode/Signers.sol";
import {vm} from "../base/Vm.sol";
import {MasternodeSystem} from "./MasternodeSystem.sol";

/// Guards of stakes and sets that several entries share: each entry has them.
contract MasternodeGuardsTest is MasternodeSystem {
    function test_join_while_the_last_stake_is_unbonding__refused_and_the_stake_is_not_lost() public {
        address who = node(0);
        snm.transfer(who, MIN);
        vm.startPrank(who);
        masternodes.resign();
        vm.expectRevert(
            abi.encodeWithSelector(IMasternodes.WrongState.selector, who, IMasternodes.State.Unbonding)
        );
        masternodes.join(Amount.wrap(MIN), who, 0);
        vm.warp(NOON + 7 days);
        masternodes.withdraw();
        vm.stopPrank();
        vm.assertEq(snm.balanceOf(who), 2 * MIN, "all of it");
    }

    function test_change_to_nobodys_key_or_anothers__refused() public {
        address taken = masternodes.nodeOf(node(1)).signer;
        vm.startPrank(node(0));
        vm.expectRevert(abi.encodeWithSelector(IMasternodes.SignerTaken.selector, address(0)));
        masternodes.changeSigner(address(0));
        vm.expectRevert(abi.encodeWithSelector(IMasternodes.SignerTaken.selector, taken));
        masternodes.changeSigner(taken);
        vm.stopPrank();
        vm.assertEq(masternodes.accountOf(taken), node(1), "still the other one's");
    }

    function test_mirror_whose_first_set_has_more_members_than_bits__refused() public {
        SignerSet memory first = SignerSet(1, new Member[](64));
        new MirrorSet(1, address(masternodes), first);
        first.members = new Member[](65);
        vm.expectPartialRevert(MirrorSet.NotNewer.selector);
        new MirrorSet(1, address(masternodes), first);
    }
}
