#include "sonm/crypto/transaction.hpp"

#include "sonm/crypto/development_keys.hpp"
#include "sonm/crypto/errc.hpp"
#include "sonm/crypto/keccak.hpp"

#include <gtest/gtest.h>

namespace sonm::crypto {
namespace {

PrivateKey key() { return PrivateKey::from_bytes(*parse_hex_fixed<32>(development_keys[0])).value(); }

Transaction payment() {
    Transaction txn;
    txn.chain_id = 31337;
    txn.nonce = 7;
    txn.priority_fee_max = 1'000'000'000;
    txn.fee_max = 30'000'000'000;
    txn.gas_limit = 21'000;
    txn.to = parse_address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8").value();
    txn.value = 1'000'000'000'000'000'000;
    return txn;
}

// Expected bytes: `cast mktx --chain 31337 --nonce 7 ...` of Foundry 1.7.1, offline.
constexpr std::string_view payment_raw =
    "02f875827a6907843b9aca008506fc23ac008252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3a764000080"
    "c080a049e6"
    "d9541026bf2941d2c99a56297c9957181fe6a191c5b48fffa328292dd434a03638b22118ba2ec7c9983d4726ee37549e3e200a82"
    "fe87a49a1a"
    "d0b50ab7f2c1";

TEST(Transaction, payment_is_signed_to_the_same_bytes_as_foundry_signs) {
    SignedTransaction signed_txn = sign(payment(), key());
    EXPECT_EQ(to_hex(signed_txn.raw), payment_raw);
    EXPECT_EQ(signed_txn.hash, keccak256(signed_txn.raw));
}

TEST(Transaction, call_with_data_and_zero_value_is_signed_to_the_same_bytes_as_foundry_signs) {
    Transaction txn = payment();
    txn.nonce = 128;
    txn.priority_fee_max = 1;
    txn.fee_max = 300;
    txn.gas_limit = 300'000;
    txn.value = 0;
    // transfer(0x3C44…, 12345)
    txn.data = *parse_hex(
        "a9059cbb0000000000000000000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc"
        "0000000000000000000000000000000000000000000000000000000000003039");
    EXPECT_EQ(to_hex(sign(txn, key()).raw),
              "02f8ad827a6981800182012c830493e09470997970c51812dc3a010c7d01b50e0d17dc79c880b844a9059cbb000000"
              "0000000000"
              "000000003c44cdddb6a900fa2b585dd299e03d12fa4293bc0000000000000000000000000000000000000000000000"
              "0000000000"
              "00003039c080a0f432d29fc342ec3ea65309284ac6dff824a3e5e3b5f94de19a776e928f0e929ca0155936f0be23f9"
              "183b5344be"
              "dadbdfc32ca54b8f0e9eb1744b6af450a89bc287");
}

TEST(Transaction, signed_bytes_read_back_to_the_same_fields_and_signer) {
    Transaction txn = payment();
    txn.to.reset();
    txn.data = random_bytes(300);
    SignedTransaction signed_txn = sign(txn, key());
    auto read = parse_signed(signed_txn.raw);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->sender, key().address());
    EXPECT_EQ(read->hash, signed_txn.hash);
    EXPECT_EQ(read->txn.to, std::nullopt);
    EXPECT_EQ(read->txn.data, txn.data);
    EXPECT_EQ(signing_digest(read->txn), signing_digest(txn));
}

TEST(Transaction, changed_field_changes_the_signer) {
    Bytes raw = *parse_hex(payment_raw);
    raw[5] ^= 1;  // the nonce
    auto read = parse_signed(raw);
    EXPECT_TRUE(!read || read->sender != key().address());
}

TEST(Transaction, every_cut_of_the_bytes_is_refused) {
    Bytes raw = *parse_hex(payment_raw);
    for (std::size_t size = 0; size < raw.size(); ++size)
        EXPECT_FALSE(parse_signed(BytesView(raw).first(size))) << size;
    raw.push_back(0);
    EXPECT_TRUE(parse_signed(raw).error().is(CryptoErrc::malformed_rlp));
    raw[0] = 1;
    EXPECT_FALSE(parse_signed(raw));
}

}  // namespace
}  // namespace sonm::crypto
