#pragma once

#include "sonm/rpc/client.hpp"
#include "sonm/rpc/json.hpp"

#include <nlohmann/json.hpp>

#include <functional>

/// Calls in JSON, by the names of a declared protocol: for command lines, gateways, scripts.
namespace sonm::rpc {

/// The method of that name. Errors: slot_not_found, naming those that there are.
Result<const MethodInfo*> find_method(const ProtocolInfo& protocol, std::string_view name);
/// Whether one value answers it: a call, a client_stream, or a dialog whose called side says `value`.
bool has_one_answer(const MethodInfo& method);
/// Whether its caller has something to send behind the arguments, other than that nothing follows.
bool takes_items(const MethodInfo& method);

/// A call with one answer that takes no items; gives its value. `args`: an object by name, an array by place,
/// or null. Errors: slot_not_found, invalid (an argument, or another shape of method), the service's own,
/// timeout, closed.
Async<Json> json_call(Connection connection, const ProtocolInfo& protocol, std::string method, Json args,
                      Millis limit);
/// The same for a message that is not answered.
Result<void> json_notify(const Connection& connection, const ProtocolInfo& protocol, std::string_view method,
                         const Json& args);

/// A stream of any shape. Copies are the same stream; dropping the last cancels. One reader and one writer at
/// a time; `protocol` must outlive it. In a dialog items are what `write` and `value` hold; any other message
/// is {"name": arguments}.
class JsonStream {
public:
    JsonStream(const MethodInfo& method, detail::StreamHandle stream)
        : method_(&method), stream_(std::move(stream)) {}
    const MethodInfo& method() const { return *method_; }

    /// The next item, or the one answer; nothing at the proper end. Errors: the other side's, closed.
    Async<std::optional<Json>> next();
    /// Sends an item. Waits while the reader is behind. Errors: invalid, conflict (not now), closed.
    Async<void> write(Json item);
    /// Says that nothing follows.
    void finish() { stream_->finish(Bytes()); }

private:
    const MethodInfo* method_;
    detail::StreamHandle stream_;
};
/// Opens one. Errors: slot_not_found, invalid, busy, closed.
Result<JsonStream> json_stream(const Connection& connection, const ProtocolInfo& protocol,
                               std::string_view method, const Json& args);

/// Gives the next item to send; nothing: no more follow.
using JsonItems = std::function<Async<std::optional<Json>>()>;
/// Sends `items`, if the method takes any, beside `hear`, which listens to the stream, until that is done or
/// an item cannot be sent. Errors: those of `items` and `hear`; invalid and conflict, with the number of the
/// item.
Async<void> json_exchange(JsonStream stream, JsonItems items, std::function<Async<void>(JsonStream)> hear);

}  // namespace sonm::rpc
