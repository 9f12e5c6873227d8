// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {Amount} from "../Types.sol";
import {ICoordinator} from "../interfaces/ICoordinator.sol";
import {ISNO} from "../interfaces/ISNO.sol";
import {Amounts} from "../lib/Amounts.sol";
import {Calendar} from "../lib/Calendar.sol";
import {MerkleSum} from "../lib/MerkleSum.sol";
import {Purse} from "../lib/Purse.sol";

/// @title Money that was voted to many
/// @dev A pot's sum is set aside when it opens; claims come out of that sum and of nothing else, whatever the tree says.
abstract contract Pots is ICoordinator {
    using Purse for IERC20;
    using BitMaps for BitMaps.BitMap;

    struct Job {
        address payer;
        uint96 amount;
        /// Until when the workers may be voted; then the payer may have it back. Unix time.
        uint40 until;
    }

    uint40 public constant JOB_WAIT = 30 days;

    ISNO public immutable sno;
    IERC20 public immutable snm;
    uint256 public pool;
    uint256 public owedSno;
    uint256 public owedSnm;
    mapping(bytes32 job => Job) public jobOf;
    mapping(bytes32 id => Pot) private _pots;
    mapping(bytes32 id => BitMaps.BitMap) private _claimed;

    constructor(ISNO sno_, IERC20 snm_) {
        sno = sno_;
        snm = snm_;
    }

    /// @inheritdoc ICoordinator
    function potOf(bytes32 id) external view returns (Pot memory) {
        return _pots[id];
    }

    /// @inheritdoc ICoordinator
    function isClaimed(bytes32 pot, uint32 index) external view returns (bool) {
        return _claimed[pot].get(index);
    }

    /// `minted` SNO came; `toPool` of it is for rewards.
    function _receive(uint256 minted, uint256 toPool) internal {
        owedSno += minted;
        pool += toPool;
    }

    function _openEpochPot(bytes32 id, bytes32 root, uint96 sum, uint40 opensAt, uint40 closesAt) internal {
        if (sum > pool) revert TooMuch(sum, pool);
        pool -= sum;
        _open(id, Pot(root, sum, 0, opensAt, closesAt, false, false));
    }

    function _openJobPot(bytes32 id, bytes32 root, uint96 sum, uint40 opensAt, uint40 closesAt) internal {
        Job memory job = jobOf[id];
        if (sum == 0 || sum > job.amount) revert TooMuch(sum, job.amount);
        if (block.timestamp >= job.until) revert WrongPot(id);
        jobOf[id].until = closesAt;
        _open(id, Pot(root, sum, 0, opensAt, closesAt, true, false));
    }

    function _fundJob(bytes32 id, Amount amount) internal {
        if (jobOf[id].payer != address(0) || Amount.unwrap(amount) == 0) revert WrongPot(id);
        uint96 value = Amount.unwrap(amount);
        snm.take(amount);
        jobOf[id] = Job(msg.sender, value, Calendar.narrow(block.timestamp + JOB_WAIT));
        owedSnm += value;
        emit JobFunded(id, msg.sender, value);
    }

    function _reclaimJob(bytes32 id) internal {
        Job memory job = jobOf[id];
        if (job.amount == 0) revert NothingDue(job.payer);
        Pot storage pot = _pots[id];
        // What was not awarded is the payer's as soon as the award stands; the rest when claims are over.
        bool over = block.timestamp >= job.until;
        uint96 kept = over || pot.root == 0 ? 0 : pot.sum - pot.claimed;
        if (!over && pot.root == 0) revert WrongPot(id);
        uint96 left = job.amount - kept;
        if (left == 0) revert NothingDue(job.payer);
        jobOf[id].amount = kept;
        if (over && pot.root != 0 && !pot.isClosed) {
            pot.isClosed = true;
            emit PotChanged(id, pot);
        }
        emit Paid(job.payer, left);
        owedSnm -= left;
        snm.pay(job.payer, Amount.wrap(left));
    }

    function _claim(Claim calldata one) internal {
        Pot storage pot = _pots[one.pot];
        if (pot.isClosed || block.timestamp < pot.opensAt || block.timestamp >= pot.closesAt) {
            revert WrongPot(one.pot);
        }
        _requireLeaf(one);
        MerkleSum.Leaf calldata leaf = one.leaf;
        if (_claimed[one.pot].get(leaf.index)) revert AlreadyClaimed(one.pot, leaf.index);
        // No tree can bring this about; it is the last wall.
        if (leaf.amount > pot.sum - pot.claimed) revert TooMuch(leaf.amount, pot.sum - pot.claimed);
        _claimed[one.pot].set(leaf.index);
        pot.claimed += leaf.amount;
        emit Claimed(one.pot, leaf.account, leaf.index, leaf.amount);
        if (pot.isJob) {
            jobOf[one.pot].amount -= leaf.amount;
            owedSnm -= leaf.amount;
            snm.pay(leaf.account, Amount.wrap(leaf.amount));
        } else {
            _paySno(leaf.account, leaf.amount);
        }
    }

    function _closeEpochPot(bytes32 id) internal {
        Pot storage pot = _pots[id];
        if (pot.root == 0 || pot.isJob || pot.isClosed || block.timestamp < pot.closesAt) {
            revert WrongPot(id);
        }
        _giveBack(id, pot);
    }

    function _requireUnopened(bytes32 id) internal view {
        Pot storage pot = _pots[id];
        if (pot.isClosed || block.timestamp >= pot.opensAt) revert WrongPot(id);
    }

    function _requireLeaf(Claim calldata one) internal view {
        Pot storage pot = _pots[one.pot];
        MerkleSum.requireLeaf(pot.root, pot.sum, one.pot, one.leaf, one.proof);
    }

    /// An epoch's money goes back to the pool; a job's workers may be voted anew.
    function _refute(bytes32 id) internal {
        Pot storage pot = _pots[id];
        if (!pot.isJob) return _giveBack(id, pot);
        delete _pots[id];
        jobOf[id].until = Calendar.narrow(block.timestamp + JOB_WAIT);
        emit PotChanged(id, pot);
    }

    function _paySno(address to, uint256 amount) internal {
        owedSno -= amount;
        IERC20(address(sno)).pay(to, Amounts.make(amount));
    }

    function _open(bytes32 id, Pot memory pot) private {
        if (_pots[id].root != 0 || pot.root == 0) revert WrongPot(id);
        _pots[id] = pot;
        emit PotChanged(id, pot);
    }

    function _giveBack(bytes32 id, Pot storage pot) private {
        pot.isClosed = true;
        pool += pot.sum - pot.claimed;
        emit PotChanged(id, pot);
    }
}
