#pragma once

#include "sonm/sdk/client.hpp"

namespace sonm::sdk {

/// What the client of a call sends: chunks, then an end.
class Request {
public:
    Request(std::string event, rpc::Source<Bytes> source)
        : event_(std::move(event)), source_(std::move(source)) {}
    const std::string& event() const { return event_; }
    /// The next chunk; nothing at the end. Errors: why the client gave up.
    Async<std::optional<Bytes>> next() { return source_.next(); }
    /// The next chunk as text; empty at the end.
    Async<std::string> text() { return read_text(source_); }

private:
    static Async<std::string> read_text(rpc::Source<Bytes> source);
    std::string event_;
    rpc::Source<Bytes> source_;
};

/// What goes to the client. It is closed when the handler returns; a failure that it returns is the client's
/// error.
class Response {
public:
    explicit Response(rpc::Sink<Bytes> sink) : sink_(std::move(sink)) {}
    /// Waits while the connection is full. Errors: closed.
    Async<void> write(std::string_view chunk) { return sink_.write(to_bytes(chunk)); }
    Async<void> write(Bytes chunk) { return sink_.write(std::move(chunk)); }

private:
    rpc::Sink<Bytes> sink_;
};

/// An app worker: a process that a node starts to serve an application's events.
///
///     sdk::Worker worker(argc, argv);
///     worker.on("ping", [](sdk::Request request, sdk::Response response) -> Async<void> {
///         SONM_CO_TRY(std::string text, co_await request.text());
///         co_return co_await response.write("pong:" + text);
///     });
///     return worker.run();
class Worker {
public:
    using Handler = std::function<Async<void>(Request, Response)>;

    /// Reads the flags that a node gives. Others are ignored.
    Worker(int argc, char** argv);
    Worker(const Worker&) = delete;

    /// Binds a handler; the one of event "" takes all that have none.
    void on(std::string event, Handler handler);
    /// A service of the node that has started this worker.
    template <class P>
    Service<P> service(std::string name) {
        return Service<P>([this]() -> Node& { return *node_; }, std::move(name));
    }
    const std::string& app() const { return app_; }

    /// Serves until the node ends the worker. Exit code: 0 then; 1 if the node is gone, 2 if the flags are
    /// wrong.
    int run();

private:
    Async<void> serve(TaskGroup& group);
    Async<void> handle(std::string event, rpc::Source<Bytes> in, rpc::Sink<Bytes> out);

    std::string app_, endpoint_, locator_, uuid_, protocol_ = "1";
    std::map<std::string, Handler> handlers_;
    rpc::Service<services::AppWorkerProtocol> service_;
    Node* node_ = nullptr;  ///< while run() runs
};

}  // namespace sonm::sdk
