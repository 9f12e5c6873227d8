#pragma once

#include "sonm/base/u256.hpp"
#include "sonm/crypto/types.hpp"

#include <map>
#include <optional>

namespace sonm::crypto {

/// One struct being hashed by the rules of EIP-712. Each call declares a member and gives its value, in
/// order, so that the type text and the data cannot disagree:
///
///     Hash order = TypedStruct("Order").address("author", author).number("uint64", "expiry", expiry).hash();
///
/// Values that do not fit their declared type are a defect of the caller and are not checked here. Source:
/// EIP-712.
class TypedStruct {
public:
    explicit TypedStruct(std::string name) : name_(std::move(name)) {}

    /// Any uintN: `type` is its spelling.
    TypedStruct& number(std::string_view type, std::string_view name, U256 value);
    TypedStruct& boolean(std::string_view name, bool value);
    TypedStruct& address(std::string_view name, const Address& value);
    TypedStruct& bytes32(std::string_view name, const Hash& value);
    TypedStruct& string(std::string_view name, std::string_view value);
    TypedStruct& bytes(std::string_view name, BytesView value);
    /// An array of numbers: `type` is "uint64[]" or "uint64[12]".
    TypedStruct& numbers(std::string_view type, std::string_view name, std::span<const U256> values);
    TypedStruct& nested(std::string_view name, const TypedStruct& value);
    /// "address[]"
    TypedStruct& addresses(std::string_view name, std::span<const Address> values);
    /// An array of structs. `sample` is any struct of their type: it declares the type of an empty array.
    TypedStruct& array(std::string_view name, const TypedStruct& sample, std::span<const TypedStruct> values);

    /// "Mail(Person from,string contents)Person(string name)".
    std::string type_text() const;
    /// Keccak-256 of the type text: the contract's TYPEHASH constant.
    Hash type_hash() const;
    /// hashStruct of the EIP.
    Hash hash() const;

private:
    void refer_to(const TypedStruct& other);
    TypedStruct& word(std::string_view type, std::string_view name, const FixedBytes<32>& value);
    std::string own_text() const { return name_ + "(" + members_ + ")"; }

    std::string name_;
    std::string members_;
    std::map<std::string, std::string> referenced_;  ///< name -> own text; the EIP wants them sorted by name
    Bytes data_;
};

/// What a signature is bound to, besides its content: the application, the chain, the contract.
struct Eip712Domain {
    std::string name;
    std::string version;
    std::uint64_t chain_id = 0;
    std::optional<Address> verifying_contract;  ///< left out of the type for messages that no contract checks
};

Hash domain_separator(const Eip712Domain& domain);
/// What is signed: keccak256(0x19 ‖ 0x01 ‖ domain separator ‖ struct hash).
Hash typed_digest(const Hash& domain_separator, const Hash& struct_hash);

}  // namespace sonm::crypto
