#pragma once

#include "sonm/base/error_enum.hpp"

namespace sonm::crypto {

#define SONM_CRYPTO_ERRORS(X)                                                \
    X(wrong_passphrase, 1, "wrong passphrase")                               \
    X(malformed_keystore, 2, "not a keystore file that can be read")         \
    X(costly_keystore, 3, "the keystore asks for more work than is allowed") \
    X(empty_passphrase, 4, "a key is never stored without a passphrase")     \
    X(no_passphrase, 5, "no passphrase given")                               \
    X(no_such_key, 6, "no such key in the keystore")                         \
    X(ambiguous_key, 7, "more than one key fits")                            \
    X(key_exists, 8, "this key is in the keystore already")                  \
    X(invalid_key, 9, "not a private key of secp256k1")                      \
    X(malformed_rlp, 10, "not canonical RLP")                                \
    X(malformed_signature, 11, "not a signature")

/// What can go wrong with keys and signed data.
SONM_ERROR_ENUM(CryptoErrc, "crypto", SONM_CRYPTO_ERRORS)

}  // namespace sonm::crypto

SONM_REGISTER_ERROR_ENUM(sonm::crypto::CryptoErrc)
