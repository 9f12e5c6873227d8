// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AddressBook} from "../../src/AddressBook.sol";
import "../../src/Types.sol";
import {DAO} from "../../src/dao/DAO.sol";
import {Vault} from "../../src/dao/Vault.sol";
import {ApplicationPool} from "../../src/hub/ApplicationPool.sol";
import {HubFactory} from "../../src/hub/HubFactory.sol";
import {HubWallet} from "../../src/hub/HubWallet.sol";
import {JobEscrow} from "../../src/hub/JobEscrow.sol";
import {IGatekeeper} from "../../src/interfaces/IGatekeeper.sol";
import {IMasternodes} from "../../src/interfaces/IMasternodes.sol";
import {ITokenSale} from "../../src/interfaces/ITokenSale.sol";
import {Coordinator} from "../../src/masternode/Coordinator.sol";
import {Gatekeeper} from "../../src/masternode/Gatekeeper.sol";
import {Masternodes} from "../../src/masternode/Masternodes.sol";
import {MirrorSet} from "../../src/masternode/MirrorSet.sol";
import {Participants} from "../../src/masternode/Participants.sol";
import {PriceReports} from "../../src/masternode/PriceReports.sol";
import {Member, SignerSet} from "../../src/masternode/Signers.sol";
import {Faucet} from "../../src/token/Faucet.sol";
import {SNO} from "../../src/token/SNO.sol";
import {TokenSale} from "../../src/token/TokenSale.sol";
import {System} from "../base/System.sol";
import {vm} from "../base/Vm.sol";

/// Every contract of the project, wired as a deployment wires them, each holding money of somebody.
abstract contract World is System {
    /// Contracts by the names of their artifacts.
    string[] internal names;
    mapping(string name => address) internal at;

    function setUp() public virtual override {
        super.setUp();
        enter("SNM", address(snm));
        enter("ProfileRegistry", address(profiles));
        enter("PriceOracle", address(oracle));
        enter("Blacklist", address(blacklist));
        enter("Market", address(market));
        enter("Terms", address(terms));
        DAO dao = DAO(
            payable(make(
                    "DAO",
                    type(DAO).creationCode,
                    abi.encode(snm, DAO.Settings(1 days, 7 days, 1000e18, 4, 2 days))
                ))
        );
        address lock = dao.timelock();
        enter("Timelock", lock);
        address vault = make("Vault", type(Vault).creationCode, abi.encode(snm, lock, 180 days));
        HubFactory factory =
            HubFactory(make("HubFactory", type(HubFactory).creationCode, abi.encode(snm, lock, vault)));
        address list = address(factory.whitelist());
        enter("Whitelist", list);
        enter("HubWallet", factory.create("hub"));
        make("ApplicationPool", type(ApplicationPool).creationCode, abi.encode(list));
        make("JobEscrow", type(JobEscrow).creationCode, abi.encode(snm, factory, lock));
        make("AddressBook", type(AddressBook).creationCode, abi.encode(lock));
        make("Faucet", type(Faucet).creationCode, abi.encode(snm));
        makeMasternodes(lock, vault);
        make("TokenSale", type(TokenSale).creationCode, abi.encode(snm, plan(lock)));
        fill();
    }

    function makeMasternodes(address dao, address vault) private {
        address sno = make("SNO", type(SNO).creationCode, abi.encode(dao, address(this)));
        address later = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 2);
        IMasternodes.Params memory params =
            IMasternodes.Params(Amount.wrap(1000e18), Amount.wrap(10_000e18), 600);
        address nodes =
            make("Masternodes", type(Masternodes).creationCode, abi.encode(snm, later, vault, params));
        address people = make("Participants", type(Participants).creationCode, abi.encode(later));
        make("Coordinator", type(Coordinator).creationCode, abi.encode(nodes, people, sno, snm, dao, 600));
        SNO(sno).setCoordinator(later);
        make("PriceReports", type(PriceReports).creationCode, abi.encode(nodes, oracle));
        SignerSet memory set = SignerSet(1, new Member[](1));
        set.members[0] = Member(worker, worker, 1);
        make("MirrorSet", type(MirrorSet).creationCode, abi.encode(1, nodes, set));
        IGatekeeper.Params memory limits =
            IGatekeeper.Params(Amount.wrap(100e18), Amount.wrap(250e18), 1 days, 1 days, 30 days);
        make("Gatekeeper", type(Gatekeeper).creationCode, abi.encode(snm, nodes, 777, worker, limits));
    }

    function plan(address treasury) private view returns (ITokenSale.Plan memory result) {
        uint40 now_ = uint40(block.timestamp);
        result.presale = ITokenSale.Stage(now_, now_ + 1 days, Amount.wrap(50e18), 1e18);
        result.sale = ITokenSale.Stage(now_ + 1 days, now_ + 2 days, Amount.wrap(50e18), 1e18);
        result.buyerMax = Amount.wrap(20e18);
        result.teamShare = Amount.wrap(10e18);
        result.softCap = 1e18;
        (result.treasury, result.team, result.cliff, result.vesting) = (treasury, worker, 1 days, 2 days);
    }

    /// Money of `consumer` everywhere.
    function fill() private {
        snm.transfer(consumer, 100_000e18);
        snm.transfer(at["Faucet"], 1_000_000e18);
        snm.transfer(at["Timelock"], 100e18);
        snm.approve(at["TokenSale"], type(uint256).max);
        TokenSale(at["TokenSale"]).fill();
        vm.deal(consumer, 10 ether);
        vm.startPrank(consumer);
        for (uint256 i = 0; i < names.length; ++i) {
            snm.approve(at[names[i]], type(uint256).max);
        }
        snm.delegate(consumer);
        Vault(at["Vault"]).lock(consumer, Amount.wrap(5e18));
        HubWallet(at["HubWallet"]).fund(Amount.wrap(100e18));
        Masternodes(at["Masternodes"]).join(Amount.wrap(1000e18), consumer, 0);
        Masternodes(at["Masternodes"]).takeSet();
        Coordinator(at["Coordinator"]).fundJob("job", Amount.wrap(5e18));
        Gatekeeper(at["Gatekeeper"]).deposit(consumer, Amount.wrap(5e18));
        TokenSale(at["TokenSale"]).buy{value: 2 ether}();
        vm.stopPrank();
        forwardDeal();
        place(aBid());
    }

    function make(string memory name, bytes memory code, bytes memory arguments) private returns (address) {
        return enter(name, deploy(name, code, arguments));
    }

    function enter(string memory name, address where) private returns (address) {
        names.push(name);
        at[name] = where;
        return where;
    }
}
