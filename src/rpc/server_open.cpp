#include "sonm/base/log.hpp"
#include "sonm/rpc/client.hpp"
#include "sonm/rpc/server.hpp"

/// How a connection becomes a session with one of a server's services.
namespace sonm::rpc {
namespace {

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

tl::unexpected<Error> not_available() {
    return tl::unexpected<Error>(Error{make_error_code(LocatorErrc::service_not_available), {}});
}

}  // namespace

class Server::Registered {
public:
    Registered(Server& server, std::shared_ptr<Session> session, EntryPtr entry) : server_(server) {
        ++entry->sessions;
        place_ =
            server_.sessions_.insert(server_.sessions_.end(), Live{std::move(session), std::move(entry)});
    }
    Registered(const Registered&) = delete;
    ~Registered() {
        --place_->entry->sessions;
        server_.sessions_.erase(place_);
        server_.changed_.cancel();
    }

private:
    Server& server_;
    std::list<Live>::iterator place_;
};

class Server::Seat {
public:
    Seat(Server& server, const crypto::Address& account, bool stranger)
        : server_(server), account_(account), stranger_(stranger) {
        ++server_.by_account_[account_];
        server_.strangers_ += stranger_ ? 1 : 0;
    }
    Seat(const Seat&) = delete;
    ~Seat() {
        if (--server_.by_account_[account_] == 0) server_.by_account_.erase(account_);
        server_.strangers_ -= stranger_ ? 1 : 0;
    }
    bool stranger() const { return stranger_; }

private:
    Server& server_;
    crypto::Address account_;
    bool stranger_;
};

Task<void> Server::serve(std::unique_ptr<ByteStream> stream, std::string root) {
    Way way;
    way.proof = options_.identity_required;
    if (!root.empty()) way.root = find(root);
    if (!root.empty() && !way.root) stream.reset();
    return serve_counted(std::move(stream), std::move(way));
}

Task<void> Server::serve_counted(std::unique_ptr<ByteStream> stream, Way way) {
    if (!stream) co_return;  // its service is gone
    struct Counted {
        explicit Counted(std::size_t& c) : count(c) { ++count; }
        ~Counted() { --count; }
        std::size_t& count;
    } counted(connections_);
    auto contained = contain(serve_one(std::move(stream), std::move(way)));
    auto outcome = co_await std::move(contained);
    if (outcome) co_return;
    if (!outcome.error().is(Errc::closed)) ++counters_.failed;
    SONM_LOG(debug, "rpc connection: {}", outcome.error().message());
}

Async<void> Server::serve_one(std::unique_ptr<ByteStream> stream, Way way) {
    const bool proof = way.proof;
    Limits first = options_.limits;
    if (proof) first.frame_bytes_max = std::min(first.frame_bytes_max, hello_bytes_max);
    // By pointer: this coroutine lives as long as the session, which takes the input over.
    auto input = std::make_unique<detail::FrameInput>(first);
    auto opening = within(options_.limits.hello_max, open(*stream, *input, std::move(way)));
    SONM_CO_TRY(Opened opened, co_await std::move(opening));
    // Its service may have gone while the peer proved who it is.
    if (opened.entry->withdrawn || draining_) co_return fail(Errc::closed, "{} is gone", opened.entry->name);
    if (proof) input->set_limits(options_.limits);
    Session::Options options;
    options.limits = options_.limits;
    std::unique_ptr<Seat> seated;
    if (opened.peer->identity) {
        SONM_CO_TRY(seated, seat(*opened.peer->identity));
        if (seated->stranger())
            options.limits.idle_max = std::min(options.limits.idle_max, options_.stranger_idle_max);
    }
    options.service = opened.entry->service;
    options.peer = std::move(opened.peer);
    auto session = std::make_shared<Session>(executor_, std::move(stream), std::move(*input),
                                             opened.channel_used, std::move(options));
    input.reset();
    auto registered = std::make_unique<Registered>(*this, session, std::move(opened.entry));
    auto serving = serve_session(session, std::move(registered));
    co_await std::move(serving);
    co_return tl::unexpected<Error>(session->why());
}

Task<void> Server::serve_session(std::shared_ptr<Session> session, std::unique_ptr<Registered>) {
    auto running = Session::run(std::move(session));
    co_await std::move(running);
}

Result<Connection> Server::connect_local(TaskGroup& group, std::string_view name,
                                         std::optional<crypto::Address> identity) {
    EntryPtr entry = find(name);
    if (!entry || draining_) return not_available();
    auto [near, far] = make_pipe(executor_);
    Session::Options callee;
    callee.limits = options_.limits;
    callee.service = entry->service;
    callee.peer = std::make_shared<Peer>(Peer{identity, "this process"});
    Session::Options caller;
    caller.peer = std::make_shared<Peer>(Peer{std::nullopt, "this process"});
    auto server = std::make_shared<Session>(executor_, std::move(far), std::move(callee));
    auto client = std::make_shared<Session>(executor_, std::move(near), std::move(caller));
    // Registered before it runs: the name may be withdrawn at any time from here on.
    auto registered = std::make_unique<Registered>(*this, server, std::move(entry));
    if (!group.spawn(serve_session(std::move(server), std::move(registered))) ||
        !group.spawn(Session::run(client)))
        return fail(Errc::busy, "no room for another connection in this process");
    return Connection(std::move(client), ConnectOptions().call_max);
}

Result<std::unique_ptr<Server::Seat>> Server::seat(const crypto::Address& account) {
    auto found = by_account_.find(account);
    bool stranger = options_.is_customer && !options_.is_customer(account);
    // Many nodes may have one account, this one's: that is nobody who could take their room.
    bool own = options_.signer && options_.signer->address() == account;
    if ((!own && found != by_account_.end() && found->second >= options_.account_connections_max) ||
        (stranger && strangers_ >= options_.strangers_max)) {
        ++counters_.refused;
        return fail(Errc::busy, "account {} is turned away: too many connections of {}", account,
                    stranger ? "strangers" : "its own");
    }
    return std::make_unique<Seat>(*this, account, stranger);
}

Async<Server::Opened> Server::open(ByteStream& stream, detail::FrameInput& input, Way way) {
    Opened opened;
    opened.peer = std::make_shared<Peer>();
    opened.peer->address = stream.peer();
    opened.entry = way.root ? way.root : find(LocatorProtocol::name);
    std::optional<detail::Frame> first;
    while (!first) {
        // Looked at only: a frame that is neither hello nor attach belongs to the session.
        SONM_CO_TRY(first, input.peek());
        if (first) break;
        auto filling = input.fill(stream);
        SONM_CO_CHECK(co_await std::move(filling));
    }
    // A service may have methods of those numbers.
    bool own_method = way.root && way.root->service->find(first->type);
    bool hello = !own_method && first->type == hello_type && options_.signer;
    bool attach = !own_method && first->type == attach_type && !way.proof;
    if (!hello && !attach && !way.proof) co_return std::move(opened);

    std::uint64_t channel = first->channel;
    Result<Opened> greeted =
        fail(SecurityErrc::token_not_found, "this node serves only who proves an account first");
    if (hello || attach) {
        auto greeting =
            hello ? greet(stream, input, opened, *first) : attached(stream, input, opened, *first);
        greeted = co_await std::move(greeting);
    }
    if (!greeted && !greeted.error().is(Errc::closed)) {
        Bytes refusal = error_frame(channel, greeted.error());
        auto refusing = stream.write(refusal);
        (void)co_await std::move(refusing);
    }
    co_return greeted;
}

Result<Server::EntryPtr> Server::named(const EntryPtr& root, std::string_view name) const {
    EntryPtr entry = find(name);
    bool leads = root->name == LocatorProtocol::name || root == entry;
    if (!entry || !leads) return not_available();
    return entry;
}

Async<Server::Opened> Server::attached(ByteStream& stream, detail::FrameInput& input, Opened opened,
                                       detail::Frame frame) {
    Reader in(frame.args);
    SONM_CO_TRY(std::string name, unpack<std::string>(in));
    SONM_CO_TRY(opened.entry, named(opened.entry, name));
    opened.channel_used = frame.channel;
    input.take();
    Bytes answer;
    Writer out(answer);
    out.array(3);
    out.uint(frame.channel);
    out.uint(0);
    out.array(1);
    out.uint(opened.entry->service->protocol().version);
    auto answering = stream.write(answer);
    SONM_CO_CHECK(co_await std::move(answering));
    co_return std::move(opened);
}

Async<Server::Opened> Server::greet(ByteStream& stream, detail::FrameInput& input, Opened opened,
                                    detail::Frame frame) {
    SONM_CO_TRY(Hello hello, parse_hello(frame));
    input.take();
    SONM_CO_TRY(opened.entry, named(opened.entry, hello.purpose));
    opened.channel_used = hello.channel;
    IdentityOptions identity;
    identity.signer = options_.signer;
    identity.clock = options_.clock;
    auto proving = prove_to_client(stream, input, identity, std::move(hello));
    SONM_CO_TRY(opened.peer->identity, co_await std::move(proving));
    co_return std::move(opened);
}

}  // namespace sonm::rpc
