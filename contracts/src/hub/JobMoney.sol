// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../Types.sol";
import {IHubFactory} from "../interfaces/IHubFactory.sol";
import {IHubWallet} from "../interfaces/IHubWallet.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {Amounts} from "../lib/Amounts.sol";
import {Purse} from "../lib/Purse.sol";
import {HubState} from "./HubTypes.sol";

/// @title Balances inside the job escrow, and what the DAO may set
abstract contract JobMoney is IJobEscrow, ReentrancyGuardTransient {
    using Amounts for Amount;
    using Purse for IERC20;
    using SafeERC20 for IERC20;

    uint16 public constant FEE_BPS_MAX = 300;

    IERC20 public immutable token;
    IHubFactory public immutable factory;
    address public immutable dao;
    address public court;
    uint16 public feeBps;
    mapping(address account => uint256) public balanceOf;
    mapping(uint8 verification => address) public refereeOf;

    modifier onlyDao() {
        _requireCaller(dao);
        _;
    }

    constructor(IERC20 token_, IHubFactory factory_, address dao_) {
        token = token_;
        factory = factory_;
        dao = dao_;
        court = dao_;
        emit CourtSet(dao_);
    }

    /// @inheritdoc IJobEscrow
    function withdraw(address to, Amount amount) external nonReentrant {
        if (to == address(0) || to == address(this) || amount.isZero()) revert InvalidReceiver(to, amount);
        _debit(msg.sender, to, amount);
        token.pay(to, amount);
    }

    /// @inheritdoc IJobEscrow
    function collect(address hub) external nonReentrant {
        if (!factory.isWallet(hub)) revert HubNotActive(hub);
        _requireCaller(IHubWallet(hub).owner());
        Amount amount = Amounts.make(balanceOf[hub]);
        if (amount.isZero()) revert BalanceTooSmall(hub, 0, 1);
        if (IHubWallet(hub).account().state == HubState.Punished) {
            _debit(hub, msg.sender, amount);
            token.pay(msg.sender, amount);
        } else {
            _debit(hub, hub, amount);
            token.forceApprove(hub, amount.raw());
            IHubWallet(hub).fund(amount);
        }
    }

    /// @inheritdoc IJobEscrow
    function setFee(uint16 feeBps_) external onlyDao {
        if (feeBps_ > FEE_BPS_MAX) revert FeeTooHigh(feeBps_, FEE_BPS_MAX);
        feeBps = feeBps_;
        emit FeeSet(feeBps_);
    }

    /// @inheritdoc IJobEscrow
    function setReferee(uint8 verification, address referee) external onlyDao {
        refereeOf[verification] = referee;
        emit RefereeSet(verification, referee);
    }

    /// @inheritdoc IJobEscrow
    function setCourt(address court_) external onlyDao {
        court = court_;
        emit CourtSet(court_);
    }

    function _requireCaller(address needs) internal view {
        if (msg.sender != needs) revert NotYours(msg.sender, needs);
    }

    function _credit(address account, Amount amount) internal {
        if (amount.isZero()) return;
        uint256 balance = balanceOf[account] + amount.raw();
        balanceOf[account] = balance;
        emit BalanceChanged(account, balance);
    }

    function _debit(address account, address to, Amount amount) private {
        uint256 balance = balanceOf[account];
        if (balance < amount.raw()) revert BalanceTooSmall(account, balance, amount.raw());
        balance -= amount.raw();
        balanceOf[account] = balance;
        emit Withdrawn(account, to, amount, balance);
    }
}
