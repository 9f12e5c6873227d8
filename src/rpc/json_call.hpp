#pragma once

#include "sonm/rpc/client.hpp"
#include "sonm/rpc/json.hpp"

#include <nlohmann/json.hpp>

/// Calls in JSON, by the names of a declared protocol: for command lines, gateways, scripts.
namespace sonm::rpc {

/// The method of that name. Errors: slot_not_found, naming those that there are.
Result<const MethodInfo*> find_method(const ProtocolInfo& protocol, std::string_view name);

/// A call of a unary method; gives its value. `args`: an object by name, an array by place, or null. Errors:
/// slot_not_found, invalid (an argument, or another shape of method), the service's own, timeout, closed.
Async<Json> json_call(Connection connection, const ProtocolInfo& protocol, std::string method, Json args,
                      Millis limit);
/// The same for a message that is not answered.
Result<void> json_notify(const Connection& connection, const ProtocolInfo& protocol, std::string_view method,
                         const Json& args);

/// A stream of any shape. Dropping it cancels; one user; `protocol` must outlive it.
class JsonStream {
public:
    JsonStream(const MethodInfo& method, detail::StreamHandle stream)
        : method_(&method), stream_(std::move(stream)) {}
    const MethodInfo& method() const { return *method_; }

    /// The next item; nothing at the proper end. A dialog's messages are {"name": [arguments]}. Errors: the
    /// other side's, closed.
    Async<std::optional<Json>> next();
    /// Sends an item; a dialog's messages are {"name": arguments}. Waits while the reader is behind. Errors:
    /// invalid, conflict, closed.
    Async<void> write(Json item);
    void finish() { stream_->finish(Bytes()); }
    /// Ends a client_stream and gives its value.
    Async<Json> reply();

private:
    const MethodInfo* method_;
    detail::StreamHandle stream_;
};
/// Opens one. Errors: slot_not_found, invalid, busy, closed.
Result<JsonStream> json_stream(const Connection& connection, const ProtocolInfo& protocol,
                               std::string_view method, const Json& args);

}  // namespace sonm::rpc
