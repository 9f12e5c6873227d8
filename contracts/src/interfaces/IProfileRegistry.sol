// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Level} from "../Types.sol";

/// @title Who an account is: its master, its level, and what it says about itself
/// @notice Levels are attested by validators whom the admin (later the DAO) registers. No personal data: hash and URL.
interface IProfileRegistry {
    /// @notice A certificate that a validator signed off chain: EIP-712 typed data "Certificate" under the domain
    /// ("SONM ProfileRegistry", "1", chain, registry).
    struct SignedCertificate {
        address account;
        address validator;
        Level level;
        /// First second (Unix time) at which it no longer counts.
        uint40 expiry;
        /// Of the document that the validator keeps.
        bytes32 hash;
        /// Where it may be asked for.
        string url;
        /// Chosen by the validator, used once.
        uint256 nonce;
    }

    /// @notice `validator` may attest up to `level`; Anonymous = it is no validator (any more).
    event ValidatorSet(address indexed validator, Level level);

    /// @notice The certificate of `account` is now this one; `level` Anonymous = it has none.
    /// @param level What is attested.
    /// @param expiry First second (Unix time) at which it no longer counts.
    /// @param hash Of the document that the validator keeps.
    /// @param url Where it may be asked for.
    event CertificateSet(
        address indexed account,
        address indexed validator,
        Level level,
        uint40 expiry,
        bytes32 hash,
        string url
    );

    /// @notice `validator` took a signed certificate back before it was used; nobody can use it any more.
    event CertificateCancelled(address indexed validator, uint256 nonce);

    /// @notice `account` says about itself that `key` is `value`. Nobody vouches for it; level: none.
    event AttributeSet(address indexed account, bytes32 indexed key, string value);

    /// @notice `worker` asks `master` to be its master. An earlier request of the worker is dead. 0 = it asks nobody.
    event MasterRequested(address indexed worker, address indexed master);

    /// @notice The master of `worker` is now `master`; 0 = none. Its pending request, if any, is dead.
    event MasterSet(address indexed worker, address indexed master);

    /// @notice Thrown when a validator attests more than it may; `max` Anonymous = the caller is no validator.
    error LevelTooHigh(address validator, Level has, Level max);

    /// @notice Thrown when a living certificate of another validator is at least as high.
    error CertificateInForce(address account, address validator, Level has);

    /// @notice Thrown when a certificate was not signed by its validator for this registry on this chain.
    error CertificateNotSigned(address account, address validator);

    /// @notice Thrown when a signed certificate was used or cancelled before.
    error CertificateUsed(address validator, uint256 nonce);

    /// @notice Thrown when anybody but the blacklist notes who keeps one.
    error NotTheBlacklist(address has, address needs);

    /// @notice Thrown when somebody revokes a certificate that is neither its own nor issued by it.
    error CannotRevoke(address account, address by);

    /// @notice Thrown for a certificate that has expired already.
    error CertificateExpired(uint40 has, uint256 needs);

    /// @notice Thrown when a text is too long. Bytes.
    error TextTooLong(uint256 has, uint256 max);

    /// @notice Thrown when a worker that has a master, or leads workers itself, asks for one; for 0; and for itself.
    error CannotBeWorker(address worker, address master);

    /// @notice Thrown when the confirming account is a worker itself. Masters have no masters.
    error CannotBeMaster(address master);

    /// @notice Thrown when `worker` has not asked `master`, or asked another since.
    error NotRequested(address worker, address master);

    /// @notice Thrown when `by` is neither the worker nor its master.
    error NotBound(address worker, address by);

    /// @notice Longest attribute value and certificate URL, bytes.
    function TEXT_BYTES_MAX() external view returns (uint256);

    /// @notice Registers, changes or (Anonymous) removes a validator. A removed validator's certificates lapse, and
    /// count again if it is registered again.
    /// @dev Admin only. Emits {ValidatorSet}.
    function setValidator(address validator, Level level) external;

    /// @notice Highest level that `validator` may attest; Anonymous = it is none.
    function validatorLevel(address validator) external view returns (Level);

    /// @notice Attests `level` for `account`. Validators only. Replaces the validator's own earlier certificate, one
    /// that no longer counts, or a lower one.
    /// @dev Emits {CertificateSet}. Errors: {LevelTooHigh}, {CertificateInForce}, {CertificateExpired}, {TextTooLong}.
    function certify(address account, Level level, uint40 expiry, bytes32 hash, string calldata url) external;

    /// @notice {certify} with the validator's signature. Anyone may bring it, once: a certificate that was revoked later
    /// cannot be brought again.
    /// @dev Emits {CertificateSet}. Errors: {CertificateUsed}, {CertificateNotSigned} and those of {certify}.
    function certifySigned(SignedCertificate calldata signed, bytes calldata signature) external;

    /// @notice Makes the caller's signed certificate with this nonce worthless. Doing it twice is no error.
    /// @dev Emits {CertificateCancelled}. A certificate in force is ended by {revoke}.
    function cancelCertificate(uint256 nonce) external;

    /// @notice Whether a signed certificate of `validator` with this nonce was used or cancelled.
    function isCertificateUsed(address validator, uint256 nonce) external view returns (bool);

    /// @notice What the validator signs.
    function digestOf(SignedCertificate calldata signed) external view returns (bytes32);

    /// @notice Removes the certificate of `account`. By its validator, or by the account itself.
    /// @dev Emits {CertificateSet} with level Anonymous.
    function revoke(address account) external;

    /// @notice The stored certificate of `account`, whether it counts or not.
    function certificateOf(address account)
        external
        view
        returns (address validator, Level level, uint40 expiry);

    /// @notice Level of `account` now. A bound worker has its master's. Never above what the certificate's validator
    /// may attest today.
    function levelOf(address account) external view returns (Level);

    /// @notice Sets the caller's own attribute. `keccak256("endpoint")` is where a worker's buyers find it.
    /// @param value At most {TEXT_BYTES_MAX} bytes; empty removes it.
    /// @dev Emits {AttributeSet}.
    function setAttribute(bytes32 key, string calldata value) external;

    /// @notice What `account` says about itself; empty if nothing.
    function attributeOf(address account, bytes32 key) external view returns (string memory);

    /// @notice The caller, a worker, asks `master` to confirm it. Takes the place of its earlier request.
    /// @dev Emits {MasterRequested}. Errors: {CannotBeWorker}.
    function requestMaster(address master) external;

    /// @notice The caller takes `worker`, which asked for it. One level deep, one master at a time.
    /// @dev Emits {MasterSet}. Errors: {NotRequested}, {CannotBeMaster}, {CannotBeWorker}.
    function confirmWorker(address worker) external;

    /// @notice Ends the binding of `worker`, or withdraws its request. By the worker or its master. Open deals keep
    /// paying the master that they were opened with.
    /// @dev Emits {MasterSet} with 0. Errors: {NotBound}.
    function unbind(address worker) external;

    /// @notice The master of `account`, or `account` itself if it has none.
    function masterOf(address account) external view returns (address);

    /// @notice How many workers `master` leads.
    function workersOf(address master) external view returns (uint256);

    /// @notice What matching asks about the two authors, in one call.
    /// @return master {masterOf} the worker.
    /// @return buyer {masterOf} the consumer.
    /// @return keepLists Whether worker, master or consumer ever put anything on its blacklist or followed one. If not,
    /// their lists need not be asked.
    function standing(address worker, address consumer)
        external
        view
        returns (address master, address buyer, bool keepLists);

    /// @notice The only account that may call {noteList}.
    function blacklist() external view returns (address);

    /// @notice Notes that `account` keeps a blacklist from now on.
    /// @dev Blacklist only.
    function noteList(address account) external;

    /// @notice Whom `worker` asks to be its master; 0 = nobody.
    function requestedMaster(address worker) external view returns (address);
}
