#include "sonm/cli/address_names.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/base/yaml.hpp"
#include "sonm/cli/command.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/crypto/development_keys.hpp"
#include "sonm/settlement/desk.hpp"

#include <nlohmann/json.hpp>

namespace sonm::cli {
namespace {

using Names = std::map<std::string, crypto::Address>;

constexpr std::size_t file_bytes_max = MiB;
constexpr std::size_t name_chars_max = 64;

std::filesystem::path names_file(const Context& context) { return context.home() / "addresses.json"; }

Result<void> check_name(const std::string& name) {
    auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    if (name.empty() || name.size() > name_chars_max || !std::all_of(name.begin(), name.end(), allowed) ||
        name.starts_with("0x") || name == "me")
        return fail(Errc::invalid,
                    "\"{}\" cannot be a name: use up to {} of a-z, 0-9, '-', '_', '.'; not \"me\", not 0x...",
                    name, name_chars_max);
    return {};
}

Result<crypto::Address> development_account(std::string_view number) {
    std::size_t index = number.size() == 1 && number[0] >= '0' && number[0] <= '9' ? number[0] - '0' : 99;
    if (index >= std::size(crypto::development_keys))
        return fail(Errc::invalid, "development accounts are dev:0 to dev:{}",
                    std::size(crypto::development_keys) - 1);
    SONM_TRY(auto secret, parse_hex_fixed<32>(crypto::development_keys[index]));
    SONM_TRY(auto key, crypto::PrivateKey::from_bytes(secret));
    return key.address();
}

Async<Exit> add(Context& context, std::string name, std::string address) {
    SONM_CO_CHECK(check_name(name));
    SONM_CO_TRY(crypto::Address parsed, crypto::parse_address(address));
    SONM_CO_TRY(Names names, read_address_names(context));
    names[name] = parsed;
    SONM_CO_CHECK(write_address_names(context, names));
    nlohmann::ordered_json out{{"name", name}, {"address", crypto::to_string(parsed)}};
    context.emit(out, fmt::format("{} is {}\n", name, parsed));
    co_return Exit::ok;
}

Async<Exit> remove(Context& context, std::string name) {
    SONM_CO_TRY(Names names, read_address_names(context));
    if (names.erase(name) == 0) co_return fail(Errc::not_found, "there is no name \"{}\"", name);
    SONM_CO_CHECK(write_address_names(context, names));
    nlohmann::ordered_json out{{"removed", name}};
    context.emit(out, "");
    co_return Exit::ok;
}

Async<Exit> list(Context& context) {
    SONM_CO_TRY(Names names, read_address_names(context));
    Table table({"NAME", "ADDRESS"});
    nlohmann::ordered_json out = nlohmann::ordered_json::object();
    for (const auto& [name, address] : names) {
        table.add({name, crypto::to_string(address)});
        out[name] = crypto::to_string(address);
    }
    context.emit(out, table.empty() ? "no names: `sonm address add NAME 0x...`\n" : table.to_text());
    co_return Exit::ok;
}

}  // namespace

Result<Names> read_address_names(const Context& context) {
    Names out;
    auto content = read_text(names_file(context), file_bytes_max);
    if (!content && content.error().is(Errc::not_found)) return out;
    if (!content) return tl::unexpected<Error>(std::move(content).error());
    auto file = nlohmann::json::parse(*content, nullptr, false);
    if (!file.is_object())
        return fail(Errc::invalid, "{} is no JSON object of names and addresses",
                    names_file(context).string());
    for (const auto& [name, address] : file.items()) {
        if (!address.is_string())
            return fail(Errc::invalid, "{}: \"{}\" is no text", names_file(context).string(), name);
        auto parsed = crypto::parse_address(address.get<std::string>());
        if (!parsed) return wrap(std::move(parsed).error(), "{}: \"{}\"", names_file(context).string(), name);
        out[name] = *parsed;
    }
    return out;
}

Result<void> write_address_names(const Context& context, const Names& names) {
    nlohmann::ordered_json file = nlohmann::ordered_json::object();
    for (const auto& [name, address] : names) file[name] = crypto::to_string(address);
    std::string content = file.dump(2) + "\n";
    SONM_CHECK(make_folder(context.home(), 0700));
    return write_atomically(names_file(context), as_bytes(content));
}

Result<crypto::Address> resolve_address(const Context& context, const settlement::Network& network,
                                        std::string_view text) {
    if (text.starts_with("0x")) return crypto::parse_address(text);
    if (text.starts_with("dev:")) return development_account(text.substr(4));
    SONM_TRY(Names names, read_address_names(context));
    if (auto found = names.find(std::string(text)); found != names.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& field : settlement::contract_fields()) {
        if (network.*field.place == crypto::Address()) continue;
        if (text == field.name) return network.*field.place;
        known.emplace_back(field.name);
    }
    for (const auto& [name, address] : names) known.push_back(name);
    std::string_view nearest = nearest_word(text, known);
    return fail(Errc::invalid,
                "\"{}\" is no address (0x...), no contract of this network and no name of yours{}", text,
                nearest.empty() ? std::string("; see `sonm address ls`")
                                : fmt::format("; did you mean {}?", nearest));
}

void add_address_commands(Commands& commands) {
    CLI::App* address = commands.app.add_subcommand("address", "Names of your own for addresses");
    address->require_subcommand(1);
    add_command(
        commands, *address, "add", "Give an address a name",
        "  sonm address add alice 0x70997970C51812dc3A010C7d01b50e0d17dc79C8", [](CLI::App& leaf) -> Handler {
            auto name = std::make_shared<std::string>(), where = std::make_shared<std::string>();
            leaf.add_option("name", *name, "a-z, 0-9, '-', '_', '.'")->required();
            leaf.add_option("address", *where, "0x and 40 digits")->required();
            return [name, where](Context& context, TaskGroup&) { return add(context, *name, *where); };
        });
    add_command(commands, *address, "rm", "Forget a name", "  sonm address rm alice",
                [](CLI::App& leaf) -> Handler {
                    auto name = std::make_shared<std::string>();
                    leaf.add_option("name", *name, "Name")->required();
                    return [name](Context& context, TaskGroup&) { return remove(context, *name); };
                });
    add_command(commands, *address, "ls", "All names", "  sonm address ls", [](CLI::App&) -> Handler {
        return [](Context& context, TaskGroup&) { return list(context); };
    });
}

}  // namespace sonm::cli
