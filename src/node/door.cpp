#include "sonm/node/door.hpp"

#include "sonm/services/node_service.hpp"
#include "sonm/services/storage_service.hpp"

namespace sonm::node {
namespace {

using services::StorageProtocol;

/// A storage that can be read, but for some collections. What apps run as is kept there: whoever writes it
/// can start programs.
class ReadOnlyStorage final : public rpc::ServiceBase {
public:
    ReadOnlyStorage(const rpc::ServiceBase& inner, const std::set<std::string>& closed)
        : ServiceBase(StorageProtocol::info()) {
        for (const rpc::MethodInfo& method : StorageProtocol::info().methods) {
            bool reads = method.name == "read" || method.name == "find" || method.name == "find_page";
            const Slot* behind = reads ? inner.find(method.id) : nullptr;
            if (behind && behind->async)
                slot(method.id).async = guarded(*behind, closed);
            else
                slot(method.id).sync = [](const rpc::Context&, rpc::Reader&, std::size_t, rpc::ReplyWriter&) {
                    return refused("applications can only read this storage");
                };
        }
    }

private:
    static Result<void> refused(std::string why) {
        return tl::unexpected<Error>(
            Error{std::make_error_code(std::errc::permission_denied), std::move(why)});
    }
    static rpc::AsyncHandler guarded(const Slot& behind, const std::set<std::string>& closed) {
        return [&behind, &closed](const rpc::Context& context, rpc::Reader& args, std::size_t count,
                                  std::shared_ptr<rpc::RawStream> stream) -> Result<Async<Bytes>> {
            rpc::Reader ahead = args;
            // Without a collection it goes on, to be told so.
            if (auto collection = ahead.raw(); collection && count > 0)
                if (closed.contains(std::string(as_text(*collection))))
                    return tl::unexpected<Error>(refused("this collection is not for applications").error());
            return behind.async(context, args, count, std::move(stream));
        };
    }
};

rpc::ServerOptions narrow(rpc::ServerOptions options, const services::Door& door) {
    options.connections_max = door.connections_max;
    options.advertise.clear();
    options.identity_required = false;  // who is confined has no account: it sees what the door shows
    return options;
}

}  // namespace

NodeDoor::NodeDoor(const Executor& executor, services::Door door, rpc::ServerOptions options)
    : executor_(executor), door_(std::move(door)), server_(executor, narrow(std::move(options), door_)) {}

void NodeDoor::take_over(rpc::ServerOptions options) { server_.take_over(narrow(std::move(options), door_)); }

Result<void> NodeDoor::listen() {
    SONM_TRY(auto listener, listen_unix(executor_, door_.socket.string()));
    server_.listen(std::move(listener));
    return {};
}

Result<void> NodeDoor::check(const std::string& name, const rpc::ServiceBase& service) const {
    if (!door_.services.contains(name)) return {};
    const rpc::ProtocolInfo* protocol = &service.protocol();
    if (protocol == &services::NodeProtocol::info() || protocol == &rpc::LocatorProtocol::info())
        return fail(Errc::denied,
                    "{} must not be reached from containers: whoever speaks to it leaves his; take it out of "
                    "`container_services`",
                    name);
    return {};
}

Result<void> NodeDoor::offer(const std::string& name, const rpc::ServiceBase& service) {
    if (!door_.services.contains(name)) return {};
    SONM_CHECK(check(name, service));
    if (&service.protocol() != &StorageProtocol::info()) return server_.publish(name, service);
    auto storage = std::make_unique<ReadOnlyStorage>(service, door_.closed_collections);
    SONM_CHECK(server_.publish(name, *storage));
    narrowed_.insert_or_assign(name, std::move(storage));
    return {};
}

Async<void> NodeDoor::withdraw(std::string name) {
    if (!door_.services.contains(name)) co_return Result<void>();
    auto withdrawing = server_.withdraw(name);
    (void)co_await std::move(withdrawing);
    narrowed_.erase(name);
    co_return Result<void>();
}

}  // namespace sonm::node
