/// One hop between a gRPC caller and its server, by the callback API: what a node is between a client and an
/// app worker.
#include "app_bench.hpp"
#include "rpc_bench.grpc.pb.h"

#include <grpcpp/grpcpp.h>

#include <cstdio>

namespace sonm::bench {
namespace {

class Hop final : public EchoService::CallbackService {
public:
    explicit Hop(const std::string& backend)
        : stub_(EchoService::NewStub(grpc::CreateChannel(backend, grpc::InsecureChannelCredentials()))) {}

private:
    grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const Payload* request,
                                   Payload* response) override {
        auto* reactor = context->DefaultReactor();
        auto* onward = new grpc::ClientContext();
        stub_->async()->Echo(onward, request, response, [reactor, onward](grpc::Status status) {
            delete onward;
            reactor->Finish(std::move(status));
        });
        return reactor;
    }

    std::unique_ptr<EchoService::Stub> stub_;
};

}  // namespace

void serve_grpc_hop(const std::string& backend) {
    Hop service(backend);
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    auto server = builder.BuildAndStart();
    fmt::print("127.0.0.1:{}\n", port);
    std::fflush(stdout);
    server->Wait();
}

}  // namespace sonm::bench
