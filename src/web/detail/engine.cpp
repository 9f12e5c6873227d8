#include "sonm/web/detail/engine.hpp"

#include "sonm/web/detail/transfer.hpp"

namespace sonm::web::detail {

/// A socket of curl's that Asio waits for. The socket stays curl's: it is let go, never closed.
struct Engine::Watch {
    Watch(const Executor& executor, curl_socket_t socket) : descriptor(executor, socket), socket(socket) {}
    ~Watch() { release(); }
    void release() {
        if (descriptor.is_open()) descriptor.release();
    }
    asio::posix::stream_descriptor descriptor;
    curl_socket_t socket;
    int wanted = CURL_POLL_NONE;
    bool reading = false, writing = false;
};

Engine::Engine(const Executor& executor) : executor_(executor), timer_(executor) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    SONM_ASSERT(ready == CURLE_OK);
    multi_ = curl_multi_init();
    SONM_ASSERT(multi_ != nullptr);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 16L);
}

Engine::~Engine() {
    curl_multi_cleanup(multi_);
    watches_.clear();
}

int Engine::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    static_cast<Engine*>(self)->watch(socket, what);
    return 0;
}

void Engine::watch(curl_socket_t socket, int what) {
    if (what == CURL_POLL_REMOVE) {
        auto found = watches_.find(socket);
        if (found == watches_.end()) return;
        found->second->release();  // before curl closes it
        watches_.erase(found);
        return;
    }
    auto& watch = watches_[socket];
    if (!watch) watch = std::make_shared<Watch>(executor_, socket);
    watch->wanted = what;
    arm(watch);
}

void Engine::arm(const std::shared_ptr<Watch>& watch) {
    if ((watch->wanted & CURL_POLL_IN) && !watch->reading) wait(watch, true);
    if ((watch->wanted & CURL_POLL_OUT) && !watch->writing) wait(watch, false);
}

void Engine::wait(const std::shared_ptr<Watch>& watch, bool for_reading) {
    (for_reading ? watch->reading : watch->writing) = true;
    auto ready = [weak = weak_from_this(), watch, for_reading](std::error_code error) {
        (for_reading ? watch->reading : watch->writing) = false;
        auto self = weak.lock();
        if (error || !self || !watch->descriptor.is_open()) return;
        int side = for_reading ? CURL_POLL_IN : CURL_POLL_OUT;
        if (!(watch->wanted & side)) return;  // a wait from before curl changed its mind
        self->act(watch->socket, for_reading ? CURL_CSELECT_IN : CURL_CSELECT_OUT);
        if (watch->descriptor.is_open()) self->arm(watch);
    };
    watch->descriptor.async_wait(
        for_reading ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write,
        std::move(ready));
}

int Engine::on_timer(CURLM*, long timeout_ms, void* given) {
    auto* self = static_cast<Engine*>(given);
    if (timeout_ms < 0) {
        self->timer_.cancel();
        return 0;
    }
    self->timer_.expires_after(Millis(timeout_ms));
    self->timer_.async_wait([weak = self->weak_from_this()](std::error_code error) {
        auto engine = weak.lock();
        if (!error && engine) engine->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
}

void Engine::act(curl_socket_t socket, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, events, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        Transfer* transfer = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer->finished(message->data.result);
    }
}

}  // namespace sonm::web::detail
