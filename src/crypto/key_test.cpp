#include "sonm/crypto/key.hpp"

#include "sonm/crypto/development_keys.hpp"
#include "sonm/crypto/errc.hpp"
#include "sonm/crypto/keccak.hpp"

#include <gtest/gtest.h>

namespace sonm::crypto {
namespace {

PrivateKey key_of(std::string_view hex) { return PrivateKey::from_bytes(*parse_hex_fixed<32>(hex)).value(); }

TEST(Key, development_keys_have_the_addresses_that_every_development_chain_funds) {
    constexpr std::string_view addresses[] = {
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
        "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65", "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
        "0x976EA74026E726554dB657fA54763abd0C3a0aa9", "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
        "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f", "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"};
    for (std::size_t i = 0; i < development_keys.size(); ++i) {
        EXPECT_EQ(to_string(key_of(development_keys[i]).address()), addresses[i]) << i;
    }
}

TEST(Key, known_key_and_digest_give_the_known_deterministic_signature) {
    // The "Mail" example of EIP-712: the key is keccak256("cow").
    Hash secret = keccak256(as_bytes("cow"));
    PrivateKey cow = PrivateKey::from_bytes(secret.bytes).value();
    EXPECT_EQ(to_string(cow.address()), "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826");
    Hash digest = parse_hash("0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2").value();
    EXPECT_EQ(to_hex(to_rsv(cow.sign(digest))),
              "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
              "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562"
              "1c");
}

TEST(Key, signature_recovers_its_signer_and_nobody_else) {
    PrivateKey key = PrivateKey::generate();
    Hash digest = keccak256(as_bytes("hello"));
    Signature signature = key.sign(digest);
    EXPECT_EQ(recover(digest, signature), key.address());
    EXPECT_NE(recover(keccak256(as_bytes("hallo")), signature), key.address());
    signature.recovery ^= 1;
    EXPECT_NE(recover(digest, signature), key.address());
}

TEST(Key, high_s_twin_of_a_signature_is_refused) {
    PrivateKey key = key_of(development_keys[0]);
    Hash digest = keccak256(as_bytes("hello"));
    Signature signature = key.sign(digest);
    // order - s is the other signature of the same point; EIP-2 forbids it, so that a transaction has one
    // hash.
    Bytes order = *parse_hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    int borrow = 0;
    for (int i = 31; i >= 0; --i) {
        int digit = order[static_cast<std::size_t>(i)] - signature.s[static_cast<std::size_t>(i)] - borrow;
        borrow = digit < 0;
        signature.s[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(digit & 255);
    }
    signature.recovery ^= 1;
    EXPECT_EQ(recover(digest, signature), std::nullopt);
}

TEST(Key, zero_and_values_from_the_order_up_are_no_keys) {
    for (std::string_view hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                                 "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
                                 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
        auto key = PrivateKey::from_bytes(*parse_hex_fixed<32>(hex));
        ASSERT_FALSE(key) << hex;
        EXPECT_TRUE(key.error().is(CryptoErrc::invalid_key));
    }
}

TEST(Key, moved_from_key_is_wiped) {
    PrivateKey key = PrivateKey::generate();
    Address address = key.address();
    PrivateKey other = std::move(key);
    EXPECT_EQ(key.secret(), FixedBytes<32>{});
    EXPECT_EQ(other.address(), address);
}

TEST(Signature, rsv_form_survives_a_round_trip_and_takes_both_spellings_of_v) {
    Signature signature = key_of(development_keys[1]).sign(keccak256(as_bytes("x")));
    FixedBytes<65> rsv = to_rsv(signature);
    EXPECT_EQ(parse_rsv(rsv), signature);
    rsv[64] = static_cast<std::uint8_t>(rsv[64] - 27);
    EXPECT_EQ(parse_rsv(rsv), signature);
    rsv[64] = 29;
    EXPECT_FALSE(parse_rsv(rsv));
    EXPECT_FALSE(parse_rsv(BytesView(rsv).first(64)));
}

TEST(Signature, zeros_recover_nobody) { EXPECT_EQ(recover(Hash{}, Signature{}), std::nullopt); }

}  // namespace
}  // namespace sonm::crypto
