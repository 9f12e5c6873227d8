#include "sonm/rpc/identity.hpp"

#include "sonm/rpc/testing.hpp"

namespace sonm::rpc {
namespace {

using crypto::PrivateKey;

PrivateKey key(std::uint8_t number) {
    FixedBytes<32> secret{};
    secret[31] = number;
    return std::move(PrivateKey::from_bytes(secret).value());
}

struct Who : Protocol<"who", 1, Call<0, "am_i", Args<>, Returns<std::optional<crypto::Address>>>> {};

struct Settings {
    bool required = true;
    std::uint64_t server_time = 1'700'000'000;
    Millis hello_max{10'000};
};

class Node {
public:
    explicit Node(const Executor& executor, Settings settings = {})
        : clock_(UnixTime(settings.server_time)), server_(executor, options(settings)) {
        service_.on<"am_i">([](const Context& context) -> Result<std::optional<crypto::Address>> {
            return context.identity();
        });
        server_.add(service_);
    }
    Server& server() { return server_; }

private:
    ServerOptions options(Settings settings) {
        ServerOptions options;
        options.signer = &key_;
        options.clock = &clock_;
        options.identity_required = settings.required;
        options.limits.hello_max = settings.hello_max;
        return options;
    }
    PrivateKey key_ = key(1);
    FakeClock clock_;
    Service<Who> service_;
    Server server_;
};

Async<crypto::Address> prove(ByteStream& stream, std::uint8_t number, std::string purpose,
                             std::optional<crypto::Address> expect) {
    PrivateKey mine = key(number);
    FakeClock clock(UnixTime(1'700'000'000));
    IdentityOptions options;
    options.signer = &mine;
    options.clock = &clock;
    detail::FrameInput input{Limits()};
    auto proving = prove_to_server(stream, input, options, std::move(purpose), expect);
    co_return co_await std::move(proving);
}

Result<crypto::Address> proof_by(std::uint8_t number, std::string purpose,
                                 std::optional<crypto::Address> expect, Settings settings = {}) {
    auto peer = [=](ByteStream& stream) { return prove(stream, number, purpose, expect); };
    return testing::talk_to<Node, crypto::Address>("", peer, settings);
}

TEST(Identity, two_nodes_learn_each_others_accounts) {
    auto proven = proof_by(2, "who", key(1).address());
    ASSERT_TRUE(proven) << proven.error().message();
    EXPECT_EQ(*proven, key(1).address());
    EXPECT_TRUE(proof_by(2, "locator", std::nullopt));
}

TEST(Identity, another_account_than_expected_is_refused_by_the_caller) {
    auto proven = proof_by(2, "who", key(3).address());
    ASSERT_FALSE(proven);
    EXPECT_TRUE(proven.error().is(SecurityErrc::unauthorized)) << proven.error().message();
}

TEST(Identity, ones_own_account_at_the_other_end_is_refused_unless_expected) {
    EXPECT_FALSE(proof_by(1, "who", std::nullopt));
    EXPECT_TRUE(proof_by(1, "who", key(1).address()));
}

TEST(Identity, clocks_too_far_apart_are_refused_by_name) {
    Settings settings;
    settings.server_time += identity_skew_max.value + 1;
    auto proven = proof_by(2, "who", std::nullopt, settings);
    ASSERT_FALSE(proven);
    EXPECT_TRUE(proven.error().is(SecurityErrc::unauthorized));
    EXPECT_NE(proven.error().context.find("clocks differ by 61 s"), std::string::npos)
        << proven.error().context;
    settings.server_time -= 1;
    EXPECT_TRUE(proof_by(2, "who", std::nullopt, settings));
}

TEST(Identity, an_unknown_service_is_not_available) {
    auto proven = proof_by(2, "nobody", std::nullopt);
    ASSERT_FALSE(proven);
    EXPECT_TRUE(proven.error().is(LocatorErrc::service_not_available));
}

/// The caller's frames, made by hand so that they can be made wrong.
struct Forger {
    IdentityTerms terms;
    Bytes hello, challenge_bytes;
    crypto::Signature server_signature;
};

Bytes make_frame(std::uint64_t type, auto... args) {
    Bytes bytes;
    Writer out(bytes);
    out.array(3);
    out.uint(1);
    out.uint(type);
    out.array(sizeof...(args));
    pack_all(out, args...);
    return bytes;
}

Async<detail::Frame> next_frame(ByteStream& stream, detail::FrameInput& input) {
    while (true) {
        SONM_CO_TRY(auto frame, input.next());
        if (frame) co_return *frame;
        SONM_CO_CHECK(co_await input.fill(stream));
    }
}

/// Greets as account 2, then proves with what `forge(terms, server's signature)` gives. Gives the type of the
/// final answer.
template <class F>
Result<std::uint64_t> forged(F forge) {
    auto peer = [forge](ByteStream& stream) -> Async<std::uint64_t> {
        IdentityTerms terms;
        terms.caller = key(2).address();
        terms.caller_nonce[5] = 9;
        terms.caller_time = UnixTime(1'700'000'000);
        terms.purpose = "who";
        Bytes hello =
            make_frame(hello_type, 1u, terms.purpose, terms.caller, terms.caller_nonce, terms.caller_time);
        SONM_CO_CHECK(co_await stream.write(hello));
        detail::FrameInput input{Limits()};
        SONM_CO_TRY(detail::Frame frame, co_await next_frame(stream, input));
        Reader in(frame.args);
        terms.callee = unpack<crypto::Address>(in).value();
        terms.callee_nonce = unpack<FixedBytes<32>>(in).value();
        terms.callee_time = unpack<UnixTime>(in).value();
        auto server_signature = unpack<crypto::Signature>(in).value();
        Bytes proof = make_frame(0, forge(terms, server_signature));
        SONM_CO_CHECK(co_await stream.write(proof));
        SONM_CO_TRY(detail::Frame answer, co_await next_frame(stream, input));
        co_return answer.type;
    };
    return testing::talk_to<Node, std::uint64_t>("", peer, Settings());
}

TEST(Identity, a_proof_that_is_right_in_every_part_is_taken_and_one_that_differs_in_any_is_not) {
    auto sign = [](std::uint8_t number, const IdentityTerms& terms, Role role) {
        return key(number).sign(identity_digest(terms, role));
    };
    EXPECT_EQ(forged([=](IdentityTerms t, auto) { return sign(2, t, Role::caller); }).value(), 0u);
    EXPECT_EQ(forged([=](IdentityTerms t, auto) { return sign(3, t, Role::caller); }).value(), 1u)
        << "another key";
    EXPECT_EQ(forged([=](IdentityTerms t, auto) { return sign(2, t, Role::callee); }).value(), 1u)
        << "the other role";
    EXPECT_EQ(forged([=](IdentityTerms t, auto theirs) { return theirs; }).value(), 1u)
        << "the server's own proof, reflected";
    const std::function<void(IdentityTerms&)> changes[] = {
        [](IdentityTerms& t) { t.callee = key(7).address(); },
        [](IdentityTerms& t) { std::swap(t.caller, t.callee); },
        [](IdentityTerms& t) { t.caller_nonce[0] ^= 1; },
        [](IdentityTerms& t) { t.callee_nonce[31] ^= 1; },
        [](IdentityTerms& t) { std::swap(t.caller_nonce, t.callee_nonce); },
        [](IdentityTerms& t) { t.caller_time = t.caller_time + Seconds(1); },
        [](IdentityTerms& t) { t.callee_time = t.callee_time + Seconds(1); },
        [](IdentityTerms& t) { t.purpose = "locator"; },
        [](IdentityTerms& t) { t.channel_binding[0] = 1; },
    };
    int number = 0;
    for (auto& change : changes) {
        auto answer = forged([=](IdentityTerms t, auto) {
            change(t);
            return sign(2, t, Role::caller);
        });
        EXPECT_EQ(answer.value(), 1u) << "change " << number;
        ++number;
    }
}

TEST(Identity, a_proof_from_an_earlier_connection_does_not_fit_a_new_one) {
    std::optional<crypto::Signature> earlier;
    auto first = [&](IdentityTerms t, auto) {
        earlier = key(2).sign(identity_digest(t, Role::caller));
        return *earlier;
    };
    ASSERT_EQ(forged(first).value(), 0u);
    EXPECT_EQ(forged([&](IdentityTerms, auto) { return *earlier; }).value(), 1u);
}

TEST(Identity, a_server_that_requires_it_answers_nothing_else) {
    for (const char* hex : {"93010091a377686f", "93014191a377686f", "93050090"}) {
        auto peer = [hex](ByteStream& stream) {
            return testing::send_and_read(stream, parse_hex(hex).value());
        };
        Bytes answer = testing::talk_to<Node, Bytes>("", peer, Settings()).value();
        EXPECT_NE(as_text(answer).find("proves an account"), std::string_view::npos) << to_hex(answer);
    }
}

TEST(Identity, a_peer_that_says_nothing_is_dropped_at_the_deadline) {
    Settings settings;
    settings.hello_max = Millis(20);
    auto peer = [](ByteStream& stream) { return testing::read_to_end(stream); };
    EXPECT_EQ((testing::talk_to<Node, Bytes>("", peer, settings)).value().size(), 0u);
}

TEST(Identity, a_hello_cut_or_changed_anywhere_is_answered_or_ended) {
    Bytes hello = make_frame(hello_type, 1u, std::string("who"), key(2).address(), FixedBytes<32>{},
                             UnixTime(1'700'000'000));
    for (std::size_t at = 0; at < hello.size(); ++at) {
        Bytes changed = hello, cut(hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(at));
        changed[at] ^= 0x80;
        for (const Bytes& bytes : {changed, cut}) {
            auto peer = [bytes](ByteStream& stream) { return testing::send_and_read(stream, bytes); };
            ASSERT_TRUE((testing::talk_to<Node, Bytes>("", peer, Settings()))) << at;
        }
    }
}

TEST(Identity, the_digest_of_fixed_terms_stays_what_other_versions_sign) {
    IdentityTerms terms;
    terms.purpose = "worker";
    EXPECT_NE(identity_digest(terms, Role::caller), identity_digest(terms, Role::callee));
    EXPECT_EQ(to_string(identity_digest(terms, Role::caller)),
              "0x7e2e1c2b6b51bf7f418035c430282d6f471213e150c1d64b3c8edfe930a1b96e");
}

}  // namespace
}  // namespace sonm::rpc
