// Matching time against book size: market::OrderBook, SQLite with a covering index, and a plain scan, in one
// run on the same data. Prints a Markdown table for docs/performance.md.
//
//     market_bench [largest book = 1000000] [queries = 200]
//
// Every query asks for the one best ask of a bid that about 50 % or 1 % of the book could serve, with prices
// that follow the machines' size (the realistic case) or do not. Between any two queries one ask leaves the
// book and one comes, as on a living market; those changes are timed too. The three answers are compared: a
// wrong one ends the program.
#include "sonm/base/units.hpp"
#include "sonm/market/order_book.hpp"
#include "sonm/market/testing.hpp"

#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

using namespace sonm;
using market::OpenOrder;
using model::Order;

constexpr std::size_t measured = 12;  // benchmarks that the data has
/// Processor time of this thread: what else runs on the machine does not count.
double micros() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double quantile(std::vector<double> values, double q) {
    std::sort(values.begin(), values.end());
    return values.empty()
               ? 0
               : values[std::min(values.size() - 1,
                                 static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

/// One place where orders lie and are searched. `find` gives the number of the best ask, or -1.
struct Store {
    virtual ~Store() = default;
    virtual void insert(std::size_t number, const Order& ask) = 0;
    virtual void erase(std::size_t number) = 0;
    virtual std::int64_t find(const Order& bid) = 0;
};

class Book final : public Store {
public:
    explicit Book(UnixTime now) : now_(now) { book_.set_time(now); }
    void insert(std::size_t number, const Order& ask) override {
        book_.place(id_of(number), ask, Tokens(), number);
    }
    void erase(std::size_t number) override { (void)book_.remove(id_of(number)); }
    std::int64_t find(const Order& bid) override {
        market::MatchContext context{now_, people_, {}, true};
        auto found = book_.best(bid, context, 1);
        return found.empty() ? -1 : static_cast<std::int64_t>(found[0]->age);
    }

private:
    static model::OrderId id_of(std::uint64_t number) {
        // Spread like the hashes that real ids are.
        std::uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15ULL;
        model::OrderId id;
        std::memcpy(id.value.bytes.data(), &mixed, sizeof mixed);
        return id;
    }
    UnixTime now_;
    market::People people_;
    market::OrderBook book_;
};

/// Only what the query compares, one array per value: the best case of a scan.
class Scan final : public Store {
public:
    void insert(std::size_t number, const Order& ask) override {
        if (alive_.size() <= number) grow(number + 1);
        for (std::size_t k = 0; k < measured; ++k) values_[k][number] = ask.benchmarks.values[k];
        price_[number] = static_cast<std::uint64_t>(ask.price.value);
        duration_[number] = ask.duration.value;
        flags_[number] = ask.netflags.bits;
        alive_[number] = 1;
    }
    void erase(std::size_t number) override { alive_[number] = 0; }
    std::int64_t find(const Order& bid) override {
        std::int64_t best = -1;
        for (std::size_t i = 0; i < alive_.size(); ++i) {
            if (!alive_[i] || (best >= 0 && price_[i] >= price_[static_cast<std::size_t>(best)])) continue;
            if (duration_[i] < bid.duration.value || (bid.netflags.bits & ~flags_[i]) != 0) continue;
            bool serves = true;
            for (std::size_t k = 0; k < measured && serves; ++k)
                serves = values_[k][i] >= bid.benchmarks.values[k];
            if (serves) best = static_cast<std::int64_t>(i);
        }
        return best;
    }

private:
    void grow(std::size_t size) {
        for (auto& values : values_) values.resize(size);
        price_.resize(size);
        duration_.resize(size);
        flags_.resize(size);
        alive_.resize(size);
    }
    std::array<std::vector<std::uint64_t>, measured> values_;
    std::vector<std::uint64_t> price_, duration_, flags_;
    std::vector<char> alive_;
};

class Sqlite final : public Store {
public:
    Sqlite() {
        check(sqlite3_open(":memory:", &db_));
        std::string columns, marks, wanted;
        for (std::size_t k = 0; k < measured; ++k) {
            columns += fmt::format(", b{}", k);
            marks += ", ?";
            wanted += fmt::format(" AND b{} >= ?", k);
        }
        run("CREATE TABLE ask (number INTEGER PRIMARY KEY, price, duration, flags" + columns + ")");
        run("CREATE INDEX by_price ON ask (price, number, duration, flags" + columns + ")");
        insert_ = prepare("INSERT INTO ask VALUES (?, ?, ?, ?" + marks + ")");
        erase_ = prepare("DELETE FROM ask WHERE number = ?");
        find_ = prepare("SELECT number FROM ask INDEXED BY by_price WHERE duration >= ? AND flags & ? = ?" +
                        wanted + " ORDER BY price, number LIMIT 1");
        run("BEGIN");
    }
    ~Sqlite() override {
        for (sqlite3_stmt* statement : {insert_, erase_, find_}) sqlite3_finalize(statement);
        sqlite3_close(db_);
    }
    void insert(std::size_t number, const Order& ask) override {
        int at = 0;
        for (std::uint64_t value : {std::uint64_t(number), static_cast<std::uint64_t>(ask.price.value),
                                    ask.duration.value, ask.netflags.bits})
            bind(insert_, ++at, value);
        for (std::size_t k = 0; k < measured; ++k) bind(insert_, ++at, ask.benchmarks.values[k]);
        step(insert_);
    }
    void erase(std::size_t number) override {
        bind(erase_, 1, number);
        step(erase_);
    }
    std::int64_t find(const Order& bid) override {
        int at = 0;
        for (std::uint64_t value : {bid.duration.value, bid.netflags.bits, bid.netflags.bits})
            bind(find_, ++at, value);
        for (std::size_t k = 0; k < measured; ++k) bind(find_, ++at, bid.benchmarks.values[k]);
        std::int64_t number = sqlite3_step(find_) == SQLITE_ROW ? sqlite3_column_int64(find_, 0) : -1;
        sqlite3_reset(find_);
        return number;
    }

private:
    void check(int code) {
        if (code == SQLITE_OK || code == SQLITE_DONE) return;
        fmt::print(stderr, "sqlite: {}\n", sqlite3_errmsg(db_));
        std::exit(1);
    }
    void run(const std::string& sql) { check(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr)); }
    sqlite3_stmt* prepare(const std::string& sql) {
        sqlite3_stmt* statement = nullptr;
        check(sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr));
        return statement;
    }
    static void bind(sqlite3_stmt* statement, int at, std::uint64_t value) {
        sqlite3_bind_int64(statement, at, static_cast<std::int64_t>(value));
    }
    void step(sqlite3_stmt* statement) {
        check(sqlite3_step(statement));
        sqlite3_reset(statement);
    }
    sqlite3* db_ = nullptr;
    sqlite3_stmt *insert_ = nullptr, *erase_ = nullptr, *find_ = nullptr;
};

struct Times {
    std::vector<double> find, update;
    std::vector<std::int64_t> answers;
};

/// Fills the store, then asks and changes in turn.
Times measure(Store& store, const std::vector<Order>& asks, std::size_t living,
              const std::vector<Order>& bids) {
    Times times;
    for (std::size_t i = 0; i < living; ++i) store.insert(i, asks[i]);
    for (std::size_t q = 0; q < bids.size(); ++q) {
        double start = micros();
        times.answers.push_back(store.find(bids[q]));
        times.find.push_back(micros() - start);
        // The oldest goes, a new one comes.
        start = micros();
        store.erase(q);
        times.update.push_back(micros() - start);
        start = micros();
        store.insert(living + q, asks[living + q]);
        times.update.push_back(micros() - start);
    }
    return times;
}

void table_row(std::size_t size, bool follows, double selectivity, std::size_t queries) {
    market::RealisticMarket market;
    market.price_follows_size = follows;
    std::vector<Order> asks = market::realistic_asks(market, size + queries);
    std::mt19937_64 random(size);
    std::vector<Order> bids(queries);
    for (Order& bid : bids) bid = market::realistic_bid(market, asks, selectivity, random);
    Book book(market.now);
    Times ours = measure(book, asks, size, bids);
    Scan scan;
    Times scanned = measure(scan, asks, size, bids);
    Sqlite sqlite;
    Times stored = measure(sqlite, asks, size, bids);
    if (ours.answers != scanned.answers || ours.answers != stored.answers) {
        fmt::print(stderr, "the answers differ: defect\n");
        std::exit(1);
    }
    fmt::print(
        "| {} | {} | {:.0f} % | {:.1f} / {:.1f} | {:.1f} / {:.1f} | {:.1f} / {:.1f} | {:.1f} / {:.1f} | "
        "{:.1f} / {:.1f} |\n",
        size, follows ? "yes" : "no", selectivity * 100, quantile(ours.find, 0.5), quantile(ours.find, 0.99),
        quantile(ours.update, 0.5), quantile(ours.update, 0.99), quantile(stored.find, 0.5),
        quantile(stored.find, 0.99), quantile(stored.update, 0.5), quantile(stored.update, 0.99),
        quantile(scanned.find, 0.5), quantile(scanned.find, 0.99));
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t largest = argc > 1 ? parse_int<std::uint64_t>(argv[1]).value_or(1'000'000) : 1'000'000;
    std::size_t queries = argc > 2 ? parse_int<std::uint64_t>(argv[2]).value_or(200) : 200;
    fmt::print(
        "Microseconds of processor time, p50 / p99; {} queries each; one removal and one insertion between "
        "any two.\n\n",
        queries);
    fmt::print(
        "| orders | price follows size | could serve | order book: find | change | SQLite: find | change | "
        "plain scan: find |\n");
    fmt::print("|---:|---|---:|---:|---:|---:|---:|---:|\n");
    for (std::size_t size = 1000; size <= largest; size *= 10) {
        for (bool follows : {true, false}) {
            for (double selectivity : {0.5, 0.01}) table_row(size, follows, selectivity, queries);
        }
    }
    return 0;
}
