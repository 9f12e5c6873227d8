#pragma once

#include "sonm/base/u256.hpp"
#include "sonm/crypto/key.hpp"

#include <optional>

namespace sonm::crypto {

/// A transaction with a fee market (type 2). Amounts in wei. Source: EIP-1559, EIP-2718. Access lists are
/// always empty: nothing here needs them, and a transaction that carries one is refused when read.
struct Transaction {
    std::uint64_t chain_id = 0;
    std::uint64_t nonce = 0;
    U256 priority_fee_max = 0;  ///< per gas, to the block's author
    U256 fee_max = 0;           ///< per gas, in all
    std::uint64_t gas_limit = 0;
    std::optional<Address> to;  ///< none: creates a contract from `data`
    U256 value = 0;
    Bytes data;
};

/// What eth_sendRawTransaction takes, and the hash by which the chain will know it.
struct SignedTransaction {
    Bytes raw;
    Hash hash;
};

/// What is signed.
Hash signing_digest(const Transaction& txn);
SignedTransaction sign(const Transaction& txn, const Signer& signer);

struct ReadTransaction {
    Transaction txn;
    Address sender;
    Hash hash;
};
/// Reads a signed transaction and finds out who signed it. Errors: CryptoErrc::malformed_rlp,
/// malformed_signature, Errc::too_large, Errc::overflow (a field over 64 bits).
Result<ReadTransaction> parse_signed(BytesView raw);

}  // namespace sonm::crypto
