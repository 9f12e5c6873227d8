// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What an argument is filled with.
enum Fill {
    /// Zeros, empty texts, empty arrays.
    Zero,
    /// The largest value of the type; texts of 2,048 bytes; arrays of 65, which is more than any limit.
    Most,
    /// The same, but arrays of one, and 1 for what may be an enumeration.
    One
}

/// @title Arguments for any function, made from its signature
/// @notice Reads "f(uint8,(address,bytes[])[])" and writes the ABI encoding of arguments of these types.
library Encoder {
    uint256 private constant TEXT_BYTES = 2048;
    uint256 private constant MANY = 65;

    /// Selector and arguments.
    function call(string memory signature, Fill fill) internal pure returns (bytes memory) {
        bytes memory text = bytes(signature);
        uint256 from = 0;
        while (text[from] != "(") ++from;
        return bytes.concat(bytes4(keccak256(text)), value(slice(text, from, text.length), fill));
    }

    /// The encoding of one value; for a tuple, of its members.
    function value(bytes memory kind, Fill fill) private pure returns (bytes memory) {
        uint256 last = kind.length - 1;
        if (kind[last] == "]") return array(kind, fill);
        if (kind[0] == "(") return tuple(members(kind), fill);
        if (isText(kind)) {
            uint256 size = fill == Fill.Zero ? 0 : TEXT_BYTES;
            return bytes.concat(bytes32(size), new bytes(size));
        }
        return abi.encode(fill == Fill.Zero ? 0 : most(kind, fill));
    }

    /// The largest value of a type of one word.
    function most(bytes memory kind, Fill fill) private pure returns (uint256) {
        bytes32 name = keccak256(kind);
        if (name == keccak256("bool")) return 1;
        if (name == keccak256("address")) return type(uint160).max;
        if (kind[0] == "b") return type(uint256).max << (256 - 8 * number(kind, 5)); // bytesN
        uint256 bits = number(kind, kind[0] == "u" ? 4 : 3);
        if (kind[0] == "i") return (1 << (bits - 1)) - 1;
        if (bits == 8 && fill == Fill.One) return 1;
        return type(uint256).max >> (256 - bits);
    }

    function array(bytes memory kind, Fill fill) private pure returns (bytes memory) {
        uint256 open = kind.length - 1;
        while (kind[open] != "[") --open;
        bool isFixed = open + 2 != kind.length;
        uint256 count = isFixed ? number(kind, open + 1) : fill == Fill.Zero ? 0 : fill == Fill.One ? 1 : MANY;
        bytes[] memory kinds = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            kinds[i] = slice(kind, 0, open);
        }
        bytes memory content = tuple(kinds, fill);
        return isFixed ? content : bytes.concat(bytes32(count), content);
    }

    function tuple(bytes[] memory kinds, Fill fill) private pure returns (bytes memory) {
        bytes memory head;
        bytes memory tail;
        uint256 headSize = 0;
        bytes[] memory values = new bytes[](kinds.length);
        for (uint256 i = 0; i < kinds.length; ++i) {
            values[i] = value(kinds[i], fill);
            headSize += isDynamic(kinds[i]) ? 32 : values[i].length;
        }
        for (uint256 i = 0; i < kinds.length; ++i) {
            if (isDynamic(kinds[i])) {
                head = bytes.concat(head, bytes32(headSize + tail.length));
                tail = bytes.concat(tail, values[i]);
            } else {
                head = bytes.concat(head, values[i]);
            }
        }
        return bytes.concat(head, tail);
    }

    function isText(bytes memory kind) private pure returns (bool) {
        return keccak256(kind) == keccak256("bytes") || keccak256(kind) == keccak256("string");
    }

    function isDynamic(bytes memory kind) private pure returns (bool) {
        if (isText(kind)) return true;
        if (kind[kind.length - 1] == "]") {
            uint256 open = kind.length - 1;
            while (kind[open] != "[") --open;
            return open + 2 == kind.length || isDynamic(slice(kind, 0, open));
        }
        if (kind[0] != "(") return false;
        bytes[] memory kinds = members(kind);
        for (uint256 i = 0; i < kinds.length; ++i) {
            if (isDynamic(kinds[i])) return true;
        }
        return false;
    }

    /// "(a,(b,c)[],d)" → a, (b,c)[], d.
    function members(bytes memory kind) private pure returns (bytes[] memory kinds) {
        uint256 count = kind.length == 2 ? 0 : 1;
        for (uint256 pass = 0; pass < 2; ++pass) {
            uint256 depth = 0;
            uint256 from = 1;
            uint256 found = 0;
            for (uint256 i = 1; i + 1 < kind.length; ++i) {
                if (kind[i] == "(") ++depth;
                if (kind[i] == ")") --depth;
                if (kind[i] != "," || depth != 0) continue;
                if (pass == 1) kinds[found] = slice(kind, from, i);
                ++found;
                from = i + 1;
            }
            if (pass == 0) kinds = new bytes[](count == 0 ? 0 : found + 1);
            else if (count != 0) kinds[found] = slice(kind, from, kind.length - 1);
        }
    }

    /// The decimal number that begins at `from`.
    function number(bytes memory text, uint256 from) private pure returns (uint256 result) {
        while (from < text.length && text[from] >= "0" && text[from] <= "9") {
            result = 10 * result + uint8(text[from++]) - 48;
        }
    }

    function slice(bytes memory text, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = from; i < to; ++i) {
            part[i - from] = text[i];
        }
    }
}
