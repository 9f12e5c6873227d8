#include "sonm/settlement/audit.hpp"

#include "sonm/settlement/bindings/address_book.gen.hpp"
#include "sonm/settlement/bindings/application_pool.gen.hpp"
#include "sonm/settlement/bindings/blacklist.gen.hpp"
#include "sonm/settlement/bindings/coordinator.gen.hpp"
#include "sonm/settlement/bindings/dao.gen.hpp"
#include "sonm/settlement/bindings/gatekeeper.gen.hpp"
#include "sonm/settlement/bindings/hub_factory.gen.hpp"
#include "sonm/settlement/bindings/job_escrow.gen.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"
#include "sonm/settlement/bindings/masternodes.gen.hpp"
#include "sonm/settlement/bindings/mirror_set.gen.hpp"
#include "sonm/settlement/bindings/participants.gen.hpp"
#include "sonm/settlement/bindings/price_oracle.gen.hpp"
#include "sonm/settlement/bindings/price_reports.gen.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"
#include "sonm/settlement/bindings/sno.gen.hpp"
#include "sonm/settlement/bindings/terms.gen.hpp"
#include "sonm/settlement/bindings/timelock.gen.hpp"
#include "sonm/settlement/bindings/token_sale.gen.hpp"
#include "sonm/settlement/bindings/vault.gen.hpp"
#include "sonm/settlement/bindings/whitelist.gen.hpp"

namespace sonm::settlement {
namespace {

namespace b = bindings;

/// Collects findings; a contract that the network has not is passed over.
struct Walk {
    Desk& desk;
    std::vector<Finding> out;

    std::string name_of(const Address& address) const {
        if (address == Address()) return "nobody";
        for (const ContractField& field : contract_fields())
            if (desk.network().*field.place == address) return field.name;
        return to_string(address);
    }
    std::string name_of(Address Network::*place) const {
        for (const ContractField& field : contract_fields())
            if (field.place == place) return field.name;
        return {};
    }
    /// `right`: what has to stand there; nothing = whatever stands there is told, and may be anybody.
    template <class Call>
    Async<void> ask(Address Network::*place, Call call, std::string question, std::string means,
                    std::optional<Address> right) {
        Address contract = desk.network().*place;
        if (contract == Address()) co_return Result<void>();
        auto asking = desk.ask(contract, std::move(call));
        auto answer = co_await std::move(asking);
        if (!answer) co_return wrap(std::move(answer).error(), "{}: {}", name_of(place), question);
        Finding finding;
        finding.contract = name_of(place);
        finding.question = std::move(question);
        finding.answer = *answer;
        finding.who = name_of(*answer);
        finding.means = std::move(means);
        finding.is_right = !right || *right == *answer;
        out.push_back(std::move(finding));
        co_return Result<void>();
    }
    /// Whether `account` has a role of the timelock, as it should.
    Async<void> role(std::string name, crypto::Hash role, Address account, bool should, std::string means) {
        if (desk.network().timelock == Address()) co_return Result<void>();
        b::timelock::HasRole question;
        question.role = role;
        question.account = account;
        auto asking = desk.ask(desk.network().timelock, std::move(question));
        SONM_CO_TRY(bool has, co_await std::move(asking));
        Finding finding;
        finding.contract = "timelock";
        finding.question = std::move(name);
        finding.answer = has ? account : Address();
        finding.who = has ? (account == Address() ? "anybody" : name_of(account)) : "nobody";
        finding.means = std::move(means);
        finding.is_right = has == should;
        out.push_back(std::move(finding));
        co_return Result<void>();
    }
};

#define SONM_WALK(...)                              \
    do {                                            \
        auto walking = (__VA_ARGS__);               \
        SONM_CO_CHECK(co_await std::move(walking)); \
    } while (false)

Async<void> walk_market(Walk& walk) {
    const Network& n = walk.desk.network();
    SONM_WALK(walk.ask(&Network::market, b::market::Token(), "token", "", n.snm));
    SONM_WALK(walk.ask(&Network::market, b::market::Terms(), "terms", "", n.terms));
    SONM_WALK(walk.ask(&Network::market, b::market::Owner(), "owner",
                       "may stop new orders and deals for a while, nothing else", std::nullopt));
    SONM_WALK(walk.ask(&Network::terms, b::terms::Profiles(), "profiles", "", n.profiles));
    SONM_WALK(walk.ask(&Network::terms, b::terms::Blacklist(), "blacklist", "", n.blacklist));
    SONM_WALK(walk.ask(&Network::terms, b::terms::Oracle(), "oracle", "", n.oracle));
    SONM_WALK(walk.ask(&Network::blacklist, b::blacklist::Market(), "market",
                       "may add to the list of whoever closes a deal and asks for it", n.market));
    SONM_WALK(walk.ask(&Network::blacklist, b::blacklist::Profiles(), "profiles", "", n.profiles));
    SONM_WALK(walk.ask(&Network::profiles, b::profile_registry::Owner(), "owner", "names validators",
                       std::nullopt));
    SONM_WALK(walk.ask(&Network::profiles, b::profile_registry::Blacklist(), "blacklist",
                       "notes who keeps a list, so that matching asks about it", n.blacklist));
    SONM_WALK(walk.ask(&Network::oracle, b::price_oracle::Feeder(), "feeder",
                       "reports the price of SNM within bounds", std::nullopt));
    co_return Result<void>();
}

Async<void> walk_dao(Walk& walk) {
    const Network& n = walk.desk.network();
    SONM_WALK(walk.ask(&Network::dao, b::dao::Token(), "votes", "", n.snm));
    SONM_WALK(walk.ask(&Network::dao, b::dao::Timelock(), "timelock", "", n.timelock));
    if (n.timelock == Address()) co_return Result<void>();
    auto proposing = walk.desk.ask(n.timelock, b::timelock::ProposerRole());
    SONM_CO_TRY(crypto::Hash proposer, co_await std::move(proposing));
    auto executing = walk.desk.ask(n.timelock, b::timelock::ExecutorRole());
    SONM_CO_TRY(crypto::Hash executor, co_await std::move(executing));
    auto leading = walk.desk.ask(n.timelock, b::timelock::DefaultAdminRole());
    SONM_CO_TRY(crypto::Hash admin, co_await std::move(leading));
    SONM_WALK(walk.role("proposer", proposer, n.dao, true, "queues what was voted"));
    SONM_WALK(walk.role("executor", executor, Address(), true, "executes what was queued, after its delay"));
    SONM_WALK(walk.role("admin", admin, n.timelock, true, "changes roles, by vote only"));
    SONM_WALK(walk.role("admin (own account)", admin, walk.desk.self(), false,
                        "would change roles without a vote"));
    SONM_WALK(walk.ask(&Network::vault, b::vault::Dao(), "dao", "releases after the freeze", n.timelock));
    SONM_WALK(walk.ask(&Network::vault, b::vault::Token(), "token", "", n.snm));
    SONM_WALK(walk.ask(&Network::address_book, b::address_book::Owner(), "owner",
                       "points new callers to contracts", n.timelock));
    co_return Result<void>();
}

Async<void> walk_hubs(Walk& walk) {
    const Network& n = walk.desk.network();
    SONM_WALK(walk.ask(&Network::hub_factory, b::hub_factory::Whitelist(), "whitelist", "", n.whitelist));
    SONM_WALK(walk.ask(&Network::whitelist, b::whitelist::Dao(), "dao",
                       "suspects, rehabilitates and bans hubs", n.timelock));
    SONM_WALK(walk.ask(&Network::whitelist, b::whitelist::Factory(), "factory", "", n.hub_factory));
    SONM_WALK(walk.ask(&Network::whitelist, b::whitelist::Vault(), "vault", "gets the money of banned hubs",
                       n.vault));
    SONM_WALK(walk.ask(&Network::whitelist, b::whitelist::Token(), "token", "", n.snm));
    SONM_WALK(
        walk.ask(&Network::application_pool, b::application_pool::Whitelist(), "whitelist", "", n.whitelist));
    SONM_WALK(walk.ask(&Network::job_escrow, b::job_escrow::Dao(), "dao",
                       "sets fee, referees and court within bounds", n.timelock));
    SONM_WALK(walk.ask(&Network::job_escrow, b::job_escrow::Factory(), "factory", "", n.hub_factory));
    SONM_WALK(
        walk.ask(&Network::job_escrow, b::job_escrow::Court(), "court", "rules on appeals", std::nullopt));
    co_return Result<void>();
}

Async<void> walk_masternodes(Walk& walk) {
    const Network& n = walk.desk.network();
    SONM_WALK(walk.ask(&Network::masternodes, b::masternodes::Token(), "token", "", n.snm));
    SONM_WALK(walk.ask(&Network::masternodes, b::masternodes::Coordinator(), "coordinator",
                       "slashes stakes for shown faults", n.coordinator));
    SONM_WALK(
        walk.ask(&Network::masternodes, b::masternodes::Vault(), "vault", "gets what is slashed", n.vault));
    SONM_WALK(walk.ask(&Network::participants, b::participants::Coordinator(), "coordinator",
                       "writes histories", n.coordinator));
    SONM_WALK(
        walk.ask(&Network::coordinator, b::coordinator::Masternodes(), "masternodes", "vote", n.masternodes));
    SONM_WALK(
        walk.ask(&Network::coordinator, b::coordinator::Participants(), "participants", "", n.participants));
    SONM_WALK(walk.ask(&Network::coordinator, b::coordinator::Sno(), "sno", "", n.sno));
    SONM_WALK(walk.ask(&Network::coordinator, b::coordinator::Snm(), "snm", "", n.snm));
    SONM_WALK(walk.ask(&Network::coordinator, b::coordinator::Dao(), "dao", "gets its part of the emission",
                       n.timelock));
    SONM_WALK(walk.ask(&Network::sno, b::sno::Coordinator(), "coordinator", "mints what time made due",
                       n.coordinator));
    SONM_WALK(walk.ask(&Network::sno, b::sno::Dao(), "dao", "may name another coordinator", n.timelock));
    SONM_WALK(walk.ask(&Network::price_reports, b::price_reports::Oracle(), "oracle", "", n.oracle));
    SONM_WALK(walk.ask(&Network::price_reports, b::price_reports::Masternodes(), "masternodes",
                       "report prices", n.masternodes));
    // At home the masternodes themselves speak, on the other side their mirror.
    SONM_WALK(walk.ask(&Network::gatekeeper, b::gatekeeper::Signers(), "signers", "release what is bridged",
                       n.mirror_set.is_zero() ? n.masternodes : n.mirror_set));
    SONM_WALK(walk.ask(&Network::gatekeeper, b::gatekeeper::Token(), "token", "", n.snm));
    SONM_WALK(walk.ask(&Network::gatekeeper, b::gatekeeper::Peer(), "peer", "the gate of the other chain",
                       std::nullopt));
    SONM_WALK(walk.ask(&Network::mirror_set, b::mirror_set::Home(), "home",
                       "the masternodes of the other chain, whose sets follow each other here",
                       std::nullopt));
    SONM_WALK(walk.ask(&Network::sale, b::token_sale::Token(), "token", "", n.snm));
    SONM_WALK(walk.ask(&Network::sale, b::token_sale::TeamVesting(), "team vesting",
                       "gets the team's share, if the sale succeeds", std::nullopt));
    co_return Result<void>();
}

}  // namespace

Async<std::vector<Finding>> audit(Desk& desk) {
    Walk walk{desk, {}};
    SONM_WALK(walk_market(walk));
    SONM_WALK(walk_dao(walk));
    SONM_WALK(walk_hubs(walk));
    SONM_WALK(walk_masternodes(walk));
    co_return std::move(walk.out);
}

}  // namespace sonm::settlement
