#include "sonm/web/sign.hpp"

#include "sonm/base/errc.hpp"

#include <gtest/gtest.h>

namespace sonm::web {
namespace {

// Source of the vectors: Amazon S3 API reference, "Signature Calculations for the Authorization Header:
// Transferring Payload in a Single Chunk", examples of 24 May 2013.
const AwsAccount account{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1",
                         "s3"};
constexpr UnixTime time(1369353600);

std::string signature_of(const Request& request) {
    for (const Header& header : request.headers)
        if (header.name == "authorization") return header.value.substr(header.value.rfind('=') + 1);
    return "";
}

TEST(SignAws4, an_object_read_in_part_gets_the_published_signature) {
    Request request;
    request.url = "https://examplebucket.s3.amazonaws.com/test.txt";
    request.headers = {Header{"Range", "bytes=0-9"}};
    ASSERT_TRUE(sign_aws4(request, account, time));
    EXPECT_EQ(signature_of(request), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SignAws4, an_object_written_gets_the_published_signature) {
    Request request;
    request.method = "PUT";
    request.url = "https://examplebucket.s3.amazonaws.com/test%24file.text";
    request.headers = {Header{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                       Header{"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    request.body = "Welcome to Amazon S3.";
    ASSERT_TRUE(sign_aws4(request, account, time));
    EXPECT_EQ(signature_of(request), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SignAws4, queries_are_signed_sorted_and_with_empty_values) {
    Request request;
    request.url = "https://examplebucket.s3.amazonaws.com/?prefix=J&max-keys=2";
    ASSERT_TRUE(sign_aws4(request, account, time));
    EXPECT_EQ(signature_of(request), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    request = Request();
    request.url = "https://examplebucket.s3.amazonaws.com/?lifecycle";
    ASSERT_TRUE(sign_aws4(request, account, time));
    EXPECT_EQ(signature_of(request), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SignAws4, a_port_that_is_not_the_usual_one_is_part_of_the_host) {
    Request request;
    request.url = "http://127.0.0.1:4568/bucket/key";
    ASSERT_TRUE(sign_aws4(request, account, time));
    EXPECT_EQ(request.headers.front(), (Header{"host", "127.0.0.1:4568"}));
    request.url = "http://[broken/";
    EXPECT_TRUE(sign_aws4(request, account, time).error().is(Errc::invalid));
}

TEST(HmacSha256, the_vector_of_rfc_4231_case_2) {
    EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Base64, the_vectors_of_rfc_4648_both_ways) {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
        {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
    for (auto [plain, encoded] : vectors) {
        EXPECT_EQ(to_base64(as_bytes(plain)), encoded);
        EXPECT_EQ(as_text(parse_base64(encoded).value()), plain);
    }
    for (const char* wrong : {"Z", "Zg", "Zg=", "=", "====", "Zg==Zg==", "Z g=", "Zm9v\n", "Zm9-"})
        EXPECT_TRUE(parse_base64(wrong).error().is(Errc::invalid)) << wrong;
}

TEST(UrlEncode, everything_but_unreserved_letters_is_written_as_percent) {
    EXPECT_EQ(url_encode("a b/c~é"), "a%20b%2Fc~%C3%A9");
    EXPECT_EQ(url_encode("a b/c", "/"), "a%20b/c");
}

}  // namespace
}  // namespace sonm::web
