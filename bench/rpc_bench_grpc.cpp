/// The same measurement as rpc_bench.cpp, through gRPC's callback API.
#include "rpc_bench.grpc.pb.h"
#include "rpc_bench.hpp"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace sonm::bench {
namespace {

class Service final : public EchoService::CallbackService {
    grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const Payload* request,
                                   Payload* response) override {
        response->set_payload(request->payload());
        auto* reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }
};

/// One caller of many: sends the next request from the callback of the one before.
struct Caller {
    EchoService::Stub& stub;
    Window& window;
    std::mutex& mutex;
    std::condition_variable& ended;
    std::size_t& running;
    std::unique_ptr<grpc::ClientContext> context;
    Payload request, response;
    Window::Clock::time_point begin;

    void next() {
        context = std::make_unique<grpc::ClientContext>();
        begin = Window::now();
        stub.async()->Echo(context.get(), &request, &response,
                           [this](grpc::Status status) { answered(status.ok()); });
    }
    void answered(bool ok) {
        {
            std::lock_guard lock(mutex);
            if (ok && response.payload().size() == payload_bytes)
                window.done(begin);
            else
                window.failed();
            if (!ok || window.over()) {
                if (--running == 0) ended.notify_all();
                return;
            }
        }
        next();
    }
};

}  // namespace

std::vector<Row> measure_grpc(double seconds) {
    Service service;
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    auto server = builder.BuildAndStart();
    auto channel =
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
    auto stub = EchoService::NewStub(channel);

    std::vector<Row> rows;
    for (std::size_t in_flight : in_flight_counts) {
        Window window(seconds);
        std::mutex mutex;
        std::condition_variable ended;
        std::size_t running = in_flight;
        std::vector<std::unique_ptr<Caller>> callers;
        for (std::size_t i = 0; i < in_flight; ++i) {
            callers.push_back(std::unique_ptr<Caller>(new Caller{*stub, window, mutex, ended, running}));
            callers.back()->request.set_payload(std::string(payload_bytes, 'x'));
        }
        for (auto& caller : callers) caller->next();
        std::unique_lock lock(mutex);
        ended.wait(lock, [&] { return running == 0; });
        rows.push_back(window.row("gRPC C++ callback", in_flight));
    }
    server->Shutdown();
    return rows;
}

}  // namespace sonm::bench
