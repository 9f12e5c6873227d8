#include "sonm/base/units.hpp"
#include "sonm/cli/act.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/settlement/bindings/blacklist.gen.hpp"
#include "sonm/settlement/bindings/profile_registry.gen.hpp"

namespace sonm::cli {
namespace {

namespace profiles = settlement::bindings::profile_registry;
namespace lists = settlement::bindings::blacklist;
using model::Identity;

Result<Identity> parse_level(const std::string& text) {
    for (Identity level :
         {Identity::anonymous, Identity::registered, Identity::identified, Identity::professional})
        if (text == settlement::bindings::show(level)) return level;
    return fail(Errc::invalid, "level is \"{}\": write anonymous, registered, identified or professional",
                text);
}

/// A plan of one call.
template <class Call>
Plan one_call(const crypto::Address& contract, std::string sentence, std::string what, const Call& call) {
    Plan plan;
    plan.sentence = std::move(sentence);
    plan.calls.push_back(call_of(std::move(what), contract, call));
    return plan;
}

// ---- profiles

Async<Shown> show_profile(Office& office) {
    crypto::Address account = office.desk.self(), where = office.network().profiles;
    if (office.has("account")) {
        SONM_CO_TRY(account, office.address("account"));
    }
    profiles::LevelOf level_question;
    level_question.account = account;
    auto asking = office.desk.ask(where, std::move(level_question));
    SONM_CO_TRY(Identity level, co_await std::move(asking));
    profiles::CertificateOf certificate_question;
    certificate_question.account = account;
    auto reading = office.desk.ask(where, std::move(certificate_question));
    SONM_CO_TRY(auto certificate, co_await std::move(reading));
    profiles::MasterOf master_question;
    master_question.account = account;
    auto finding = office.desk.ask(where, std::move(master_question));
    SONM_CO_TRY(crypto::Address master, co_await std::move(finding));
    std::string has = settlement::bindings::show(level);
    Shown out;
    out.json = Json{{"account", crypto::to_string(account)},
                    {"level", has},
                    {"master", crypto::to_string(master)},
                    {"certificate",
                     {{"level", settlement::bindings::show(certificate.level)},
                      {"validator", crypto::to_string(certificate.validator)},
                      {"expiry", certificate.expiry.value}}}};
    out.text = fmt::format("account  {}\nlevel    {}\nmaster   {}\n", account, has,
                           master == account ? std::string("its own") : crypto::to_string(master));
    if (certificate.level != Identity::anonymous)
        out.text += fmt::format("attested {} by {} until {}\n", settlement::bindings::show(certificate.level),
                                certificate.validator, print_time(certificate.expiry));
    co_return out;
}

Async<Plan> certify(Office& office) {
    profiles::Certify call;
    SONM_CO_TRY(call.account, office.address("account"));
    SONM_CO_TRY(call.level, parse_level(office.text("level")));
    SONM_CO_TRY(Seconds term, parse_span(office.text("for")));
    SONM_CO_TRY(call.hash, parse_hash_or_name(office.text("hash")));
    call.url = office.text("url");
    call.expiry = UnixTime(office.context.clock().now().value + term.value);
    co_return one_call(office.network().profiles,
                       fmt::format("Attests that {} is {} until {}.", call.account, office.text("level"),
                                   print_time(call.expiry)),
                       "certify", call);
}

Async<Plan> revoke(Office& office) {
    profiles::Revoke call;
    SONM_CO_TRY(call.account, office.address("account"));
    co_return one_call(office.network().profiles,
                       fmt::format("Takes the certificate of {} away.", call.account), "revoke", call);
}

Async<Plan> set_validator(Office& office) {
    profiles::SetValidator call;
    SONM_CO_TRY(call.validator, office.address("validator"));
    SONM_CO_TRY(call.level, parse_level(office.text("level")));
    co_return one_call(office.network().profiles,
                       fmt::format("Lets {} attest up to {}; anonymous takes that back.", call.validator,
                                   office.text("level")),
                       "name a validator", call);
}

Async<Shown> validators(Office& office) {
    auto reading = office.desk.facts<profiles::ValidatorSetEvent>(office.network().profiles);
    SONM_CO_TRY(auto changes, co_await std::move(reading));
    std::map<crypto::Address, Identity> now;
    for (const auto& [block, time, change] : changes) now[change.validator] = change.level;
    Shown out{Json::array(), ""};
    Table table({"VALIDATOR", "UP TO"});
    for (const auto& [account, level] : now) {
        if (level == Identity::anonymous) continue;
        table.add({crypto::to_string(account), settlement::bindings::show(level)});
        out.json.push_back(
            {{"validator", crypto::to_string(account)}, {"level", settlement::bindings::show(level)}});
    }
    out.text = table.empty() ? "there are no validators\n" : table.to_text();
    co_return out;
}

// ---- blacklists

Async<Shown> show_list(Office& office) {
    crypto::Address owner = office.desk.self(), where = office.network().blacklist;
    if (office.has("owner")) {
        SONM_CO_TRY(owner, office.address("owner"));
    }
    auto reading = office.desk.facts<lists::ListingChangedEvent>(where);
    SONM_CO_TRY(auto changes, co_await std::move(reading));
    std::map<crypto::Address, bool> listed;
    for (const auto& [block, time, change] : changes)
        if (change.owner == owner) listed[change.account] = change.listed;
    lists::FollowedBy question;
    question.owner = owner;
    auto asking = office.desk.ask(where, std::move(question));
    SONM_CO_TRY(auto followed, co_await std::move(asking));
    Shown out{
        Json{{"owner", crypto::to_string(owner)}, {"listed", Json::array()}, {"follows", Json::array()}}, ""};
    for (const auto& [account, is_listed] : listed) {
        if (!is_listed) continue;
        out.json["listed"].push_back(crypto::to_string(account));
        out.text += fmt::format("lists    {}\n", account);
    }
    for (const crypto::Address& list : followed) {
        out.json["follows"].push_back(crypto::to_string(list));
        out.text += fmt::format("follows  {}\n", list);
    }
    if (out.text.empty()) out.text = fmt::format("{} lists nobody and follows no list\n", owner);
    co_return out;
}

Async<Plan> given(Result<Plan> plan) { co_return std::move(plan); }

/// Add, remove, follow, unfollow: one address each.
template <class Call>
MakePlan about(crypto::Address Call::*field, std::string sentence, std::string what) {
    return [field, sentence, what](Office& office) -> Async<Plan> {
        auto plan = office.address("account").map([&](const crypto::Address& account) {
            Call call;
            call.*field = account;
            return one_call(office.network().blacklist, fmt::format(fmt::runtime(sentence), account), what,
                            call);
        });
        return given(std::move(plan));
    };
}

Async<Plan> publish(Office& office) {
    lists::Publish call;
    call.about = office.text("about");
    co_return one_call(office.network().blacklist,
                       fmt::format("Says what the blacklist of {} is about, for who may want to follow it.",
                                   office.desk.self()),
                       "publish the list", call);
}

Async<Plan> curate(Office& office) {
    lists::SetCurator call;
    SONM_CO_TRY(call.curator, office.address("curator"));
    const std::string& text = office.text("may");
    if (text != "yes" && text != "no") co_return fail(Errc::invalid, "may is \"{}\": write yes or no", text);
    call.active = text == "yes";
    co_return one_call(office.network().blacklist,
                       fmt::format("{} {} write on the list of {}.", call.active ? "Lets" : "No longer lets",
                                   call.curator, office.desk.self()),
                       "name a curator", call);
}

}  // namespace

void add_profile_commands(Commands& commands) {
    CLI::App* profile =
        commands.app.add_subcommand("profile", "Who accounts are: certificates of validators");
    profile->require_subcommand(1);
    add_look(commands, *profile, "show", "Level, certificate and master of an account",
             "  sonm profile show\n  sonm profile show alice",
             {{"account?", "Address or name; else one's own"}}, show_profile);
    add_act(commands, *profile, "certify", "Attest a level; for validators",
            "  sonm profile certify alice identified --for '365 d' --hash 0x... --url https://kyc.example/1",
            {{"account", "Address or name"},
             {"level", "registered, identified or professional"},
             {"--for", "How long it counts: \"365 d\""},
             {"--hash", "Of the document that the validator keeps: 0x and 64 digits"},
             {"--url?", "Where it may be asked for"}},
            certify);
    add_act(commands, *profile, "revoke", "Take a certificate away; by its validator or the account itself",
            "  sonm profile revoke alice", {{"account", "Address or name"}}, revoke);
    add_look(commands, *profile, "validators", "Who may attest what", "  sonm profile validators", {},
             validators);
    add_act(commands, *profile, "set-validator", "Name a validator; for the registry's owner",
            "  sonm profile set-validator alice identified",
            {{"validator", "Address or name"}, {"level", "Highest level it may attest; anonymous ends it"}},
            set_validator);

    CLI::App* list = commands.app.add_subcommand("blacklist", "With whom one makes no deals");
    list->require_subcommand(1);
    const Word account{"account", "Address or name"};
    add_look(commands, *list, "ls", "Who is on a list, and which lists it follows", "  sonm blacklist ls",
             {{"owner?", "Whose list: address or name; else one's own"}}, show_list);
    add_act(commands, *list, "add", "Put an account on one's list", "  sonm blacklist add alice", {account},
            about<lists::Add>(&lists::Add::account, "Makes no more deals with {}.", "add to the list"));
    add_act(commands, *list, "rm", "Take an account off one's list", "  sonm blacklist rm alice", {account},
            about<lists::Remove>(&lists::Remove::account, "Takes {} off the list.", "take off the list"));
    add_act(commands, *list, "follow", "Let another's list count as one's own",
            "  sonm blacklist follow alice", {account},
            about<lists::Follow>(&lists::Follow::list, "Whoever is on the list of {} counts as listed.",
                                 "follow a list"));
    add_act(
        commands, *list, "unfollow", "End that", "  sonm blacklist unfollow alice", {account},
        about<lists::Unfollow>(&lists::Unfollow::list, "The list of {} counts no more.", "unfollow a list"));
    add_act(commands, *list, "publish", "Say what one's list is about",
            "  sonm blacklist publish 'Workers that never finish'",
            {{"about", "A sentence; empty takes it back"}}, publish);
    add_act(commands, *list, "curator", "Let somebody else write on one's list",
            "  sonm blacklist curator alice yes", {{"curator", "Address or name"}, {"may", "yes or no"}},
            curate);
}

}  // namespace sonm::cli
