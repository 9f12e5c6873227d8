#include "sonm/cli/command.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/crypto/keystore.hpp"
#include "sonm/crypto/passphrase.hpp"

#include <nlohmann/json.hpp>

namespace sonm::cli {
namespace {

using json = nlohmann::ordered_json;

Result<crypto::Secret> new_passphrase(const Context& context) {
    crypto::PassphraseRequest request;
    if (!context.options().passphrase_file.empty()) request.file = context.options().passphrase_file;
    request.prompt = "Passphrase for the new key: ";
    request.confirm = true;
    return crypto::read_passphrase(request);
}

void show(const Context& context, const crypto::KeystoreEntry& entry) {
    json out{{"address", crypto::to_string(entry.address)}, {"path", entry.path.string()}};
    context.emit(out, fmt::format("{}\n{}\n", entry.address, entry.path.string()));
}

Async<Exit> make_key(Context& context) {
    SONM_CO_TRY(auto passphrase, new_passphrase(context));
    auto work = [keystore = crypto::Keystore(context.keys_folder()), text = std::string(passphrase.text()),
                 now = context.clock().now()]() mutable { return keystore.create(text, now); };
    SONM_CO_TRY(auto entry, co_await offload(std::move(work)));
    show(context, entry);
    co_return Exit::ok;
}

Async<Exit> import_key(Context& context, std::string file) {
    // From a file or the terminal, never from the command line, where every user of the machine could read
    // it.
    crypto::PassphraseRequest request;
    request.prompt = "Private key (64 hex digits): ";
    if (!file.empty()) request.file = file;
    Result<crypto::Secret> text =
        file.empty() ? crypto::prompt_secret(0, request.prompt) : crypto::read_passphrase(request);
    if (!text) co_return tl::unexpected<Error>(text.error());
    SONM_CO_TRY(auto key, crypto::parse_private_key(text->text()));
    SONM_CO_TRY(auto passphrase, new_passphrase(context));
    auto kept = std::make_shared<crypto::PrivateKey>(std::move(key));
    auto work = [keystore = crypto::Keystore(context.keys_folder()), kept,
                 words = std::string(passphrase.text()),
                 now = context.clock().now()]() mutable { return keystore.import(*kept, words, now); };
    SONM_CO_TRY(auto entry, co_await offload(std::move(work)));
    show(context, entry);
    co_return Exit::ok;
}

Async<Exit> list_keys(Context& context) {
    SONM_CO_TRY(auto entries, crypto::Keystore(context.keys_folder()).list());
    Table table({"ACCOUNT", "FILE"});
    json out = json::array();
    for (const auto& entry : entries) {
        table.add({crypto::to_string(entry.address), entry.path.string()});
        out.push_back({{"address", crypto::to_string(entry.address)}, {"path", entry.path.string()}});
    }
    context.emit(out, table.empty() ? "no keys: make one with `sonm key new`\n" : table.to_text());
    co_return Exit::ok;
}

}  // namespace

void add_key_commands(Commands& commands) {
    CLI::App* key = commands.app.add_subcommand("key", "Keys of accounts, kept encrypted (keystore v3)");
    key->require_subcommand(1);
    add_command(commands, *key, "new", "Make a key; asks for a passphrase",
                "  sonm key new\n  sonm key new --passphrase-file secret.txt", [](CLI::App&) -> Handler {
                    return [](Context& context, TaskGroup&) { return make_key(context); };
                });
    add_command(commands, *key, "import", "Keep a private key from another tool",
                "  sonm key import\n  sonm key import --from key.hex", [](CLI::App& leaf) -> Handler {
                    auto file = std::make_shared<std::string>();
                    leaf.add_option(
                        "--from", *file,
                        "File whose first line is the key in hex; without it the terminal is asked");
                    return [file](Context& context, TaskGroup&) { return import_key(context, *file); };
                });
    add_command(
        commands, *key, "list", "The accounts whose keys are here", "  sonm key list --json",
        [](CLI::App&) -> Handler { return [](Context& context, TaskGroup&) { return list_keys(context); }; });
}

}  // namespace sonm::cli
