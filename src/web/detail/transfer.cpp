#include "sonm/web/detail/transfer.hpp"

#include <strings.h>

namespace sonm::web::detail {
namespace {

/// Body bytes that wait for a reader before the connection is held up.
constexpr std::size_t window_bytes = 128 * KiB;

/// RFC 9110 5.6.2: what names of headers and methods are made of.
bool is_token(std::string_view text) {
    auto good = [](unsigned char c) {
        return std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), good);
}

bool same_name(const std::string& a, const char* b) { return ::strcasecmp(a.c_str(), b) == 0; }

bool is_header_value(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

Errc errc_of(CURLcode code) {
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_LOGIN_DENIED:
        case CURLE_BAD_CONTENT_ENCODING: return Errc::invalid;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT: return Errc::unavailable;
        case CURLE_OPERATION_TIMEDOUT: return Errc::timeout;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR: return Errc::denied;
        case CURLE_TOO_MANY_REDIRECTS:
        case CURLE_FILESIZE_EXCEEDED: return Errc::too_large;
        case CURLE_PARTIAL_FILE:
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR: return Errc::closed;
        default: return Errc::io;
    }
}

}  // namespace

Transfer::Transfer(std::shared_ptr<Engine> engine, const Options& options, Request request, bool streamed,
                   std::optional<std::uint64_t> upload_bytes)
    : engine_(std::move(engine)),
      options_(options),
      request_(std::move(request)),
      streamed_(streamed),
      upload_bytes_(upload_bytes),
      easy_(curl_easy_init()),
      changed_(engine_->executor(), 1) {
    SONM_ASSERT(easy_ != nullptr);
    if (request_.body_bytes_max == 0) request_.body_bytes_max = options_.limits.body_bytes_max;
}

Transfer::~Transfer() {
    if (added_) curl_multi_remove_handle(engine_->multi(), easy_);
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
}

Result<void> Transfer::check_request() const {
    const Limits& limits = options_.limits;
    if (request_.url.size() > limits.url_bytes_max)
        return fail(Errc::too_large, "the URL has {} bytes, at most {} are allowed", request_.url.size(),
                    limits.url_bytes_max);
    bool web = request_.url.starts_with("http://") || request_.url.starts_with("https://");
    auto odd = [](unsigned char c) { return c <= 0x20 || c == 0x7f; };
    if (!web || std::any_of(request_.url.begin(), request_.url.end(), odd))
        return fail(Errc::invalid, "'{}' is no URL that begins with http:// or https://, percent-encoded",
                    request_.url.substr(0, 100));
    if (!is_token(request_.method) || request_.method.size() > 32)
        return fail(Errc::invalid, "'{}' is no HTTP method", request_.method.substr(0, 32));
    std::size_t bytes = 0;
    for (const Header& header : request_.headers) {
        bytes += header.name.size() + header.value.size() + 4;
        if (!is_token(header.name) || !is_header_value(header.value))
            return fail(Errc::invalid, "header '{}' has bytes that no header may have",
                        header.name.substr(0, 64));
        // A wrong length would leave bytes on a connection that the next request uses.
        if (same_name(header.name, "content-length") || same_name(header.name, "transfer-encoding"))
            return fail(Errc::invalid, "header '{}' follows from the body", header.name);
    }
    if (bytes > limits.header_bytes_max)
        return fail(Errc::too_large, "the headers have {} bytes, at most {} are allowed", bytes,
                    limits.header_bytes_max);
    return Result<void>();
}

void Transfer::set_method() {
    const std::string& method = request_.method;
    if (streamed_) {
        curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
        curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE,
                         upload_bytes_ ? static_cast<curl_off_t>(*upload_bytes_) : curl_off_t(-1));
        return;
    }
    bool carries = !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
    if (carries) {
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.c_str());
        // After a redirect POST turns into a GET without a body, as in browsers; the others stay what they
        // are.
        if (method != "POST") {
            curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
            curl_easy_setopt(easy_, CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
        }
    } else if (method == "HEAD") {
        curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    } else if (method != "GET") {
        curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
    }
}

Result<void> Transfer::start() {
    SONM_CHECK(check_request());
    auto set = [&](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_ERRORBUFFER, error_text_.data());
    set(CURLOPT_NOSIGNAL, 1L);
    // A transfer that is given up must not wait for its look-up to end: that would hold the event loop.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(CURLOPT_PROXY, "");
    // HTTP/2 buffers what is not read instead of holding the connection up: memory would have no bound.
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.limits.connect_max.count()));
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_FOLLOWLOCATION, follows() ? 1L : 0L);
    set(CURLOPT_MAXREDIRS, static_cast<long>(request_.redirects_max));
    set(CURLOPT_RESOLVER_START_FUNCTION, on_lookup);
    set(CURLOPT_RESOLVER_START_DATA, this);
    set(CURLOPT_OPENSOCKETFUNCTION, on_open);
    set(CURLOPT_OPENSOCKETDATA, this);
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_READFUNCTION, on_upload);
    set(CURLOPT_READDATA, this);
    set_method();
    auto add = [&](const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); };
    bool typed = false;
    for (const Header& header : request_.headers) {
        typed = typed || same_name(header.name, "content-type");
        // curl's way to send a header without a value is a semicolon.
        add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
    }
    add("Expect:");
    if (!typed) add("Content-Type:");
    set(CURLOPT_HTTPHEADER, headers_);
    CURLMcode code = curl_multi_add_handle(engine_->multi(), easy_);
    if (code != CURLM_OK) return fail(Errc::io, "{}: {}", request_.url, curl_multi_strerror(code));
    added_ = true;
    return Result<void>();
}

int Transfer::on_lookup(void*, void*, void* self) {
    static_cast<Transfer*>(self)->looking_up_ = true;
    return 0;
}

curl_socket_t Transfer::on_open(void* given, curlsocktype, curl_sockaddr* target) {
    auto* self = static_cast<Transfer*>(given);
    self->looking_up_ = false;
    asio::ip::address address;
    if (target->family == AF_INET) {
        auto* in = reinterpret_cast<sockaddr_in*>(&target->addr);
        address = asio::ip::address_v4(ntohl(in->sin_addr.s_addr));
    } else if (target->family == AF_INET6) {
        auto* in = reinterpret_cast<sockaddr_in6*>(&target->addr);
        asio::ip::address_v6::bytes_type bytes;
        std::memcpy(bytes.data(), &in->sin6_addr, bytes.size());
        address = asio::ip::address_v6(bytes);
    } else {
        return CURL_SOCKET_BAD;
    }
    if (auto allowed = self->options_.guard.check(address); !allowed) {
        self->refusal_ = std::move(allowed.error());
        return CURL_SOCKET_BAD;
    }
    self->refusal_.reset();  // another address of that name
    return ::socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

std::size_t Transfer::on_header(char* text, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_header({text, size * count}) ? size * count : 0;
}

long Transfer::status() const {
    long code = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

bool Transfer::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > options_.limits.header_bytes_max) {
        refusal_ = Error{
            make_error_code(Errc::too_large),
            fmt::format("the answer has more than {} bytes of headers", options_.limits.header_bytes_max)};
        return false;
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (head_done_) return true;  // trailers
    if (line.starts_with("HTTP/")) {
        head_ = Response();
        header_bytes_ = line.size();
        // curl takes the Location of a 304 for a redirect, which it is not.
        curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, follows() && status() != 304 ? 1L : 0L);
        return true;
    }
    if (!line.empty()) {
        std::size_t colon = line.find(':');
        if (colon == line.npos) return true;
        std::string_view value = line.substr(colon + 1);
        while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
        while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
        head_.headers.push_back(Header{std::string(line.substr(0, colon)), std::string(value)});
        return true;
    }
    long code = status();
    if (code < 200) return true;
    // As curl does it: a location without a value is none.
    auto leads = [](const Header& header) {
        return same_name(header.name, "location") && !header.value.empty();
    };
    bool elsewhere = follows() && code >= 300 && code < 400 && code != 304 &&
                     std::any_of(head_.headers.begin(), head_.headers.end(), leads);
    if (elsewhere) return true;
    head_.status = static_cast<int>(code);
    const char* url = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_EFFECTIVE_URL, &url);
    if (url) head_.url = url;
    head_done_ = true;
    wake();
    return true;
}

std::size_t Transfer::on_body(char* text, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_body({text, size * count});
}

std::size_t Transfer::take_body(std::string_view piece) {
    if (!head_done_) return piece.size();  // of an answer that leads elsewhere
    if (received_.size() >= window_bytes) {
        paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    received_bytes_ += piece.size();
    if (received_bytes_ > request_.body_bytes_max) {
        refusal_ = Error{make_error_code(Errc::too_large),
                         fmt::format("the answer has more than {} bytes", request_.body_bytes_max)};
        return 0;
    }
    append(received_, as_bytes(piece));
    wake();
    return piece.size();
}

std::size_t Transfer::on_upload(char* out, std::size_t size, std::size_t count, void* given) {
    auto* self = static_cast<Transfer*>(given);
    std::size_t left = self->upload_.size() - self->upload_at_;
    if (left == 0) {
        if (self->upload_ended_) return 0;
        self->wake();
        return CURL_READFUNC_PAUSE;
    }
    self->wake();
    std::size_t taken = std::min(left, size * count);
    std::memcpy(out, self->upload_.data() + self->upload_at_, taken);
    self->upload_at_ += taken;
    return taken;
}

void Transfer::resume() {
    paused_ = false;
    CURLcode code = curl_easy_pause(easy_, CURLPAUSE_CONT);
    if (code == CURLE_OK) return;
    // What was held back was refused: curl neither goes on nor reports an end.
    curl_multi_remove_handle(engine_->multi(), easy_);
    added_ = false;
    finished(code);
}

void Transfer::finished(CURLcode code) {
    done_ = true;
    code_ = code;
    wake();
}

Error Transfer::failure() const {
    if (refusal_) return Error{refusal_->code, fmt::format("{}: {}", request_.url, refusal_->context)};
    const char* text = error_text_[0] ? error_text_.data() : curl_easy_strerror(code_);
    return Error{make_error_code(errc_of(code_)), fmt::format("{}: {}", request_.url, text)};
}

Async<void> Transfer::take_piece(const BodySource& source) {
    auto next = within(options_.limits.idle_max, source());
    SONM_CO_TRY(Bytes piece, co_await std::move(next));
    uploaded_ += piece.size();
    upload_ended_ = piece.empty();
    if (!upload_ended_ && uploaded_ == upload_bytes_) {
        // The last piece goes out when nothing follows it: a server never takes the part for the whole.
        auto rest = within(options_.limits.idle_max, source());
        SONM_CO_TRY(Bytes more, co_await std::move(rest));
        uploaded_ += more.size();
        upload_ended_ = more.empty();
    }
    // Another length would leave bytes on a connection that the next request uses, or take that request for
    // the rest. Whoever fails here gives the transfer up, and its connection ends with it.
    bool wrong = upload_ended_ ? uploaded_ != upload_bytes_ : uploaded_ > upload_bytes_;
    if (upload_bytes_ && wrong)
        co_return fail(Errc::invalid, "{}: the body was said to have {} bytes and has {} {}", request_.url,
                       *upload_bytes_, upload_ended_ ? "only" : "at least", uploaded_);
    upload_ = std::move(piece);
    upload_at_ = 0;
    co_return Result<void>();
}

Async<void> Transfer::until_step() {
    for (std::size_t at = upload_at_; !answered() && !hungry() && upload_at_ == at;) {
        auto waiting = changed_.pop();
        SONM_CO_CHECK(co_await std::move(waiting));
    }
    co_return Result<void>();
}

Async<void> Transfer::until_head(BodySource source, Millis limit) {
    while (!answered()) {
        if (hungry()) {
            auto taking = take_piece(source);
            SONM_CO_CHECK(co_await std::move(taking));
            if (!done_) resume();
        }
        bool sending = streamed_ && (!upload_ended_ || upload_at_ < upload_.size());
        auto step = within(sending ? options_.limits.idle_max : limit, until_step());
        SONM_CO_CHECK(co_await std::move(step));
    }
    if (done_ && (code_ != CURLE_OK || !head_done_)) co_return tl::unexpected<Error>(failure());
    co_return Result<void>();
}

Async<Bytes> Transfer::read() {
    while (received_.empty() && !done_) {
        auto waiting = changed_.pop();
        SONM_CO_CHECK(co_await std::move(waiting));
    }
    if (received_.empty()) {
        if (code_ != CURLE_OK) co_return tl::unexpected<Error>(failure());
        co_return Bytes();
    }
    Bytes out = std::exchange(received_, Bytes());
    if (paused_ && !done_) resume();
    co_return out;
}

}  // namespace sonm::web::detail
