#include "sonm/crypto/eip712.hpp"

#include "sonm/crypto/keccak.hpp"

namespace sonm::crypto {
namespace {

FixedBytes<32> padded(const Address& value) {
    FixedBytes<32> out{};
    std::memcpy(out.data() + 12, value.bytes.data(), value.bytes.size());
    return out;
}

}  // namespace

TypedStruct& TypedStruct::word(std::string_view type, std::string_view name, const FixedBytes<32>& value) {
    if (!members_.empty()) members_ += ',';
    members_.append(type).append(" ").append(name);
    append(data_, value);
    return *this;
}

TypedStruct& TypedStruct::number(std::string_view type, std::string_view name, U256 value) {
    return word(type, name, to_word(value));
}

TypedStruct& TypedStruct::boolean(std::string_view name, bool value) {
    return number("bool", name, U256(value));
}

TypedStruct& TypedStruct::address(std::string_view name, const Address& value) {
    return word("address", name, padded(value));
}

TypedStruct& TypedStruct::bytes32(std::string_view name, const Hash& value) {
    return word("bytes32", name, value.bytes);
}

TypedStruct& TypedStruct::string(std::string_view name, std::string_view value) {
    return word("string", name, keccak256(as_bytes(value)).bytes);
}

TypedStruct& TypedStruct::bytes(std::string_view name, BytesView value) {
    return word("bytes", name, keccak256(value).bytes);
}

TypedStruct& TypedStruct::numbers(std::string_view type, std::string_view name,
                                  std::span<const U256> values) {
    Bytes words;
    words.reserve(values.size() * 32);
    for (U256 value : values) append(words, to_word(value));
    return word(type, name, keccak256(words).bytes);
}

void TypedStruct::refer_to(const TypedStruct& other) {
    referenced_.insert(other.referenced_.begin(), other.referenced_.end());
    referenced_.emplace(other.name_, other.own_text());
}

TypedStruct& TypedStruct::addresses(std::string_view name, std::span<const Address> values) {
    Bytes words;
    for (const Address& value : values) append(words, padded(value));
    return word("address[]", name, keccak256(words).bytes);
}

TypedStruct& TypedStruct::array(std::string_view name, const TypedStruct& sample,
                                std::span<const TypedStruct> values) {
    refer_to(sample);
    Bytes hashes;
    for (const TypedStruct& value : values) append(hashes, value.hash().bytes);
    return word(sample.name_ + "[]", name, keccak256(hashes).bytes);
}

TypedStruct& TypedStruct::nested(std::string_view name, const TypedStruct& value) {
    refer_to(value);
    return word(value.name_, name, value.hash().bytes);
}

std::string TypedStruct::type_text() const {
    std::string text = own_text();
    for (const auto& [name, type] : referenced_) text += type;
    return text;
}

Hash TypedStruct::type_hash() const { return keccak256(as_bytes(type_text())); }

Hash TypedStruct::hash() const {
    Hash type = type_hash();
    return keccak256({type.bytes, data_});
}

Hash domain_separator(const Eip712Domain& domain) {
    TypedStruct text("EIP712Domain");
    text.string("name", domain.name)
        .string("version", domain.version)
        .number("uint256", "chainId", U256(domain.chain_id));
    if (domain.verifying_contract) text.address("verifyingContract", *domain.verifying_contract);
    return text.hash();
}

Hash typed_digest(const Hash& domain_separator, const Hash& struct_hash) {
    const FixedBytes<2> prefix = {0x19, 0x01};
    return keccak256({prefix, domain_separator.bytes, struct_hash.bytes});
}

}  // namespace sonm::crypto
