#include "sonm/settlement/typed_data.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/crypto/key.hpp"
#include "sonm/model/typed_order.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sonm::settlement {
namespace {

using Json = nlohmann::json;

/// Vectors that the contracts' own tests read, too.
Json vectors(const char* name) {
    auto path = std::filesystem::path(__FILE__).parent_path() / "../../tests/vectors/eip712" / name;
    return Json::parse(read_text(path, 4 * MiB).value());
}

std::string text(const Json& from) { return from.get<std::string>(); }
U256 number(const Json& from) { return parse_u256(text(from)).value(); }
std::uint64_t small(const Json& from) { return to_u64(number(from)).value(); }
Address address(const Json& from) { return crypto::parse_address(text(from)).value(); }
Hash hash(const Json& from) { return crypto::parse_hash(text(from)).value(); }
Verifier verifier(const Json& domain) {
    return Verifier{small(domain["chainId"]), address(domain["verifyingContract"])};
}
std::string separator(const Json& domain) {
    std::string name = text(domain["name"]);
    return to_string(crypto::domain_separator(domain_of(name.c_str(), verifier(domain))));
}

model::Order order_in(const Json& from) {
    model::Order out;
    out.side = static_cast<model::Side>(small(from["side"]));
    out.author = address(from["author"]);
    out.counterparty = address(from["counterparty"]);
    out.price = model::PricePerSecond(number(from["price"]));
    out.currency = static_cast<model::Currency>(small(from["currency"]));
    out.duration = Seconds(small(from["duration"]));
    out.netflags = model::NetFlags{small(from["netflags"])};
    out.identity = static_cast<model::Identity>(small(from["identity"]));
    out.blacklist = address(from["blacklist"]);
    out.tag = hash(from["tag"]);
    out.rate_min = model::Rate(number(from["rateMin"]));
    out.rate_max = model::Rate(number(from["rateMax"]));
    out.expiry = UnixTime(small(from["expiry"]));
    out.nonce = model::OrderNonce(number(from["nonce"]));
    std::array<U256, 4> words{};
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = number(from["benchmarks"][i]);
    out.benchmarks = model::unpack_benchmarks(words);
    EXPECT_EQ(model::pack_benchmarks(out.benchmarks), words);
    return out;
}

void expect_signed(const Json& one, const Hash& digest, const Address& author) {
    EXPECT_EQ(to_string(digest), text(one["digest"]));
    auto signature = crypto::parse_rsv(parse_hex(text(one["signature"])).value());
    ASSERT_TRUE(signature);
    EXPECT_EQ(crypto::recover(digest, *signature), author);
}

TEST(TypedData, orders_have_type_id_digest_and_signer_of_the_vectors) {
    Json file = vectors("orders.json");
    EXPECT_EQ(separator(file["domain"]), text(file["domainSeparator"]));
    EXPECT_EQ(model::typed_order(model::Order()).type_text(), text(file["type"]));
    ASSERT_GE(file["orders"].size(), 4u);
    for (const Json& one : file["orders"]) {
        model::Order order = order_in(one["order"]);
        EXPECT_EQ(to_string(model::order_id(order).value), text(one["structHash"])) << one["comment"];
        chain::Encoder words;
        bindings::put(words, order);
        EXPECT_EQ(to_hex0x(words.finish()), text(one["encoded"])) << one["comment"];
        expect_signed(one, order_digest(verifier(file["domain"]), order), order.author);
    }
}

TEST(TypedData, certificates_have_digest_and_signer_of_the_vectors) {
    Json file = vectors("certificates.json");
    EXPECT_EQ(separator(file["domain"]), text(file["domainSeparator"]));
    for (const Json& one : file["certificates"]) {
        const Json& from = one["certificate"];
        bindings::ProfileRegistrySignedCertificate certificate;
        certificate.account = address(from["account"]);
        certificate.validator = address(from["validator"]);
        certificate.level = static_cast<model::Identity>(small(from["level"]));
        certificate.expiry = UnixTime(small(from["expiry"]));
        certificate.hash = hash(from["hash"]);
        certificate.url = text(from["url"]);
        certificate.nonce = number(from["nonce"]);
        expect_signed(one, certificate_digest(verifier(file["domain"]), certificate), certificate.validator);
    }
}

// ---- masternodes and permits

bindings::SignerSet set_in(const Json& from) {
    bindings::SignerSet set;
    set.epoch = small(from["epoch"]);
    for (const Json& member : from["members"])
        set.members.push_back({address(member[0]), address(member[1]), Tokens(number(member[2]))});
    return set;
}

bindings::CoordinatorProposal proposal_in(const Json& from) {
    bindings::CoordinatorProposal out;
    out.epoch = small(from["epoch"]);
    out.proposer = address(from["proposer"]);
    out.previous = hash(from["previous"]);
    out.set_epoch = small(from["setEpoch"]);
    out.reward_root = hash(from["rewardRoot"]);
    out.reward_sum = Tokens(number(from["rewardSum"]));
    for (const Json& job : from["jobs"])
        out.jobs.push_back({hash(job[0]), hash(job[1]), Tokens(number(job[2]))});
    for (const Json& one : from["changes"])
        out.changes.push_back(
            {address(one[0]), small(one[1]), small(one[2]), small(one[3]), small(one[4]), small(one[5])});
    for (const Json& account : from["inactive"]) out.inactive.push_back(address(account));
    return out;
}

bindings::GatekeeperTransfer transfer_in(const Json& from) {
    bindings::GatekeeperTransfer out;
    out.source_chain = number(from["sourceChain"]);
    out.destination_chain = number(from["destinationChain"]);
    out.source = address(from["source"]);
    out.destination = address(from["destination"]);
    out.id = number(from["id"]);
    out.to = address(from["to"]);
    out.amount = Tokens(number(from["amount"]));
    return out;
}

Hash digest_in(const std::string& what, const Verifier& at, const Json& from) {
    if (what == "priceReport")
        return price_report_digest(at, small(from["epoch"]), model::Rate(number(from["rate"])));
    if (what == "release") return release_digest(at, transfer_in(from), small(from["setEpoch"]));
    if (what == "refund") return refund_digest(at, number(from["id"]), small(from["setEpoch"]));
    if (what == "thaw") return thaw_digest(at, UnixTime(small(from["frozenUntil"])), small(from["setEpoch"]));
    if (what == "handover") {
        bindings::SignerSet set = set_in(from);
        EXPECT_EQ(to_string(set_hash(set)), text(from["setHash"]));
        return handover_digest(at, Verifier{small(from["homeChain"]), address(from["home"])}, set);
    }
    if (what == "proposal") return proposal_digest(at, proposal_in(from));
    if (what == "permit") {
        Permit permit{address(from["owner"]), address(from["spender"]), Tokens(number(from["value"])),
                      number(from["nonce"]), UnixTime(small(from["deadline"]))};
        return permit_digest(at, "SONM", permit);
    }
    ADD_FAILURE() << "a vector of an unknown kind: " << what;
    return Hash();
}

TEST(TypedData, what_masternodes_sign_and_permits_have_the_digests_of_the_vectors) {
    Json file = vectors("masternodes.json");
    std::size_t cases = 0;
    for (const Json& group : file["groups"]) {
        EXPECT_EQ(separator(group["domain"]), text(group["domainSeparator"]));
        for (const Json& one : group["cases"]) {
            Hash digest = digest_in(text(group["what"]), verifier(group["domain"]), one["message"]);
            EXPECT_EQ(to_string(digest), text(one["digest"])) << group["what"] << one["message"];
            ++cases;
        }
    }
    EXPECT_EQ(cases, 17u);
}

TEST(TypedData, every_file_of_vectors_is_replayed_here) {
    auto folder = std::filesystem::path(__FILE__).parent_path() / "../../tests/vectors/eip712";
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") found.insert(entry.path().filename());
    }
    EXPECT_EQ(found, (std::set<std::string>{"certificates.json", "masternodes.json", "orders.json"}));
}

}  // namespace
}  // namespace sonm::settlement
