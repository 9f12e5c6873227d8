#include "sonm/storage/files_backend.hpp"

#include "sonm/base/blocking.hpp"

namespace sonm::storage {

Async<void> FilesBackend::open() {
    auto work = [this] { return store_.open(); };
    auto task = offload_blocking(std::move(work));
    co_return co_await std::move(task);
}

Async<Bytes> FilesBackend::read(Name name) {
    auto work = [this, name = std::move(name)] { return store_.read(name); };
    auto task = offload_blocking(std::move(work));
    co_return co_await std::move(task);
}

Async<void> FilesBackend::write(Name name, Bytes value, std::set<std::string> tags) {
    auto waiting = turns_.take(name.path());
    SONM_CO_TRY(Turns::Turn turn, co_await std::move(waiting));
    auto work = [this, name = std::move(name), value = std::move(value), tags = std::move(tags)]() mutable {
        return store_.write(name, value, std::move(tags));
    };
    auto task = offload_blocking(std::move(work));
    co_return co_await std::move(task);
}

Async<void> FilesBackend::remove(Name name) {
    auto waiting = turns_.take(name.path());
    SONM_CO_TRY(Turns::Turn turn, co_await std::move(waiting));
    auto work = [this, name = std::move(name)] { return store_.remove(name); };
    auto task = offload_blocking(std::move(work));
    co_return co_await std::move(task);
}

Async<std::vector<std::string>> FilesBackend::find(Query query) {
    auto work = [this, query = std::move(query)] { return store_.find(query); };
    auto task = offload_blocking(std::move(work));
    co_return co_await std::move(task);
}

}  // namespace sonm::storage
