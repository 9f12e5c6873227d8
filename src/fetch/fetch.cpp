#include "sonm/fetch/fetch.hpp"

#include <strings.h>

namespace sonm::fetch {

using services::FetchAnswer;
using services::FetchFields;
using services::FetchPart;
using services::FetchRequest;

namespace {

/// Headers that speak to the connection instead of the server: connections are shared by callers.
constexpr std::array<const char*, 9> hop_headers{
    "connection", "keep-alive", "proxy-connection", "te", "proxy-authorization", "trailer",
    "upgrade",    "expect",     "http2-settings"};

web::Options options_of(const Config& config) {
    web::Options options;
    options.guard = web::AddressGuard(config.allow);
    options.ca_file = config.ca_file;
    options.user_agent = "sonm-urlfetch";
    options.limits.answer_max = config.limits.time_max;
    options.limits.lookup_max = config.limits.lookup_max;
    options.limits.transfers_max = config.limits.requests_max;
    return options;
}

FetchAnswer to_answer(web::Response response) {
    FetchAnswer answer;
    answer.status = static_cast<std::uint64_t>(response.status);
    for (web::Header& header : response.headers)
        answer.headers.emplace_back(std::move(header.name), std::move(header.value));
    answer.body = to_bytes(response.body);
    answer.url = std::move(response.url);
    return answer;
}

FetchFields joined(const FetchAnswer& answer) {
    FetchFields fields;
    for (const auto& [name, value] : answer.headers) {
        std::string& all = fields[name];
        all += (all.empty() ? "" : ", ") + value;
    }
    return fields;
}

/// Who counts as one caller.
std::string caller_of(const rpc::Context& who) {
    if (who.identity()) return "account " + to_hex(who.identity()->bytes);
    return who.peer().substr(0, who.peer().rfind(':'));
}

}  // namespace

/// What `get` and `post` are asked.
struct Fetch::Simply {
    FetchRequest request;
    std::optional<std::int64_t> timeout_ms;
    std::optional<FetchFields> cookies, headers;
    std::optional<bool> follow;
};

Fetch::Fetch(Executor executor, Config config) : executor_(executor), limits_(config.limits) {
    client_.emplace(executor, options_of(config));
    using Fields = std::optional<FetchFields>;
    service_.on<"get">([this](Context who, std::string url, std::optional<std::int64_t> timeout,
                              Fields cookies, Fields headers, std::optional<bool> follow) {
        Simply what{FetchRequest(), timeout, std::move(cookies), std::move(headers), follow};
        what.request.url = std::move(url);
        return simple(std::move(who), std::move(what));
    });
    service_.on<"post">([this](Context who, std::string url, Bytes body, std::optional<std::int64_t> timeout,
                               Fields cookies, Fields headers, std::optional<bool> follow) {
        Simply what{FetchRequest(), timeout, std::move(cookies), std::move(headers), follow};
        what.request.method = "POST";
        what.request.url = std::move(url);
        what.request.body = std::move(body);
        return simple(std::move(who), std::move(what));
    });
    service_.on<"fetch">(
        [this](Context who, FetchRequest request) { return whole(std::move(who), std::move(request)); });
    service_.on<"download">([this](Context who, FetchRequest request, rpc::Sink<FetchPart> out) {
        return download(std::move(who), std::move(request), std::move(out));
    });
    service_.on<"upload">(
        [this](Context who, FetchRequest request, std::optional<std::uint64_t> bytes, rpc::Source<Bytes> in) {
            return upload(std::move(who), std::move(request), bytes, std::move(in));
        });
}

Result<void> Fetch::reload(YamlReader& args) {
    Config fresh;
    fields(args, fresh);
    limits_ = fresh.limits;
    // With connections of its own: none that was opened under the former rules is used again.
    client_.emplace(executor_, options_of(fresh));
    return {};
}

Result<std::shared_ptr<void>> Fetch::admit(const Context& who) {
    auto place = by_caller_.try_emplace(caller_of(who), 0).first;
    if (place->second >= limits_.caller_requests_max || under_way_ >= limits_.requests_max) {
        ++refused_;
        return fail(Errc::busy, "{} requests of this caller are under way, {} of all", place->second,
                    under_way_);
    }
    ++place->second;
    ++under_way_;
    return std::shared_ptr<void>(nullptr, [this, place](void*) {
        --under_way_;
        if (--place->second == 0) by_caller_.erase(place);
    });
}

Result<web::Request> Fetch::translate(FetchRequest given, std::uint64_t bytes_max,
                                      std::shared_ptr<void> place) const {
    web::Request request;
    request.held = std::move(place);
    request.method = std::move(given.method);
    request.url = std::move(given.url);
    for (auto& [name, value] : given.headers) {
        auto same = [&name = name](const char* hop) { return ::strcasecmp(name.c_str(), hop) == 0; };
        if (std::any_of(hop_headers.begin(), hop_headers.end(), same))
            return fail(Errc::invalid, "header '{}' is not the caller's to set", name);
        request.headers.push_back(web::Header{std::move(name), std::move(value)});
    }
    request.body = std::string(as_text(given.body));
    request.redirects_max =
        static_cast<unsigned>(std::min<std::uint64_t>(given.redirects_max, limits_.redirects_max));
    auto time_max = static_cast<std::uint64_t>(limits_.time_max.count());
    std::uint64_t time = given.timeout_ms == 0 ? time_max : std::min(given.timeout_ms, time_max);
    request.answer_max = Millis(static_cast<std::int64_t>(time));
    request.body_bytes_max = given.bytes_max == 0 ? bytes_max : std::min(given.bytes_max, bytes_max);
    return request;
}

template <class T>
void Fetch::count(const Result<T>& outcome) {
    ++(outcome ? answered_ : failed_);
}

Async<FetchAnswer> Fetch::whole(Context who, FetchRequest given) {
    SONM_CO_TRY(auto place, admit(who));
    SONM_CO_TRY(web::Request request, translate(std::move(given), limits_.body_bytes_max, place));
    auto asking = client_->request(std::move(request));
    auto response = co_await std::move(asking);
    count(response);
    if (!response) co_return tl::unexpected<Error>(std::move(response.error()));
    bytes_ += response->body.size();
    co_return to_answer(std::move(*response));
}

Async<Fetch::Simple> Fetch::simple(Context who, Simply what) {
    constexpr std::int64_t usual_timeout_ms = 5'000;
    std::int64_t timeout = what.timeout_ms.value_or(usual_timeout_ms);
    if (timeout <= 0) co_return fail(Errc::invalid, "a timeout of {} ms", timeout);
    what.request.timeout_ms = static_cast<std::uint64_t>(timeout);
    what.request.redirects_max = what.follow.value_or(true) ? limits_.redirects_max : 0;
    if (what.headers)
        for (auto& [name, value] : *what.headers) what.request.headers.emplace_back(name, value);
    if (what.cookies && !what.cookies->empty()) {
        std::string cookies;
        for (auto& [name, value] : *what.cookies)
            cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
        what.request.headers.emplace_back("Cookie", cookies);
    }
    auto asking = whole(std::move(who), std::move(what.request));
    SONM_CO_TRY(FetchAnswer answer, co_await std::move(asking));
    auto fields = joined(answer);
    auto status = static_cast<std::int64_t>(answer.status);
    co_return Simple(status < 400, std::move(answer.body), status, std::move(fields));
}

Async<void> Fetch::download(Context who, FetchRequest given, rpc::Sink<FetchPart> out) {
    SONM_CO_TRY(auto place, admit(who));
    SONM_CO_TRY(web::Request request, translate(std::move(given), limits_.stream_bytes_max, place));
    auto opening = client_->open(std::move(request));
    auto body = co_await std::move(opening);
    count(body);
    if (!body) co_return tl::unexpected<Error>(std::move(body.error()));
    FetchPart part;
    part.head = to_answer((*body)->head());
    while (true) {
        auto writing = out.write(std::move(part));
        SONM_CO_CHECK(co_await std::move(writing));
        auto reading = (*body)->read();
        SONM_CO_TRY(part.piece, co_await std::move(reading));
        part.head.reset();
        if (part.piece.empty()) co_return Result<void>();
        bytes_ += part.piece.size();
    }
}

Async<FetchAnswer> Fetch::upload(Context who, FetchRequest given, std::optional<std::uint64_t> bytes,
                                 rpc::Source<Bytes> in) {
    SONM_CO_TRY(auto place, admit(who));
    SONM_CO_TRY(web::Request request, translate(std::move(given), limits_.body_bytes_max, place));
    // Empty pieces would end the body.
    auto next = [](std::shared_ptr<rpc::Source<Bytes>> source) -> Async<Bytes> {
        while (true) {
            auto taking = source->next();
            SONM_CO_TRY(std::optional<Bytes> piece, co_await std::move(taking));
            if (!piece) co_return Bytes();
            if (!piece->empty()) co_return std::move(*piece);
        }
    };
    auto source = std::make_shared<rpc::Source<Bytes>>(std::move(in));
    web::BodySource pieces = [source, next] { return next(source); };
    auto opening = client_->open(std::move(request), std::move(pieces), bytes);
    auto body = co_await std::move(opening);
    count(body);
    if (!body) co_return tl::unexpected<Error>(std::move(body.error()));
    FetchAnswer answer = to_answer((*body)->head());
    while (true) {
        auto reading = (*body)->read();
        SONM_CO_TRY(Bytes piece, co_await std::move(reading));
        if (piece.empty()) co_return answer;
        append(answer.body, piece);
    }
}

void Fetch::measure(std::vector<services::Metric>& out) const {
    using Kind = services::Metric::Kind;
    auto add = [&](const char* name, const char* help, Kind kind, auto value) {
        out.push_back({name, help, kind, static_cast<double>(value), {}});
    };
    add("requests", "Requests under way.", Kind::gauge, under_way_);
    add("answered_total", "Requests that got an answer of any status.", Kind::counter, answered_);
    add("failed_total", "Requests without an answer.", Kind::counter, failed_);
    add("refused_total", "Requests over a caller's or the service's bound.", Kind::counter, refused_);
    add("body_bytes_total", "Bytes of answers.", Kind::counter, bytes_);
}

}  // namespace sonm::fetch
