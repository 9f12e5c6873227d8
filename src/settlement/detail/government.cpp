#include "sonm/settlement/detail/government.hpp"

#include "sonm/settlement/bindings/address_book.gen.hpp"
#include "sonm/settlement/bindings/application_pool.gen.hpp"
#include "sonm/settlement/bindings/coordinator.gen.hpp"
#include "sonm/settlement/bindings/dao.gen.hpp"
#include "sonm/settlement/bindings/faucet.gen.hpp"
#include "sonm/settlement/bindings/hub_factory.gen.hpp"
#include "sonm/settlement/bindings/job_escrow.gen.hpp"
#include "sonm/settlement/bindings/masternodes.gen.hpp"
#include "sonm/settlement/bindings/participants.gen.hpp"
#include "sonm/settlement/bindings/price_reports.gen.hpp"
#include "sonm/settlement/bindings/sno.gen.hpp"
#include "sonm/settlement/bindings/vault.gen.hpp"

namespace sonm::settlement::detail {
namespace {

constexpr std::uint64_t hour = 3600, day = 24 * hour;
constexpr std::uint64_t vault_freeze = 180 * day;
constexpr std::uint64_t epoch_length = 600;
// Places in the order of add_government, counted from its first transaction.
constexpr std::uint64_t dao_place = 0, coordinator_place = 7, price_reports_place = 8;

U256 whole(std::uint64_t snm) { return U256(snm) * U256(1'000'000'000'000'000'000ULL); }

bindings::DAOSettings dao_settings(bool is_test) {
    bindings::DAOSettings out;
    out.voting_delay = is_test ? 60 : day;
    out.voting_period = is_test ? hour : 7 * day;
    out.proposal_threshold = whole(is_test ? 1'000 : 100'000);
    out.quorum_percent = 4;
    out.execution_delay = is_test ? 60 : 2 * day;
    return out;
}

bindings::MasternodesParams masternode_params(bool is_test) {
    bindings::MasternodesParams out;
    out.stake_min = Tokens(whole(is_test ? 1'000 : 100'000));
    out.weight_max = Tokens(whole(is_test ? 10'000 : 1'000'000));
    out.epoch_length = epoch_length;
    return out;
}

crypto::Hash name_of(std::string_view text) {
    SONM_ASSERT(text.size() <= 32);
    crypto::Hash out;
    std::copy(text.begin(), text.end(), out.bytes.begin());
    return out;
}

void enter_all(Burst& burst, const Network& network) {
    for (const ContractField& field : contract_fields()) {
        if (network.*field.place == Address() || field.place == &Network::address_book) continue;
        bindings::address_book::Enter enter;
        enter.name = name_of(field.name);
        enter.to = network.*field.place;
        burst.call(fmt::format("the address book's {}", field.name), network.address_book, enter.encode());
    }
}

}  // namespace

Foreseen foresee_government(const Burst& burst, std::uint64_t first) {
    // The DAO makes its timelock itself, as its first creation.
    return Foreseen{created_by(burst.coming(first + dao_place), 1),
                    burst.coming(first + price_reports_place)};
}

void add_government(Burst& burst, Network& network, const Address& deployer,
                    const GovernmentOptions& options) {
    Foreseen foreseen = foresee_government(burst, 0);
    Address coordinator = burst.coming(coordinator_place);

    bindings::dao::Create dao;
    dao.votes = network.snm;
    dao.settings = dao_settings(options.is_test);
    network.dao = burst.create("DAO", dao.encode());
    network.timelock = foreseen.timelock;
    bindings::vault::Create vault;
    vault.token = network.snm;
    vault.dao = network.timelock;
    vault.freeze = vault_freeze;
    network.vault = burst.create("Vault", vault.encode());
    bindings::hub_factory::Create factory;
    factory.token = network.snm;
    factory.dao = network.timelock;
    factory.vault = network.vault;
    network.hub_factory = burst.create("HubFactory", factory.encode());
    // The factory makes the list itself, as its first creation.
    network.whitelist = created_by(network.hub_factory, 1);
    bindings::job_escrow::Create jobs;
    jobs.token = network.snm;
    jobs.factory = network.hub_factory;
    jobs.dao = network.timelock;
    network.job_escrow = burst.create("JobEscrow", jobs.encode());

    bindings::sno::Create sno;
    sno.dao = network.timelock;
    sno.deployer = deployer;
    network.sno = burst.create("SNO", sno.encode());
    bindings::masternodes::Create masternodes;
    masternodes.token = network.snm;
    masternodes.coordinator = coordinator;
    masternodes.vault = network.vault;
    masternodes.params = masternode_params(options.is_test);
    network.masternodes = burst.create("Masternodes", masternodes.encode());
    bindings::participants::Create participants;
    participants.coordinator = coordinator;
    network.participants = burst.create("Participants", participants.encode());
    bindings::coordinator::Create decisions;
    decisions.masternodes = network.masternodes;
    decisions.participants = network.participants;
    decisions.sno = network.sno;
    decisions.snm = network.snm;
    decisions.dao = network.timelock;
    decisions.epoch_length = epoch_length;
    network.coordinator = burst.create("Coordinator", decisions.encode());
    SONM_ASSERT(network.coordinator == coordinator);
    bindings::price_reports::Create prices;
    prices.masternodes = network.masternodes;
    prices.oracle = network.oracle;
    network.price_reports = burst.create("PriceReports", prices.encode());
    SONM_ASSERT(network.price_reports == foreseen.price_reports);

    bindings::application_pool::Create pool;
    pool.whitelist = network.whitelist;
    network.application_pool = burst.create("ApplicationPool", pool.encode());
    if (options.is_test) {
        bindings::faucet::Create faucet;
        faucet.token = network.snm;
        network.faucet = burst.create("Faucet", faucet.encode());
    }
    bindings::sno::SetCoordinator wire;
    wire.coordinator = network.coordinator;
    burst.call("SNO's coordinator", network.sno, wire.encode());

    bindings::address_book::Create book;
    book.admin = deployer;
    network.address_book = burst.create("AddressBook", book.encode());
    enter_all(burst, network);
    bindings::address_book::TransferOwnership hand_over;
    hand_over.new_owner = network.timelock;
    burst.call("the address book's owner", network.address_book, hand_over.encode());
}

}  // namespace sonm::settlement::detail
