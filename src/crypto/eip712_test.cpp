#include "sonm/crypto/eip712.hpp"

#include "sonm/crypto/keccak.hpp"

#include <gtest/gtest.h>

namespace sonm::crypto {
namespace {

Address address(std::string_view text) { return parse_address(text).value(); }

TEST(Eip712, mail_example_of_the_standard_gives_its_published_hashes) {
    TypedStruct from("Person"), to("Person"), mail("Mail");
    from.string("name", "Cow").address("wallet", address("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"));
    to.string("name", "Bob").address("wallet", address("0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"));
    mail.nested("from", from).nested("to", to).string("contents", "Hello, Bob!");
    EXPECT_EQ(mail.type_text(),
              "Mail(Person from,Person to,string contents)Person(string name,address wallet)");
    EXPECT_EQ(to_string(mail.type_hash()),
              "0xa0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2");
    EXPECT_EQ(to_string(mail.hash()), "0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");

    Eip712Domain domain{"Ether Mail", "1", 1, address("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC")};
    Hash separator = domain_separator(domain);
    EXPECT_EQ(to_string(separator), "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
    EXPECT_EQ(to_string(typed_digest(separator, mail.hash())),
              "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
}

TEST(Eip712, referenced_types_are_sorted_by_name_whatever_the_order_of_members) {
    TypedStruct a("A"), b("B"), outer("Outer");
    a.number("uint8", "x", 1);
    b.boolean("y", true).nested("a", a);
    outer.nested("b", b);
    EXPECT_EQ(outer.type_text(), "Outer(B b)A(uint8 x)B(bool y,A a)");
}

TEST(Eip712, array_of_numbers_is_the_hash_of_its_words) {
    const U256 values[] = {1, 2};
    TypedStruct typed("T");
    typed.numbers("uint64[]", "v", values);
    Bytes words(64);
    words[31] = 1;
    words[63] = 2;
    Hash type = keccak256(as_bytes("T(uint64[] v)")), array = keccak256(words);
    EXPECT_EQ(typed.hash(), keccak256({type.bytes, array.bytes}));
}

TEST(Eip712, arrays_of_structs_and_addresses_are_hashes_of_their_elements_and_declare_the_element_type) {
    TypedStruct one("Item"), other("Item"), list("List"), empty("List");
    one.number("uint8", "x", 1);
    other.number("uint8", "x", 2);
    const TypedStruct items[] = {one, other};
    const Address who[] = {address("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826")};
    list.array("items", one, items).addresses("who", who);
    empty.array("items", one, {}).addresses("who", {});
    EXPECT_EQ(list.type_text(), "List(Item[] items,address[] who)Item(uint8 x)");
    EXPECT_EQ(empty.type_hash(), list.type_hash());
    Bytes word(12);
    append(word, who[0].bytes);
    Hash type = list.type_hash(), nothing = keccak256(Bytes());
    Hash hashes = keccak256({one.hash().bytes, other.hash().bytes}), people = keccak256(word);
    EXPECT_EQ(list.hash(), keccak256({type.bytes, hashes.bytes, people.bytes}));
    EXPECT_EQ(empty.hash(), keccak256({type.bytes, nothing.bytes, nothing.bytes}));
}

TEST(Eip712, domain_without_a_contract_leaves_it_out_of_the_type) {
    Eip712Domain with{"SONM", "1", 1, Address{}}, without{"SONM", "1", 1, std::nullopt};
    EXPECT_NE(domain_separator(with), domain_separator(without));
}

}  // namespace
}  // namespace sonm::crypto
