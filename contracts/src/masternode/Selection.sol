// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICoordinator} from "../interfaces/ICoordinator.sol";
import {IMasternodes} from "../interfaces/IMasternodes.sol";
import {SignerSet} from "./Signers.sol";

/// @title Who may propose
/// @notice The seed of an epoch is made of secrets that were promised two epochs before and told one epoch before: nothing
/// that a proposer writes is in it. Who is last to tell may withhold, and then is not selected itself. If nobody
/// takes part the selection can be foreseen, and still works.
abstract contract Selection is ICoordinator {
    uint256 private constant SEATS = 3;

    IMasternodes public immutable masternodes;
    uint40 public immutable epochLength;
    mapping(uint64 epoch => bytes32) public seedOf;
    mapping(uint64 epoch => mapping(address account => bytes32)) public promiseOf;

    constructor(IMasternodes masternodes_, uint40 epochLength_) {
        masternodes = masternodes_;
        epochLength = epochLength_;
    }

    /// @inheritdoc ICoordinator
    function commit(uint64 epoch, bytes32 hash) external {
        if (epoch != _epochNow() + 2) revert WrongEpoch(epoch, _epochNow() + 2, _epochNow() + 2);
        if (masternodes.nodeOf(msg.sender).state != IMasternodes.State.Active || hash == 0) {
            revert WrongSecret();
        }
        if (promiseOf[epoch][msg.sender] != 0) revert WrongSecret();
        promiseOf[epoch][msg.sender] = hash;
        emit Committed(epoch, msg.sender, hash);
    }

    /// @inheritdoc ICoordinator
    function reveal(uint64 epoch, bytes32 secret) external {
        if (epoch != _epochNow() + 1) revert WrongEpoch(epoch, _epochNow() + 1, _epochNow() + 1);
        if (promiseOf[epoch][msg.sender] != keccak256(abi.encode(epoch, msg.sender, secret))) {
            revert WrongSecret();
        }
        delete promiseOf[epoch][msg.sender];
        seedOf[epoch] = keccak256(abi.encode(seedOf[epoch], secret));
        emit Revealed(epoch, msg.sender, secret);
    }

    /// @inheritdoc ICoordinator
    function selected(uint64 epoch, SignerSet calldata set) public view returns (address[3] memory seats) {
        uint256 total;
        for (uint256 i = 0; i < set.members.length; ++i) {
            total += _chance(epoch, set, i);
        }
        if (total == 0) return seats;
        for (uint256 seat = 0; seat < SEATS; ++seat) {
            uint256 point = uint256(keccak256(abi.encode(seedOf[epoch], epoch, seat))) % total;
            for (uint256 i = 0; i < set.members.length; ++i) {
                uint256 chance = _chance(epoch, set, i);
                if (point < chance) {
                    seats[seat] = set.members[i].account;
                    break;
                }
                point -= chance;
            }
        }
    }

    function _requireProposer(uint64 epoch, address proposer, SignerSet calldata set) internal view {
        // Open to all members an epoch and a quarter after the epoch's end.
        uint256 openAt = (uint256(epoch) + 1) * epochLength + uint256(epochLength) * 5 / 4;
        if (block.timestamp >= openAt) {
            for (uint256 i = 0; i < set.members.length; ++i) {
                if (set.members[i].account == proposer) return;
            }
        } else {
            address[3] memory seats = selected(epoch, set);
            for (uint256 i = 0; i < SEATS; ++i) {
                if (seats[i] == proposer && proposer != address(0)) return;
            }
        }
        revert NotSelected(proposer);
    }

    function _epochNow() internal view returns (uint64) {
        return uint64(block.timestamp / epochLength);
    }

    function _chance(uint64 epoch, SignerSet calldata set, uint256 i) private view returns (uint256) {
        return promiseOf[epoch][set.members[i].account] == 0 ? set.members[i].weight : 0;
    }
}
