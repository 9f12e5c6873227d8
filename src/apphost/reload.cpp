#include "sonm/services/reload.hpp"

#include "sonm/apphost/host.hpp"

namespace sonm::apphost {

Result<void> AppHost::reload(YamlReader& args) {
    Config fresh;
    apphost::fields(args, fresh);
    config_.apps_max = fresh.apps_max;
    services::FixedArguments fixed;
    fixed.compare("storage", config_.storage, fresh.storage)
        .compare("runlist", config_.runlist, fresh.runlist)
        .compare("runtime", config_.runtime, fresh.runtime)
        .compare("spool", config_.spool, fresh.spool)
        .compare("users", config_.users, fresh.users)
        .compare("seccomp", config_.seccomp, fresh.seccomp)
        .compare("control_groups", config_.control_groups, fresh.control_groups)
        .compare("engine", config_.engine, fresh.engine)
        .compare("container_services", config_.container_services, fresh.container_services)
        .compare("unpacked_max", config_.unpacked_bytes_max, fresh.unpacked_bytes_max);
    return fixed.check();
}

}  // namespace sonm::apphost
