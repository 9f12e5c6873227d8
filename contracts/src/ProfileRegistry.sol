// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {Level} from "./Types.sol";
import {IProfileRegistry} from "./interfaces/IProfileRegistry.sol";

/// @title Who an account is, see {IProfileRegistry}
contract ProfileRegistry is IProfileRegistry, Ownable2Step {
    struct Certificate {
        address validator;
        Level level;
        uint40 expiry;
    }

    uint256 public constant TEXT_BYTES_MAX = 1024;

    mapping(address validator => Level) public validatorLevel;
    mapping(address account => Certificate) public certificateOf;
    mapping(address account => mapping(bytes32 key => string)) public attributeOf;
    mapping(address worker => address) public requestedMaster;
    mapping(address worker => address) private _master;
    mapping(address master => uint256) private _workers;

    /// @param admin Registers validators.
    constructor(address admin) Ownable(admin) {}

    /// @inheritdoc IProfileRegistry
    function setValidator(address validator, Level level) external onlyOwner {
        validatorLevel[validator] = level;
        emit ValidatorSet(validator, level);
    }

    /// @inheritdoc IProfileRegistry
    function certify(address account, Level level, uint40 expiry, bytes32 hash, string calldata url)
        external
    {
        Level max = validatorLevel[msg.sender];
        if (level > max || max == Level.Anonymous) revert LevelTooHigh(msg.sender, level, max);
        if (expiry <= block.timestamp) revert CertificateExpired(expiry, block.timestamp + 1);
        _checkText(url);
        address earlier = certificateOf[account].validator;
        Level inForce = _attested(account);
        if (earlier != msg.sender && inForce != Level.Anonymous && inForce >= level) {
            revert CertificateInForce(account, earlier, inForce);
        }
        certificateOf[account] = Certificate(msg.sender, level, expiry);
        emit CertificateSet(account, msg.sender, level, expiry, hash, url);
    }

    /// @inheritdoc IProfileRegistry
    function revoke(address account) external {
        address validator = certificateOf[account].validator;
        if (validator == address(0) || (msg.sender != account && msg.sender != validator)) {
            revert CannotRevoke(account, msg.sender);
        }
        delete certificateOf[account];
        emit CertificateSet(account, validator, Level.Anonymous, 0, 0, "");
    }

    /// @inheritdoc IProfileRegistry
    function levelOf(address account) external view returns (Level) {
        return _attested(masterOf(account));
    }

    /// @inheritdoc IProfileRegistry
    function setAttribute(bytes32 key, string calldata value) external {
        _checkText(value);
        attributeOf[msg.sender][key] = value;
        emit AttributeSet(msg.sender, key, value);
    }

    /// @inheritdoc IProfileRegistry
    function requestMaster(address master) external {
        if (master == msg.sender || _master[msg.sender] != address(0) || _workers[msg.sender] != 0) {
            revert CannotBeWorker(msg.sender, master);
        }
        requestedMaster[msg.sender] = master;
        emit MasterRequested(msg.sender, master);
    }

    /// @inheritdoc IProfileRegistry
    function confirmWorker(address worker) external {
        if (requestedMaster[worker] != msg.sender) revert NotRequested(worker, msg.sender);
        if (_master[msg.sender] != address(0)) revert CannotBeMaster(msg.sender);
        // The worker may have become a master since it asked.
        if (_workers[worker] != 0) revert CannotBeWorker(worker, msg.sender);
        delete requestedMaster[worker];
        _master[worker] = msg.sender;
        ++_workers[msg.sender];
        emit MasterSet(worker, msg.sender);
    }

    /// @inheritdoc IProfileRegistry
    function unbind(address worker) external {
        address master = _master[worker];
        if (master == address(0)) {
            if (msg.sender != worker && msg.sender != requestedMaster[worker]) {
                revert NotBound(worker, msg.sender);
            }
        } else {
            if (msg.sender != worker && msg.sender != master) revert NotBound(worker, msg.sender);
            delete _master[worker];
            --_workers[master];
        }
        delete requestedMaster[worker];
        emit MasterSet(worker, address(0));
    }

    /// @inheritdoc IProfileRegistry
    function masterOf(address account) public view returns (address) {
        address master = _master[account];
        return master == address(0) ? account : master;
    }

    /// What counts now of the account's own certificate.
    function _attested(address account) private view returns (Level) {
        Certificate memory certificate = certificateOf[account];
        if (block.timestamp >= certificate.expiry) return Level.Anonymous;
        Level max = validatorLevel[certificate.validator];
        return certificate.level < max ? certificate.level : max;
    }

    function _checkText(string calldata text) private pure {
        if (bytes(text).length > TEXT_BYTES_MAX) revert TextTooLong(bytes(text).length, TEXT_BYTES_MAX);
    }
}
