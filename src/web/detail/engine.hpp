#pragma once

#include "sonm/web/client.hpp"

#include <curl/curl.h>

#include <unordered_map>

namespace sonm::web::detail {

class Transfer;

/// libcurl's multi interface on an Asio executor: curl says which sockets and which timer it waits for, Asio
/// waits. Coroutines are never resumed inside curl: they wait on channels, which resume through the executor.
class Engine : public std::enable_shared_from_this<Engine> {
public:
    explicit Engine(const Executor& executor);
    ~Engine();
    Engine(const Engine&) = delete;

    CURLM* multi() const { return multi_; }
    const Executor& executor() const { return executor_; }

private:
    struct Watch;
    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
    static int on_timer(CURLM* multi, long timeout_ms, void* self);
    void watch(curl_socket_t socket, int what);
    void arm(const std::shared_ptr<Watch>& watch);
    void wait(const std::shared_ptr<Watch>& watch, bool for_reading);
    void act(curl_socket_t socket, int events);

    Executor executor_;
    CURLM* multi_;
    asio::steady_timer timer_;
    std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
};

}  // namespace sonm::web::detail
