#include "sonm/node/types.hpp"

#include "sonm/apphost/apphost.hpp"
#include "sonm/cache/cache.hpp"
#include "sonm/fetch/fetch.hpp"
#include "sonm/jabber/jabber.hpp"
#include "sonm/logging/logging.hpp"
#include "sonm/notifications/notifications.hpp"
#include "sonm/storage/storage.hpp"
#include "sonm/time/time.hpp"
#include "sonm/unicorn/unicorn.hpp"

namespace sonm::node {

void Types::add(std::string name, std::string says, services::Factory make, std::string usual_name) {
    if (usual_name.empty()) usual_name = name;
    std::erase_if(types_, [&](const ServiceType& type) { return type.name == name; });
    types_.push_back(ServiceType{std::move(name), std::move(says), std::move(usual_name), std::move(make)});
}

const ServiceType* Types::find(std::string_view name) const {
    for (const ServiceType& type : types_)
        if (type.name == name) return &type;
    return nullptr;
}

std::vector<std::string> Types::names() const {
    std::vector<std::string> out;
    for (const ServiceType& type : types_) out.push_back(type.name);
    return out;
}

Types platform_types() {
    Types types;
    types.add("storage", "Values under keys in collections, with tags and access lists.", storage::make);
    types.add("logging", "Structured log lines of applications: levels, files, a tail that can be asked.",
              logging::make);
    types.add("cache",
              "Values that may be forgotten: in memory, bounded, of this node or spread over a cluster.",
              cache::make);
    types.add("time", "One time for all nodes, and how sure it is.", time::make);
    types.add("fetch", "Fetches from the web for those who may not or cannot themselves.", fetch::make,
              "urlfetch");
    types.add("notifications", "Topics with durable subscriptions, and webhooks that are signed and retried.",
              notifications::make);
    types.add("unicorn", "Coordination: versioned values, subscriptions, locks.", unicorn::make);
    types.add("jabber", "Messages from and to people over XMPP.", jabber::make);
    types.add("apphost", "Runs applications; keeps them in `storage` (docs/apps.md).", apphost::make, "node");
    return types;
}

}  // namespace sonm::node
