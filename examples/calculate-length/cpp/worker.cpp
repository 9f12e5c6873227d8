/// Reads a key from storage and answers how long its value is.
#include "sonm/sdk/worker.hpp"

using namespace sonm;

int main(int argc, char** argv) {
    sdk::Worker worker(argc, argv);
    auto storage = worker.service<services::StorageProtocol>("storage");
    worker.on("calculate-length", [&](sdk::Request request, sdk::Response response) -> Async<void> {
        SONM_CO_TRY(std::string key, co_await request.text());
        SONM_CO_TRY(Bytes value, co_await storage.call<"read">(std::string("collection"), key));
        co_return co_await response.write(std::to_string(value.size()));
    });
    return worker.run();
}
