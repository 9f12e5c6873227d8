#include "sonm/unicorn/local_backend.hpp"

#include "sonm/base/log.hpp"

namespace sonm::unicorn {
namespace {

/// What a change costs in the line for the disk beside its value.
constexpr std::size_t change_overhead = 1'024;
/// Places that are taken out of their queues in one go.
constexpr std::size_t together_max = 256;

}  // namespace

/// A place in a queue, as a child of the lock's path. All of them live in this process.
class LocalBackend::LocalSeat final : public Seat {
public:
    LocalSeat(LocalBackend& backend, std::string queue, PlacePtr place)
        : backend_(backend),
          queue_(std::move(queue)),
          place_(std::move(place)),
          watch_(backend.watchers_, queue_) {}
    ~LocalSeat() override {
        place_->is_left = true;
        backend_.take_notice(*place_);
    }
    Async<void> first() override {
        while (true) {
            auto work = [queue = queue_](Tree& tree) { return tree.front(queue); };
            auto looking = backend_.read(std::move(work), Asker::service);
            SONM_CO_TRY(auto front, co_await std::move(looking));
            if (front == place_->path) co_return Result<void>();
            auto waiting = watch_.changed();
            SONM_CO_CHECK(co_await std::move(waiting));
        }
    }
    Async<void> lost() override {
        // Never: what ends this place is the end of its channel, or of this process.
        Channel<bool> never(backend_.executor_, 1);
        auto waiting = never.pop();
        SONM_CO_CHECK(co_await std::move(waiting));
        co_return Result<void>();
    }

private:
    LocalBackend& backend_;
    std::string queue_;
    PlacePtr place_;
    Watchers::Watch watch_;
};

void LocalBackend::take_notice(const Place& place) {
    if (!place.is_left || !place.is_entered) return;
    left_.push_back(place.path);
    (void)leaving_.try_push(true);
}

LocalBackend::LocalBackend(Executor executor, std::string file, TreeLimits limits, SharedDatabaseLimits line)
    : executor_(executor),
      file_(std::move(file)),
      limits_(limits),
      watchers_(executor),
      leaving_(executor, 1),
      database_(executor, line) {}
LocalBackend::~LocalBackend() = default;

template <class F>
auto LocalBackend::change(F work, std::size_t bytes, Asker asker, PlacePtr place) {
    auto inside = [work = std::move(work)](Database& database) {
        Tree tree(database);
        return work(tree);
    };
    auto changed = [this, place = std::move(place)](const Tree::Change& made) {
        size_ = made.size;
        if (place) {
            place->is_entered = true;
            take_notice(*place);
        }
        for (const std::string& path : made.paths) watchers_.wake(path);
    };
    return database_.run(std::move(inside), std::move(changed), bytes + change_overhead, asker);
}

Async<void> LocalBackend::start() {
    auto opening = database_.open(file_, Tree::migrations());
    SONM_CO_CHECK(co_await std::move(opening));
    auto work = [](Tree& tree) { return tree.begin(); };
    auto beginning = read(std::move(work), Asker::service);
    SONM_CO_TRY(size_, co_await std::move(beginning));
    co_return Result<void>();
}

Task<void> LocalBackend::run() {
    while (true) {
        while (!left_.empty()) {
            auto taking = take_out();
            co_await std::move(taking);
        }
        auto waiting = leaving_.pop();
        (void)co_await std::move(waiting);
    }
}

Task<void> LocalBackend::take_out() {
    auto last = left_.begin() + std::ptrdiff_t(std::min(left_.size(), together_max));
    std::vector<std::string> places(left_.begin(), last);
    auto work = [places](Tree& tree) { return tree.leave(places); };
    auto leaving = change(std::move(work), 0, Asker::service);
    auto gone = co_await std::move(leaving);
    if (gone) {
        failing_ = false;
        left_.erase(left_.begin(), left_.begin() + std::ptrdiff_t(places.size()));
        co_return;
    }
    if (!std::exchange(failing_, true))
        SONM_LOG(error, "unicorn: locks that were let go are not free before the disk takes it: {}",
                 gone.error().message());
    co_await sleep_for(Millis(500));
}

Async<Versioned> LocalBackend::get(std::string path, Asker asker) {
    return read([path = std::move(path)](Tree& tree) { return tree.readable(path); }, asker);
}

Async<Children> LocalBackend::children(std::string path, Asker asker) {
    return read([path = std::move(path)](Tree& tree) { return tree.children(path); }, asker);
}

Async<std::tuple<bool, Versioned>> LocalBackend::put(std::string path, rpc::Encoded value,
                                                     std::int64_t version) {
    std::size_t bytes = value.bytes.size();
    auto work = [path = std::move(path), value = std::move(value), version, limits = limits_](Tree& tree) {
        return tree.put(path, value, version, limits);
    };
    auto putting = change(std::move(work), bytes);
    SONM_CO_TRY(auto done, co_await std::move(putting));
    co_return std::move(done.value);
}

Async<void> LocalBackend::create(std::string path, rpc::Encoded value) {
    std::size_t bytes = value.bytes.size();
    auto work = [path = std::move(path), value = std::move(value), limits = limits_](Tree& tree) {
        return tree.insert(path, value, false, limits);
    };
    auto making = change(std::move(work), bytes);
    SONM_CO_CHECK(co_await std::move(making));
    co_return Result<void>();
}

Async<void> LocalBackend::remove(std::string path, std::int64_t version) {
    auto work = [path = std::move(path), version](Tree& tree) { return tree.remove(path, version); };
    auto removing = change(std::move(work));
    SONM_CO_CHECK(co_await std::move(removing));
    co_return Result<void>();
}

Async<Versioned> LocalBackend::increment(std::string path, rpc::Encoded delta) {
    auto work = [path = std::move(path), delta = std::move(delta), limits = limits_](Tree& tree) {
        return tree.increment(path, delta, limits);
    };
    auto adding = change(std::move(work));
    SONM_CO_TRY(auto done, co_await std::move(adding));
    co_return std::move(done.value);
}

Async<std::unique_ptr<Seat>> LocalBackend::enqueue(std::string path, rpc::Encoded value) {
    auto place = std::make_shared<Place>(path + "/lock-" + to_hex(random_bytes(8)));
    std::size_t bytes = value.bytes.size();
    // First: whoever goes from here on leaves the queue behind the entry, if there is one.
    auto seat = std::make_unique<LocalSeat>(*this, std::move(path), place);
    auto work = [path = place->path, value = std::move(value), limits = limits_](Tree& tree) {
        return tree.insert(path, value, true, limits);
    };
    auto entering = change(std::move(work), bytes, Asker::client, std::move(place));
    SONM_CO_CHECK(co_await std::move(entering));
    co_return Result<std::unique_ptr<Seat>>(std::move(seat));
}

}  // namespace sonm::unicorn
