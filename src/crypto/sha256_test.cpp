#include "sonm/crypto/sha256.hpp"

#include <gtest/gtest.h>

namespace sonm::crypto {
namespace {

TEST(Sha256, known_texts_give_the_published_digests) {
    EXPECT_EQ(to_hex(sha256({}).bytes), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abc")).bytes),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, pieces_hash_like_their_join_and_the_object_is_fresh_afterwards) {
    Sha256 hash;
    for (int round = 0; round < 2; ++round) {
        hash.update(as_bytes("a"));
        hash.update(as_bytes("bc"));
        EXPECT_EQ(hash.finish(), sha256(as_bytes("abc")));
    }
}

}  // namespace
}  // namespace sonm::crypto
