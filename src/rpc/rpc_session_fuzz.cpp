#include "sonm/crypto/key.hpp"
#include "sonm/rpc/server.hpp"

/// Everything that a stranger may send to a node: opening, identity proof, calls and streams of each shape.
namespace {
using namespace sonm;
using namespace sonm::rpc;

struct Target
    : Protocol<"target", 1,
               Call<0, "sync", Args<Arg<"text", std::string>, Arg<"number", std::optional<std::int32_t>>>,
                    Returns<std::string>>,
               Call<1, "async", Args<Arg<"list", std::vector<std::string>>>, Returns<std::uint64_t>>,
               Notify<2, "mute", Args<Arg<"flag", bool>>>,
               ServerStream<3, "down", Args<Arg<"count", std::uint8_t>>, Items<Bytes>>,
               ClientStream<4, "up", Args<>, Items<Bytes>, Returns<std::uint64_t>>,
               BiStream<5, "both", Args<>, Items<Bytes>, Items<Bytes>>,
               PlainStream<6, "plain", Args<>, Items<Bytes>, Items<Bytes>>, Call<7, "unbound">,
               Dialog<8, "dialog", Args<Arg<"name", std::string>>,
                      State<Say<0, "begin", Args<>,
                                State<Say<0, "go", Args<Arg<"n", std::int32_t>>, Same>,
                                      Say<1, "error", ErrorArgs>, Say<5, "end">>>>,
                      Streaming<Bytes>>> {};

Async<std::uint64_t> count(Context, std::vector<std::string> list) { co_return list.size(); }
Async<void> down(Context, std::uint8_t items, Sink<Bytes> out) {
    for (std::uint8_t i = 0; i < items; ++i) {
        Bytes item(i);
        SONM_CO_CHECK(co_await out.write(std::move(item)));
    }
    co_return Result<void>();
}
Async<std::uint64_t> up(Context, Source<Bytes> in) {
    std::uint64_t bytes = 0;
    while (true) {
        SONM_CO_TRY(auto item, co_await in.next());
        if (!item) co_return bytes;
        bytes += item->size();
    }
}
Async<void> both(Context, Source<Bytes> in, Sink<Bytes> out) {
    while (true) {
        SONM_CO_TRY(auto item, co_await in.next());
        if (!item) co_return Result<void>();
        SONM_CO_CHECK(co_await out.write(std::move(*item)));
    }
}

template <class T>
Async<void> dialog(Context, std::string, T talk) {
    while (true) {
        SONM_CO_TRY(auto said, co_await talk.hear());
        if (!said) co_return Result<void>();
        if (said->template is<"go">()) SONM_CO_CHECK(said->template args<"go">());
        Bytes item(3);
        SONM_CO_CHECK(co_await talk.template say<"write">(std::move(item)));
    }
}

Task<void> attack(Bytes bytes, bool root) {
    Executor executor = co_await asio::this_coro::executor;
    FixedBytes<32> secret{};
    secret[0] = 1;
    auto key = crypto::PrivateKey::from_bytes(secret).value();
    FakeClock clock;
    Service<Target> service;
    service.on<"sync">([](const Context&, std::string text,
                          std::optional<std::int32_t>) -> Result<std::string> { return text; });
    service.on<"async">(count);
    service.on<"mute">([](const Context&, bool) -> Result<void> { return Result<void>(); });
    service.on<"down">(down);
    service.on<"up">(up);
    service.on<"both">(both);
    service.on<"plain">(both);
    service.on<"dialog">([](Context who, std::string name, auto talk) {
        return dialog(std::move(who), std::move(name), std::move(talk));
    });
    ServerOptions options;
    options.limits.stall_max = Millis(20);
    options.signer = &key;
    options.clock = &clock;
    options.limits.channels_max = 8;
    options.limits.frame_bytes_max = 4096;
    options.limits.inbound_bytes_max = 16 * KiB;
    Server server(executor, options);
    server.add(service);
    auto [near, far] = make_pipe(executor);
    auto body = [&, &stream = near, &other = far](TaskGroup& group) -> Task<void> {
        group.spawn(server.serve(std::move(other), root ? "target" : ""));
        (void)co_await stream->write(bytes);
        stream->shutdown_write();
        Bytes buffer(4096), answer;
        rpc::detail::FrameInput frames{Limits()};
        while (true) {
            auto got = co_await stream->read_some(buffer);
            if (!got) break;
            frames.feed(BytesView(buffer).first(*got));
        }
        while (true) {
            auto frame = frames.next();
            SONM_ASSERT(frame.has_value());
            if (!*frame) break;
        }
        SONM_ASSERT(!frames.partial());
        auto ending = group.join();
        co_await std::move(ending);
    };
    auto work = scope(4, std::move(body));
    co_await std::move(work);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 16 * 1024) return 0;
    run_test(attack(Bytes(data + 1, data + size), data[0] % 2 == 0));
    return 0;
}
