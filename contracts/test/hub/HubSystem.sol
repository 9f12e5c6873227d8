// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {SNM} from "../../src/SNM.sol";
import {Amount} from "../../src/Types.sol";
import {Vault} from "../../src/dao/Vault.sol";
import {HubFactory} from "../../src/hub/HubFactory.sol";
import {HubAccount, HubState} from "../../src/hub/HubTypes.sol";
import {HubWallet} from "../../src/hub/HubWallet.sol";
import {Whitelist} from "../../src/hub/Whitelist.sol";
import {Artifacts} from "../base/Artifacts.sol";
import {Vm, vm} from "../base/Vm.sol";

/// Factory, whitelist, vault, and one wallet of `owner` with 1,000 SNM. `dao` is a plain account here.
abstract contract HubSystem is Artifacts {
    bool public IS_TEST = true;

    uint256 internal constant NOON = 1_800_000_000;
    uint96 internal constant SNM_ = 1e18;

    address internal dao = account("dao");
    address internal owner = account("hub owner");
    address internal miner = account("miner");
    address internal rater = account("rater");
    address internal stranger = account("stranger");

    IERC20 internal snm;
    Vault internal vault;
    HubFactory internal factory;
    Whitelist internal whitelist;
    HubWallet internal wallet;

    function setUp() public virtual {
        vm.warp(NOON);
        deployHubs(IERC20(address(0)));
        wallet = newWallet(owner, "first");
        fund(wallet, 1000 * SNM_);
    }

    /// `token` 0 = a new SNM.
    function deployHubs(IERC20 token) internal {
        snm = address(token) == address(0)
            ? IERC20(deploy("SNM", type(SNM).creationCode, abi.encode(address(this))))
            : token;
        vault = Vault(deploy("Vault", type(Vault).creationCode, abi.encode(snm, dao, 180 days)));
        factory = HubFactory(deploy("HubFactory", type(HubFactory).creationCode, abi.encode(snm, dao, vault)));
        whitelist = Whitelist(address(factory.whitelist()));
        vm.label(address(whitelist), "Whitelist");
    }

    function account(string memory name) internal returns (address result) {
        result = vm.addr(uint256(keccak256(bytes(name))));
        vm.label(result, name);
    }

    // ---- money

    function amount_(uint256 value) internal pure returns (Amount) {
        return Amount.wrap(uint96(value));
    }

    /// Gives `to` money and lets `spender` take it.
    function give(address to, address spender, uint256 value) internal {
        snm.transfer(to, value);
        vm.prank(to);
        snm.approve(spender, type(uint256).max);
    }

    function fund(HubWallet to, uint256 value) internal {
        snm.approve(address(to), value);
        to.fund(amount_(value));
    }

    // ---- the wallet's life

    function newWallet(address by, bytes32 salt) internal returns (HubWallet) {
        vm.prank(by);
        return HubWallet(factory.create(salt));
    }

    function register() internal {
        vm.prank(owner);
        wallet.register();
    }

    function pay(address to, uint256 value) internal {
        vm.prank(owner);
        wallet.pay(to, amount_(value));
    }

    function draw(address by, uint256 value) internal {
        vm.prank(by);
        wallet.draw(amount_(value));
    }

    function withdraw(uint256 value) internal {
        vm.prank(owner);
        wallet.withdraw(owner, amount_(value));
    }

    function suspect() internal {
        vm.prank(dao);
        wallet.suspect("evidence");
    }

    function ban() internal {
        vm.warp(block.timestamp + 120 days);
        vm.prank(dao);
        wallet.ban();
    }

    function wait(uint256 time) internal {
        vm.warp(block.timestamp + time);
    }

    /// Takes the wallet to a state, as directly as the table allows.
    function reach(HubState state) internal {
        if (state == HubState.Created) return;
        register();
        if (state == HubState.Idle) {
            wait(30 days);
            wallet.payday();
        }
        if (state == HubState.Suspected || state == HubState.Punished) suspect();
        if (state == HubState.Punished) ban();
    }

    // ---- what tests say

    function free() internal view returns (uint256) {
        return Amount.unwrap(wallet.free());
    }

    function assertAccount(HubState state, uint256 funds, uint256 frozen, uint256 owed, string memory what)
        internal
        view
    {
        HubAccount memory a = wallet.account();
        vm.assertEq(uint256(a.state), uint256(state), string.concat(what, ": state"));
        vm.assertEq(Amount.unwrap(a.funds), funds, string.concat(what, ": funds"));
        vm.assertEq(Amount.unwrap(a.frozen), frozen, string.concat(what, ": frozen"));
        vm.assertEq(Amount.unwrap(a.owed), owed, string.concat(what, ": owed"));
    }
}
