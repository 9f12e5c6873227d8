// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/Types.sol";
import {IMarketSigned} from "../../src/interfaces/IMarketSigned.sol";
import {System} from "../base/System.sol";
import {vm} from "../base/Vm.sol";
import {Wallet1271} from "../mocks/Wallet1271.sol";

/// Orders of wallets that are contracts.
contract WalletsTest is System {
    function refuse(Order memory ask, bytes memory a, Order memory bid, bytes memory b, bytes memory why)
        private
    {
        vm.expectRevert(why);
        market.openWithSignatures(ask, a, bid, b);
    }

    function notSigned(Order memory order) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMarketSigned.NotSigned.selector, market.orderId(order), order.author);
    }

    function walletOf(address owner) private returns (Wallet1271 wallet) {
        wallet = new Wallet1271(owner);
        snm.transfer(address(wallet), 10e18);
        vm.startPrank(owner);
        wallet.act(address(snm), abi.encodeCall(snm.approve, (address(market), 10e18)));
        wallet.act(address(market), abi.encodeCall(market.deposit, (Amount.wrap(10e18))));
        vm.stopPrank();
    }

    function test_wallet_contract_signs__deal_opens() public {
        Wallet1271 wallet = walletOf(consumer);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bid.author = address(wallet);
        bytes memory b = signDigest(consumer, market.digestOf(market.orderId(bid)));
        market.openWithSignatures(ask, sign(ask), bid, b);
        assertBalance(address(wallet), 10e18 - 3600 * PRICE, "the wallet pays");
    }

    function test_wallet_that_refuses_or_misbehaves__is_no_signature() public {
        Wallet1271 wallet = walletOf(consumer);
        Order memory ask = anAsk();
        Order memory bid = aBid();
        bid.author = address(wallet);
        bytes32 digest = market.digestOf(market.orderId(bid));
        bytes memory a = sign(ask);
        refuse(ask, a, bid, signDigest(stranger, digest), notSigned(bid));
        bytes memory b = signDigest(consumer, digest);
        for (uint256 mode = 1; mode <= 4; ++mode) {
            wallet.setMode(Wallet1271.Mode(mode));
            uint256 before = gasleft();
            refuse(ask, a, bid, b, notSigned(bid));
            vm.assertLe(before - gasleft(), 700_000, "bounded");
        }
        wallet.setMode(Wallet1271.Mode.Honest);
        market.openWithSignatures(ask, a, bid, b);
    }
}
