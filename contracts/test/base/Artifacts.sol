// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// Deploys what forge compiled from the sources or, with SONM_TEST_ARTIFACTS=true, the committed artifacts.
abstract contract Artifacts {
    function deploy(string memory name, bytes memory creationCode, bytes memory arguments)
        internal
        returns (address result)
    {
        if (fromArtifacts()) {
            string memory json = vm.readFile(string.concat("artifacts/", name, ".json"));
            creationCode = vm.parseJsonBytes(json, ".bytecode");
        }
        bytes memory code = bytes.concat(creationCode, arguments);
        assembly {
            result := create(0, add(code, 0x20), mload(code))
        }
        vm.assertTrue(result != address(0), string.concat(name, " is deployed"));
        vm.label(result, name);
    }

    function fromArtifacts() internal view virtual returns (bool) {
        return vm.envOr("SONM_TEST_ARTIFACTS", false);
    }
}
