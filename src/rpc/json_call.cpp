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

/// What one message of a dialog holds.
Result<std::optional<Json>> read_message(const Slot& slot, Reader& in, std::size_t count) {
    if (slot.message == Message::close) return std::optional<Json>();
    SONM_TRY(Json held, elements_to_json(slot.arguments, in, count));
    if (slot.message != Message::other) return std::optional<Json>(std::move(held));
    Json said = Json::object();
    said[std::string(slot.name)] = std::move(held);
    return std::optional<Json>(std::move(said));
}

/// Elements from one item: a single one stands for itself, several are an array or an object.
Result<void> write_item(std::span<const ArgInfo> elements, Json item, Writer& out) {
    if (elements.size() != 1) return json_to_elements(elements, item, out);
    Json one = Json::array();
    one.push_back(std::move(item));
    return json_to_elements(elements, one, out);
}

/// The answer of a dialog that has one.
Async<Json> only_item(JsonStream stream) {
    auto waiting = stream.next();
    SONM_CO_TRY(std::optional<Json> item, co_await std::move(waiting));
    if (!item) co_return fail(Errc::closed, "no answer came");
    co_return std::move(*item);
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

bool has_one_answer(const MethodInfo& method) {
    return method.shape != Shape::notify && method.says(false).find(Message::value);
}

bool takes_items(const MethodInfo& method) {
    const StateInfo& tx = method.says(true);
    if (method.shape != Shape::dialog) return tx.find(Message::write);
    return std::ranges::any_of(tx.slots, [](const Slot& slot) {
        return !slot.next || !slot.next->closed() ||
               (!slot.arguments.empty() && slot.message != Message::error);
    });
}

Async<Json> json_call(Connection connection, const ProtocolInfo& protocol, std::string name, Json args,
                      Millis limit) {
    SONM_CO_TRY(const MethodInfo* method, find_method(protocol, name));
    if (method->shape == Shape::dialog && has_one_answer(*method) && !takes_items(*method)) {
        SONM_CO_TRY(JsonStream stream, json_stream(connection, protocol, name, args));
        auto hearing = within(limit, only_item(std::move(stream)));
        auto heard = co_await std::move(hearing);
        if (!heard) co_return wrap(std::move(heard.error()), "{}", method->name);
        co_return heard;
    }
    SONM_CO_CHECK(expect_shape(*method, method->shape == Shape::unary, "a stream or a notification"));
    SONM_CO_TRY(Bytes encoded, encode_args(*method, args));
    auto session = connection.shared();
    session->use_errors(protocol.errors);
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
    connection.session().use_errors(protocol.errors);
    connection.session().begin_call(method->id).encoded(encoded);
    SONM_TRY(auto stream, connection.session().commit_stream(*method));
    return JsonStream(*method, detail::caller_handle(std::move(stream)));
}

Async<std::optional<Json>> JsonStream::next() {
    auto stream = stream_;
    const MethodInfo& method = *method_;
    if (method.shape == Shape::client_stream) {
        auto answering = stream->reply();
        SONM_CO_TRY(RawStream::Item answer, co_await std::move(answering));
        Reader in(answer.bytes);
        SONM_CO_TRY(Json value, elements_to_json(method.reply, in, answer.count));
        co_return std::optional<Json>(std::move(value));
    }
    auto waiting = stream->next();
    SONM_CO_TRY(auto item, co_await std::move(waiting));
    if (!item) co_return std::optional<Json>();
    const Slot* slot = item->slot;
    std::size_t count = item->count;
    Bytes elements = std::move(*item).encoded();
    Reader in(elements);
    if (method.shape == Shape::dialog) co_return read_message(*slot, in, count);
    SONM_CO_TRY(Json value, elements_to_json(method.downstream, in, count));
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
    if (method.shape != Shape::dialog) {
        SONM_CO_CHECK(write_item(method.upstream, std::move(item), out));
        stream->begin_item().encoded(encoded);
        co_return stream->end_item();
    }
    auto slot = stream->sayable("write");
    if (slot) {
        SONM_CO_CHECK(write_item((*slot)->arguments, std::move(item), out));
    } else {
        if (!item.is_object() || item.size() != 1)
            co_return fail(Errc::invalid, "{}: expected one message as {{\"name\": arguments}}", method.name);
        slot = stream->sayable(item.begin().key());
        if (!slot) co_return tl::unexpected<Error>(std::move(slot.error()));
        SONM_CO_CHECK(json_to_elements((*slot)->arguments, item.begin().value(), out));
    }
    SONM_CO_TRY(Writer message, stream->begin_message((*slot)->name));
    message.encoded(encoded);
    co_return stream->end_message();
}

namespace {

/// Both directions of one stream; the first that decides ends it.
struct Exchange {
    Exchange(const Executor& executor, JsonStream stream_, JsonItems items_)
        : stream(std::move(stream_)), items(std::move(items_)), decided(executor, 1) {}
    void decide(Result<void> how) {
        if (!outcome) outcome = std::move(how);
        decided.close();
    }
    JsonStream stream;
    JsonItems items;
    std::optional<Result<void>> outcome;
    Channel<bool> decided;
};
using ExchangePtr = std::shared_ptr<Exchange>;

/// What is wrong with the item itself; any other end is for the listener to tell.
bool is_of_item(const Error& error) {
    return error.is(Errc::invalid) || error.is(Errc::overflow) || error.is(Errc::conflict) ||
           error.is(Errc::too_large);
}

Async<void> send_all(JsonStream stream, JsonItems items) {
    for (std::size_t number = 1;; ++number) {
        auto asking = items();
        SONM_CO_TRY(std::optional<Json> item, co_await std::move(asking));
        if (!item) break;
        auto writing = stream.write(std::move(*item));
        auto written = co_await std::move(writing);
        if (written) continue;
        if (!is_of_item(written.error())) break;
        co_return wrap(std::move(written.error()), "item {}", number);
    }
    stream.finish();
    co_return Result<void>();
}

Task<void> send_side(ExchangePtr exchange) {
    auto sending = send_all(exchange->stream, exchange->items);
    auto sent = co_await std::move(sending);
    if (!sent) exchange->decide(std::move(sent));
}

Task<void> hear_side(ExchangePtr exchange, Async<void> hearing) {
    auto heard = co_await std::move(hearing);
    exchange->decide(std::move(heard));
}

}  // namespace

Async<void> json_exchange(JsonStream stream, JsonItems items, std::function<Async<void>(JsonStream)> hear) {
    if (!takes_items(stream.method())) {
        auto hearing = hear(std::move(stream));
        co_return co_await std::move(hearing);
    }
    Executor executor = co_await asio::this_coro::executor;
    auto exchange = std::make_shared<Exchange>(executor, std::move(stream), std::move(items));
    auto body = [exchange, &hear](TaskGroup& group) -> Task<void> {
        group.spawn(hear_side(exchange, hear(exchange->stream)));
        group.spawn(send_side(exchange));
        auto waiting = exchange->decided.pop();
        (void)co_await std::move(waiting);
    };
    auto both = scope(2, std::move(body));
    co_await std::move(both);
    co_return std::move(*exchange->outcome);
}

}  // namespace sonm::rpc
