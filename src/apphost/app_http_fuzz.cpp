#include "sonm/apphost/http_entry.hpp"

using namespace sonm;
using namespace sonm::apphost;

/// What an application answers, and what a client asks for: what is read is written and read again the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    BytesView bytes(data, size);
    if (auto head = parse_http_head(bytes)) {
        auto again = parse_http_head(pack_http_head(*head));
        SONM_ASSERT(again && *again == *head);
    }
    if (auto call = parse_http_call(bytes)) {
        auto again = parse_http_call(pack_http_call(*call));
        SONM_ASSERT(again && *again == *call);
    }
    http::Incoming request;
    request.method = "GET";
    request.target = as_text(bytes);
    if (auto target = http_target(request))
        SONM_ASSERT(!target->app.empty() && !target->event.empty() && target->uri.starts_with("/"));
    return 0;
}
