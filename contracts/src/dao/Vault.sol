// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Amount} from "../Types.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Amounts} from "../lib/Amounts.sol";
import {Calendar} from "../lib/Calendar.sol";
import {Purse} from "../lib/Purse.sol";

/// @title Where expropriated money waits, see {IVault}
contract Vault is IVault, ReentrancyGuardTransient {
    using Amounts for Amount;
    using Purse for IERC20;

    uint40 private constant FREEZE_MIN = 90 days;
    uint40 private constant FREEZE_MAX = 730 days;

    IERC20 public immutable token;
    address public immutable dao;
    uint40 public immutable FREEZE;
    uint256 public entryCount;
    uint256 public total;
    mapping(uint256 id => Entry) private _entries;

    /// @param dao_ The only one that may release.
    /// @param freeze Seconds; 180 days unless there is a reason.
    constructor(IERC20 token_, address dao_, uint40 freeze) {
        if (freeze < FREEZE_MIN || freeze > FREEZE_MAX) revert InvalidFreeze(freeze, FREEZE_MIN, FREEZE_MAX);
        token = token_;
        dao = dao_;
        FREEZE = freeze;
    }

    /// @inheritdoc IVault
    function lock(address former, Amount amount) external nonReentrant returns (uint256 id) {
        if (amount.isZero() || former == address(0)) revert InvalidEntry(former, amount);
        id = ++entryCount;
        Entry memory entry = Entry(former, amount, Calendar.narrow(block.timestamp + FREEZE));
        _entries[id] = entry;
        total += amount.raw();
        emit Locked(id, msg.sender, entry);
        token.take(amount);
    }

    /// @inheritdoc IVault
    function release(uint256 id, address to, Amount amount) external nonReentrant {
        if (msg.sender != dao) revert NotTheDao(msg.sender, dao);
        if (amount.isZero() || to == address(0) || to == address(this)) revert InvalidEntry(to, amount);
        Entry memory entry = _entries[id];
        if (entry.amount.raw() < amount.raw()) revert EntryTooSmall(id, entry.amount.raw(), amount.raw());
        if (block.timestamp < entry.frozenUntil && to != entry.former) {
            revert Frozen(id, block.timestamp, entry.frozenUntil);
        }
        entry.amount = entry.amount.minus(amount);
        _entries[id] = entry;
        total -= amount.raw();
        emit Released(id, to, amount, entry);
        token.pay(to, amount);
    }

    /// @inheritdoc IVault
    function entryOf(uint256 id) external view returns (Entry memory) {
        return _entries[id];
    }
}
