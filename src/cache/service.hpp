#pragma once

#include "sonm/cache/local_cache.hpp"
#include "sonm/services/platform.hpp"
#include "sonm/services/reload.hpp"

namespace sonm::cache {

/// Answers the cache protocol: at once from this node's memory, or through a store that lies elsewhere.
class CacheService final : public services::PlatformService {
public:
    /// `store`: nothing = all keys are this node's. It may refer to `local`.
    CacheService(std::unique_ptr<LocalCache> local, std::unique_ptr<Store> store);

    /// Reads changed arguments. `fixed` gets those that come with a restart.
    using Reread = std::function<LocalSettings(YamlReader&, services::FixedArguments& fixed)>;
    void on_reload(Reread reread) { reread_ = std::move(reread); }

    const rpc::ServiceBase& handlers() const override { return service_; }
    Task<void> run() override;
    Result<void> reload(YamlReader& args) override;
    void measure(std::vector<services::Metric>& out) const override;

private:
    void bind_local();
    void bind_store();

    std::unique_ptr<LocalCache> local_;
    std::unique_ptr<Store> store_;
    Reread reread_;
    rpc::Service<services::CacheProtocol> service_;
};

}  // namespace sonm::cache
