#pragma once

#include "sonm/base/async.hpp"
#include "sonm/base/clock.hpp"
#include "sonm/crypto/key.hpp"
#include "sonm/settlement/chain_ledger.hpp"
#include "sonm/settlement/desk.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <memory>

namespace sonm::cli {

/// What can be said before or after any command.
struct Options {
    std::string home;     ///< --home, SONM_HOME, else ~/.sonm
    std::string network;  ///< --network, SONM_NETWORK, else <home>/network.json
    std::string key;      ///< --key, SONM_KEY: an address or its beginning, or dev:N on a development chain
    std::string passphrase_file;  ///< --passphrase-file
    std::string log_level = "warn";
    bool log_level_given = false;
    bool json = false;
    bool yes = false;
};

/// What commands share: where things are, who we are, the market. Made once a process; everything is opened
/// when first asked for.
class Context {
public:
    Context(Executor executor, Options options);
    ~Context();
    Context(const Context&) = delete;

    const Options& options() const { return options_; }
    bool json() const { return options_.json; }
    const Clock& clock() const { return clock_; }
    Executor executor() const { return executor_; }

    /// What a daemon's own file says, where the command line says nothing.
    void adopt(const std::string& key, const std::filesystem::path& keys,
               const std::filesystem::path& passphrase_file, const std::filesystem::path& network);
    std::filesystem::path home() const;
    std::filesystem::path keys_folder() const { return keys_.empty() ? home() / "keys" : keys_; }
    std::filesystem::path network_file() const;
    /// Errors: not_found, saying how to get one.
    Result<settlement::Network> network() const;
    /// Our account's key; may ask for the passphrase. Errors: not_found (no key: how to make one), invalid
    /// (several: say which), denied.
    Async<const crypto::Signer*> signer();
    /// The same on a network that has no file yet: a chain on which nothing of ours stands.
    Async<const crypto::Signer*> signer_for(Result<settlement::Network> network);
    /// Our account, without opening its key. Errors: as signer's, but for the passphrase.
    Result<crypto::Address> account() const;
    /// The folder of this account on this network, made if need be.
    Result<std::filesystem::path> account_folder() const;
    /// The market, running as a child of `group`, able to send: opens the key.
    Async<market::Ledger*> ledger(TaskGroup& group);
    /// The market for looking only: no passphrase is asked for, and without any key the account is nobody's.
    Async<market::Ledger*> reader(TaskGroup& group);

    /// The account at the other contracts, able to send: opens the key.
    Async<settlement::Desk*> desk();
    /// The same for looking only, as reader().
    Async<settlement::Desk*> watching_desk();

    /// Before anything is written to the chain: says what will be sent and asks, unless --yes. Errors:
    /// denied.
    Result<void> confirm_intent(std::string_view what) const;
    /// Prints `value` as JSON, or `text` as it is.
    void emit(const nlohmann::ordered_json& value, std::string_view text) const;

private:
    /// Which key is meant: "dev:N", or an address in the keystore.
    Result<std::string> wanted_key() const;
    Async<market::Ledger*> open_ledger(TaskGroup& group, const crypto::Signer& signer,
                                       std::filesystem::path state);

    Executor executor_;
    Options options_;
    std::filesystem::path keys_;
    SystemClock clock_;
    std::unique_ptr<crypto::PrivateKey> key_;
    std::unique_ptr<crypto::Signer> watcher_;
    std::unique_ptr<settlement::ChainLedger> ledger_;
    std::unique_ptr<settlement::Desk> desk_;
};

/// Exit codes of `sonm`; docs/cli.md lists them.
enum class Exit : int {
    ok = 0,
    failed = 1,
    usage = 2,
    not_found = 3,
    timeout = 4,
    no_deal = 5,
    denied = 6,
    unavailable = 7,
    interrupted = 130
};
Exit exit_of(const Error& error);

}  // namespace sonm::cli
