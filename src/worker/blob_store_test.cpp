#include "sonm/worker/blob_store.hpp"

#include "sonm/base/fs.hpp"
#include "sonm/crypto/sha256.hpp"

namespace sonm::worker {
namespace {

constexpr DealId deal(1), other(2);
constexpr std::uint64_t room = 1'000;

/// Gives the pieces one by one, then the end, or an error if `broken`.
BlobStore::Pieces pieces(std::vector<std::string> texts, bool broken = false) {
    struct State {
        std::vector<std::string> texts;
        std::size_t next = 0;
        bool broken;
    };
    auto state = std::make_shared<State>(State{std::move(texts), 0, broken});
    auto give = [](std::shared_ptr<State> state) -> Async<std::optional<Bytes>> {
        if (state->next < state->texts.size())
            co_return std::optional<Bytes>(to_bytes(state->texts[state->next++]));
        if (state->broken) co_return fail(Errc::closed, "the consumer went away");
        co_return std::optional<Bytes>();
    };
    return [state, give] { return give(state); };
}

struct Store {
    TempDir folder;
    BlobStore blobs{folder.path()};
    Result<std::uint64_t> put(std::string_view content, std::uint64_t offset, BlobStore::Pieces from,
                              DealId to = deal, std::optional<std::uint64_t> bytes = std::nullopt) {
        return run_test(blobs.put(to, crypto::sha256(as_bytes(content)), bytes.value_or(content.size()),
                                  offset, room, std::move(from)));
    }
    services::BlobHeld held(std::string_view content, DealId of = deal) {
        return blobs.held(of, crypto::sha256(as_bytes(content)));
    }
};

TEST(BlobStore, whole_upload__is_complete_and_only_for_its_deal) {
    Store store;
    EXPECT_EQ(store.put("hello world", 0, pieces({"hello ", "world"})), 11u);
    EXPECT_TRUE(store.held("hello world").complete);
    EXPECT_FALSE(store.held("hello world", other).complete);
    auto path = store.blobs.path(deal, crypto::sha256(as_bytes("hello world")));
    ASSERT_TRUE(path);
    EXPECT_EQ(*read_text(*path, 100), "hello world");
    ASSERT_TRUE(store.blobs.forget(deal));
    EXPECT_FALSE(store.held("hello world").complete);
}

TEST(BlobStore, connection_lost_in_the_middle__upload_goes_on_where_it_stopped) {
    Store store;
    EXPECT_FALSE(store.put("hello world", 0, pieces({"hello "}, true)));
    EXPECT_EQ(store.held("hello world").bytes, 6u);
    auto wrong = store.put("hello world", 3, pieces({"lo world"}));
    EXPECT_TRUE(!wrong && wrong.error().is(Errc::conflict));
    EXPECT_EQ(store.put("hello world", 6, pieces({"world"})), 11u);
    EXPECT_TRUE(store.held("hello world").complete);
}

TEST(BlobStore, part_longer_than_what_is_announced_now__is_refused) {
    Store store;
    EXPECT_FALSE(store.put("hello world", 0, pieces({"hello "}, true)));
    auto shorter = store.put("hello world", 6, pieces({std::string(2 * room, 'x')}), deal, 3);
    EXPECT_TRUE(!shorter && shorter.error().is(Errc::conflict));
    EXPECT_EQ(store.held("hello world").bytes, 6u);
}

TEST(BlobStore, two_uploads_at_once_that_do_not_fit_together__the_second_is_refused) {
    Store store;
    std::string big(room / 2 + 1, 'a'), other_big(room / 2 + 1, 'b');
    Result<std::uint64_t> second = 0u;
    auto meanwhile = [](Store& store, std::string content,
                        Result<std::uint64_t>& outcome) -> Async<std::optional<Bytes>> {
        auto putting = store.blobs.put(deal, crypto::sha256(as_bytes(content)), content.size(), 0, room,
                                       pieces({content}));
        outcome = co_await std::move(putting);
        co_return fail(Errc::closed, "the consumer went away");
    };
    BlobStore::Pieces first = [&] { return meanwhile(store, other_big, second); };
    EXPECT_FALSE(store.put(big, 0, first));
    EXPECT_TRUE(!second && second.error().is(Errc::too_large));
}

TEST(BlobStore, complete_blob_sent_again__is_answered_without_reading_it) {
    Store store;
    ASSERT_TRUE(store.put("abc", 0, pieces({"abc"})));
    EXPECT_EQ(store.put("abc", 0, pieces({}, true)), 3u);
}

TEST(BlobStore, other_bytes_than_named__are_dropped) {
    Store store;
    auto put = store.put("abc", 0, pieces({"abd"}));
    EXPECT_TRUE(!put && put.error().is(Errc::invalid));
    EXPECT_EQ(store.held("abc").bytes, 0u);
}

TEST(BlobStore, more_than_announced_or_than_the_deal_may_hold__is_refused) {
    Store store;
    auto more = store.put("abc", 0, pieces({"abcd"}));
    EXPECT_TRUE(!more && more.error().is(Errc::too_large));
    auto big = store.put("x", 0, pieces({}), deal, room + 1);
    EXPECT_TRUE(!big && big.error().is(Errc::too_large));
    ASSERT_TRUE(store.put(std::string(900, 'y'), 0, pieces({std::string(900, 'y')})));
    auto second = store.put(std::string(101, 'z'), 0, pieces({}));
    EXPECT_TRUE(!second && second.error().is(Errc::too_large)) << "all blobs of the deal count together";
}

}  // namespace
}  // namespace sonm::worker
