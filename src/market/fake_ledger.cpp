#include "sonm/market/fake_ledger.hpp"

namespace sonm::market {

FakeChain::FakeChain(const Clock& clock) : market_(clock) {
    market_.on_step([this](const Step& step) { tell(step); });
}

void FakeChain::fail_next(Error error, std::size_t count) { failures_.insert(failures_.end(), count, error); }

void FakeChain::set_down(bool down) {
    down_ = down;
    for (Follower& follower : followers_) follower.changed.cancel();
}

Result<void> FakeChain::reachable() const {
    if (down_) return fail(Errc::unavailable, "the chain does not answer");
    return {};
}

void FakeChain::tell(const Step& step) {
    for (Follower& follower : followers_) {
        follower.steps.push_back(step);
        follower.changed.cancel();
    }
}

Task<void> FakeChain::follow(std::uint64_t from_block, std::function<void(const Step&)> step) {
    Executor executor = co_await asio::this_coro::executor;
    Follower& self = followers_.emplace_back(executor);
    // Leaves the list also when this coroutine is cancelled.
    auto leave = [this](Follower* gone) {
        followers_.remove_if([gone](const Follower& f) { return &f == gone; });
    };
    std::unique_ptr<Follower, decltype(leave)> membership(&self, leave);
    Step history = market_.since(from_block);
    // A follower that has seen more than there is has seen a chain that is no more.
    if (from_block > market_.head()) history.rewind_to = market_.head();
    self.steps.push_back(std::move(history));
    while (true) {
        while (!down_ && !self.steps.empty()) {
            Step next = std::move(self.steps.front());
            self.steps.pop_front();
            step(next);
        }
        (void)co_await self.changed.async_wait(as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw asio::system_error(asio::error::operation_aborted);
    }
}

Result<Receipted> FakeChain::intend(const std::string& intent, std::function<Result<Receipted>()> act) {
    SONM_CHECK(reachable());
    if (!failures_.empty()) {
        Error error = failures_.front();
        failures_.pop_front();
        return tl::unexpected<Error>(std::move(error));
    }
    if (auto done = market_.receipt(intent)) return *done;
    ++intents_;
    SONM_TRY(Receipted receipt, act());
    market_.keep_receipt(intent, receipt);
    if (lose_answer_) {
        lose_answer_ = false;
        return fail(Errc::timeout, "the answer to '{}' was lost", intent);
    }
    return receipt;
}

Task<void> FakeLedger::follow(std::uint64_t from_block, std::function<void(const Step&)> step) {
    return chain_.follow(from_block, std::move(step));
}

Async<Receipted> FakeLedger::place(std::string intent, Order order, Tokens escrow) {
    co_return chain_.intend(intent, [&] { return chain_.market().place(self_, order, escrow); });
}
Async<Receipted> FakeLedger::cancel(std::string intent, Order order) {
    co_return chain_.intend(intent, [&] { return chain_.market().cancel(self_, order); });
}
Async<Receipted> FakeLedger::open_deal(std::string intent, Order ask, Order bid) {
    co_return chain_.intend(intent, [&] { return chain_.market().open_deal(ask, bid); });
}
Async<Receipted> FakeLedger::settle(std::string intent, Deal deal) {
    co_return chain_.intend(intent, [&] { return chain_.market().settle(self_, deal); });
}
Async<Receipted> FakeLedger::close(std::string intent, Deal deal, model::BlacklistChoice choice) {
    co_return chain_.intend(intent, [&] { return chain_.market().close(self_, deal, choice); });
}
Async<Receipted> FakeLedger::top_up(std::string intent, Deal deal, Tokens amount) {
    co_return chain_.intend(intent, [&] { return chain_.market().top_up(self_, deal, amount); });
}
Async<Receipted> FakeLedger::deposit(std::string intent, Tokens amount) {
    co_return chain_.intend(intent, [&] { return chain_.market().deposit(self_, amount); });
}
Async<Receipted> FakeLedger::withdraw(std::string intent, Tokens amount) {
    co_return chain_.intend(intent, [&] { return chain_.market().withdraw(self_, amount); });
}
Async<Receipted> FakeLedger::set_attribute(std::string intent, crypto::Hash key, std::string value) {
    co_return chain_.intend(intent, [&] { return chain_.market().set_attribute(self_, key, value); });
}

Async<Ledger::Balances> FakeLedger::balances(Address account) {
    SONM_CO_CHECK(chain_.reachable());
    constexpr U256 plenty = 1'000'000'000'000'000'000ULL;
    co_return Balances{chain_.market().wallet(account), chain_.market().balance(account), Tokens(plenty)};
}
Async<Tokens> FakeLedger::escrow_needed(Order bid) {
    SONM_CO_CHECK(chain_.reachable());
    co_return chain_.market().escrow_needed(bid);
}
Async<std::string> FakeLedger::attribute(Address account, crypto::Hash key) {
    SONM_CO_CHECK(chain_.reachable());
    co_return chain_.market().attribute(account, key);
}
Async<std::uint8_t> FakeLedger::judge(Order ask, Order bid) {
    SONM_CO_CHECK(chain_.reachable());
    co_return static_cast<std::uint8_t>(chain_.market().judge(ask, bid));
}

}  // namespace sonm::market
