#include "sonm/rpc/identity.hpp"

#include "sonm/crypto/keccak.hpp"
#include "sonm/rpc/error.hpp"
#include "sonm/rpc/pack.hpp"

namespace sonm::rpc {
namespace {

constexpr std::uint32_t proof_version = 1;
/// 0x19 keeps it apart from every transaction, 'S' from typed data (0x01), validators (0x00) and personal
/// messages ('E').
constexpr std::string_view domain = "\x19SONM identity proof 1\n";
/// A hello is a few hundred bytes; a longer purpose names no service.
constexpr std::size_t purpose_bytes_max = 128;

FixedBytes<8> big_endian(std::uint64_t value) {
    FixedBytes<8> out;
    for (int i = 0; i < 8; ++i)
        out[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
    return out;
}

FixedBytes<32> fresh_nonce() {
    Bytes random = random_bytes(32);
    FixedBytes<32> nonce;
    std::copy(random.begin(), random.end(), nonce.begin());
    return nonce;
}

Seconds distance(UnixTime a, UnixTime b) { return a < b ? b - a : a - b; }

Result<void> check_time(UnixTime theirs, UnixTime ours) {
    Seconds skew = distance(theirs, ours);
    if (skew > identity_skew_max)
        return fail(SecurityErrc::unauthorized, "the clocks differ by {} s, at most {} s are allowed",
                    skew.value, identity_skew_max.value);
    return Result<void>();
}

Result<void> check_proof(const IdentityTerms& terms, Role role, const crypto::Signature& signature) {
    const crypto::Address& claimed = role == Role::caller ? terms.caller : terms.callee;
    auto signer = crypto::recover(identity_digest(terms, role), signature);
    if (!signer || *signer != claimed)
        return fail(SecurityErrc::unauthorized, "the signature is not that of {}", claimed);
    return Result<void>();
}

template <class... T>
Bytes frame_of(std::uint64_t channel, std::uint64_t type, const T&... args) {
    Bytes bytes;
    Writer out(bytes);
    out.array(3);
    out.uint(channel);
    out.uint(type);
    out.array(sizeof...(T));
    pack_all(out, args...);
    return bytes;
}

/// The next frame, which must be on `channel`. An error message comes out as that error.
Async<detail::Frame> expect_frame(ByteStream& stream, detail::FrameInput& input, std::uint64_t channel,
                                  bool error_may_come) {
    while (true) {
        SONM_CO_TRY(std::optional<detail::Frame> frame, input.next());
        if (!frame) {
            auto filling = input.fill(stream);
            SONM_CO_CHECK(co_await std::move(filling));
            continue;
        }
        if (frame->channel != channel)
            co_return fail(TransportErrc::frame_format, "channel {} during the proof of identity",
                           frame->channel);
        if (frame->type == 1 && error_may_come) {
            Reader in(frame->args);
            SONM_CO_TRY(WireError error, unpack_error(in, frame->args_count));
            co_return tl::unexpected<Error>(from_wire(error));
        }
        if (frame->type != 0)
            co_return fail(TransportErrc::frame_format, "message {} during the proof of identity",
                           frame->type);
        co_return *frame;
    }
}

template <class... T>
Result<std::tuple<T...>> unpack_frame(const detail::Frame& frame) {
    Reader in(frame.args);
    std::tuple<T...> values;
    auto name = [](std::size_t index) { return fmt::format("element {}", index); };
    SONM_CHECK(
        unpack_each(in, frame.args_count, sizeof...(T), values, name, std::index_sequence_for<T...>()));
    return values;
}

}  // namespace

crypto::Hash identity_digest(const IdentityTerms& terms, Role role) {
    const std::uint8_t role_byte = static_cast<std::uint8_t>(role);
    auto caller_time = big_endian(terms.caller_time.value), callee_time = big_endian(terms.callee_time.value);
    // Every part but the purpose has a fixed length; the purpose goes in by its digest: no two terms give the
    // same text.
    auto purpose = crypto::keccak256(as_bytes(terms.purpose));
    return crypto::keccak256({as_bytes(domain), BytesView(&role_byte, 1), terms.caller.bytes,
                              terms.callee.bytes, terms.caller_nonce, terms.callee_nonce, caller_time,
                              callee_time, purpose.bytes, terms.channel_binding});
}

Async<crypto::Address> prove_to_server(ByteStream& stream, detail::FrameInput& input, IdentityOptions options,
                                       std::string purpose, std::optional<crypto::Address> expect) {
    IdentityTerms terms;
    terms.caller = options.signer->address();
    terms.caller_nonce = fresh_nonce();
    terms.caller_time = options.clock->now();
    terms.purpose = std::move(purpose);
    terms.channel_binding = options.channel_binding;
    Bytes hello = frame_of(1, hello_type, proof_version, terms.purpose, terms.caller, terms.caller_nonce,
                           terms.caller_time);
    auto greeting = stream.write(hello);
    SONM_CO_CHECK(co_await std::move(greeting));

    auto waiting = expect_frame(stream, input, 1, true);
    SONM_CO_TRY(detail::Frame frame, co_await std::move(waiting));
    using Challenge = std::tuple<crypto::Address, FixedBytes<32>, UnixTime, crypto::Signature>;
    auto challenge = unpack_frame<crypto::Address, FixedBytes<32>, UnixTime, crypto::Signature>(frame);
    if (!challenge) co_return wrap(std::move(challenge.error()), "the server's proof of identity");
    Challenge answer = std::move(*challenge);
    terms.callee = std::get<0>(answer);
    terms.callee_nonce = std::get<1>(answer);
    terms.callee_time = std::get<2>(answer);
    if (expect && terms.callee != *expect)
        co_return fail(SecurityErrc::unauthorized, "{} is {}, expected was {}", stream.peer(), terms.callee,
                       *expect);
    if (!expect && !options.own_account_too && terms.callee == terms.caller)
        co_return fail(SecurityErrc::unauthorized,
                       "{} says to be this very account; expect it explicitly if that is meant",
                       stream.peer());
    SONM_CO_CHECK(check_time(terms.callee_time, terms.caller_time));
    SONM_CO_CHECK(check_proof(terms, Role::callee, std::get<3>(answer)));

    Bytes proof = frame_of(1, 0, options.signer->sign(identity_digest(terms, Role::caller)));
    auto proving = stream.write(proof);
    SONM_CO_CHECK(co_await std::move(proving));
    auto accepting = expect_frame(stream, input, 1, true);
    SONM_CO_CHECK(co_await std::move(accepting));
    co_return terms.callee;
}

Result<Hello> parse_hello(const detail::Frame& frame) {
    Reader in(frame.args);
    auto version = unpack<std::uint32_t>(in);
    if (!version || *version != proof_version)
        return fail(SecurityErrc::unauthorized, "an identity proof of another version than {}",
                    proof_version);
    auto parts = unpack_frame<std::uint32_t, std::string, crypto::Address, FixedBytes<32>, UnixTime>(frame);
    if (!parts)
        return fail(SecurityErrc::unauthorized, "a hello that cannot be read: {}", parts.error().context);
    Hello hello;
    std::tie(std::ignore, hello.purpose, hello.caller, hello.nonce, hello.time) = std::move(*parts);
    hello.channel = frame.channel;
    if (hello.purpose.size() > purpose_bytes_max)
        return fail(SecurityErrc::unauthorized, "a purpose of {} bytes", hello.purpose.size());
    return hello;
}

Async<crypto::Address> prove_to_client(ByteStream& stream, detail::FrameInput& input, IdentityOptions options,
                                       Hello hello) {
    IdentityTerms terms;
    terms.caller = hello.caller;
    terms.callee = options.signer->address();
    terms.caller_nonce = hello.nonce;
    terms.callee_nonce = fresh_nonce();
    terms.caller_time = hello.time;
    terms.callee_time = options.clock->now();
    terms.purpose = std::move(hello.purpose);
    terms.channel_binding = options.channel_binding;
    SONM_CO_CHECK(check_time(terms.caller_time, terms.callee_time));
    Bytes challenge = frame_of(hello.channel, 0, terms.callee, terms.callee_nonce, terms.callee_time,
                               options.signer->sign(identity_digest(terms, Role::callee)));
    auto challenging = stream.write(challenge);
    SONM_CO_CHECK(co_await std::move(challenging));

    auto waiting = expect_frame(stream, input, hello.channel, false);
    SONM_CO_TRY(detail::Frame frame, co_await std::move(waiting));
    auto proof = unpack_frame<crypto::Signature>(frame);
    if (!proof)
        co_return fail(SecurityErrc::unauthorized, "a proof that cannot be read: {}", proof.error().context);
    SONM_CO_CHECK(check_proof(terms, Role::caller, std::get<0>(*proof)));
    Bytes accepted = frame_of(hello.channel, 0);
    auto accepting = stream.write(accepted);
    SONM_CO_CHECK(co_await std::move(accepting));
    co_return terms.caller;
}

}  // namespace sonm::rpc
