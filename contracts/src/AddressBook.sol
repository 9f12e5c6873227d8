// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @title Where the contracts are
/// @notice Contracts never change: a new version is deployed beside the old one, and this book, which the DAO governs,
/// points clients to it, while the old one drains. Nothing but clients reads it: no contract's money or rules depend
/// on an entry, so whoever writes here can mislead new callers and cannot touch what is anybody's.
contract AddressBook is Ownable {
    /// @notice `name` is at `to` from now on, as `version`, from 1.
    event Entered(bytes32 indexed name, address indexed to, uint256 version);

    /// @notice Thrown when an entry is empty or is what stands there already.
    error NothingNew(bytes32 name, address to);

    mapping(bytes32 name => address[]) private _entries;

    /// @param admin The DAO's timelock; the deploying account until it hands over.
    constructor(address admin) Ownable(admin) {}

    /// @notice Enters the next version of `name`. Admin only.
    function enter(bytes32 name, address to) external onlyOwner {
        address[] storage versions = _entries[name];
        if (to == address(0) || (versions.length != 0 && versions[versions.length - 1] == to)) {
            revert NothingNew(name, to);
        }
        versions.push(to);
        emit Entered(name, to, versions.length);
    }

    /// @notice The version that new business goes to, and its number; zeros if there is none.
    function find(bytes32 name) external view returns (address to, uint256 version) {
        version = _entries[name].length;
        if (version != 0) to = _entries[name][version - 1];
    }

    /// @notice An earlier version, which may still be draining. Zero if there is none.
    function entryOf(bytes32 name, uint256 version) external view returns (address) {
        return version == 0 || version > _entries[name].length ? address(0) : _entries[name][version - 1];
    }
}
