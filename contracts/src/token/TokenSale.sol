// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../Types.sol";
import {ITokenSale} from "../interfaces/ITokenSale.sol";
import {Amounts} from "../lib/Amounts.sol";
import {Purse} from "../lib/Purse.sol";
import {TeamVesting} from "./TeamVesting.sol";

/// @title The first distribution of SNM, see {ITokenSale}
contract TokenSale is ITokenSale, ReentrancyGuardTransient {
    using Amounts for Amount;
    using Purse for IERC20;

    struct Purchase {
        uint256 paid;
        Amount amount;
    }

    uint256 private constant WHOLE = 1e18;

    IERC20 public immutable token;
    address public immutable teamVesting;
    Plan private _plan;
    mapping(address buyer => Purchase) public purchaseOf;
    Amount[2] private _sold;
    uint256 private _raised;
    Outcome private _outcome;
    bool private _filled;
    bool private _collected;

    constructor(IERC20 token_, Plan memory plan_) {
        Stage memory presale = plan_.presale;
        Stage memory sale = plan_.sale;
        if (
            presale.start >= presale.end || presale.end > sale.start || sale.start >= sale.end
                || block.timestamp >= sale.end || presale.price == 0 || sale.price == 0 || sale.cap.isZero()
                || plan_.buyerMax.isZero() || plan_.treasury == address(0) || plan_.cliff > plan_.vesting
        ) revert InvalidPlan();
        // The soft cap must be within reach.
        if (_cost(presale) + _cost(sale) < plan_.softCap) revert InvalidPlan();
        token = token_;
        _plan = plan_;
        teamVesting = address(new TeamVesting(plan_.team, sale.end, plan_.vesting, plan_.cliff));
    }

    /// @inheritdoc ITokenSale
    function fill() external nonReentrant {
        if (_outcome != Outcome.Open) revert WrongOutcome(_outcome, Outcome.Open);
        if (_filled) revert AlreadyFilled();
        _filled = true;
        Amount amount = _forSale().plus(_plan.teamShare);
        emit Filled(amount);
        token.take(amount);
    }

    /// @inheritdoc ITokenSale
    function buy() external payable nonReentrant returns (Amount amount) {
        if (_outcome != Outcome.Open) revert WrongOutcome(_outcome, Outcome.Open);
        uint8 index = block.timestamp < _plan.sale.start ? 0 : 1;
        Stage memory stage = index == 0 ? _plan.presale : _plan.sale;
        if (!_filled || block.timestamp < stage.start || block.timestamp >= stage.end) {
            revert NotOnSale(block.timestamp);
        }
        amount = Amounts.make(msg.value * WHOLE / stage.price);
        if (amount.isZero()) revert NothingBought(msg.value);
        Amount left = stage.cap.minus(_sold[index]);
        if (amount.raw() > left.raw()) revert StageSoldOut(left.raw(), amount.raw());
        Purchase memory purchase = purchaseOf[msg.sender];
        purchase.paid += msg.value;
        purchase.amount = purchase.amount.plus(amount);
        if (purchase.amount.raw() > _plan.buyerMax.raw()) {
            revert BuyerLimit(msg.sender, purchase.amount.raw(), _plan.buyerMax.raw());
        }
        purchaseOf[msg.sender] = purchase;
        _sold[index] = _sold[index].plus(amount);
        _raised += msg.value;
        emit Bought(
            msg.sender, index, msg.value, amount, purchase.paid, purchase.amount, _raised, _sold[index]
        );
    }

    /// @inheritdoc ITokenSale
    function conclude() external nonReentrant {
        _conclude();
    }

    /// @inheritdoc ITokenSale
    function claim() external nonReentrant {
        _requireOutcome(Outcome.Succeeded);
        Amount amount = _takePurchase().amount;
        emit Claimed(msg.sender, amount);
        token.pay(msg.sender, amount);
    }

    /// @inheritdoc ITokenSale
    function refund(address payable to) external nonReentrant {
        _requireOutcome(Outcome.Failed);
        uint256 paid = _takePurchase().paid;
        emit Refunded(msg.sender, paid);
        _payCoins(to, paid);
    }

    /// @inheritdoc ITokenSale
    function collect(address payable to) external nonReentrant {
        if (msg.sender != _plan.treasury) revert NotTheTreasury(msg.sender, _plan.treasury);
        _conclude();
        if (_collected || !_filled) revert NothingToTake(msg.sender);
        _collected = true;
        bool succeeded = _outcome == Outcome.Succeeded;
        uint256 coins = succeeded ? _raised : 0;
        // If it failed nobody gets SNM: all of it goes back.
        Amount amount = succeeded ? _unsold() : _forSale().plus(_plan.teamShare);
        emit Collected(to, coins, amount);
        token.pay(to, amount);
        if (coins != 0) _payCoins(to, coins);
    }

    /// @inheritdoc ITokenSale
    function progress()
        external
        view
        returns (Outcome outcome_, uint256 raised, Amount soldInPresale, Amount soldInSale)
    {
        return (_outcome, _raised, _sold[0], _sold[1]);
    }

    /// @inheritdoc ITokenSale
    function plan() external view returns (Plan memory) {
        return _plan;
    }

    function _requireOutcome(Outcome needs) private {
        _conclude();
        if (_outcome != needs) revert WrongOutcome(_outcome, needs);
    }

    /// Fixes the outcome if it is not yet.
    function _conclude() private {
        if (_outcome != Outcome.Open) return;
        if (block.timestamp < _plan.sale.end && !_unsold().isZero()) {
            revert NotEnded(block.timestamp, _plan.sale.end);
        }
        bool succeeded = _filled && _raised >= _plan.softCap;
        _outcome = succeeded ? Outcome.Succeeded : Outcome.Failed;
        emit Concluded(_outcome, _raised, _unsold());
        if (succeeded && !_plan.teamShare.isZero()) token.pay(teamVesting, _plan.teamShare);
    }

    function _takePurchase() private returns (Purchase memory purchase) {
        purchase = purchaseOf[msg.sender];
        if (purchase.amount.isZero()) revert NothingToTake(msg.sender);
        delete purchaseOf[msg.sender];
    }

    function _payCoins(address payable to, uint256 coins) private {
        (bool ok,) = to.call{value: coins}("");
        if (!ok) revert CoinsRefused(to);
    }

    function _forSale() private view returns (Amount) {
        return _plan.presale.cap.plus(_plan.sale.cap);
    }

    function _unsold() private view returns (Amount) {
        return _forSale().minus(_sold[0]).minus(_sold[1]);
    }

    /// What the whole stage costs, rounded down.
    function _cost(Stage memory stage) private pure returns (uint256) {
        return stage.cap.raw() * stage.price / WHOLE;
    }
}
