#include "sonm/settlement/signed_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sonm::settlement {
namespace {

using Json = nlohmann::ordered_json;

constexpr UnixTime now{1'000};

struct Signed : testing::Test {
    Signed() {
        network.name = "here";
        network.chain_id = 31337;
        network.market = Address{{1}};
        order.side = model::Side::bid;
        order.author = key.address();
        order.price = model::PricePerSecond(model::amount_max);
        order.duration = Seconds(3'600);
        order.netflags = model::NetFlags{~std::uint64_t(0)};
        order.tag = Hash{{7}};
        order.expiry = now + Seconds(60);
        order.nonce = model::OrderNonce(u256_max - 1);
        for (std::size_t i = 0; i < model::benchmark_count; ++i)
            order.benchmarks.values[i] = ~std::uint64_t(0) - i;
    }
    std::string changed(std::function<void(Json&)> change) const {
        Json file = Json::parse(to_text(sign_order(network, order, key)));
        change(file);
        return file.dump();
    }
    std::string error(std::function<void(Json&)> change) const {
        auto parsed = parse_signed_order(changed(std::move(change)));
        return parsed ? "it was taken" : parsed.error().message();
    }
    crypto::PrivateKey key = crypto::PrivateKey::generate();
    Network network;
    model::Order order;
};

TEST_F(Signed, order_comes_back_from_its_file_with_its_signer) {
    SignedOrder made = sign_order(network, order, key);
    auto read = parse_signed_order(to_text(made));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(*read, made);
    EXPECT_EQ(signer_of(*read), key.address());
    EXPECT_TRUE(check_place_and_time(*read, network, now));
}

TEST_F(Signed, file_declares_the_type_that_is_signed_so_that_wallets_can_sign_it_too) {
    Json file = Json::parse(to_text(sign_order(network, order, key)));
    EXPECT_EQ(file["types"]["Order"].size(), 15u);
    EXPECT_EQ(file["types"]["Order"][14]["type"], "uint256[4]");
    EXPECT_EQ(file["primaryType"], "Order");
    for (const Json& member : file["types"]["Order"])
        EXPECT_TRUE(file["message"].contains(member["name"].get<std::string>())) << member;
}

TEST_F(Signed, order_that_was_altered_has_another_signer) {
    auto read = parse_signed_order(changed([](Json& file) { file["message"]["price"] = "1"; }));
    ASSERT_TRUE(read);
    EXPECT_NE(signer_of(*read), key.address());
}

TEST_F(Signed, another_chain_market_or_time_is_refused_in_words) {
    SignedOrder made = sign_order(network, order, key);
    EXPECT_THAT(check_place_and_time(made, network, order.expiry).error().message(),
                testing::HasSubstr("has expired"));
    Network other = network;
    other.chain_id = 5;
    EXPECT_THAT(check_place_and_time(made, other, now).error().message(),
                testing::HasSubstr("signed for chain 31337"));
    other = network;
    other.market = Address{{9}};
    EXPECT_THAT(check_place_and_time(made, other, now).error().message(),
                testing::HasSubstr("signed for the market"));
    made.order.nonce = model::OrderNonce(u256_max);
    EXPECT_FALSE(check_place_and_time(made, network, now));
}

TEST_F(Signed, files_that_say_something_else_are_refused_with_the_member) {
    using testing::HasSubstr;
    EXPECT_THAT(error([](Json& f) { f["message"].erase("price"); }), HasSubstr("\"price\" is missing"));
    EXPECT_THAT(error([](Json& f) { f["message"]["price"] = -1; }), HasSubstr("\"price\""));
    EXPECT_THAT(error([](Json& f) { f["message"]["price"] = to_decimal(U256(1) << 96); }),
                HasSubstr("over 96 bits"));
    EXPECT_THAT(error([](Json& f) { f["message"]["side"] = 2; }), HasSubstr("\"side\" is 2"));
    EXPECT_THAT(error([](Json& f) { f["message"]["author"] = "0x12"; }), HasSubstr("\"author\""));
    EXPECT_THAT(error([](Json& f) { f["message"]["benchmarks"] = Json::array({"1"}); }),
                HasSubstr("benchmarks"));
    EXPECT_THAT(error([](Json& f) { f["domain"]["name"] = "Another Market"; }), HasSubstr("Another Market"));
    EXPECT_THAT(error([](Json& f) { f["signature"] = ""; }), HasSubstr("signature"));
    EXPECT_THAT(error([](Json& f) { f["signature"] = "0x" + std::string(2 * 9'000, 'a'); }),
                HasSubstr("signature"));
    EXPECT_THAT(error([](Json& f) { f = Json::array(); }), HasSubstr("no JSON object"));
    EXPECT_FALSE(parse_signed_order(std::string(signed_order_bytes_max + 1, ' ')));
    EXPECT_FALSE(parse_signed_order(std::string(5'000, '[')));
}

}  // namespace
}  // namespace sonm::settlement
