#pragma once

#include "sonm/rpc/locator.hpp"
#include "sonm/services/app_service.hpp"
#include "sonm/services/cache_service.hpp"
#include "sonm/services/fetch_service.hpp"
#include "sonm/services/jabber_service.hpp"
#include "sonm/services/logging_service.hpp"
#include "sonm/services/node_admin.hpp"
#include "sonm/services/node_service.hpp"
#include "sonm/services/notifications_service.hpp"
#include "sonm/services/reference.hpp"
#include "sonm/services/storage_service.hpp"
#include "sonm/services/time_service.hpp"
#include "sonm/services/unicorn_service.hpp"
#include "sonm/services/worker_admin.hpp"
#include "sonm/services/worker_service.hpp"

/// Every protocol that nodes speak, in one list: for reference pages, and for calls in JSON by name. A new
/// protocol is added here with one include and one line; `sonm_protocol_docs` then writes its page.
namespace sonm::services {

template <class P>
ProtocolEntry declared(std::string_view type, std::string_view header) {
    return {&P::info(), type, header};
}

/// Sorted by name.
inline std::vector<ProtocolEntry> protocols() {
    return {
        declared<AppProtocol>("AppProtocol", "src/services/app_service.hpp"),
        declared<AppRuntimeProtocol>("AppRuntimeProtocol", "src/services/app_service.hpp"),
        declared<AppWorkerProtocol>("AppWorkerProtocol", "src/services/app_service.hpp"),
        declared<CacheProtocol>("CacheProtocol", "src/services/cache_service.hpp"),
        declared<JabberProtocol>("JabberProtocol", "src/services/jabber_service.hpp"),
        declared<rpc::LocatorProtocol>("LocatorProtocol", "src/rpc/locator.hpp"),
        declared<LoggingProtocol>("LoggingProtocol", "src/services/logging_service.hpp"),
        declared<NodeProtocol>("NodeProtocol", "src/services/node_service.hpp"),
        declared<NodeAdminProtocol>("NodeAdminProtocol", "src/services/node_admin.hpp"),
        declared<NotificationsProtocol>("NotificationsProtocol", "src/services/notifications_service.hpp"),
        declared<StorageProtocol>("StorageProtocol", "src/services/storage_service.hpp"),
        declared<TimeProtocol>("TimeProtocol", "src/services/time_service.hpp"),
        declared<UnicornProtocol>("UnicornProtocol", "src/services/unicorn_service.hpp"),
        declared<FetchProtocol>("FetchProtocol", "src/services/fetch_service.hpp"),
        declared<WorkerProtocol>("WorkerProtocol", "src/services/worker_service.hpp"),
        declared<WorkerAdminProtocol>("WorkerAdminProtocol", "src/services/worker_admin.hpp"),
    };
}

/// The protocol of that name, or nullptr.
inline const rpc::ProtocolInfo* find_protocol(std::string_view name) {
    for (const ProtocolEntry& entry : protocols())
        if (entry.info->name == name) return entry.info;
    return nullptr;
}

}  // namespace sonm::services
