#include "sonm/time/time.hpp"

#include "sonm/base/log.hpp"
#include "sonm/rpc/connect_at.hpp"
#include "sonm/time/block_time.hpp"

#include <ctime>

namespace sonm::time {

using services::TimeReading;
using services::TimeSource;
using services::TimeStatus;

namespace {

std::int64_t read_clock(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::int64_t(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
}

/// A change of wall minus steady beyond this is a jump; clock discipline moves it slower.
constexpr std::int64_t jump_us = 100'000;
/// Questions to one peer in a round: the fastest answer bounds the offset best.
constexpr int questions = 3;
/// How far a block's time may be in the future. Source: the rule of Ethereum's clients, 15 s.
constexpr std::int64_t block_ahead_us = 15'000'000;
/// Readings that stand still for so long are worth a word at the start.
constexpr std::int64_t far_ahead_us = 60'000'000;

web::Options web_options(const Config& config) {
    web::Options options;
    options.guard = web::AddressGuard(config.chain_allow);
    options.limits.answer_max = config.answer_max;
    options.limits.body_bytes_max = block_bytes_max;
    options.limits.transfers_max = 1;
    return options;
}

}  // namespace

std::int64_t Ticks::wall() const { return read_clock(CLOCK_REALTIME); }
std::int64_t Ticks::steady() const { return read_clock(CLOCK_BOOTTIME); }

Time::Time(Executor executor, Config config, services::Host* host, const Ticks& ticks)
    : config_(std::move(config)),
      host_(host),
      ticks_(ticks),
      reloaded_(executor, 1),
      web_(executor, web_options(config_)) {
    using Context = rpc::Context;
    if (!config_.mark.empty()) mark_.emplace(executor, config_.mark);
    service_.on<"now">([this](Context) { return tell(); });
    service_.on<"exchange">([this](const Context&) -> Result<std::tuple<std::int64_t, std::int64_t>> {
        std::int64_t wall = ticks_.wall();
        return std::tuple(wall, wall);  // answered at once
    });
    service_.on<"status">([this](Context) { return tell_status(); });
}

Async<void> Time::start() {
    if (!mark_) co_return Result<void>();
    auto loading = mark_->load();
    auto mark = co_await std::move(loading);
    if (!mark)
        SONM_LOG(warn, "time: readings may be before those of an earlier life: {}", mark.error().message());
    if (!mark || !*mark) co_return Result<void>();
    reading_.begin(**mark);
    if (std::int64_t ahead = **mark - ticks_.wall(); ahead > far_ahead_us)
        SONM_LOG(warn,
                 "time: earlier readings are {} s ahead of this machine's clock; until then they stand "
                 "still. To give that promise up, stop the node and remove {}",
                 ahead / 1'000'000, config_.mark.native());
    co_return Result<void>();
}

Result<void> Time::reload(YamlReader& args) {
    Config fresh;
    fresh.service = config_.name;
    fields(args, fresh);
    services::FixedArguments fixed;
    fixed.compare("service", config_.service, fresh.service)
        .compare("chain", config_.chain_url, fresh.chain_url)
        .compare("chain_allow", config_.chain_allow, fresh.chain_allow);
    config_.peers = std::move(fresh.peers);
    config_.cluster = fresh.cluster;
    config_.interval = fresh.interval;
    config_.own_error_us = fresh.own_error_us;
    config_.block_age_max = fresh.block_age_max;
    (void)reloaded_.try_push(true);
    return fixed.check();
}

Async<TimeReading> Time::tell() {
    // The same reading all the time: a mark that is not ahead never covers one that is taken after it.
    TimeReading reading = now();
    while (mark_ && !mark_->covers(reading.time_us)) {
        auto waiting = mark_->changed();
        co_await std::move(waiting);
    }
    co_return reading;
}

Async<TimeStatus> Time::tell_status() {
    auto telling = tell();
    SONM_CO_TRY(TimeReading reading, co_await std::move(telling));
    TimeStatus out = status();
    out.reading = reading;
    co_return out;
}

Async<void> Time::drain() {
    if (mark_) {
        auto settling = mark_->settle();
        co_await std::move(settling);
    }
    co_return Result<void>();
}

std::pair<std::vector<TimeSource>, std::vector<Interval>> Time::sources() const {
    std::vector<TimeSource> names;
    std::vector<Interval> offsets;
    std::int64_t steady = ticks_.steady();
    auto add = [&](std::string name, const Interval& offset, std::int64_t age) {
        names.push_back(TimeSource{std::move(name), offset.low + (offset.high - offset.low) / 2,
                                   static_cast<std::uint64_t>((offset.high - offset.low) / 2),
                                   static_cast<std::uint64_t>(age / 1'000), false});
        offsets.push_back(offset);
    };
    add("own", Interval{-config_.own_error_us, config_.own_error_us}, 0);
    if (block_ && steady - block_->at < Filter::age_max) add("chain", block_->offset, steady - block_->at);
    for (const auto& [address, peer] : peers_)
        if (auto offset = peer.filter.offset(steady))
            add(address, *offset, peer.filter.age(steady).value_or(0));
    return {std::move(names), std::move(offsets)};
}

TimeReading Time::now() {
    notice_jump();
    auto [names, offsets] = sources();
    Estimate estimated = estimate(offsets);
    auto reading = reading_.read(ticks_.wall() + estimated.offset, estimated.error);
    return TimeReading{reading.time, static_cast<std::uint64_t>(reading.error), estimated.agreed};
}

TimeStatus Time::status() {
    TimeStatus out;
    out.reading = now();
    auto [names, offsets] = sources();
    Estimate estimated = estimate(offsets);
    out.offset_us = estimated.offset;
    for (std::size_t i = 0; i < names.size(); ++i) names[i].agrees = estimated.agrees[i];
    out.sources = std::move(names);
    return out;
}

void Time::notice_jump() {
    std::int64_t skew = ticks_.wall() - ticks_.steady();
    if (skew_ && std::abs(skew - *skew_) > jump_us) {
        // Offsets are relative to the wall clock: what was measured before counts no more.
        ++jumps_;
        SONM_LOG(warn, "time: this machine's clock was set by {} ms; measuring anew",
                 (skew - *skew_) / 1'000);
        for (auto& [address, peer] : peers_) peer.filter.clear();
        block_.reset();
    }
    skew_ = skew;
}

Task<void> Time::run() {
    auto body = [this](TaskGroup& group) {
        if (mark_) group.spawn(mark_->run());
        return rounds(group);
    };
    // A connection and a question per peer.
    auto all = scope(2 * config_.peers_max + 5, std::move(body));
    co_await std::move(all);
}

Task<void> Time::rounds(TaskGroup& group) {
    while (true) {
        for (auto& [address, peer] : peers_) peer.listed = false;
        for (const std::string& address : config_.peers) peers_[address].listed = true;
        if (config_.cluster && host_) {
            auto listing = within(config_.answer_max, list_cluster());
            auto listed = co_await std::move(listing);
            if (!listed) SONM_LOG(debug, "time: the cluster's nodes: {}", listed.error().message());
        }
        std::erase_if(peers_, [](const auto& entry) { return !entry.second.listed; });
        auto asking = round(group);
        co_await std::move(asking);
        auto resting = within(config_.interval, reloaded_.pop());
        (void)co_await std::move(resting);
    }
}

Async<void> Time::list_cluster() {
    if (host_->locator().empty()) co_return Result<void>();
    auto connecting = host_->connect(std::string(rpc::LocatorProtocol::name));
    SONM_CO_TRY(rpc::Connection connection, co_await std::move(connecting));
    rpc::Client<rpc::LocatorProtocol> locator(connection);
    auto asking = locator.call<"cluster">();
    SONM_CO_TRY(auto nodes, co_await std::move(asking));
    for (const auto& [uuid, endpoint] : nodes) {
        if (endpoint.second == 0) continue;  // not linked yet
        std::string address = rpc::address_of(endpoint);
        if (peers_.size() < config_.peers_max || peers_.contains(address)) peers_[address].listed = true;
    }
    co_return Result<void>();
}

Task<void> Time::round(TaskGroup& group) {
    auto body = [this, &group](TaskGroup& questions_group) -> Task<void> {
        for (auto& [address, peer] : peers_) questions_group.spawn(ask(group, address));
        if (!config_.chain_url.empty()) questions_group.spawn(ask_chain());
        co_await questions_group.join();
    };
    auto all = scope(config_.peers_max + 1, std::move(body));
    co_await std::move(all);
}

Task<void> Time::ask(TaskGroup& group, std::string address) {
    Peer& peer = peers_.at(address);  // peers change between rounds only
    auto asking = within(config_.answer_max, exchange(group, address, peer));
    auto outcome = co_await std::move(asking);
    if (outcome) co_return;
    ++failures_;
    peer.connection.reset();
    SONM_LOG(debug, "time: {}: {}", address, outcome.error().message());
}

Async<void> Time::exchange(TaskGroup& group, std::string address, Peer& peer) {
    if (!peer.connection || !peer.connection->is_open()) {
        rpc::ConnectOptions options;
        if (host_) options = host_->connect_options();
        options.connect_max = config_.answer_max;
        auto connecting = rpc::connect(group, address, config_.service, std::move(options));
        SONM_CO_TRY(peer.connection, co_await std::move(connecting));
    }
    services::TimeClient client(*peer.connection);
    for (int i = 0; i < questions; ++i) {
        notice_jump();
        std::int64_t asked = ticks_.wall(), begun = ticks_.steady();
        auto asking = client.call<"exchange">();
        SONM_CO_TRY(auto answer, co_await std::move(asking));
        std::int64_t steady = ticks_.steady();
        auto [came, went] = answer;
        if (!peer.filter.add(Exchange{asked, came, went, asked + (steady - begun)}, steady))
            co_return fail(Errc::invalid, "{} says {} and {}", address, came, went);
        ++exchanges_;
    }
    co_return Result<void>();
}

Task<void> Time::ask_chain() {
    auto reading = read_block();
    auto outcome = co_await std::move(reading);
    if (outcome) co_return;
    ++failures_;
    SONM_LOG(debug, "time: the chain: {}", outcome.error().message());
}

Async<void> Time::read_block() {
    web::Request request;
    request.method = "POST";
    request.url = config_.chain_url;
    request.headers.push_back(web::Header{"content-type", "application/json"});
    request.body = block_question();
    std::int64_t asked = ticks_.wall(), begun = ticks_.steady();
    auto asking = web_.request(std::move(request));
    SONM_CO_TRY(web::Response response, co_await std::move(asking));
    SONM_CO_TRY(std::int64_t seconds, parse_block_time(response.body));
    // The block is not from the future, and a chain that lives has a young one: so its time is a coarse
    // clock.
    std::int64_t block = seconds * 1'000'000, steady = ticks_.steady();
    std::int64_t got = asked + (steady - begun);
    auto age = static_cast<std::int64_t>(config_.block_age_max.value) * 1'000'000;
    block_ = Block{Interval{block - block_ahead_us - got, block + age - asked}, steady};
    co_return Result<void>();
}

void Time::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    auto [names, offsets] = sources();
    Estimate estimated = estimate(offsets);
    auto add = [&](const char* name, const char* help, Kind kind, double value) {
        out.push_back({name, help, kind, value, {}});
    };
    add("offset_seconds", "Cluster's time minus this machine's.", Kind::gauge,
        double(estimated.offset) / 1e6);
    add("error_seconds", "Bound of the error of a reading.", Kind::gauge, double(estimated.error) / 1e6);
    add("agreed", "1 if most clocks agree.", Kind::gauge, estimated.agreed);
    add("sources", "Clocks that have something to say, the own one among them.", Kind::gauge,
        double(names.size()));
    add("exchanges_total", "Answers of peers.", Kind::counter, double(exchanges_));
    add("failures_total", "Questions without an answer.", Kind::counter, double(failures_));
    if (mark_)
        add("mark_failures_total", "Times that how far readings are could not be kept.", Kind::counter,
            double(mark_->failures()));
    add("jumps_total", "Times that this machine's clock was set.", Kind::counter, double(jumps_));
}

}  // namespace sonm::time
