#pragma once

#include "sonm/base/async.hpp"

#include <memory>

namespace sonm::rpc::detail {

/// At most one coroutine that waits for one value. Cheaper than a timer: nothing passes through the reactor.
/// The waiter must not outlive this object, except by being cancelled.
template <class T>
class OneShot {
public:
    explicit OneShot(Executor executor) : executor_(std::move(executor)) {}
    OneShot(const OneShot&) = delete;

    bool waiting() const { return op_ != nullptr; }
    /// Resumes the waiter at once, on this stack; nothing happens if there is none.
    void complete(T value) {
        if (!op_) return;
        auto op = std::move(op_);
        op->detach();
        op->finish(std::error_code(), std::move(value));
    }
    /// Resumes the waiter later, from the executor.
    void post(T value) {
        if (!op_) return;
        // From here on a cancellation has nothing to cancel; the waiter meets it at its next wait.
        op_->detach();
        auto later = [op = std::move(op_), value = std::move(value)]() mutable {
            op->finish(std::error_code(), std::move(value));
        };
        asio::post(executor_, std::move(later));
    }
    /// Throws on cancellation.
    Task<T> wait() {
        auto initiate = [this](auto handler) { this->begin(std::move(handler)); };
        return asio::async_initiate<const asio::use_awaitable_t<>&, void(std::error_code, T)>(
            std::move(initiate), asio::use_awaitable);
    }

private:
    struct Op {
        virtual ~Op() = default;
        virtual void detach() = 0;
        virtual void finish(std::error_code error, T value) = 0;
    };
    template <class Handler>
    struct OpOf final : Op {
        explicit OpOf(Handler h) : handler(std::move(h)) {}
        void detach() override {
            auto slot = asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected()) slot.clear();
        }
        void finish(std::error_code error, T value) override { std::move(handler)(error, std::move(value)); }
        Handler handler;
    };

    template <class Handler>
    void begin(Handler handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        op_ = std::make_unique<OpOf<Handler>>(std::move(handler));
        if (!slot.is_connected()) return;
        // Not at once: this runs inside the slot that finishing clears.
        auto cancel = [this](asio::cancellation_type) {
            if (!op_) return;
            auto later = [op = std::move(op_)]() mutable {
                op->detach();
                op->finish(asio::error::operation_aborted, T());
            };
            asio::post(executor_, std::move(later));
        };
        slot.assign(std::move(cancel));
    }

    Executor executor_;
    std::unique_ptr<Op> op_;
};

/// One waiter for "something has changed"; a wake-up before the wait is not remembered: test the condition
/// first.
class Wakeup {
public:
    explicit Wakeup(Executor executor) : shot_(std::move(executor)) {}
    void wake() { shot_.post(true); }
    bool waiting() const { return shot_.waiting(); }
    Task<bool> wait() { return shot_.wait(); }

private:
    OneShot<bool> shot_;
};

}  // namespace sonm::rpc::detail
