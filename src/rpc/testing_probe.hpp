#pragma once

#include "sonm/rpc/testing.hpp"

/// A service for this room's tests whose handlers fail, hang, and do not read, on demand.
namespace sonm::rpc::testing {

enum class RoomErrc : int { broken = 7 };
struct RoomCategory final : std::error_category {
    const char* name() const noexcept override { return "room"; }
    std::string message(int) const override { return "broken"; }
};
inline std::error_code make_error_code(RoomErrc value) {
    static const RoomCategory category;
    return {static_cast<int>(value), category};
}

struct Probe
    : Protocol<"probe", 1, Errors<0x53ff, RoomErrc>,
               Call<0, "add", Args<Arg<"a", std::uint64_t>, Arg<"b", std::uint64_t>>, Returns<std::uint64_t>>,
               Call<1, "hang">, Call<2, "fail", Args<Arg<"how", std::uint32_t>>>,
               Call<3, "blob", Args<Arg<"bytes", std::uint64_t>>, Returns<Bytes>>,
               Notify<4, "mute", Args<Arg<"bad", bool>>>, ServerStream<5, "endless", Args<>, Items<Bytes>>,
               ClientStream<6, "unread", Args<>, Items<Bytes>, Returns<std::uint64_t>>,
               ClientStream<7, "refuse", Args<>, Items<Bytes>, Returns<std::uint64_t>>,
               PlainStream<8, "plain", Args<>, Items<Bytes>, Items<Bytes>>,
               PlainStream<9, "curt", Args<>, Items<Bytes>, Items<Bytes>>> {};

struct Alive {
    explicit Alive(int& c) : count(c) { ++count; }
    ~Alive() { --count; }
    int& count;
};

class ProbeService : public Service<Probe> {
public:
    int handlers = 0;  ///< at work now

    ProbeService() {
        on<"add">(
            [](const Context&, std::uint64_t a, std::uint64_t b) -> Result<std::uint64_t> { return a + b; });
        on<"hang">([this](Context) { return hang(); });
        on<"fail">([](const Context&, std::uint32_t how) -> Result<void> { return failure(how); });
        on<"blob">([](const Context&, std::uint64_t bytes) -> Result<Bytes> { return Bytes(bytes); });
        on<"mute">([](const Context&, bool bad) -> Result<void> {
            if (bad) return fail(Errc::invalid, "bad");
            return Result<void>();
        });
        on<"endless">([this](Context, Sink<Bytes> out) { return endless(std::move(out)); });
        on<"unread">([this](Context, Source<Bytes> in) { return unread(std::move(in)); });
        on<"refuse">([](Context, Source<Bytes> in) { return refuse(std::move(in)); });
        on<"curt">([](Context, Source<Bytes>, Sink<Bytes>) { return curt(); });
        on<"plain">([this](Context, Source<Bytes> in, Sink<Bytes>) { return plain(std::move(in)); });
    }

private:
    static Result<void> failure(std::uint32_t how) {
        if (how == 0) return fail(Errc::not_found, "no such thing");
        if (how == 1) return fail(std::make_error_code(std::errc::permission_denied), "Permission denied");
        if (how == 2) return fail(RoomErrc::broken, "the room");
        if (how == 3) throw std::runtime_error("a defect");
        return fail(std::error_code(5, std::iostream_category()), "streams");
    }
    Async<void> hang() {
        Alive alive(handlers);
        co_await sleep_for(std::chrono::hours(1));
        co_return Result<void>();
    }
    Async<void> endless(Sink<Bytes> out) {
        Alive alive(handlers);
        while (true) {
            Bytes piece(10'000);
            SONM_CO_CHECK(co_await out.write(std::move(piece)));
        }
    }
    Async<std::uint64_t> unread(Source<Bytes> in) {
        Alive alive(handlers);
        co_await sleep_for(std::chrono::hours(1));
        co_return 0u;
    }
    static Async<std::uint64_t> refuse(Source<Bytes> in) {
        SONM_CO_CHECK(co_await in.next());
        co_return fail(Errc::no_space, "disk full");
    }
    static Async<void> curt() { co_return Result<void>(); }
    Async<void> plain(Source<Bytes> in) {
        Alive alive(handlers);
        co_await sleep_for(std::chrono::hours(1));
        co_return Result<void>();
    }
};

}  // namespace sonm::rpc::testing
