#include "sonm/cli/context.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/cli/print.hpp"
#include "sonm/crypto/development_keys.hpp"
#include "sonm/crypto/errc.hpp"
#include "sonm/crypto/keystore.hpp"
#include "sonm/crypto/passphrase.hpp"
#include "sonm/model/errc.hpp"

#include <nlohmann/json.hpp>

namespace sonm::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t development_chain_id = 31337;

Result<crypto::PrivateKey> development_key(std::string_view number,
                                           const Result<settlement::Network>& network) {
    if (!network) return tl::unexpected<Error>(network.error());
    if (network->chain_id != development_chain_id)
        return fail(Errc::denied,
                    "development keys are public: they work on the private chain only, not on '{}'",
                    network->name);
    if (number.size() != 1 || number[0] < '0' || number[0] > '9')
        return fail(Errc::invalid, "development keys are dev:0 to dev:9, not dev:{}", number);
    SONM_TRY(auto secret,
             parse_hex_fixed<32>(crypto::development_keys[static_cast<std::size_t>(number[0] - '0')]));
    return crypto::PrivateKey::from_bytes(secret);
}

/// An account that is only looked at.
class Watcher final : public crypto::Signer {
public:
    explicit Watcher(crypto::Address address) : address_(address) {}
    crypto::Address address() const override { return address_; }
    crypto::Signature sign(const crypto::Hash&) const override {
        SONM_ASSERT(!"a command that only looks has nothing to sign");
        return crypto::Signature();
    }

private:
    crypto::Address address_;
};

}  // namespace

Context::Context(Executor executor, Options options)
    : executor_(std::move(executor)), options_(std::move(options)) {}
Context::~Context() = default;

void Context::adopt(const std::string& key, const fs::path& keys, const fs::path& passphrase_file,
                    const fs::path& network) {
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

fs::path Context::network_file() const {
    return options_.network.empty() ? home() / "network.json" : fs::path(options_.network);
}

Result<settlement::Network> Context::network() const {
    fs::path path = network_file();
    auto network = settlement::read_network(path);
    if (!network && network.error().is(Errc::not_found))
        return fail(Errc::not_found,
                    "no network is set up ({} does not exist): start a private one with `sonm devnet up`, or "
                    "name a network file with --network",
                    path.string());
    return network;
}

Result<std::string> Context::wanted_key() const {
    if (options_.key.starts_with("dev:")) return options_.key;
    crypto::Keystore keystore(keys_folder());
    if (!options_.key.empty()) {
        SONM_TRY(auto entry, keystore.find(options_.key));
        return crypto::to_string(entry.address);
    }
    SONM_TRY(auto entries, keystore.list());
    if (entries.empty())
        return fail(Errc::not_found,
                    "no key: make one with `sonm key new`, or on the private chain say --key dev:1");
    if (entries.size() > 1)
        return fail(Errc::invalid, "there are {} keys: say which with --key (see `sonm key list`)",
                    entries.size());
    return crypto::to_string(entries.front().address);
}

Result<crypto::Address> Context::account() const {
    if (key_) return key_->address();
    SONM_TRY(std::string wanted, wanted_key());
    if (!wanted.starts_with("dev:")) return crypto::parse_address(wanted);
    SONM_TRY(auto key, development_key(std::string_view(wanted).substr(4), network()));
    return key.address();
}

Async<const crypto::Signer*> Context::signer() { return signer_for(network()); }

Async<const crypto::Signer*> Context::signer_for(Result<settlement::Network> network) {
    if (key_) co_return key_.get();
    SONM_CO_TRY(std::string wanted, wanted_key());
    if (wanted.starts_with("dev:")) {
        SONM_CO_TRY(auto key, development_key(std::string_view(wanted).substr(4), std::move(network)));
        key_ = std::make_unique<crypto::PrivateKey>(std::move(key));
        co_return key_.get();
    }
    crypto::PassphraseRequest request;
    if (!options_.passphrase_file.empty()) request.file = options_.passphrase_file;
    request.prompt = fmt::format("Passphrase of {}: ", wanted);
    SONM_CO_TRY(auto passphrase, crypto::read_passphrase(request));
    auto unlock = [keystore = crypto::Keystore(keys_folder()), wanted,
                   text = std::string(passphrase.text())]() -> Result<std::unique_ptr<crypto::PrivateKey>> {
        SONM_TRY(auto key, keystore.open(wanted, text));
        return std::make_unique<crypto::PrivateKey>(std::move(key));
    };
    SONM_CO_TRY(key_, co_await offload(std::move(unlock)));
    co_return key_.get();
}

Result<fs::path> Context::account_folder() const {
    SONM_TRY(auto net, network());
    SONM_TRY(auto address, account());
    // The market's address is part of the name: a chain that was made anew is another network.
    fs::path folder = home() / "accounts" /
                      fmt::format("{}-{}-{}", net.chain_id, to_hex(net.market.bytes).substr(0, 8), address);
    SONM_CHECK(make_folder(folder, 0700));
    return folder;
}

Async<market::Ledger*> Context::open_ledger(TaskGroup& group, const crypto::Signer& signer, fs::path state) {
    SONM_CO_TRY(auto net, network());
    SONM_CO_TRY(ledger_, settlement::ChainLedger::open(executor_, std::move(net), signer, state));
    if (!group.spawn(ledger_->run())) co_return fail(Errc::busy, "no room for the ledger");
    co_return ledger_.get();
}

Async<market::Ledger*> Context::ledger(TaskGroup& group) {
    SONM_ASSERT(!ledger_);
    SONM_CO_CHECK(network());
    SONM_CO_TRY(const crypto::Signer* key, co_await signer());
    SONM_CO_TRY(auto folder, account_folder());
    co_return co_await open_ledger(group, *key, std::move(folder));
}

Async<market::Ledger*> Context::reader(TaskGroup& group) {
    SONM_ASSERT(!ledger_);
    SONM_CO_CHECK(network());
    auto address = account();
    // A key that was named must be there; having none at all is no reason not to look.
    if (!address && !options_.key.empty()) co_return tl::unexpected<Error>(address.error());
    if (!watcher_) watcher_ = std::make_unique<Watcher>(address.value_or(crypto::Address()));
    fs::path folder;
    if (address) {
        SONM_CO_TRY(folder, account_folder());
    }
    co_return co_await open_ledger(group, *watcher_, std::move(folder));
}

Async<settlement::Desk*> Context::desk() {
    SONM_ASSERT(!desk_);
    SONM_CO_TRY(auto net, network());
    SONM_CO_TRY(const crypto::Signer* key, co_await signer());
    SONM_CO_TRY(auto folder, account_folder());
    SONM_CO_TRY(desk_, settlement::Desk::open(executor_, std::move(net), *key, folder));
    co_return desk_.get();
}

Async<settlement::Desk*> Context::watching_desk() {
    SONM_ASSERT(!desk_);
    SONM_CO_TRY(auto net, network());
    auto address = account();
    if (!address && !options_.key.empty()) co_return tl::unexpected<Error>(address.error());
    if (!watcher_) watcher_ = std::make_unique<Watcher>(address.value_or(crypto::Address()));
    SONM_CO_TRY(desk_, settlement::Desk::open(executor_, std::move(net), *watcher_, {}));
    co_return desk_.get();
}

Result<void> Context::confirm_intent(std::string_view what) const {
    note(what);
    if (options_.yes) return {};
    SONM_TRY(bool agreed, confirm("Go on?"));
    if (!agreed) return fail(Errc::denied, "nothing was sent");
    return {};
}

void Context::emit(const nlohmann::ordered_json& value, std::string_view text) const {
    if (options_.json)
        print(value.dump(2) + "\n");
    else
        print(text);
}

Exit exit_of(const Error& error) {
    if (error.is(Errc::not_found) || error.is(crypto::CryptoErrc::no_such_key)) return Exit::not_found;
    if (error.is(Errc::timeout)) return Exit::timeout;
    if (error.is(Errc::denied)) return Exit::denied;
    if (error.is(Errc::unavailable) || error.is(Errc::closed)) return Exit::unavailable;
    if (error.is(Errc::invalid) || error.code.category() == model::ModelErrc_category()) return Exit::usage;
    return Exit::failed;
}

}  // namespace sonm::cli
