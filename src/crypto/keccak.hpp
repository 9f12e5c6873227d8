#pragma once

#include "sonm/crypto/types.hpp"

#include <initializer_list>

namespace sonm::crypto {

/// Keccak-256 with the original padding, as the EVM uses it (not SHA3-256). Source: the Keccak reference,
/// version 3.0.
Hash keccak256(BytesView data);
/// The same over several pieces, as if joined.
Hash keccak256(std::initializer_list<BytesView> pieces);

}  // namespace sonm::crypto
