// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Market} from "../../src/Market.sol";
import {ProfileRegistry} from "../../src/ProfileRegistry.sol";
import "../../src/Types.sol";
import {IProfileRegistry} from "../../src/interfaces/IProfileRegistry.sol";
import {Signatures} from "../../src/lib/Signatures.sol";
import {System} from "../base/System.sol";
import {vm} from "../base/Vm.sol";

/// The contracts against the vectors that C++ reads, too: tests/vectors/eip712.
contract VectorsTest is System {
    Market private constant MARKET = Market(0x5FbDB2315678afecb367f032d93F642f64180aa3);
    ProfileRegistry private constant REGISTRY = ProfileRegistry(0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512);
    address private constant FIRST = 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266;
    address private constant SECOND = 0x70997970C51812dc3A010C7d01b50e0d17dc79C8;

    function setUp() public override {
        super.setUp();
        vm.etch(address(MARKET), address(market).code);
        vm.etch(address(REGISTRY), address(profiles).code);
    }

    function isBy(address signer, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return Signatures.isBy(signer, digest, signature);
    }

    function test_orders__hash_digest_and_signature_are_those_of_the_vectors() public view {
        string memory json = vm.readFile("../tests/vectors/eip712/orders.json");
        string[4] memory indices = ["0", "1", "2", "3"];
        for (uint256 i = 0; i < 4; ++i) {
            string memory at = string.concat(".orders[", indices[i], "]");
            Order memory order = abi.decode(vm.parseJsonBytes(json, string.concat(at, ".encoded")), (Order));
            bytes32 hash = bytes32(vm.parseJsonBytes(json, string.concat(at, ".structHash")));
            bytes32 digest = bytes32(vm.parseJsonBytes(json, string.concat(at, ".digest")));
            bytes memory signature = vm.parseJsonBytes(json, string.concat(at, ".signature"));
            vm.assertEq(OrderId.unwrap(MARKET.orderId(order)), hash, "struct hash");
            vm.assertEq(MARKET.digestOf(OrderId.wrap(hash)), digest, "digest");
            vm.assertTrue(this.isBy(order.author, digest, signature), "signature");
        }
    }

    function test_certificates__digest_and_signature_are_those_of_the_vectors() public view {
        bytes32 hash = bytes32(type(uint256).max / 255 * 0xab);
        check("0", Level.Identified, 1800086400, hash, "https://kyc.example/1", 5);
        check("1", Level.Registered, 1, 0, "", 0);
        bytes memory url;
        for (uint256 i = 0; i < 512; ++i) {
            url = bytes.concat(url, hex"c3bc");
        }
        uint256 max = type(uint256).max;
        check("2", Level.Professional, type(uint40).max, bytes32(max), string(url), max);
    }

    function check(
        string memory index,
        Level level,
        uint40 expiry,
        bytes32 hash,
        string memory url,
        uint256 nonce
    ) private view {
        string memory json = vm.readFile("../tests/vectors/eip712/certificates.json");
        string memory at = string.concat(".certificates[", index, "]");
        bytes32 digest = bytes32(vm.parseJsonBytes(json, string.concat(at, ".digest")));
        IProfileRegistry.SignedCertificate memory signed =
            IProfileRegistry.SignedCertificate(SECOND, FIRST, level, expiry, hash, url, nonce);
        vm.assertEq(REGISTRY.digestOf(signed), digest, "digest");
        bytes memory signature = vm.parseJsonBytes(json, string.concat(at, ".signature"));
        vm.assertTrue(this.isBy(FIRST, digest, signature), "signature");
    }
}
