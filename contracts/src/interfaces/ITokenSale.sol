// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Amount} from "../Types.sol";

/// @title The first distribution of SNM: a presale, a sale, and a share for the team
/// @notice Paid in the chain's own coin. Until the end all coins lie here; if the soft cap is missed every buyer takes
/// its own back, else every buyer takes its SNM, the treasury the coins and what was not sold, and the team's share
/// goes to a wallet that vests. Nobody waits for anybody.
interface ITokenSale {
    /// @notice One of the two stages.
    struct Stage {
        /// First second, Unix time.
        uint40 start;
        /// First second after it, Unix time.
        uint40 end;
        /// Most that is sold in it, 1e-18 SNM.
        Amount cap;
        /// 1e-18 coins per whole SNM.
        uint96 price;
    }

    /// @notice All that is fixed for ever.
    struct Plan {
        Stage presale;
        Stage sale;
        /// Most that one account may buy in both stages together, 1e-18 SNM.
        Amount buyerMax;
        /// What the team gets if the sale succeeds, 1e-18 SNM.
        Amount teamShare;
        /// Least that has to be paid in, 1e-18 coins.
        uint96 softCap;
        /// Who gets the coins and what is not sold: the DAO.
        address treasury;
        /// Who gets the team's share from the vesting wallet.
        address team;
        /// Seconds from the sale's end to the first vested SNM.
        uint32 cliff;
        /// Seconds from the sale's end to the last vested SNM.
        uint32 vesting;
    }

    enum Outcome {
        Open,
        Succeeded,
        Failed
    }

    /// @notice All SNM that may be sold, and the team's, is here: buying can begin.
    event Filled(Amount amount);

    /// @notice `buyer` paid `paid` coins for `amount` SNM in stage `stage` (0 presale, 1 sale); then the totals of the
    /// buyer, and of everybody.
    event Bought(
        address indexed buyer,
        uint8 stage,
        uint256 paid,
        Amount amount,
        uint256 buyerPaid,
        Amount buyerAmount,
        uint256 raised,
        Amount soldInStage
    );

    /// @notice The sale is over.
    event Concluded(Outcome outcome, uint256 raised, Amount unsold);

    /// @notice `buyer` took its SNM.
    event Claimed(address indexed buyer, Amount amount);

    /// @notice `buyer` took its coins back.
    event Refunded(address indexed buyer, uint256 paid);

    /// @notice The treasury took the coins (0 unless the sale succeeded) and the SNM that were left.
    event Collected(address indexed to, uint256 coins, Amount amount);

    /// @notice Thrown for a plan that contradicts itself.
    error InvalidPlan();

    /// @notice Thrown when a call does not fit the sale's outcome.
    error WrongOutcome(Outcome has, Outcome needs);

    /// @notice Thrown when nobody may buy: before, between and after the stages, and before {fill}.
    error NotOnSale(uint256 time);

    /// @notice Thrown when a stage has less left. 1e-18 SNM.
    error StageSoldOut(uint256 has, uint256 needs);

    /// @notice Thrown when a buyer would have more than it may. 1e-18 SNM.
    error BuyerLimit(address buyer, uint256 has, uint256 max);

    /// @notice Thrown when the coins are not enough for the smallest unit of SNM.
    error NothingBought(uint256 paid);

    /// @notice Thrown when the caller has nothing (more) to take.
    error NothingToTake(address account);

    /// @notice Thrown when the sale has not ended. Unix times.
    error NotEnded(uint256 has, uint40 needs);

    /// @notice Thrown when it is filled twice.
    error AlreadyFilled();

    /// @notice Thrown when anybody but the treasury collects.
    error NotTheTreasury(address has, address needs);

    /// @notice Thrown when the receiver refuses the coins.
    error CoinsRefused(address to);

    /// @notice Moves all SNM that the plan speaks of from the caller's wallet to the sale. Once.
    /// @dev Not re-entrant. Emits {Filled}.
    function fill() external;

    /// @notice Buys for the coins sent, at the price of the stage that is on: rounded down, dust stays paid.
    /// @dev Emits {Bought}. Errors: {NotOnSale}, {StageSoldOut}, {BuyerLimit}, {NothingBought}.
    function buy() external payable returns (Amount amount);

    /// @notice Fixes the outcome, once the sale has ended or all is sold. Anybody; the first {claim}, {refund} or
    /// {collect} does it, too. From then on block time changes nothing.
    /// @dev Emits {Concluded}.
    function conclude() external;

    /// @notice Gives the caller what it bought. Succeeded only.
    /// @dev Not re-entrant. Emits {Claimed}.
    function claim() external;

    /// @notice Gives the caller back what it paid, at `to`. Failed only.
    /// @dev Not re-entrant. Emits {Refunded}.
    function refund(address payable to) external;

    /// @notice Gives the treasury coins (Succeeded) and what was not sold (and, if Failed, the team's share), once.
    /// @dev Treasury only. Not re-entrant. Emits {Collected}.
    function collect(address payable to) external;

    /// @notice What `buyer` paid (1e-18 coins) and bought (1e-18 SNM) and has not yet taken.
    function purchaseOf(address buyer) external view returns (uint256 paid, Amount amount);

    /// @notice Where the sale stands.
    /// @return outcome_ Open until {conclude}.
    /// @return raised 1e-18 coins.
    /// @return soldInPresale 1e-18 SNM.
    /// @return soldInSale 1e-18 SNM.
    function progress()
        external
        view
        returns (Outcome outcome_, uint256 raised, Amount soldInPresale, Amount soldInSale);

    /// @notice The plan.
    function plan() external view returns (Plan memory);

    /// @notice Where the team's share goes: an OpenZeppelin VestingWallet with a cliff, linear.
    function teamVesting() external view returns (address);

    /// @notice What is sold.
    function token() external view returns (IERC20);
}
