// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../Types.sol";
import {IHubWallet} from "../interfaces/IHubWallet.sol";
import {IVault} from "../interfaces/IVault.sol";
import {IWhitelist} from "../interfaces/IWhitelist.sol";
import {Amounts} from "../lib/Amounts.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Purse} from "../lib/Purse.sol";
import {HubAccount, HubState} from "./HubTypes.sol";

/// @title The wallet of one hub, see {IHubWallet}
/// @dev The code of all wallets. A wallet is a clone whose owner is part of its code, so nothing has to be initialised.
contract HubWallet is IHubWallet, ReentrancyGuardTransient {
    using Amounts for Amount;
    using Purse for IERC20;
    using SafeERC20 for IERC20;

    Amount public constant REGISTRATION = Amount.wrap(1e18);
    uint256 public constant LOCK_BPS = 3000;
    uint256 public constant FEE_BPS = 50;
    uint40 public constant PERIOD = 30 days;
    uint40 public constant SUSPICION = 120 days;
    uint40 public constant DECISION = 30 days;

    IERC20 public immutable token;
    IWhitelist public immutable whitelist;
    address public immutable dao;
    IVault public immutable vault;

    HubAccount private _account;
    mapping(address miner => Amount) public allowanceOf;

    modifier onlyOwner() {
        if (msg.sender != owner()) revert NotTheOwner(msg.sender, owner());
        _;
    }

    modifier onlyDao() {
        if (msg.sender != dao) revert NotTheDao(msg.sender, dao);
        _;
    }

    constructor(IERC20 token_, IWhitelist whitelist_, address dao_, IVault vault_) {
        token = token_;
        whitelist = whitelist_;
        dao = dao_;
        vault = vault_;
        // Nobody is to use the code itself as a wallet. Clones have storage of their own.
        _account.state = HubState.Punished;
    }

    /// @inheritdoc IHubWallet
    function fund(Amount amount) external nonReentrant {
        HubAccount memory a = _account;
        if (a.state == HubState.Punished) revert WrongState(a.state);
        if (amount.isZero()) revert NothingToMove();
        a.funds = a.funds.plus(amount);
        if (a.state == HubState.Suspected) a.frozen = a.frozen.plus(amount);
        _account = a;
        emit Funded(msg.sender, amount, a);
        token.take(amount);
    }

    /// @inheritdoc IHubWallet
    function register() external onlyOwner nonReentrant {
        HubAccount memory a = _account;
        if (a.state != HubState.Created && a.state != HubState.Idle) revert WrongState(a.state);
        _requireFree(a, REGISTRATION);
        a.state = HubState.Registered;
        a.frozen = REGISTRATION;
        // The next period follows the last one, unless it would be over already.
        bool follows = a.periodEnd != 0 && block.timestamp < uint256(a.periodEnd) + PERIOD;
        a.periodEnd = Calendar.narrow((follows ? a.periodEnd : block.timestamp) + PERIOD);
        _account = a;
        emit Registered(a);
        whitelist.report(a.state);
    }

    /// @inheritdoc IHubWallet
    function pay(address miner, Amount amount) external onlyOwner nonReentrant {
        HubAccount memory a = _in(HubState.Registered);
        _requireReceiver(miner, amount);
        Amount frozen = amount.shareUp(LOCK_BPS);
        _requireFree(a, amount.plus(frozen));
        a.frozen = a.frozen.plus(frozen);
        a.owed = a.owed.plus(amount);
        _account = a;
        Amount allowance = allowanceOf[miner].plus(amount);
        allowanceOf[miner] = allowance;
        emit Paid(miner, amount, frozen, allowance, a);
    }

    /// @inheritdoc IHubWallet
    function draw(Amount amount) external nonReentrant {
        if (amount.isZero()) revert NothingToMove();
        Amount allowance = allowanceOf[msg.sender];
        if (allowance.raw() < amount.raw()) {
            revert AllowanceTooSmall(msg.sender, allowance.raw(), amount.raw());
        }
        allowance = allowance.minus(amount);
        allowanceOf[msg.sender] = allowance;
        HubAccount memory a = _account;
        a.owed = a.owed.minus(amount);
        a.funds = a.funds.minus(amount);
        _account = a;
        emit Drawn(msg.sender, amount, allowance, a);
        token.pay(msg.sender, amount);
    }

    /// @inheritdoc IHubWallet
    function payday() external nonReentrant {
        HubAccount memory a = _in(HubState.Registered);
        _requireTime(a.periodEnd);
        Amount fee = a.frozen.shareUp(FEE_BPS);
        a.state = HubState.Idle;
        a.funds = a.funds.minus(fee);
        a.frozen = Amount.wrap(0);
        _account = a;
        emit Payday(msg.sender, fee, a);
        whitelist.report(a.state);
        token.pay(dao, fee);
    }

    /// @inheritdoc IHubWallet
    function withdraw(address to, Amount amount) external onlyOwner nonReentrant {
        HubAccount memory a = _in(HubState.Idle);
        _requireReceiver(to, amount);
        _requireFree(a, amount);
        a.funds = a.funds.minus(amount);
        _account = a;
        emit Withdrawn(to, amount, a);
        token.pay(to, amount);
    }

    /// @inheritdoc IHubWallet
    function suspect(bytes32 evidence) external onlyDao nonReentrant {
        HubAccount memory a = _in(HubState.Registered);
        a.state = HubState.Suspected;
        a.periodEnd = 0;
        a.frozen = a.funds.minus(a.owed);
        a.suspectedAt = Calendar.timestamp();
        _account = a;
        emit Suspected(evidence, a);
        whitelist.report(a.state);
    }

    /// @inheritdoc IHubWallet
    function rehabilitate() external nonReentrant {
        HubAccount memory a = _in(HubState.Suspected);
        if (msg.sender != dao) _requireTime(uint256(a.suspectedAt) + SUSPICION + DECISION);
        a.state = HubState.Idle;
        a.frozen = Amount.wrap(0);
        a.suspectedAt = 0;
        _account = a;
        emit Rehabilitated(msg.sender, a);
        whitelist.report(a.state);
    }

    /// @inheritdoc IHubWallet
    function ban() external onlyDao nonReentrant {
        HubAccount memory a = _in(HubState.Suspected);
        _requireTime(uint256(a.suspectedAt) + SUSPICION);
        Amount amount = a.frozen;
        a.state = HubState.Punished;
        a.funds = a.owed;
        a.frozen = Amount.wrap(0);
        _account = a;
        token.forceApprove(address(vault), amount.raw());
        uint256 entry = vault.lock(owner(), amount);
        emit Banned(amount, entry, a);
        whitelist.report(a.state);
    }

    /// @inheritdoc IHubWallet
    function account() external view returns (HubAccount memory) {
        return _account;
    }

    /// @inheritdoc IHubWallet
    function free() external view returns (Amount) {
        return _free(_account);
    }

    /// @inheritdoc IHubWallet
    function owner() public view returns (address) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (address));
    }

    function _in(HubState needs) private view returns (HubAccount memory a) {
        a = _account;
        if (a.state != needs) revert WrongState(a.state);
    }

    function _free(HubAccount memory a) private pure returns (Amount) {
        return a.funds.minus(a.frozen).minus(a.owed);
    }

    function _requireFree(HubAccount memory a, Amount needs) private pure {
        Amount has = _free(a);
        if (has.raw() < needs.raw()) revert FreeMoneyTooSmall(has.raw(), needs.raw());
    }

    function _requireReceiver(address to, Amount amount) private view {
        if (to == address(0) || to == address(this)) revert InvalidReceiver(to);
        if (amount.isZero()) revert NothingToMove();
    }

    function _requireTime(uint256 needs) private view {
        if (block.timestamp < needs) revert TooEarly(block.timestamp, needs);
    }
}
