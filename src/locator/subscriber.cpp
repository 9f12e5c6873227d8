#include "sonm/locator/subscriber.hpp"

namespace sonm::locator {

Task<void> Subscriber::wait() {
    while (idle()) {
        // Woken by cancel(), which looks like an error; only a real cancellation throws.
        (void)co_await changed.async_wait(as_tuple(asio::use_awaitable));
        auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw asio::system_error(asio::error::operation_aborted);
    }
}

Subscribers::Place::Place(Subscribers& all, const Executor& executor, std::string id)
    : all_(all), id_(std::move(id)), own_(std::make_shared<Subscriber>(executor)) {
    auto& place = all_.by_id_[id_];
    if (place) place->end();
    place = own_;
}

Subscribers::Place::~Place() {
    auto found = all_.by_id_.find(id_);
    if (found != all_.by_id_.end() && found->second == own_) all_.by_id_.erase(found);
}

void Subscribers::each(const std::function<void(Subscriber&)>& told) {
    for (auto& [id, subscriber] : by_id_) told(*subscriber);
}

}  // namespace sonm::locator
