// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A blacklist that lets deals open and then refuses every entry, burning all the gas that it is given.
contract HostileBlacklist {
    function between(address, address, address, address, address) external pure returns (bool, bool) {
        return (false, false);
    }

    function addFor(address, address) external pure {
        assembly {
            invalid()
        }
    }
}
