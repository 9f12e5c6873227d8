// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Level} from "./Types.sol";
import {IProfileRegistry} from "./interfaces/IProfileRegistry.sol";
import {NonceMap} from "./lib/NonceMap.sol";
import {Signatures} from "./lib/Signatures.sol";

/// @title Who an account is, see {IProfileRegistry}
contract ProfileRegistry is IProfileRegistry, Ownable2Step, EIP712 {
    using NonceMap for NonceMap.Used;

    struct Certificate {
        address validator;
        Level level;
        uint40 expiry;
    }

    /// What matching asks about every account, in one slot.
    struct Account {
        address master;
        uint32 workers;
        bool keepsList;
    }

    uint256 public constant TEXT_BYTES_MAX = 1024;
    bytes32 private constant CERTIFICATE_TYPEHASH = keccak256(
        "Certificate(address account,address validator,uint8 level,uint40 expiry,bytes32 hash,string url,uint256 nonce)"
    );

    address public immutable blacklist;
    mapping(address validator => Level) public validatorLevel;
    mapping(address account => Certificate) public certificateOf;
    mapping(address account => mapping(bytes32 key => string)) public attributeOf;
    mapping(address worker => address) public requestedMaster;
    mapping(address account => Account) private _accounts;
    NonceMap.Used private _nonces;

    /// @param admin Registers validators.
    /// @param blacklist_ May note who keeps a list. It does not exist yet: its address is known beforehand.
    constructor(address admin, address blacklist_) Ownable(admin) EIP712("SONM ProfileRegistry", "1") {
        blacklist = blacklist_;
    }

    /// @inheritdoc IProfileRegistry
    function setValidator(address validator, Level level) external onlyOwner {
        validatorLevel[validator] = level;
        emit ValidatorSet(validator, level);
    }

    /// @inheritdoc IProfileRegistry
    function certify(address account, Level level, uint40 expiry, bytes32 hash, string calldata url)
        external
    {
        _certify(account, msg.sender, level, expiry, hash, url);
    }

    /// @inheritdoc IProfileRegistry
    function certifySigned(SignedCertificate calldata signed, bytes calldata signature) external {
        address validator = signed.validator;
        if (!_nonces.use(validator, signed.nonce)) revert CertificateUsed(validator, signed.nonce);
        if (!Signatures.isBy(validator, digestOf(signed), signature)) {
            revert CertificateNotSigned(signed.account, validator);
        }
        _certify(signed.account, validator, signed.level, signed.expiry, signed.hash, signed.url);
    }

    /// @inheritdoc IProfileRegistry
    function cancelCertificate(uint256 nonce) external {
        _nonces.useAll(msg.sender, nonce >> 8, 1 << (nonce & 0xff));
        emit CertificateCancelled(msg.sender, nonce);
    }

    /// @inheritdoc IProfileRegistry
    function isCertificateUsed(address validator, uint256 nonce) external view returns (bool) {
        return _nonces.isUsed(validator, nonce);
    }

    /// @inheritdoc IProfileRegistry
    function digestOf(SignedCertificate calldata signed) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    CERTIFICATE_TYPEHASH,
                    signed.account,
                    signed.validator,
                    signed.level,
                    signed.expiry,
                    signed.hash,
                    keccak256(bytes(signed.url)),
                    signed.nonce
                )
            )
        );
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
        Account memory worker = _accounts[msg.sender];
        if (master == msg.sender || worker.master != address(0) || worker.workers != 0) {
            revert CannotBeWorker(msg.sender, master);
        }
        requestedMaster[msg.sender] = master;
        emit MasterRequested(msg.sender, master);
    }

    /// @inheritdoc IProfileRegistry
    function confirmWorker(address worker) external {
        if (requestedMaster[worker] != msg.sender) revert NotRequested(worker, msg.sender);
        if (_accounts[msg.sender].master != address(0)) revert CannotBeMaster(msg.sender);
        // The worker may have become a master since it asked.
        if (_accounts[worker].workers != 0) revert CannotBeWorker(worker, msg.sender);
        delete requestedMaster[worker];
        _accounts[worker].master = msg.sender;
        ++_accounts[msg.sender].workers;
        emit MasterSet(worker, msg.sender);
    }

    /// @inheritdoc IProfileRegistry
    function unbind(address worker) external {
        address master = _accounts[worker].master;
        address other = master == address(0) ? requestedMaster[worker] : master;
        if (msg.sender != worker && msg.sender != other) revert NotBound(worker, msg.sender);
        if (master != address(0)) {
            delete _accounts[worker].master;
            --_accounts[master].workers;
        }
        delete requestedMaster[worker];
        emit MasterSet(worker, address(0));
    }

    /// @inheritdoc IProfileRegistry
    function masterOf(address account) public view returns (address master) {
        (master,) = _recordOf(account);
    }

    /// @inheritdoc IProfileRegistry
    function workersOf(address master) external view returns (uint256) {
        return _accounts[master].workers;
    }

    /// @inheritdoc IProfileRegistry
    function standing(address worker, address consumer)
        external
        view
        returns (address master, address buyer, bool keepLists)
    {
        (master, keepLists) = _recordOf(worker);
        if (master != worker && !keepLists) keepLists = _accounts[master].keepsList;
        bool buyerKeeps;
        (buyer, buyerKeeps) = _recordOf(consumer);
        keepLists = keepLists || buyerKeeps;
    }

    /// @inheritdoc IProfileRegistry
    function noteList(address account) external {
        if (msg.sender != blacklist) revert NotTheBlacklist(msg.sender, blacklist);
        _accounts[account].keepsList = true;
    }

    function _recordOf(address account) private view returns (address owner, bool keepsList) {
        Account storage record = _accounts[account];
        (owner, keepsList) = (record.master, record.keepsList);
        if (owner == address(0)) owner = account;
    }

    function _certify(
        address account,
        address validator,
        Level level,
        uint40 expiry,
        bytes32 hash,
        string calldata url
    ) private {
        Level max = validatorLevel[validator];
        if (level > max || max == Level.Anonymous) revert LevelTooHigh(validator, level, max);
        if (expiry <= block.timestamp) revert CertificateExpired(expiry, block.timestamp + 1);
        _checkText(url);
        address earlier = certificateOf[account].validator;
        Level inForce = _attested(account);
        if (earlier != validator && inForce != Level.Anonymous && inForce >= level) {
            revert CertificateInForce(account, earlier, inForce);
        }
        certificateOf[account] = Certificate(validator, level, expiry);
        emit CertificateSet(account, validator, level, expiry, hash, url);
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
