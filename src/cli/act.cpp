#include "sonm/cli/act.hpp"

#include "sonm/base/units.hpp"
#include "sonm/cli/address_names.hpp"
#include "sonm/cli/print.hpp"

#include <ctime>

namespace sonm::cli {
namespace {

using settlement::Network;

/// Adds the words to `leaf`; their values come into the map.
std::shared_ptr<Words> take_words(CLI::App& leaf, const std::vector<Word>& words) {
    auto out = std::make_shared<Words>();
    for (const Word& word : words) {
        std::string name = word.name;
        auto drop = [&](std::string_view end) {
            bool there = name.ends_with(end);
            if (there) name.resize(name.size() - end.size());
            return there;
        };
        bool optional = drop("?"), several = drop("..."), flag = drop("!");
        std::vector<std::string>& values = (*out)[name.substr(name.find_first_not_of('-'))];
        if (flag) {
            leaf.add_flag_callback(
                name, [&values] { values = {"yes"}; }, word.help);
            continue;
        }
        auto* option = leaf.add_option(name, values, word.help);
        if (!several) option->expected(1)->allow_extra_args(false);
        if (!optional) option->required();
    }
    return out;
}

Json receipt_json(const market::Receipted& done) {
    return Json{{"txn", crypto::to_string(done.txn)},
                {"block", done.block},
                {"gas", done.gas_used},
                {"fee", to_decimal(done.fee.value)}};
}

Async<Exit> try_out(Office& office, const Plan& plan) {
    // A later call may need what an earlier one does, so only the first is told in full.
    auto trying = office.desk.try_out(plan.calls.front());
    SONM_CO_TRY(std::uint64_t gas, co_await std::move(trying));
    Json calls = Json::array();
    std::string text = plan.sentence + "\n";
    for (const auto& call : plan.calls) {
        calls.push_back({{"what", call.what},
                         {"contract", crypto::to_string(call.contract)},
                         {"data", "0x" + to_hex(call.data)},
                         {"coin", to_decimal(call.coin.value)}});
        text += fmt::format("  would send: {}\n", call.what);
    }
    Json out{{"dry_run", true}, {"gas", gas}, {"calls", calls}};
    out.update(plan.more);
    office.context.emit(out, text + fmt::format("the first would take {} gas; nothing was sent\n", gas));
    co_return Exit::ok;
}

Async<Exit> act(Context& context, TaskGroup& group, Words words, MakePlan make, bool dry_run) {
    SONM_CO_TRY(settlement::Desk * desk, co_await context.desk());
    Office office{context, group, *desk, std::move(words)};
    auto planning = make(office);
    SONM_CO_TRY(Plan plan, co_await std::move(planning));
    if (dry_run) {
        auto trying = try_out(office, plan);
        co_return co_await std::move(trying);
    }
    SONM_CO_CHECK(context.confirm_intent(plan.sentence));
    auto sending = desk->send(fmt::format("act/{}", to_hex(random_bytes(8))), std::move(plan.calls));
    SONM_CO_TRY(auto done, co_await std::move(sending));
    Json out{{"txns", Json::array()}};
    std::string text;
    for (const auto& each : done) {
        out["txns"].push_back(receipt_json(each));
        text += fmt::format("done, txn {}\n", each.txn);
    }
    if (plan.outcome) {
        SONM_CO_TRY(std::string told, plan.outcome(done, plan.more));
        text += told;
    }
    out.update(plan.more);
    context.emit(out, text);
    co_return Exit::ok;
}

Async<Exit> look_at(Context& context, TaskGroup& group, Words words, Look look) {
    SONM_CO_TRY(settlement::Desk * desk, co_await context.watching_desk());
    Office office{context, group, *desk, std::move(words)};
    auto looking = look(office);
    SONM_CO_TRY(Shown shown, co_await std::move(looking));
    context.emit(shown.json, shown.text);
    co_return Exit::ok;
}

}  // namespace

const std::string& Office::text(const std::string& word) const {
    static const std::string nothing;
    const auto& values = words.at(word);
    return values.empty() ? nothing : values.front();
}

Result<crypto::Address> Office::address(const std::string& word) const {
    const std::string& said = text(word);
    if (said == "me") return desk.self();
    return resolve_address(context, network(), said);
}

Result<Tokens> Office::tokens(const std::string& word) const {
    auto amount = parse_tokens(text(word));
    if (!amount) return wrap(std::move(amount).error(), "{}", word);
    if (amount->value == 0) return fail(Errc::invalid, "{} is zero", word);
    return amount;
}

Result<crypto::Address> Office::contract(crypto::Address Network::*place, std::string_view name) const {
    if (network().*place != crypto::Address()) return network().*place;
    return fail(Errc::invalid, "network {} has no {}: its file names none under \"contracts\"",
                network().name, name);
}

void add_act(Commands& commands, CLI::App& parent, std::string name, std::string what, std::string examples,
             std::vector<Word> words, MakePlan make) {
    add_command(commands, parent, std::move(name), std::move(what), std::move(examples),
                [&](CLI::App& leaf) -> Handler {
                    auto said = take_words(leaf, words);
                    auto dry_run = std::make_shared<bool>(false);
                    leaf.add_flag("--dry-run", *dry_run, "Say what would be sent, try it, send nothing");
                    return [said, dry_run, make](Context& context, TaskGroup& group) {
                        return act(context, group, *said, make, *dry_run);
                    };
                });
}

void add_look(Commands& commands, CLI::App& parent, std::string name, std::string what, std::string examples,
              std::vector<Word> words, Look look) {
    add_command(commands, parent, std::move(name), std::move(what), std::move(examples),
                [&](CLI::App& leaf) -> Handler {
                    auto said = take_words(leaf, words);
                    return [said, look](Context& context, TaskGroup& group) {
                        return look_at(context, group, *said, look);
                    };
                });
}

Result<crypto::Hash> parse_hash_or_name(std::string_view text) {
    if (text.starts_with("0x")) {
        SONM_TRY(auto bytes, parse_hex_fixed<32>(text));
        return crypto::Hash{bytes};
    }
    crypto::Hash out;
    if (text.size() > out.bytes.size())
        return fail(Errc::invalid, "\"{}\" is longer than 32 bytes: give its hash as 0x and 64 digits", text);
    std::copy(text.begin(), text.end(), out.bytes.begin());
    return out;
}

std::string print_time(UnixTime time) {
    auto seconds = static_cast<std::time_t>(time.value);
    std::tm parts{};
    if (!gmtime_r(&seconds, &parts)) return std::to_string(time.value);
    char text[40];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
    return text;
}

}  // namespace sonm::cli
