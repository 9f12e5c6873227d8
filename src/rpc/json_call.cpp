#include "sonm/rpc/json_call.hpp"

namespace sonm::rpc {
namespace {

/// The opening frame's arguments, made before the frame is begun: a mistake must leave nothing behind.
Result<Bytes> encode_args(const MethodInfo& method, const Json& args) {
    Bytes bytes;
    Writer out(bytes);
    auto written = json_to_elements(method.arguments, args, out);
    if (!written) return wrap(std::move(written.error()), "{}", method.name);
    return bytes;
}

Result<void> expect_shape(const MethodInfo& method, bool right, const char* use) {
    if (right) return Result<void>();
    return fail(Errc::invalid, "{} is of another kind: use {}", method.name, use);
}

bool is_stream(const MethodInfo& method) {
    return method.shape != Shape::unary && method.shape != Shape::notify;
}

}  // namespace

Result<const MethodInfo*> find_method(const ProtocolInfo& protocol, std::string_view name) {
    std::string known;
    for (const MethodInfo& method : protocol.methods) {
        if (method.name == name) return &method;
        known += (known.empty() ? "" : ", ") + std::string(method.name);
    }
    return fail(DispatchErrc::slot_not_found, "{} has no method \"{}\"; it has: {}", protocol.name, name,
                known);
}

Async<Json> json_call(Connection connection, const ProtocolInfo& protocol, std::string name, Json args,
                      Millis limit) {
    SONM_CO_TRY(const MethodInfo* method, find_method(protocol, name));
    SONM_CO_CHECK(expect_shape(*method, method->shape == Shape::unary, "a stream or a notification"));
    SONM_CO_TRY(Bytes encoded, encode_args(*method, args));
    auto session = connection.shared();
    auto deadline = detail::deadline_in(limit);
    if (!session->has_room()) {
        auto waiting = session->room();
        SONM_CO_CHECK(co_await std::move(waiting));
    }
    session->begin_call(method->id).encoded(encoded);
    PendingCall pending(session);
    SONM_CO_CHECK(pending.commit(deadline));
    auto waiting = pending.reply();
    Reply reply = co_await std::move(waiting);
    if (!reply.value) co_return wrap(std::move(reply.value.error()), "{}", method->name);
    Reader in(*reply.value);
    co_return elements_to_json(method->reply, in, reply.count);
}

Result<void> json_notify(const Connection& connection, const ProtocolInfo& protocol, std::string_view name,
                         const Json& args) {
    SONM_TRY(const MethodInfo* method, find_method(protocol, name));
    SONM_CHECK(expect_shape(*method, method->shape == Shape::notify, "a call or a stream"));
    SONM_TRY(Bytes encoded, encode_args(*method, args));
    connection.session().begin_call(method->id).encoded(encoded);
    return connection.session().commit_notify();
}

Result<JsonStream> json_stream(const Connection& connection, const ProtocolInfo& protocol,
                               std::string_view name, const Json& args) {
    SONM_TRY(const MethodInfo* method, find_method(protocol, name));
    SONM_CHECK(expect_shape(*method, is_stream(*method), "a call or a notification"));
    SONM_TRY(Bytes encoded, encode_args(*method, args));
    connection.session().begin_call(method->id).encoded(encoded);
    SONM_TRY(auto stream, connection.session().commit_stream(*method));
    return JsonStream(*method, detail::caller_handle(std::move(stream)));
}

Async<std::optional<Json>> JsonStream::next() {
    auto stream = stream_;
    const MethodInfo& method = *method_;
    auto waiting = stream->next();
    SONM_CO_TRY(auto item, co_await std::move(waiting));
    if (!item) co_return std::optional<Json>();
    bool dialog = method.shape == Shape::dialog;
    Bytes elements = std::move(*item).encoded();
    Reader in(elements);
    SONM_CO_TRY(Json value,
                elements_to_json(dialog ? item->slot->arguments : method.downstream, in, item->count));
    if (dialog) {
        Json said = Json::object();
        said[std::string(item->slot->name)] = std::move(value);
        value = std::move(said);
    }
    co_return std::optional<Json>(std::move(value));
}

Async<void> JsonStream::write(Json item) {
    auto stream = stream_;
    const MethodInfo& method = *method_;
    Bytes encoded;
    Writer out(encoded);
    if (!stream->writable()) {
        auto waiting = stream->ready();
        SONM_CO_CHECK(co_await std::move(waiting));
    }
    if (method.shape == Shape::dialog) {
        if (!item.is_object() || item.size() != 1)
            co_return fail(Errc::invalid, "{}: expected one message as {{\"name\": arguments}}", method.name);
        SONM_CO_TRY(const Slot* slot, stream->sayable(item.begin().key()));
        SONM_CO_CHECK(json_to_elements(slot->arguments, item.begin().value(), out));
        SONM_CO_TRY(Writer message, stream->begin_message(slot->name));
        message.encoded(encoded);
        co_return stream->end_message();
    }
    // A single element stands for itself; several are an array.
    bool single = method.upstream.size() == 1;
    Json one = Json::array();
    if (single) one.push_back(std::move(item));
    SONM_CO_CHECK(json_to_elements(method.upstream, single ? one : item, out));
    stream->begin_item().encoded(encoded);
    co_return stream->end_item();
}

Async<Json> JsonStream::reply() {
    auto stream = stream_;
    const MethodInfo& method = *method_;
    stream->finish(Bytes());
    auto waiting = stream->reply();
    SONM_CO_TRY(RawStream::Item raw, co_await std::move(waiting));
    Reader in(raw.bytes);
    co_return elements_to_json(method.reply, in, raw.count);
}

}  // namespace sonm::rpc
