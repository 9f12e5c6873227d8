#include "sonm/base/sqlite.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sonm {
namespace {

const std::vector<std::string_view> notes = {
    "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT, amount BLOB) STRICT"};

class SqliteTest : public testing::Test {
protected:
    void SetUp() override {
        auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() /
                  fmt::format("sonm_sqlite_{}_{}", info->name(), ::getpid());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string file() const { return (folder_ / "x.db").string(); }
    std::unique_ptr<Database> open(const std::vector<std::string_view>& migrations = notes) {
        auto db = Database::open(file(), migrations);
        EXPECT_TRUE(db) << db.error().message();
        return db ? std::move(*db) : nullptr;
    }
    std::filesystem::path folder_;
};

TEST_F(SqliteTest, a_database_is_its_owners_alone_also_one_that_others_could_read_before) {
    auto mode = [&](const char* part) {
        return std::filesystem::status(file() + part).permissions() & std::filesystem::perms::all;
    };
    auto owner = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
    open();
    std::filesystem::permissions(file(), owner | std::filesystem::perms::others_read);
    auto db = open();
    ASSERT_TRUE(db->run("INSERT INTO note (body) VALUES ('secret')"));
    EXPECT_EQ(mode(""), owner);
    EXPECT_EQ(mode("-wal"), owner);
}

TEST_F(SqliteTest, values_of_every_type_come_back_as_they_went_in) {
    auto db = open({"CREATE TABLE t (a, b, c, d, e, f, g)"});
    FixedBytes<3> fixed{1, 2, 3};
    Bytes blob{9, 0, 9};
    std::string text = "a \0 b";
    ASSERT_TRUE(db->run("INSERT INTO t VALUES (?,?,?,?,?,?,?)", std::int64_t(-5), text, blob, fixed, u256_max,
                        UnixTime(77), std::optional<std::uint32_t>()));
    auto read = db->all(
        [](const Row& row) {
            return std::tuple(row.get<int>(0), row.get<std::string>(1), row.get<Bytes>(2),
                              row.get<FixedBytes<3>>(3), row.get<U256>(4), row.get<UnixTime>(5),
                              row.get<std::optional<std::uint32_t>>(6));
        },
        "SELECT * FROM t");
    ASSERT_TRUE(read) << read.error().message();
    ASSERT_EQ(read->size(), 1u);
    auto& [a, b, c, d, e, f, g] = (*read)[0];
    EXPECT_EQ(a, -5);
    EXPECT_EQ(b, text);
    EXPECT_EQ(c, blob);
    EXPECT_EQ(d, fixed);
    EXPECT_TRUE(e == u256_max);
    EXPECT_EQ(f, UnixTime(77));
    EXPECT_FALSE(g);
}

TEST_F(SqliteTest, a_stored_value_of_the_wrong_size_is_reported_as_damage) {
    auto db = open();
    ASSERT_TRUE(db->run("INSERT INTO note VALUES (1, 'x', ?)", Bytes{1, 2}));
    auto read = db->value<U256>("SELECT amount FROM note");
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().is(Errc::corrupt));
}

TEST_F(SqliteTest, a_number_that_sqlite_cannot_hold_is_an_error_not_a_negative_number) {
    auto db = open();
    auto done = db->run("INSERT INTO note (id) VALUES (?)", ~std::uint64_t(0));
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().is(Errc::overflow));
}

TEST_F(SqliteTest, data_survives_closing_and_migrations_run_once) {
    {
        auto db = open();
        ASSERT_TRUE(db->run("INSERT INTO note (id, body) VALUES (7, 'kept')"));
    }
    auto db = open({notes[0], "ALTER TABLE note ADD COLUMN extra INTEGER DEFAULT 3"});
    auto body = db->value<std::string>("SELECT body FROM note WHERE id = ? AND extra = 3", 7);
    ASSERT_TRUE(body && *body);
    EXPECT_EQ(**body, "kept");
}

TEST_F(SqliteTest, a_file_of_a_newer_program_is_refused) {
    { auto db = open({notes[0], "CREATE TABLE more (id)"}); }
    auto db = Database::open(file(), notes);
    ASSERT_FALSE(db);
    EXPECT_TRUE(db.error().is(Errc::conflict));
}

TEST_F(SqliteTest, a_failing_transaction_leaves_nothing_and_a_nested_one_only_its_own) {
    auto db = open();
    auto outer = db->transact([&]() -> Result<void> {
        SONM_CHECK(db->run("INSERT INTO note (id) VALUES (1)"));
        auto inner = db->transact([&]() -> Result<void> {
            SONM_CHECK(db->run("INSERT INTO note (id) VALUES (2)"));
            return fail(Errc::invalid, "no");
        });
        EXPECT_FALSE(inner);
        return Result<void>();
    });
    ASSERT_TRUE(outer);
    EXPECT_EQ(**db->value<int>("SELECT count(*) FROM note"), 1);
    auto broken = db->transact([&]() -> Result<void> {
        SONM_CHECK(db->run("DELETE FROM note"));
        return fail(Errc::invalid, "no");
    });
    EXPECT_FALSE(broken);
    EXPECT_EQ(**db->value<int>("SELECT count(*) FROM note"), 1);
}

TEST_F(SqliteTest, a_taken_key_is_exists) {
    auto db = open();
    ASSERT_TRUE(db->run("INSERT INTO note (id) VALUES (1)"));
    auto again = db->run("INSERT INTO note (id) VALUES (1)");
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().is(Errc::exists)) << again.error().message();
}

TEST_F(SqliteTest, a_full_disk_is_no_space_and_loses_nothing_stored_before) {
    auto db = open();
    ASSERT_TRUE(db->run("INSERT INTO note (id, body) VALUES (1, 'kept')"));
    ASSERT_TRUE(db->script("PRAGMA max_page_count = 4"));
    auto big = db->run("INSERT INTO note (id, body) VALUES (2, ?)", std::string(1 << 20, 'x'));
    ASSERT_FALSE(big);
    EXPECT_TRUE(big.error().is(Errc::no_space)) << big.error().message();
    EXPECT_EQ(**db->value<int>("SELECT count(*) FROM note"), 1);
}

TEST_F(SqliteTest, a_file_that_is_no_database_is_corrupt) {
    std::ofstream(file()) << std::string(5000, 'z');
    auto db = Database::open(file(), notes);
    ASSERT_FALSE(db);
    EXPECT_TRUE(db.error().is(Errc::corrupt)) << db.error().message();
}

TEST_F(SqliteTest, a_folder_that_does_not_exist_is_named) {
    auto db = Database::open("/nonexistent/folder/x.db", notes);
    ASSERT_FALSE(db);
    EXPECT_NE(db.error().message().find("/nonexistent/folder/x.db"), std::string::npos);
}

}  // namespace
}  // namespace sonm
