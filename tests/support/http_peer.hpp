#pragma once

#include "sonm/base/stream.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// An HTTP server of a test's own, on loopback and on the test's executor. Reads whole requests; what comes
/// back is the test's business, byte by byte if it likes.
namespace sonm::test {

struct PeerRequest {
    std::string method, target;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

/// Answers one request. The connection stays for the next one unless it fails.
using PeerAnswer = std::function<Async<void>(PeerRequest, ByteStream&)>;

class HttpPeer {
public:
    HttpPeer(const Executor& executor, PeerAnswer answer);
    /// "http://127.0.0.1:41283"
    std::string url() const;
    std::string address() const { return listener_->address(); }
    /// Serves until cancelled.
    Task<void> run();
    /// Every request so far, whole.
    std::vector<PeerRequest> seen;

private:
    Task<void> serve(std::unique_ptr<ByteStream> stream);
    Async<void> serve_all(ByteStream& stream);

    PeerAnswer answer_;
    std::unique_ptr<Listener> listener_;
};

/// A usual answer: writes status line, length and body. `headers`: whole lines with their line ends.
Async<void> write_answer(ByteStream& stream, int status, std::string body, std::string headers = {});

}  // namespace sonm::test
