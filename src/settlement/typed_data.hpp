#pragma once

#include "sonm/crypto/eip712.hpp"
#include "sonm/settlement/bindings/types.gen.hpp"

/// What accounts sign for our contracts (EIP-712). Each struct is declared here once for C++; that the
/// contracts mean the same is checked by tests/vectors/eip712 and on a chain
/// (tests/settlement_digests_test.cpp).
namespace sonm::settlement {

using crypto::Address;
using crypto::Hash;

/// The contract for which a signature is good, and its chain.
struct Verifier {
    std::uint64_t chain_id = 0;
    Address contract;
    bool operator==(const Verifier&) const = default;
};

/// The names under which our contracts take signatures; all have version "1".
inline constexpr const char* market_domain = "SONM Market";
inline constexpr const char* profiles_domain = "SONM ProfileRegistry";

crypto::Eip712Domain domain_of(const char* name, const Verifier& verifier);

/// For the market: an order that need not be in the book.
Hash order_digest(const Verifier& market, const model::Order& order);
/// For the profile registry, by a validator.
Hash certificate_digest(const Verifier& profiles,
                        const bindings::ProfileRegistrySignedCertificate& certificate);
/// For SNM ("SONM") and SNO ("SONM Reward"): an allowance (ERC-2612).
struct Permit {
    Address owner, spender;
    Tokens value;
    U256 nonce = 0;
    UnixTime deadline;
};
Hash permit_digest(const Verifier& token, const char* token_name, const Permit& permit);

// By masternodes.
Hash price_report_digest(const Verifier& reports, std::uint64_t epoch, model::Rate rate);
Hash release_digest(const Verifier& gate, const bindings::GatekeeperTransfer& transfer,
                    std::uint64_t set_epoch);
Hash refund_digest(const Verifier& gate, U256 deposit, std::uint64_t set_epoch);
Hash thaw_digest(const Verifier& gate, UnixTime frozen_until, std::uint64_t set_epoch);
/// Hash of a set as contracts keep it.
Hash set_hash(const bindings::SignerSet& set);
/// `home`: the chain of the masternodes, and their contract there.
Hash handover_digest(const Verifier& mirror, const Verifier& home, const bindings::SignerSet& next);
Hash proposal_digest(const Verifier& coordinator, const bindings::CoordinatorProposal& proposal);

}  // namespace sonm::settlement
