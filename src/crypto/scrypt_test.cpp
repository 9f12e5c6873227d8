#include "sonm/crypto/scrypt.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace sonm::crypto {
namespace {

std::string derived(std::string_view passphrase, std::string_view salt, std::uint64_t n, std::uint64_t r,
                    std::uint64_t p) {
    FixedBytes<64> out{};
    EXPECT_TRUE(scrypt(passphrase, as_bytes(salt), n, r, p, out));
    return to_hex(out);
}

/// RFC 7914 §12.
TEST(Scrypt, vectors_of_the_standard_come_out) {
    EXPECT_EQ(derived("", "", 16, 1, 1),
              "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
              "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
    EXPECT_EQ(derived("password", "NaCl", 1024, 8, 16),
              "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
              "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
    EXPECT_EQ(derived("pleaseletmein", "SodiumChloride", 16384, 8, 1),
              "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
              "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST(Scrypt, many_sizes_agree_with_openssl) {
    for (std::uint64_t n : {2, 4, 64, 256}) {
        for (std::uint64_t r : {1, 2, 3, 8}) {
            for (std::uint64_t p : {1, 2, 5}) {
                Bytes salt = random_bytes(n % 40);
                FixedBytes<64> expected{};
                ASSERT_EQ(EVP_PBE_scrypt("pass", 4, salt.data(), salt.size(), n, r, p, 64 * MiB,
                                         expected.data(), expected.size()),
                          1);
                EXPECT_EQ(derived("pass", as_text(salt), n, r, p), to_hex(expected))
                    << n << ' ' << r << ' ' << p;
            }
        }
    }
}

}  // namespace
}  // namespace sonm::crypto
