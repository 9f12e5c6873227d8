// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// A wallet contract that accepts its owner's signatures, or misbehaves as it is told to.
contract Wallet1271 is IERC1271 {
    enum Mode {
        Honest,
        Reverting,
        /// Burns all the gas that it is given.
        Burning,
        /// Answers with a flood of bytes.
        Flooding,
        /// Answers yes in 4 bytes instead of a word.
        Short
    }

    address private immutable _owner;
    Mode public mode;

    constructor(address owner) {
        _owner = owner;
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    /// Does what its owner wants.
    function act(address target, bytes calldata call) external {
        (bool ok,) = target.call(call);
        require(ok, "wallet: refused");
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (mode == Mode.Reverting) revert("wallet says no");
        if (mode == Mode.Burning) {
            assembly {
                invalid()
            }
        }
        if (mode == Mode.Flooding) {
            assembly {
                return(0, 30000)
            }
        }
        if (mode == Mode.Short) {
            bytes4 yes = IERC1271.isValidSignature.selector;
            assembly {
                mstore(0, yes)
                return(0, 4)
            }
        }
        (address signer,,) = ECDSA.tryRecover(digest, signature);
        return signer == _owner ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
