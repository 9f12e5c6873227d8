#include "sonm/crypto/transaction.hpp"

#include "sonm/crypto/errc.hpp"
#include "sonm/crypto/keccak.hpp"
#include "sonm/crypto/rlp.hpp"

namespace sonm::crypto {
namespace {

/// EIP-2718 envelope byte of EIP-1559 transactions.
constexpr std::uint8_t transaction_type = 0x02;

Bytes encode_fields(const Transaction& txn) {
    Bytes out;
    rlp_append(out, U256(txn.chain_id));
    rlp_append(out, U256(txn.nonce));
    rlp_append(out, txn.priority_fee_max);
    rlp_append(out, txn.fee_max);
    rlp_append(out, U256(txn.gas_limit));
    rlp_append(out, txn.to ? BytesView(txn.to->bytes) : BytesView());
    rlp_append(out, txn.value);
    rlp_append(out, BytesView(txn.data));
    rlp_append_list(out, {});  // access list
    return out;
}

Bytes envelope(BytesView fields) {
    Bytes out = {transaction_type};
    rlp_append_list(out, fields);
    return out;
}

Result<Transaction> read_fields(RlpReader& fields) {
    Transaction txn;
    SONM_TRY(txn.chain_id, fields.number_u64());
    SONM_TRY(txn.nonce, fields.number_u64());
    SONM_TRY(txn.priority_fee_max, fields.number());
    SONM_TRY(txn.fee_max, fields.number());
    SONM_TRY(txn.gas_limit, fields.number_u64());
    SONM_TRY(BytesView to, fields.bytes());
    if (!to.empty()) {
        if (to.size() != 20) return fail(CryptoErrc::malformed_rlp, "a receiver of {} bytes", to.size());
        std::memcpy(txn.to.emplace().bytes.data(), to.data(), to.size());
    }
    SONM_TRY(txn.value, fields.number());
    SONM_TRY(BytesView data, fields.bytes());
    txn.data = to_bytes(data);
    SONM_TRY(RlpReader access, fields.list());
    if (!access.done()) return fail(CryptoErrc::malformed_rlp, "an access list, which is not supported");
    return txn;
}

Result<Signature> read_signature(RlpReader& fields) {
    SONM_TRY(std::uint64_t parity, fields.number_u64());
    if (parity > 1) return fail(CryptoErrc::malformed_signature, "a parity of {}", parity);
    SONM_TRY(U256 r, fields.number());
    SONM_TRY(U256 s, fields.number());
    return Signature{to_word(r), to_word(s), static_cast<std::uint8_t>(parity)};
}

}  // namespace

Hash signing_digest(const Transaction& txn) { return keccak256(envelope(encode_fields(txn))); }

SignedTransaction sign(const Transaction& txn, const Signer& signer) {
    Bytes fields = encode_fields(txn);
    Signature signature = signer.sign(keccak256(envelope(fields)));
    rlp_append(fields, U256(signature.recovery));
    rlp_append(fields, from_word(signature.r));
    rlp_append(fields, from_word(signature.s));
    SignedTransaction out;
    out.raw = envelope(fields);
    out.hash = keccak256(out.raw);
    return out;
}

Result<ReadTransaction> parse_signed(BytesView raw) {
    if (raw.empty() || raw[0] != transaction_type) {
        return fail(CryptoErrc::malformed_rlp, "not a transaction of type {}", transaction_type);
    }
    SONM_TRY(RlpReader document, RlpReader::open(raw.subspan(1)));
    SONM_TRY(RlpReader fields, document.list());
    SONM_CHECK(document.end());
    ReadTransaction out;
    SONM_TRY(out.txn, read_fields(fields));
    SONM_TRY(Signature signature, read_signature(fields));
    SONM_CHECK(fields.end());
    auto sender = recover(signing_digest(out.txn), signature);
    if (!sender) return fail(CryptoErrc::malformed_signature, "nobody can have signed this transaction");
    out.sender = *sender;
    out.hash = keccak256(raw);
    return out;
}

}  // namespace sonm::crypto
