// Whether Foundry's `cast` and the room `crypto` understand each other: keystores both ways, signed
// transactions, typed data.

#include "sonm/base/fs.hpp"
#include "sonm/crypto/development_keys.hpp"
#include "sonm/crypto/eip712.hpp"
#include "sonm/crypto/keccak.hpp"
#include "sonm/crypto/keystore.hpp"
#include "sonm/crypto/transaction.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace sonm::crypto {
namespace {

constexpr UnixTime noon{1'769'860'805};
constexpr ScryptCost cheap{4096, 8, 1};

/// Where npm put it; SONM_CAST names another.
std::string cast_program() {
    const char* named = std::getenv("SONM_CAST");
    return named ? named : SONM_SOURCE_DIR "/contracts/node_modules/.bin/cast";
}

class Cast : public testing::Test {
protected:
    void SetUp() override {
        if (::access(cast_program().c_str(), X_OK) != 0)
            GTEST_SKIP() << "no cast at " << cast_program() << ": run tools/install node";
    }

    /// What `cast` prints, without the newline at the end.
    std::string cast(const std::vector<std::string>& arguments) {
        std::string program = cast_program(), log = folder_ / "said";
        std::vector<char*> argv = {program.data()};
        for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
        argv.push_back(nullptr);
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        posix_spawn_file_actions_adddup2(&files, 1, 2);
        pid_t child = 0;
        int started = ::posix_spawn(&child, program.c_str(), &files, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&files);
        SONM_ASSERT(started == 0);
        int status = -1;
        SONM_ASSERT(::waitpid(child, &status, 0) == child);
        std::string said = read_text(log, 1 * MiB).value();
        EXPECT_EQ(status, 0) << fmt::format("cast {}\n{}", fmt::join(arguments, " "), said);
        while (said.ends_with('\n')) said.pop_back();
        return said;
    }

    TempDir folder_;
    PrivateKey key_ = parse_private_key(development_keys[3]).value();
};

TEST_F(Cast, opens_a_keystore_that_we_wrote) {
    Keystore store(folder_.path(), cheap);
    PrivateKey key = PrivateKey::generate();
    KeystoreEntry entry = store.import(key, "correct horse", noon).value();
    std::string said = cast({"wallet", "decrypt-keystore", entry.path.filename(), "-k", folder_.path(),
                             "--unsafe-password", "correct horse"});
    EXPECT_TRUE(said.ends_with(to_hex0x(key.secret()))) << said;
}

TEST_F(Cast, opens_a_keystore_of_full_cost) {
    Keystore store(folder_.path());
    KeystoreEntry entry = store.create("p", noon).value();
    std::string said = cast({"wallet", "address", "--keystore", entry.path, "--password", "p"});
    EXPECT_EQ(said, to_string(entry.address));
}

TEST_F(Cast, keystore_that_cast_wrote_is_opened_by_us) {
    cast({"wallet", "import", "alice", "-k", folder_.path(), "--private-key",
          std::string(development_keys[3]), "--unsafe-password", "pw"});
    auto key = open_keystore_file(folder_ / "alice", "pw");
    ASSERT_TRUE(key) << key.error().message();
    EXPECT_EQ(key->address(), key_.address());
    EXPECT_FALSE(open_keystore_file(folder_ / "alice", "pW"));
}

TEST_F(Cast, random_transactions_are_signed_to_the_same_bytes) {
    for (int round = 0; round < 20; ++round) {
        Bytes dice = random_bytes(32);
        Transaction txn;
        // Not a chain that cast knows: for some of those it writes the old kind of transaction.
        txn.chain_id = 31'337'000 + dice[0];
        txn.nonce = (std::uint64_t(dice[1]) << 8 | dice[2]) >> (dice[3] % 17);
        txn.priority_fee_max = dice[4];
        txn.fee_max = (U256(dice[5]) << (dice[6] % 60)) + 256;
        txn.gas_limit = 21'000 + (std::uint64_t(dice[7]) << (dice[8] % 16));
        txn.value = U256(dice[9]) << (dice[10] % 100);
        Bytes to = random_bytes(20);
        std::copy(to.begin(), to.end(), txn.to.emplace().bytes.begin());
        txn.data = random_bytes(std::size_t(dice[11]) + 4);
        std::string said =
            cast({"mktx", "--private-key", std::string(development_keys[3]), "--chain",
                  std::to_string(txn.chain_id), "--nonce", std::to_string(txn.nonce), "--priority-gas-price",
                  to_decimal(txn.priority_fee_max), "--gas-price", to_decimal(txn.fee_max), "--gas-limit",
                  std::to_string(txn.gas_limit), "--value", to_decimal(txn.value), "--rpc-url",
                  "http://127.0.0.1:1", to_string(*txn.to), to_hex0x(txn.data)});
        ASSERT_EQ(said, to_hex0x(sign(txn, key_).raw));
    }
}

TEST_F(Cast, typed_data_is_signed_to_the_same_bytes) {
    Eip712Domain domain{"SONM", "1", 31337,
                        parse_address("0x5FbDB2315678afecb367f032d93F642f64180aa3").value()};
    const U256 benchmarks[] = {1, 200, 30000};
    TypedStruct order("Order"), terms("Terms");
    terms.string("note", "Привет").bytes("blob", *parse_hex("00ff10"));
    order.address("author", key_.address())
        .numbers("uint64[]", "benchmarks", benchmarks)
        .bytes32("tag", Hash{});
    order.boolean("spot", true).nested("terms", terms);

    std::ofstream(folder_ / "typed.json") << fmt::format(
        R"({{"types":{{"EIP712Domain":[{{"name":"name","type":"string"}},{{"name":"version","type":"string"}},
        {{"name":"chainId","type":"uint256"}},{{"name":"verifyingContract","type":"address"}}],
        "Order":[{{"name":"author","type":"address"}},{{"name":"benchmarks","type":"uint64[]"}},{{"name":"tag","type":"bytes32"}},
        {{"name":"spot","type":"bool"}},{{"name":"terms","type":"Terms"}}],
        "Terms":[{{"name":"note","type":"string"}},{{"name":"blob","type":"bytes"}}]}},"primaryType":"Order",
        "domain":{{"name":"SONM","version":"1","chainId":31337,"verifyingContract":"{}"}},
        "message":{{"author":"{}","benchmarks":[1,200,30000],"tag":"{}","spot":true,
        "terms":{{"note":"Привет","blob":"0x00ff10"}}}}}})",
        *domain.verifying_contract, key_.address(), Hash{});
    std::string said = cast({"wallet", "sign", "--private-key", std::string(development_keys[3]), "--data",
                             "--from-file", folder_ / "typed.json"});
    Hash digest = typed_digest(domain_separator(domain), order.hash());
    EXPECT_EQ(said, to_hex0x(to_rsv(key_.sign(digest))));
}

}  // namespace
}  // namespace sonm::crypto
