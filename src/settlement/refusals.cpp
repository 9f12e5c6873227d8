#include "sonm/settlement/refusals.hpp"

#include "sonm/chain/errc.hpp"
#include "sonm/chain/revert.hpp"
#include "sonm/market/errc.hpp"
#include "sonm/settlement/bindings/codec.hpp"
#include "sonm/settlement/bindings/errors.gen.hpp"

#include <array>

namespace sonm::settlement {
namespace {

using chain::ChainErrc;
using market::MarketErrc;

struct Meaning {
    std::string_view name;  ///< of the Solidity error
    MarketErrc code;
};
constexpr std::array meanings = {
    Meaning{"BalanceTooSmall", MarketErrc::balance_too_small},
    Meaning{"ERC20InsufficientBalance", MarketErrc::balance_too_small},
    Meaning{"NotTheAuthor", MarketErrc::not_the_author},
    Meaning{"OrderExists", MarketErrc::order_exists},
    Meaning{"OrderNotOpen", MarketErrc::order_not_open},
    Meaning{"PriceIsZero", MarketErrc::price_is_zero},
    Meaning{"ExpiryOutOfRange", MarketErrc::expiry_out_of_range},
    Meaning{"EscrowTooSmall", MarketErrc::escrow_too_small},
    Meaning{"OrdersDoNotMatch", MarketErrc::orders_do_not_match},
    Meaning{"DealNotOpen", MarketErrc::unknown_deal},
    Meaning{"DealEnded", MarketErrc::deal_ended},
    Meaning{"NotAParty", MarketErrc::not_a_party},
    Meaning{"ClosedTooEarly", MarketErrc::closed_too_early},
    Meaning{"NothingToTopUp", MarketErrc::nothing_to_top_up},
    Meaning{"Paused", MarketErrc::paused},
};

/// The token's own words are those of its documentation. Nothing if the values are not there.
std::optional<std::string> wallet_too_small(BytesView data) {
    chain::Decoder in(data.subspan(4));
    chain::Address wallet = in.address();
    auto has = bindings::get_uint<Tokens>(in, 256), needs = bindings::get_uint<Tokens>(in, 256);
    if (!in.ok()) return std::nullopt;
    return fmt::format("the wallet holds too little: has {}, needs {} (wallet {})", bindings::show(has),
                       bindings::show(needs), bindings::show(wallet));
}

}  // namespace

Error to_refusal(BytesView data) {
    if (auto revert = bindings::read_revert(data)) {
        MarketErrc code = MarketErrc::refused;
        for (const Meaning& meaning : meanings) {
            if (meaning.name == revert->name) code = meaning.code;
        }
        std::optional<std::string> plain =
            revert->name == "ERC20InsufficientBalance" ? wallet_too_small(data) : std::nullopt;
        return Error{make_error_code(code), std::move(plain).value_or(std::move(revert->text))};
    }
    std::string text = chain::standard_revert(data).value_or(
        fmt::format("an unknown error {}", to_hex0x(data.first(std::min<std::size_t>(data.size(), 68)))));
    return Error{make_error_code(MarketErrc::refused), std::move(text)};
}

Error to_market_error(Error error) {
    if (error.code.category() != chain::ChainErrc_category()) return error;
    std::string text = error.message();
    auto as = [&](std::error_code code) { return Error{code, std::move(text)}; };
    switch (static_cast<ChainErrc>(error.code.value())) {
        case ChainErrc::reverted: return as(make_error_code(MarketErrc::refused));
        case ChainErrc::no_funds: return as(make_error_code(Errc::denied));
        case ChainErrc::wrong_chain: return as(make_error_code(Errc::conflict));
        case ChainErrc::not_mined: return as(make_error_code(Errc::timeout));
        case ChainErrc::bad_encoding: return as(make_error_code(Errc::invalid));
        default: return as(make_error_code(Errc::unavailable));
    }
}

}  // namespace sonm::settlement
