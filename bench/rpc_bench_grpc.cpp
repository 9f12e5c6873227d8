/// The same measurement as rpc_bench_slave.cpp, through gRPC's callback API.
#include "rpc_bench.grpc.pb.h"
#include "rpc_bench.hpp"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>

namespace sonm::bench {
namespace {

class Pouring final : public grpc::ServerWriteReactor<Payload> {
public:
    Pouring() {
        piece_.set_payload(std::string(piece_bytes, 'x'));
        StartWrite(&piece_);
    }
    void OnWriteDone(bool ok) override {
        if (ok)
            StartWrite(&piece_);
        else
            Finish(grpc::Status::OK);
    }
    void OnDone() override { delete this; }

private:
    Payload piece_;
};

class Service final : public EchoService::CallbackService {
    grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const Payload* request,
                                   Payload* response) override {
        response->set_payload(request->payload());
        auto* reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }
    grpc::ServerWriteReactor<Payload>* Pour(grpc::CallbackServerContext*, const Payload*) override {
        return new Pouring();
    }
};

/// Callers of one measurement; callbacks come from gRPC's threads.
struct Shared {
    Window& window;
    std::size_t running;
    std::mutex mutex;
    std::condition_variable ended;

    void wait() {
        std::unique_lock lock(mutex);
        ended.wait(lock, [&] { return running == 0; });
    }
};

/// One caller of many: sends the next request from the callback of the one before.
struct Caller {
    EchoService::Stub& stub;
    Shared& shared;
    std::size_t payload_bytes;
    std::unique_ptr<grpc::ClientContext> context;
    Payload request, response;
    Window::Clock::time_point begin = Window::now();

    void next() {
        context = std::make_unique<grpc::ClientContext>();
        stub.async()->Echo(context.get(), &request, &response,
                           [this](grpc::Status status) { answered(status.ok()); });
    }
    void answered(bool ok) {
        {
            std::lock_guard lock(shared.mutex);
            if (ok && response.payload().size() == payload_bytes)
                begin = shared.window.done(begin);
            else
                shared.window.failed();
            if (!ok || shared.window.over(begin)) {
                if (--shared.running == 0) shared.ended.notify_all();
                return;
            }
        }
        next();
    }
};

class Drinking final : public grpc::ClientReadReactor<Payload> {
public:
    Drinking(EchoService::Stub& stub, Shared& shared) : shared_(shared) {
        stub.async()->Pour(&context_, &request_, this);
        StartRead(&piece_);
        StartCall();
    }
    void OnReadDone(bool ok) override {
        if (!ok) return;
        shared_.window.bytes(piece_.payload().size());
        if (shared_.window.over())
            context_.TryCancel();
        else
            StartRead(&piece_);
    }
    void OnDone(const grpc::Status&) override {
        std::lock_guard lock(shared_.mutex);
        if (--shared_.running == 0) shared_.ended.notify_all();
    }

private:
    Shared& shared_;
    grpc::ClientContext context_;
    Payload request_, piece_;
};

void serve() {
    Service service;
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    auto server = builder.BuildAndStart();
    fmt::print("127.0.0.1:{}\n", port);
    std::fflush(stdout);
    server->Wait();
}

std::unique_ptr<EchoService::Stub> connect(const std::string& address, std::size_t number) {
    // Equal channels would share one connection.
    grpc::ChannelArguments arguments;
    arguments.SetInt("sonm.number", static_cast<int>(number));
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return EchoService::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

Row calls(const std::string& address, Plan plan, double seconds) {
    std::vector<std::unique_ptr<EchoService::Stub>> stubs;
    for (std::size_t i = 0; i < plan.connections; ++i) stubs.push_back(connect(address, i));
    Window window(seconds);
    Shared shared{window, plan.in_flight, {}, {}};
    std::vector<std::unique_ptr<Caller>> callers;
    for (std::size_t i = 0; i < plan.in_flight; ++i) {
        callers.push_back(std::unique_ptr<Caller>(
            new Caller{*stubs[i % stubs.size()], shared, plan.payload_bytes, {}, {}, {}, {}}));
        callers.back()->request.set_payload(std::string(plan.payload_bytes, 'x'));
    }
    for (auto& caller : callers) caller->next();
    shared.wait();
    return window.row();
}

double stream(const std::string& address, double seconds) {
    auto stub = connect(address, 0);
    Window window(seconds);
    Shared shared{window, 1, {}, {}};
    auto drinking = std::make_unique<Drinking>(*stub, shared);
    shared.wait();
    return window.per_second();
}

/// HTTP/2's preface and empty settings: what a client says before its first call.
std::string opening() {
    using namespace std::string_literals;
    return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s + "\0\0\0\4\0\0\0\0\0"s;
}

}  // namespace

const Side grpc_side{"gRPC C++ callback", serve, calls, stream, opening, 9};

}  // namespace sonm::bench
