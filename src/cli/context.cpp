#include "sonm/cli/context.hpp"

#include <nlohmann/json.hpp>

#include "sonm/base/fs.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/crypto/development_keys.hpp"
#include "sonm/crypto/errc.hpp"
#include "sonm/crypto/keystore.hpp"
#include "sonm/crypto/passphrase.hpp"

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t development_chain_id = 31337;

Result<crypto::PrivateKey> development_key(std::string_view number, const Result<settlement::Network>& network) {
    if (!network) return tl::unexpected<Error>(network.error());
    if (network->chain_id != development_chain_id)
        return fail(Errc::denied, "development keys are public: they work on the private chain only, not on '{}'", network->name);
    if (number.size() != 1 || number[0] < '0' || number[0] > '9') return fail(Errc::invalid, "development keys are dev:0 to dev:9, not dev:{}", number);
    SONM_TRY(auto secret, parse_hex_fixed<32>(crypto::development_keys[static_cast<std::size_t>(number[0] - '0')]));
    return crypto::PrivateKey::from_bytes(secret);
}

}  // namespace

Context::Context(Executor executor, Options options) : executor_(std::move(executor)), options_(std::move(options)) {}
Context::~Context() = default;

void Context::adopt(const std::string& key, const fs::path& keys, const fs::path& passphrase_file, const fs::path& network) {
    keys_ = keys;
    if (options_.key.empty()) options_.key = key;
    if (options_.passphrase_file.empty()) options_.passphrase_file = passphrase_file.string();
    if (options_.network.empty()) options_.network = network.string();
}

fs::path Context::home() const {
    if (!options_.home.empty()) return fs::absolute(options_.home);
    const char* user_home = std::getenv("HOME");
    return fs::path(user_home && *user_home ? user_home : "/root") / ".sonm";
}

Result<settlement::Network> Context::network() const {
    fs::path path = options_.network.empty() ? home() / "network.json" : fs::path(options_.network);
    auto network = settlement::read_network(path);
    if (!network && network.error().is(Errc::not_found))
        return fail(Errc::not_found, "no network is set up ({} does not exist): start a private one with `sonm devnet up`, or name a network file with --network",
                    path.string());
    return network;
}

Async<const crypto::Signer*> Context::signer() {
    if (key_) co_return key_.get();
    std::string wanted = options_.key;
    if (wanted.starts_with("dev:")) {
        SONM_CO_TRY(auto key, development_key(std::string_view(wanted).substr(4), network()));
        key_ = std::make_unique<crypto::PrivateKey>(std::move(key));
        co_return key_.get();
    }
    crypto::Keystore keystore(keys_folder());
    if (wanted.empty()) {
        SONM_CO_TRY(auto entries, keystore.list());
        if (entries.empty())
            co_return fail(Errc::not_found, "no key: make one with `sonm key new`, or on the private chain say --key dev:1");
        if (entries.size() > 1) co_return fail(Errc::invalid, "there are {} keys: say which with --key (see `sonm key list`)", entries.size());
        wanted = crypto::to_string(entries.front().address);
    }
    crypto::PassphraseRequest request;
    if (!options_.passphrase_file.empty()) request.file = options_.passphrase_file;
    request.prompt = fmt::format("Passphrase of {}: ", wanted);
    SONM_CO_TRY(auto passphrase, crypto::read_passphrase(request));
    auto unlock = [keystore, wanted, text = std::string(passphrase.text())]() -> Result<std::unique_ptr<crypto::PrivateKey>> {
        SONM_TRY(auto key, keystore.open(wanted, text));
        return std::make_unique<crypto::PrivateKey>(std::move(key));
    };
    SONM_CO_TRY(key_, co_await offload(std::move(unlock)));
    co_return key_.get();
}

Result<fs::path> Context::account_folder() {
    SONM_ASSERT(key_ != nullptr);
    SONM_TRY(auto net, network());
    // The market's address is part of the name: a chain that was made anew is another network.
    fs::path folder = home() / "accounts" / fmt::format("{}-{}-{}", net.chain_id, to_hex(net.market.bytes).substr(0, 8), key_->address());
    SONM_CHECK(make_folder(folder, 0700));
    return folder;
}

Async<market::Ledger*> Context::ledger(TaskGroup& group) {
    if (ledger_) co_return ledger_.get();
    SONM_CO_TRY(auto net, network());
    SONM_CO_TRY(const crypto::Signer* key, co_await signer());
    SONM_CO_TRY(auto folder, account_folder());
    SONM_CO_TRY(ledger_, settlement::ChainLedger::open(executor_, std::move(net), *key, folder));
    if (!group.spawn(ledger_->run())) co_return fail(Errc::busy, "no room for the ledger");
    co_return ledger_.get();
}

Result<void> Context::confirm_intent(std::string_view what) const {
    note(what);
    if (options_.yes) return {};
    SONM_TRY(bool agreed, confirm("Go on?"));
    if (!agreed) return fail(Errc::denied, "nothing was sent");
    return {};
}

void Context::emit(const nlohmann::ordered_json& value, std::string_view text) const {
    if (options_.json) print(value.dump(2) + "\n");
    else print(text);
}

Exit exit_of(const Error& error) {
    if (error.is(Errc::not_found)) return Exit::not_found;
    if (error.is(Errc::timeout)) return Exit::timeout;
    if (error.is(Errc::denied)) return Exit::denied;
    if (error.is(Errc::unavailable) || error.is(Errc::closed)) return Exit::unavailable;
    if (error.is(Errc::invalid)) return Exit::usage;
    return Exit::failed;
}

}  // namespace sonm::cli
