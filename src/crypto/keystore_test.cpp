#include "sonm/crypto/keystore.hpp"

#include "sonm/base/errc.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/crypto/development_keys.hpp"
#include "sonm/crypto/errc.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>

namespace sonm::crypto {
namespace {

// The vectors of the definition: password "testpassword".
constexpr std::string_view official_scrypt =
    R"({"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
    "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",
    "kdfparams":{"dklen":32,"n":262144,"r":1,"p":8,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
    "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},
    "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})";
constexpr std::string_view official_pbkdf2 =
    R"({"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
    "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
    "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
    "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
    "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})";
constexpr std::string_view official_secret =
    "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

/// Cheap on purpose: the real cost is tested once, by the official vector.
constexpr ScryptCost cheap{2, 1, 1};
constexpr UnixTime noon{1'769'860'805};  // 2026-01-31 12:00:05 UTC

PrivateKey development_key(std::size_t index) { return parse_private_key(development_keys[index]).value(); }

std::string with(std::string_view text, std::string_view from, std::string_view to) {
    std::string out(text);
    std::size_t at = out.find(from);
    SONM_ASSERT(at != std::string::npos);
    return out.replace(at, from.size(), to);
}

TEST(KeystoreFile, official_vectors_of_scrypt_and_pbkdf2_open) {
    for (std::string_view text : {official_scrypt, official_pbkdf2}) {
        auto file = parse_keystore_file(text);
        ASSERT_TRUE(file) << file.error().message();
        auto key = unseal_key(*file, "testpassword");
        ASSERT_TRUE(key) << key.error().message();
        EXPECT_EQ(to_hex(key->secret()), official_secret);
    }
}

TEST(KeystoreFile, sealed_key_opens_with_its_passphrase_only) {
    PrivateKey key = PrivateKey::generate();
    std::string text = seal_key(key, "пароль", cheap).value();
    EXPECT_EQ(text.find(to_hex(key.secret())), std::string::npos);
    KeystoreFile file = parse_keystore_file(text).value();
    EXPECT_EQ(file.address, key.address());
    EXPECT_EQ(unseal_key(file, "пароль").value().secret(), key.secret());
    EXPECT_TRUE(unseal_key(file, "пароль ").error().is(CryptoErrc::wrong_passphrase));
    EXPECT_TRUE(unseal_key(file, "").error().is(CryptoErrc::wrong_passphrase));
}

TEST(KeystoreFile, empty_passphrase_is_refused) {
    EXPECT_TRUE(seal_key(development_key(0), "", cheap).error().is(CryptoErrc::empty_passphrase));
}

TEST(KeystoreFile, same_key_sealed_twice_shares_nothing_but_its_address) {
    KeystoreFile one = parse_keystore_file(seal_key(development_key(0), "p", cheap).value()).value();
    KeystoreFile two = parse_keystore_file(seal_key(development_key(0), "p", cheap).value()).value();
    EXPECT_NE(one.salt, two.salt);
    EXPECT_NE(one.iv, two.iv);
    EXPECT_NE(one.ciphertext, two.ciphertext);
}

TEST(KeystoreFile, foreign_key_under_the_name_of_another_account_is_refused) {
    KeystoreFile file = parse_keystore_file(seal_key(development_key(0), "p", cheap).value()).value();
    file.address = development_key(1).address();
    EXPECT_TRUE(unseal_key(file, "p").error().is(CryptoErrc::malformed_keystore));
}

TEST(KeystoreFile, hostile_costs_are_refused_before_any_work) {
    for (auto [from, to] :
         {std::pair{"\"n\":262144", "\"n\":4294967296"},
          std::pair{"\"n\":262144", "\"n\":9223372036854775808"},
          std::pair{"\"r\":1", "\"r\":18446744073709551615"}, std::pair{"\"p\":8", "\"p\":1000000"},
          std::pair{"\"r\":1", "\"r\":32"}, std::pair{"\"p\":8", "\"p\":0"}}) {
        auto file = parse_keystore_file(with(official_scrypt, from, to));
        ASSERT_FALSE(file) << to;
        EXPECT_TRUE(file.error().is(CryptoErrc::costly_keystore)) << to;
    }
    auto slow = parse_keystore_file(with(official_pbkdf2, "\"c\":262144", "\"c\":4000000000"));
    EXPECT_TRUE(slow.error().is(CryptoErrc::costly_keystore));
}

TEST(KeystoreFile, malformed_files_say_what_is_wrong) {
    struct Case {
        std::string text;
        std::string_view says;
    };
    std::string good(official_scrypt);
    for (const Case& c :
         {Case{"", "JSON"}, Case{"[]", "JSON"}, Case{"{}", "version"},
          Case{with(good, "\"version\":3", "\"version\":1"), "only 3"},
          Case{with(good, "aes-128-ctr", "aes-128-cbc"), "cipher"},
          Case{with(good, "\"scrypt\"", "\"argon2\""), "neither"},
          Case{with(good, "\"n\":262144", "\"n\":262143"), "262143"},
          Case{with(good, "\"n\":262144", "\"n\":-4"), "'n'"}, Case{with(good, "83dbcc02", "83dbcc"), "'iv'"},
          Case{with(good, "2103ac", "zz03ac"), "'mac'"},
          Case{with(good, "\"dklen\":32", "\"dklen\":16"), "dklen"}, Case{good.substr(0, 200), "JSON"},
          Case{std::string(keystore_bytes_max + 1, ' '), "64 KiB"}, Case{std::string(60'000, '['), "JSON"}}) {
        auto file = parse_keystore_file(c.text);
        ASSERT_FALSE(file) << c.text.substr(0, 100);
        EXPECT_TRUE(file.error().is(CryptoErrc::malformed_keystore)) << c.says;
        EXPECT_NE(file.error().message().find(c.says), std::string::npos) << file.error().message();
    }
}

TEST(KeystoreFile, flipped_bit_of_the_ciphertext_is_noticed) {
    KeystoreFile file = parse_keystore_file(seal_key(development_key(0), "p", cheap).value()).value();
    file.ciphertext[7] ^= 1;
    EXPECT_TRUE(unseal_key(file, "p").error().is(CryptoErrc::wrong_passphrase));
}

class KeystoreFolder : public testing::Test {
protected:
    TempDir folder_;
    Keystore store_{folder_ / "keys", cheap};
};

TEST_F(KeystoreFolder, missing_folder_holds_no_keys) { EXPECT_TRUE(store_.list().value().empty()); }

TEST_F(KeystoreFolder, created_key_is_listed_and_opened_by_a_prefix_of_its_address) {
    KeystoreEntry made = store_.create("secret", noon).value();
    auto entries = store_.list().value();
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].address, made.address);
    std::string text = to_string(made.address);
    for (std::string_view name :
         {std::string_view(text), std::string_view(text).substr(0, 8), std::string_view(text).substr(2)}) {
        EXPECT_EQ(store_.open(name, "secret").value().address(), made.address) << name;
    }
    EXPECT_TRUE(store_.open(text, "Secret").error().is(CryptoErrc::wrong_passphrase));
}

TEST_F(KeystoreFolder, file_is_named_as_geth_names_it_and_is_for_its_owner_only) {
    KeystoreEntry made = store_.import(development_key(0), "secret", noon).value();
    EXPECT_EQ(made.path.filename(),
              "UTC--2026-01-31T12-00-05.000000000Z--f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    struct stat about {};
    ASSERT_EQ(::stat(made.path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u);
    ASSERT_EQ(::stat(made.path.parent_path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0700u);
}

TEST_F(KeystoreFolder, importing_a_key_twice_is_refused) {
    ASSERT_TRUE(store_.import(development_key(0), "a", noon));
    EXPECT_TRUE(store_.import(development_key(0), "b", noon + Seconds(1)).error().is(CryptoErrc::key_exists));
}

TEST_F(KeystoreFolder, refused_passphrase_leaves_no_file_behind) {
    EXPECT_TRUE(store_.create("", noon).error().is(CryptoErrc::empty_passphrase));
    EXPECT_TRUE(store_.list().value().empty());
    EXPECT_FALSE(std::filesystem::exists(folder_ / "keys"));
}

TEST_F(KeystoreFolder, unknown_short_or_senseless_address_is_refused) {
    ASSERT_TRUE(store_.import(development_key(0), "a", noon));
    EXPECT_TRUE(store_.find("0x1234").error().is(CryptoErrc::no_such_key));
    EXPECT_TRUE(store_.find("0xf3").error().is(Errc::invalid));
    EXPECT_TRUE(store_.find("../../etc/passwd").error().is(Errc::invalid));
}

TEST_F(KeystoreFolder, files_that_are_no_keystore_are_passed_over) {
    ASSERT_TRUE(store_.import(development_key(0), "a", noon));
    std::ofstream(folder_ / "keys/README") << "hello";
    std::filesystem::create_directory(folder_ / "keys/UTC--folder");
    EXPECT_EQ(store_.list().value().size(), 1u);
}

TEST_F(KeystoreFolder, two_keys_with_the_same_first_digits_are_told_apart_only_by_more) {
    std::filesystem::create_directory(folder_ / "keys");
    std::string text = seal_key(development_key(0), "a", cheap).value();
    std::string twin =
        with(text, "f39fd6e51aad88f6f4ce6ab8827279cfffb92266", "f39fd6e51aad88f6f4ce6ab8827279cfffb92267");
    std::ofstream(folder_ / "keys/one") << text;
    std::ofstream(folder_ / "keys/two") << twin;
    EXPECT_TRUE(store_.find("0xf39f").error().is(CryptoErrc::ambiguous_key));
    EXPECT_TRUE(store_.find("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92267"));
}

TEST_F(KeystoreFolder, file_whose_address_is_only_in_its_name_is_found) {
    std::filesystem::create_directory(folder_ / "keys");
    std::string text = with(seal_key(development_key(0), "a", cheap).value(), "address", "comment");
    std::ofstream(folder_ / "keys/UTC--2020-01-01T00-00-00.0Z--f39fd6e51aad88f6f4ce6ab8827279cfffb92266")
        << text;
    EXPECT_TRUE(store_.open("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "a"));
}

TEST(PrivateKeyText, is_refused_without_being_quoted) {
    std::string text = std::string(development_keys[0]).substr(0, 64);
    auto key = parse_private_key(text);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().message().find("ac0974"), std::string::npos);
}

}  // namespace
}  // namespace sonm::crypto
