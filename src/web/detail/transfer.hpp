#pragma once

#include "sonm/web/detail/engine.hpp"

namespace sonm::web::detail {

/// One exchange. Owned by whoever waits for it; destruction takes it out of the engine.
class Transfer {
public:
    Transfer(std::shared_ptr<Engine> engine, const Options& options, Request request, bool streamed,
             std::optional<std::uint64_t> upload_bytes);
    Transfer(const Transfer&) = delete;
    ~Transfer();

    /// Errors: invalid, too_large.
    Result<void> start();
    /// Waits until the final headers are there, and until `source` has fed the request if it is streamed:
    /// each step of that within idle_max, and the headers within `limit` after the last piece. Errors:
    /// invalid (not as many bytes as were said), timeout.
    Async<void> until_head(BodySource source, Millis limit);
    /// Next bytes of the body; empty at its end.
    Async<Bytes> read();
    const Response& head() const { return head_; }
    /// The name of a host is looked up by a thread that outlives this.
    bool leaves_lookup() const { return looking_up_ && code_ != CURLE_COULDNT_RESOLVE_HOST; }
    const std::shared_ptr<void>& held() const { return request_.held; }
    Response take_head() { return std::move(head_); }

    /// By the engine: the exchange is over.
    void finished(CURLcode code);

private:
    static std::size_t on_header(char* text, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* text, std::size_t size, std::size_t count, void* self);
    static std::size_t on_upload(char* out, std::size_t size, std::size_t count, void* self);
    static int on_lookup(void* resolver, void* reserved, void* self);
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
    bool follows() const { return request_.redirects_max > 0 && !streamed_; }
    /// Of the head that curl is reading.
    long status() const;
    bool take_header(std::string_view line);
    std::size_t take_body(std::string_view piece);
    Result<void> check_request() const;
    void set_method();
    /// A refusal ends the sending, as curl does it: its body may be longer than what waits here.
    bool answered() const {
        return done_ || (head_done_ && (!streamed_ || upload_ended_ || head_.status >= 300));
    }
    bool hungry() const { return streamed_ && !upload_ended_ && upload_at_ == upload_.size(); }
    /// The next piece, and the end with the one that reaches the length that was said.
    Async<void> take_piece(const BodySource& source);
    /// Waits until the head is there, or some of the piece has been sent.
    Async<void> until_step();
    void resume();
    void wake() { (void)changed_.try_push(std::monostate()); }
    Error failure() const;

    std::shared_ptr<Engine> engine_;
    const Options options_;
    Request request_;
    bool streamed_;
    std::optional<std::uint64_t> upload_bytes_;
    CURL* easy_;
    curl_slist* headers_ = nullptr;
    std::array<char, CURL_ERROR_SIZE> error_text_{};
    bool added_ = false;

    Response head_;
    std::size_t header_bytes_ = 0;
    bool head_done_ = false, done_ = false;
    CURLcode code_ = CURLE_OK;
    std::optional<Error> refusal_;  ///< why this side broke it off
    Bytes received_;
    std::uint64_t received_bytes_ = 0;
    bool paused_ = false;
    bool looking_up_ = false;  ///< since the last look-up no socket has been opened

    Bytes upload_;
    std::size_t upload_at_ = 0;
    std::uint64_t uploaded_ = 0;  ///< bytes of all pieces so far
    bool upload_ended_ = false;
    Channel<std::monostate> changed_;  ///< holds one wake-up: something above has changed
};

}  // namespace sonm::web::detail
