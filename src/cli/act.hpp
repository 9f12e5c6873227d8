#pragma once

#include "sonm/cli/command.hpp"
#include "sonm/settlement/desk.hpp"

#include <nlohmann/json.hpp>

#include <map>

/// Verbs that are calls of contracts: what each needs, and one way of confirming, trying out and sending.
namespace sonm::cli {

using Json = nlohmann::ordered_json;

/// One word of a verb: "to" is positional, "--to" an option, "--to!" a flag; a trailing "?" says that it may
/// be left out, "..." that there may be several.
struct Word {
    std::string name, help;
};
using Words = std::map<std::string, std::vector<std::string>>;

/// Told what was sent: adds to the JSON beside the transactions, gives lines for people.
using Tell = std::function<Result<std::string>(const std::vector<settlement::Sent>& sent, Json& more)>;

/// What a verb is about to do: a sentence for who has to agree, and the calls, in order.
struct Plan {
    std::string sentence;
    std::vector<settlement::ContractCall> calls;
    Json more = Json::object();  ///< said beside the transactions
    Tell outcome;                ///< may be empty
};
/// What a verb that only looks has found.
struct Shown {
    Json json;
    std::string text;
};

/// What verbs work with. Lives as long as the command.
struct Office {
    Context& context;
    TaskGroup& group;
    settlement::Desk& desk;
    Words words;

    const settlement::Network& network() const { return desk.network(); }
    bool has(const std::string& word) const { return !text(word).empty(); }
    /// Empty if it was left out.
    const std::string& text(const std::string& word) const;
    const std::vector<std::string>& list(const std::string& word) const { return words.at(word); }
    /// "0x...", "me", a contract's name, dev:N, or a name of the address book. Errors: invalid, with what it
    /// could be.
    Result<crypto::Address> address(const std::string& word) const;
    Result<Tokens> tokens(const std::string& word) const;
    /// Errors: invalid, saying that this network has no such contract.
    Result<crypto::Address> contract(crypto::Address settlement::Network::*place,
                                     std::string_view name) const;
};

using MakePlan = std::function<Async<Plan>(Office&)>;
using Look = std::function<Async<Shown>(Office&)>;

/// Adds a verb that sends: asks first, and with --dry-run only tries.
void add_act(Commands& commands, CLI::App& parent, std::string name, std::string what, std::string examples,
             std::vector<Word> words, MakePlan make);
/// Adds a verb that only looks; no key is opened.
void add_look(Commands& commands, CLI::App& parent, std::string name, std::string what, std::string examples,
              std::vector<Word> words, Look look);

/// One call of a generated binding.
template <class Call>
settlement::ContractCall call_of(std::string what, const crypto::Address& contract, const Call& call) {
    return settlement::ContractCall{std::move(what), contract, call.encode(), Tokens()};
}
/// Text of up to 32 bytes, or "0x..." of 32 bytes. Errors: invalid.
Result<crypto::Hash> parse_hash_or_name(std::string_view text);
/// "2026-11-21 05:40:00 UTC"
std::string print_time(UnixTime time);

}  // namespace sonm::cli
