#include "sonm/rpc/server.hpp"

#include "sonm/base/log.hpp"

namespace sonm::rpc {
namespace {

/// How long a listener rests when the process has run out of file descriptors.
constexpr Millis rest{100};
/// A hello and the proof after it have some 200 bytes each: nobody unknown makes this side keep more.
constexpr std::size_t hello_bytes_max = 4 * KiB;

Bytes error_frame(std::uint64_t channel, const Error& error) {
    Bytes bytes;
    Writer out(bytes);
    out.array(3);
    out.uint(channel);
    out.uint(1);
    pack_error(out, to_wire(error));
    return bytes;
}

/// [host, port] of "host:port"; nothing for other kinds of addresses.
std::optional<Endpoint> endpoint_of(const std::string& address) {
    if (address.starts_with("unix:")) return std::nullopt;
    auto parsed = parse_host_port(address);
    if (!parsed) return std::nullopt;
    return Endpoint(parsed->host, parsed->port);
}

}  // namespace

Server::Server(Executor executor, ServerOptions options)
    : executor_(std::move(executor)), options_(std::move(options)) {
    SONM_ASSERT(!options_.signer || options_.clock);
    SONM_ASSERT(options_.signer || !options_.identity_required);
    services_.emplace(LocatorProtocol::name, &locator_);
    locator_.on<"resolve">(
        [this](const Context&, std::string name, std::optional<std::string>) { return resolve(name); });
}

Server::~Server() = default;

void Server::add(const ServiceBase& service) {
    bool added = services_.emplace(service.protocol().name, &service).second;
    SONM_ASSERT(added);  // two services of one name
}

void Server::listen(std::unique_ptr<Listener> listener, std::string root) {
    SONM_ASSERT(root.empty() || find(root));
    ports_.push_back(Port{std::move(listener), std::move(root)});
}

const ServiceBase* Server::find(std::string_view name) const {
    auto found = services_.find(name);
    return found == services_.end() ? nullptr : found->second;
}

Result<std::tuple<std::vector<Endpoint>, std::uint32_t, Encoded>> Server::resolve(
    const std::string& name) const {
    const ServiceBase* service = find(name);
    if (!service)
        return tl::unexpected<Error>(Error{make_error_code(LocatorErrc::service_not_available), {}});
    // A port of the service's own serves every client; the node's ports those that attach or prove
    // themselves.
    std::vector<Endpoint> own, shared;
    for (const Port& port : ports_)
        if (auto endpoint = endpoint_of(port.listener->address()))
            (port.root == name ? own : shared).push_back(*endpoint);
    if (own.empty() && !options_.advertise.empty()) {
        shared.clear();
        for (const HostPort& where : options_.advertise) shared.emplace_back(where.host, where.port);
    }
    Encoded graph;
    Writer out(graph.bytes);
    pack_graph(out, service->protocol().methods);
    return std::tuple(own.empty() ? shared : own, service->protocol().version, graph);
}

Task<void> Server::run() {
    auto body = [this](TaskGroup& group) { return accept_all(group); };
    auto work = scope(options_.connections_max + ports_.size(), std::move(body));
    co_await std::move(work);
}

Task<void> Server::accept_all(TaskGroup& group) {
    for (Port& port : ports_) group.spawn(accept(group, port));
    auto ending = group.join();
    co_await std::move(ending);
}

Task<void> Server::accept(TaskGroup& group, Port& port) {
    while (true) {
        auto accepting = port.listener->accept();
        auto stream = co_await std::move(accepting);
        if (!stream) {
            if (stream.error().is(Errc::closed)) co_return;
            SONM_LOG(warn, "rpc: {}", stream.error().message());
            auto resting = sleep_for(rest);
            co_await std::move(resting);
            continue;
        }
        // Beyond the limit the newest is turned away by closing it.
        if (connections_ >= options_.connections_max || !group.spawn(serve(std::move(*stream), port.root)))
            ++refused_;
    }
}

Task<void> Server::serve(std::unique_ptr<ByteStream> stream, std::string root) {
    struct Counted {
        explicit Counted(std::size_t& c) : count(c) { ++count; }
        ~Counted() { --count; }
        std::size_t& count;
    } counted(connections_);
    auto contained = contain(serve_one(std::move(stream), std::move(root)));
    auto outcome = co_await std::move(contained);
    if (!outcome) SONM_LOG(debug, "rpc connection: {}", outcome.error().message());
}

Async<void> Server::serve_one(std::unique_ptr<ByteStream> stream, std::string root) {
    Limits first = options_.limits;
    if (options_.identity_required) first.frame_bytes_max = std::min(first.frame_bytes_max, hello_bytes_max);
    detail::FrameInput input(first);
    auto opening = within(options_.limits.hello_max, open(*stream, input, std::move(root)));
    SONM_CO_TRY(Opened opened, co_await std::move(opening));
    if (options_.identity_required) input.set_limits(options_.limits);
    Session::Options options;
    options.limits = options_.limits;
    std::unique_ptr<Seat> seated;
    if (opened.peer->identity) {
        SONM_CO_TRY(seated, seat(*opened.peer->identity));
        if (seated->stranger())
            options.limits.idle_max = std::min(options.limits.idle_max, options_.stranger_idle_max);
    }
    options.service = opened.service;
    options.peer = std::move(opened.peer);
    auto session = std::make_shared<Session>(executor_, std::move(stream), std::move(input),
                                             opened.channel_used, std::move(options));
    auto running = Session::run(session);
    co_await std::move(running);
    co_return Result<void>();
}

Server::Seat::Seat(Server& server, const crypto::Address& account, bool stranger)
    : server_(server), account_(account), stranger_(stranger) {
    ++server_.by_account_[account_];
    server_.strangers_ += stranger_ ? 1 : 0;
}

Server::Seat::~Seat() {
    if (--server_.by_account_[account_] == 0) server_.by_account_.erase(account_);
    server_.strangers_ -= stranger_ ? 1 : 0;
}

Result<std::unique_ptr<Server::Seat>> Server::seat(const crypto::Address& account) {
    auto found = by_account_.find(account);
    bool stranger = options_.is_customer && !options_.is_customer(account);
    if ((found != by_account_.end() && found->second >= options_.account_connections_max) ||
        (stranger && strangers_ >= options_.strangers_max)) {
        ++refused_;
        return fail(Errc::busy, "account {} is turned away: too many connections of {}", account,
                    stranger ? "strangers" : "its own");
    }
    return std::make_unique<Seat>(*this, account, stranger);
}

Async<Server::Opened> Server::open(ByteStream& stream, detail::FrameInput& input, std::string root) {
    Opened opened;
    opened.peer = std::make_shared<Peer>();
    opened.peer->address = stream.peer();
    opened.service = find(root.empty() ? LocatorProtocol::name : std::string_view(root));
    bool named = !root.empty();
    std::optional<detail::Frame> first;
    while (!first) {
        // Looked at only: a frame that is neither hello nor attach belongs to the session.
        SONM_CO_TRY(first, input.peek());
        if (first) break;
        auto filling = input.fill(stream);
        SONM_CO_CHECK(co_await std::move(filling));
    }
    bool hello = !named && first->type == hello_type && options_.signer;
    bool attach = !named && first->type == attach_type && !options_.identity_required;
    if (!hello && !attach && !options_.identity_required) co_return std::move(opened);

    std::uint64_t channel = first->channel;
    auto greeting = hello ? greet(stream, input, opened, *first) : attached(stream, input, opened, *first);
    auto greeted = co_await std::move(greeting);
    if (!greeted && !greeted.error().is(Errc::closed)) {
        Bytes refusal = error_frame(channel, greeted.error());
        auto refusing = stream.write(refusal);
        (void)co_await std::move(refusing);
    }
    co_return greeted;
}

Async<Server::Opened> Server::attached(ByteStream& stream, detail::FrameInput& input, Opened opened,
                                       detail::Frame frame) {
    if (options_.identity_required)
        co_return fail(SecurityErrc::token_not_found, "this node serves only who proves an account first");
    Reader in(frame.args);
    SONM_CO_TRY(std::string name, unpack<std::string>(in));
    opened.service = find(name);
    if (!opened.service)
        co_return tl::unexpected<Error>(Error{make_error_code(LocatorErrc::service_not_available), {}});
    opened.channel_used = frame.channel;
    input.take();
    Bytes answer;
    Writer out(answer);
    out.array(3);
    out.uint(frame.channel);
    out.uint(0);
    out.array(1);
    out.uint(opened.service->protocol().version);
    auto answering = stream.write(answer);
    SONM_CO_CHECK(co_await std::move(answering));
    co_return std::move(opened);
}

Async<Server::Opened> Server::greet(ByteStream& stream, detail::FrameInput& input, Opened opened,
                                    detail::Frame frame) {
    SONM_CO_TRY(Hello hello, parse_hello(frame));
    input.take();
    opened.service = find(hello.purpose);
    if (!opened.service)
        co_return tl::unexpected<Error>(Error{make_error_code(LocatorErrc::service_not_available), {}});
    opened.channel_used = hello.channel;
    IdentityOptions identity;
    identity.signer = options_.signer;
    identity.clock = options_.clock;
    auto proving = prove_to_client(stream, input, identity, std::move(hello));
    SONM_CO_TRY(opened.peer->identity, co_await std::move(proving));
    co_return std::move(opened);
}

}  // namespace sonm::rpc
