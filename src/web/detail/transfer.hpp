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
    /// Waits until the final headers are there, feeding the request from `source` if it is streamed.
    Async<void> until_head(BodySource source);
    /// Next bytes of the body; empty at its end.
    Async<Bytes> read();
    const Response& head() const { return head_; }
    Response take_head() { return std::move(head_); }

    /// By the engine: the exchange is over.
    void finished(CURLcode code);

private:
    static std::size_t on_header(char* text, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* text, std::size_t size, std::size_t count, void* self);
    static std::size_t on_upload(char* out, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
    bool take_header(std::string_view line);
    std::size_t take_body(std::string_view piece);
    Result<void> check_request() const;
    void set_method();
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

    Bytes upload_;
    std::size_t upload_at_ = 0;
    bool upload_ended_ = false;
    Channel<std::monostate> changed_;  ///< holds one wake-up: something above has changed
};

}  // namespace sonm::web::detail
