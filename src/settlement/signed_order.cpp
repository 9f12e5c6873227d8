#include "sonm/settlement/signed_order.hpp"

#include "sonm/base/clock.hpp"
#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/model/typed_order.hpp"
#include "sonm/settlement/bindings/market.gen.hpp"

#include <nlohmann/json.hpp>

namespace sonm::settlement {
namespace {

using Json = nlohmann::ordered_json;

Result<const Json*> member(const Json& from, const char* name) {
    auto found = from.is_object() ? from.find(name) : from.end();
    if (!from.is_object() || found == from.end()) return fail(Errc::invalid, "\"{}\" is missing", name);
    return &*found;
}

Result<std::string> text_of(const Json& from, const char* name) {
    SONM_TRY(const Json* value, member(from, name));
    if (!value->is_string()) return fail(Errc::invalid, "\"{}\" is no text", name);
    return value->get<std::string>();
}

/// Wallets write numbers as numbers, decimal texts or 0x texts.
Result<U256> number_in(const Json& value, const char* name, unsigned bits) {
    U256 number = 0;
    if (value.is_number_unsigned()) {
        number = U256(value.get<std::uint64_t>());
    } else if (value.is_string()) {
        auto parsed = parse_u256(value.get<std::string>());
        if (!parsed) return wrap(std::move(parsed).error(), "\"{}\"", name);
        number = *parsed;
    } else {
        return fail(Errc::invalid, "\"{}\" is no whole number", name);
    }
    if (bits < 256 && (number >> bits) != 0) return fail(Errc::invalid, "\"{}\" is over {} bits", name, bits);
    return number;
}

Result<U256> number_of(const Json& from, const char* name, unsigned bits) {
    SONM_TRY(const Json* value, member(from, name));
    return number_in(*value, name, bits);
}

/// A number of at most `last`.
template <class T>
Result<T> small_of(const Json& from, const char* name, std::uint64_t last) {
    SONM_TRY(U256 number, number_of(from, name, 64));
    if (number > last)
        return fail(Errc::invalid, "\"{}\" is {}, the largest is {}", name, to_decimal(number), last);
    return static_cast<T>(static_cast<std::uint64_t>(number));
}

Result<Address> address_of(const Json& from, const char* name) {
    SONM_TRY(std::string text, text_of(from, name));
    auto parsed = crypto::parse_address(text);
    if (!parsed) return wrap(std::move(parsed).error(), "\"{}\"", name);
    return parsed;
}

Result<model::Order> parse_order(const Json& from) {
    model::Order out;
    SONM_TRY(out.side, small_of<model::Side>(from, "side", 1));
    SONM_TRY(out.author, address_of(from, "author"));
    SONM_TRY(out.counterparty, address_of(from, "counterparty"));
    SONM_TRY(U256 price, number_of(from, "price", 96));
    out.price = model::PricePerSecond(price);
    SONM_TRY(out.currency, small_of<model::Currency>(from, "currency", 1));
    SONM_TRY(auto duration, small_of<std::uint64_t>(from, "duration", 0xffff'ffff));
    out.duration = Seconds(duration);
    SONM_TRY(out.netflags.bits, small_of<std::uint64_t>(from, "netflags", ~std::uint64_t(0)));
    SONM_TRY(out.identity, small_of<model::Identity>(from, "identity", 3));
    SONM_TRY(out.blacklist, address_of(from, "blacklist"));
    SONM_TRY(std::string tag, text_of(from, "tag"));
    SONM_TRY(out.tag, crypto::parse_hash(tag));
    SONM_TRY(U256 rate_min, number_of(from, "rateMin", 88));
    SONM_TRY(U256 rate_max, number_of(from, "rateMax", 88));
    out.rate_min = model::Rate(rate_min);
    out.rate_max = model::Rate(rate_max);
    SONM_TRY(auto expiry, small_of<std::uint64_t>(from, "expiry", (std::uint64_t(1) << 40) - 1));
    out.expiry = UnixTime(expiry);
    SONM_TRY(U256 nonce, number_of(from, "nonce", 256));
    out.nonce = model::OrderNonce(nonce);
    SONM_TRY(const Json* benchmarks, member(from, "benchmarks"));
    std::array<U256, 4> words{};
    if (!benchmarks->is_array() || benchmarks->size() != words.size())
        return fail(Errc::invalid, "\"benchmarks\" is no list of {} numbers", words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
        SONM_TRY(words[i], number_in((*benchmarks)[i], "benchmarks", 256));
    }
    out.benchmarks = model::unpack_benchmarks(words);
    SONM_CHECK(model::validate(out));
    return out;
}

Json order_json(const model::Order& order) {
    Json words = Json::array();
    for (U256 word : model::pack_benchmarks(order.benchmarks)) words.push_back(to_decimal(word));
    return Json{{"side", static_cast<unsigned>(order.side)},
                {"author", to_string(order.author)},
                {"counterparty", to_string(order.counterparty)},
                {"price", to_decimal(order.price.value)},
                {"currency", static_cast<unsigned>(order.currency)},
                {"duration", order.duration.value},
                {"netflags", std::to_string(order.netflags.bits)},
                {"identity", static_cast<unsigned>(order.identity)},
                {"blacklist", to_string(order.blacklist)},
                {"tag", to_string(order.tag)},
                {"rateMin", to_decimal(order.rate_min.value)},
                {"rateMax", to_decimal(order.rate_max.value)},
                {"expiry", order.expiry.value},
                {"nonce", to_decimal(order.nonce.value)},
                {"benchmarks", words}};
}

/// "Order(uint8 side,address author)" -> [{"name": "side", "type": "uint8"}, ...]
Json members_of(std::string_view type_text) {
    Json out = Json::array();
    std::string_view rest = type_text.substr(type_text.find('(') + 1);
    rest.remove_suffix(1);
    while (!rest.empty()) {
        std::string_view one = rest.substr(0, rest.find(','));
        std::size_t space = one.find(' ');
        out.push_back({{"name", one.substr(space + 1)}, {"type", one.substr(0, space)}});
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
    return out;
}

/// What a wallet contract is asked. Source: ERC-1271.
struct IsValidSignature {
    static constexpr chain::Selector selector{0x16, 0x26, 0xba, 0x7e};
    Hash digest;
    Bytes signature;
    Bytes encode() const {
        chain::Encoder out;
        bindings::put(out, digest);
        bindings::put(out, signature);
        return out.finish(selector);
    }
    using Answer = bool;
    static Result<bool> decode(BytesView result) {
        return result.size() >= 32 && std::equal(selector.begin(), selector.end(), result.begin());
    }
};

}  // namespace

SignedOrder sign_order(const Network& network, model::Order order, const crypto::Signer& signer) {
    SignedOrder out;
    out.market = Verifier{network.chain_id, network.market};
    out.order = std::move(order);
    out.signature = to_bytes(crypto::to_rsv(signer.sign(order_digest(out.market, out.order))));
    return out;
}

std::optional<Address> signer_of(const SignedOrder& order) {
    auto signature = crypto::parse_rsv(order.signature);
    if (!signature) return std::nullopt;
    return crypto::recover(order_digest(order.market, order.order), *signature);
}

Result<void> check_place_and_time(const SignedOrder& order, const Network& network, UnixTime now) {
    if (order.market.chain_id != network.chain_id)
        return fail(Errc::invalid, "the order is signed for chain {}, network {} is chain {}",
                    order.market.chain_id, network.name, network.chain_id);
    if (order.market.contract != network.market)
        return fail(Errc::invalid, "the order is signed for the market {}, network {} has {}",
                    order.market.contract, network.name, network.market);
    if (order.order.nonce.value == u256_max)
        return fail(Errc::invalid, "the order has nonce 2^256 - 1, which cannot be used");
    if (now >= order.order.expiry)
        return fail(Errc::denied, "the order has expired: it was good until {}", to_utc(order.order.expiry));
    return Result<void>();
}

Async<void> check_signed(Desk& desk, SignedOrder order, UnixTime now) {
    SONM_CO_CHECK(check_place_and_time(order, desk.network(), now));
    Address author = order.order.author;
    if (auto signer = signer_of(order); signer != author) {
        IsValidSignature question;
        question.digest = order_digest(order.market, order.order);
        question.signature = order.signature;
        auto asking = desk.ask(author, std::move(question));
        auto accepted = co_await std::move(asking);
        if (!accepted && accepted.error().is(Errc::unavailable))
            co_return tl::unexpected<Error>(accepted.error());
        if (!accepted.value_or(false))
            co_return fail(Errc::denied, "the order of {} is not signed by it{}", author,
                           signer ? fmt::format(" but by {}, or was altered", *signer) : std::string());
    }
    bindings::market::IsNonceUsed question;
    question.author = author;
    question.nonce = order.order.nonce.value;
    auto asking = desk.ask(order.market.contract, std::move(question));
    SONM_CO_TRY(bool used, co_await std::move(asking));
    if (used) co_return fail(Errc::conflict, "the order was matched or cancelled: its nonce is used up");
    co_return Result<void>();
}

std::string to_text(const SignedOrder& order) {
    Json domain_type = members_of("(string name,string version,uint256 chainId,address verifyingContract)");
    Json file{
        {"types",
         {{"EIP712Domain", domain_type}, {"Order", members_of(model::typed_order(order.order).type_text())}}},
        {"primaryType", "Order"},
        {"domain",
         {{"name", market_domain},
          {"version", "1"},
          {"chainId", order.market.chain_id},
          {"verifyingContract", to_string(order.market.contract)}}},
        {"message", order_json(order.order)},
        {"signature", to_hex0x(order.signature)}};
    return file.dump(2) + "\n";
}

Result<SignedOrder> parse_signed_order(std::string_view text) {
    if (text.size() > signed_order_bytes_max)
        return fail(Errc::too_large, "a signed order has at most {}", print_bytes(signed_order_bytes_max));
    constexpr int depth_max = 8;
    auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= depth_max; };
    Json file = Json::parse(text, shallow, false);
    if (!file.is_object()) return fail(Errc::invalid, "no JSON object with domain, message and signature");
    SignedOrder out;
    SONM_TRY(const Json* domain, member(file, "domain"));
    SONM_TRY(std::string name, text_of(*domain, "name"));
    SONM_TRY(std::string version, text_of(*domain, "version"));
    if (name != market_domain || version != "1")
        return fail(Errc::invalid, "it is signed for \"{}\" version \"{}\", not for \"{}\" version \"1\"",
                    name.substr(0, 80), version.substr(0, 20), market_domain);
    SONM_TRY(out.market.chain_id, small_of<std::uint64_t>(*domain, "chainId", ~std::uint64_t(0)));
    SONM_TRY(out.market.contract, address_of(*domain, "verifyingContract"));
    SONM_TRY(const Json* message, member(file, "message"));
    SONM_TRY(out.order, parse_order(*message));
    SONM_TRY(std::string signature, text_of(file, "signature"));
    SONM_TRY(out.signature, parse_hex(signature));
    if (out.signature.empty() || out.signature.size() > order_signature_bytes_max)
        return fail(Errc::invalid, "\"signature\" has {} bytes, it may have 1 to {}", out.signature.size(),
                    order_signature_bytes_max);
    return out;
}

Result<SignedOrder> read_signed_order(const std::filesystem::path& path) {
    SONM_TRY(std::string text, read_text(path, signed_order_bytes_max));
    auto order = parse_signed_order(text);
    if (!order) return wrap(std::move(order).error(), "signed order {}", path.string());
    return order;
}

}  // namespace sonm::settlement
