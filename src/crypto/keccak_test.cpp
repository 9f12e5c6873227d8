#include "sonm/crypto/keccak.hpp"

#include <botan/hash.h>
#include <gtest/gtest.h>

namespace sonm::crypto {
namespace {

std::string hex_of(std::string_view text) { return to_hex(keccak256(as_bytes(text)).bytes); }

TEST(Keccak, known_texts_give_the_published_digests) {
    EXPECT_EQ(hex_of(""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    EXPECT_EQ(hex_of("abc"), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    EXPECT_EQ(hex_of("transfer(address,uint256)").substr(0, 8), "a9059cbb");
}

TEST(Keccak, every_length_around_the_block_boundaries_agrees_with_botan) {
    auto oracle = Botan::HashFunction::create_or_throw("Keccak-1600(256)");
    Bytes data;
    for (std::size_t size = 0; size < 420; ++size) {
        auto expected = oracle->process(data.data(), data.size());
        Hash got = keccak256(data);
        ASSERT_TRUE(std::equal(expected.begin(), expected.end(), got.bytes.begin(), got.bytes.end())) << size;
        data.push_back(static_cast<std::uint8_t>(size * 131 + 7));
    }
}

TEST(Keccak, pieces_hash_like_their_join) {
    Bytes data = random_bytes(500);
    for (std::size_t cut = 0; cut <= data.size(); cut += 17) {
        BytesView whole(data);
        ASSERT_EQ(keccak256({whole.first(cut), whole.subspan(cut)}), keccak256(data)) << cut;
    }
}

}  // namespace
}  // namespace sonm::crypto
