#include "sonm/settlement/typed_data.hpp"

#include "sonm/crypto/keccak.hpp"
#include "sonm/model/typed_order.hpp"

namespace sonm::settlement {
namespace {

using crypto::TypedStruct;

Hash digest(const char* domain, const Verifier& verifier, const TypedStruct& what) {
    return crypto::typed_digest(crypto::domain_separator(domain_of(domain, verifier)), what.hash());
}

TypedStruct typed(const bindings::CoordinatorJobRewards& rewards) {
    TypedStruct out("JobRewards");
    out.bytes32("job", rewards.job).bytes32("root", rewards.root).number("uint96", "sum", rewards.sum.value);
    return out;
}

TypedStruct typed(const bindings::ParticipantsChange& change) {
    TypedStruct out("Change");
    out.address("account", change.account)
        .number("uint32", "jobsDone", U256(change.jobs_done))
        .number("uint32", "failures", U256(change.failures))
        .number("uint32", "slashes", U256(change.slashes))
        .number("uint32", "uptime", U256(change.uptime))
        .number("uint64", "capacity", U256(change.capacity));
    return out;
}

template <class T>
void add_array(TypedStruct& out, std::string_view name, const std::vector<T>& values) {
    std::vector<TypedStruct> elements;
    for (const T& value : values) elements.push_back(typed(value));
    out.array(name, typed(T()), elements);
}

}  // namespace

crypto::Eip712Domain domain_of(const char* name, const Verifier& verifier) {
    return crypto::Eip712Domain{name, "1", verifier.chain_id, verifier.contract};
}

Hash order_digest(const Verifier& market, const model::Order& order) {
    return digest(market_domain, market, model::typed_order(order));
}

Hash certificate_digest(const Verifier& profiles, const bindings::ProfileRegistrySignedCertificate& one) {
    TypedStruct out("Certificate");
    out.address("account", one.account)
        .address("validator", one.validator)
        .number("uint8", "level", U256(static_cast<unsigned>(one.level)))
        .number("uint40", "expiry", U256(one.expiry.value))
        .bytes32("hash", one.hash)
        .string("url", one.url)
        .number("uint256", "nonce", one.nonce);
    return digest(profiles_domain, profiles, out);
}

Hash permit_digest(const Verifier& token, const char* token_name, const Permit& permit) {
    TypedStruct out("Permit");
    out.address("owner", permit.owner)
        .address("spender", permit.spender)
        .number("uint256", "value", permit.value.value)
        .number("uint256", "nonce", permit.nonce)
        .number("uint256", "deadline", U256(permit.deadline.value));
    return digest(token_name, token, out);
}

Hash price_report_digest(const Verifier& reports, std::uint64_t epoch, model::Rate rate) {
    TypedStruct out("PriceReport");
    out.number("uint64", "epoch", U256(epoch)).number("uint88", "rate", rate.value);
    return digest("SONM PriceReports", reports, out);
}

Hash release_digest(const Verifier& gate, const bindings::GatekeeperTransfer& transfer,
                    std::uint64_t set_epoch) {
    TypedStruct out("Release");
    out.number("uint256", "sourceChain", transfer.source_chain)
        .number("uint256", "destinationChain", transfer.destination_chain)
        .address("source", transfer.source)
        .address("destination", transfer.destination)
        .number("uint256", "id", transfer.id)
        .address("to", transfer.to)
        .number("uint96", "amount", transfer.amount.value)
        .number("uint64", "setEpoch", U256(set_epoch));
    return digest("SONM Gatekeeper", gate, out);
}

Hash refund_digest(const Verifier& gate, U256 deposit, std::uint64_t set_epoch) {
    TypedStruct out("Refund");
    out.number("uint256", "id", deposit).number("uint64", "setEpoch", U256(set_epoch));
    return digest("SONM Gatekeeper", gate, out);
}

Hash thaw_digest(const Verifier& gate, UnixTime frozen_until, std::uint64_t set_epoch) {
    TypedStruct out("Thaw");
    out.number("uint40", "frozenUntil", U256(frozen_until.value))
        .number("uint64", "setEpoch", U256(set_epoch));
    return digest("SONM Gatekeeper", gate, out);
}

Hash set_hash(const bindings::SignerSet& set) {
    chain::Encoder out;
    put(out, set);
    return crypto::keccak256(out.finish());
}

Hash handover_digest(const Verifier& mirror, const Verifier& home, const bindings::SignerSet& next) {
    TypedStruct out("Handover");
    out.number("uint256", "homeChain", U256(home.chain_id))
        .address("home", home.contract)
        .number("uint64", "epoch", U256(next.epoch))
        .bytes32("setHash", set_hash(next));
    return digest("SONM MirrorSet", mirror, out);
}

Hash proposal_digest(const Verifier& coordinator, const bindings::CoordinatorProposal& proposal) {
    TypedStruct out("Proposal");
    out.number("uint64", "epoch", U256(proposal.epoch))
        .address("proposer", proposal.proposer)
        .bytes32("previous", proposal.previous)
        .number("uint64", "setEpoch", U256(proposal.set_epoch))
        .bytes32("rewardRoot", proposal.reward_root)
        .number("uint96", "rewardSum", proposal.reward_sum.value);
    add_array(out, "jobs", proposal.jobs);
    add_array(out, "changes", proposal.changes);
    out.addresses("inactive", proposal.inactive);
    return digest("SONM Coordinator", coordinator, out);
}

}  // namespace sonm::settlement
