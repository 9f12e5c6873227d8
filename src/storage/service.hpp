#pragma once

#include "sonm/services/platform.hpp"
#include "sonm/services/reload.hpp"
#include "sonm/services/storage_service.hpp"
#include "sonm/storage/acl.hpp"

namespace sonm::storage {

struct Settings {
    std::size_t value_bytes_max = 15 * MiB;
    std::size_t keys_max = 50'000;
    std::size_t calls_max = 512;
    std::uint64_t total_bytes_max = 64 * GiB;  ///< of backends that count what they keep
    bool believe_header = false;
};

/// Answers the storage protocol from a backend: checks names, limits and access, and says failures in the
/// words of existing clients.
class StorageService final : public services::PlatformService {
public:
    StorageService(const Executor& executor, const Clock& clock, std::unique_ptr<Backend> backend,
                   Settings settings);
    /// Reads changed arguments. `fixed` gets those that come with a restart.
    using Reread = std::function<Settings(YamlReader&, services::FixedArguments& fixed)>;
    void on_reload(Reread reread) { reread_ = std::move(reread); }

    const rpc::ServiceBase& handlers() const override { return service_; }
    Async<void> start() override { return backend_->open(); }
    Async<void> drain() override;
    Result<void> reload(YamlReader& args) override;
    void measure(std::vector<services::Metric>& out) const override;

private:
    struct Counts {
        std::uint64_t reads = 0, writes = 0, removes = 0, finds = 0;
        std::uint64_t bytes_read = 0, bytes_written = 0;
        std::uint64_t refused = 0, missing = 0, full = 0, failed = 0;
    };
    using Keys = std::vector<std::string>;
    struct Visit;
    void bind();
    void take(Settings settings);
    /// Counts a call, bounds their number, and turns its failure into what travels.
    template <class T>
    Async<T> answer(Async<T> call);

    Async<Bytes> read(Caller caller, Name name);
    Async<void> write(Caller caller, Name name, Bytes value, std::vector<std::string> tags);
    Async<void> remove(Caller caller, Name name);
    /// `all`: fail if there are more than the query asks for.
    Async<Keys> find(Caller caller, Query query, bool all);
    Async<void> check_read(Caller caller, Name name);

    std::unique_ptr<Backend> backend_;
    Settings settings_;
    Reread reread_;
    Guard guard_;
    rpc::Service<services::StorageProtocol> service_;
    std::size_t calls_ = 0;
    Counts counts_;
};

}  // namespace sonm::storage
