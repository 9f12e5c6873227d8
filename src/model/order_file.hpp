#pragma once

#include "sonm/base/yaml.hpp"
#include "sonm/model/resources.hpp"

/// Orders as people write them. Both sides share their terms; what is sold or wanted differs.
namespace sonm::model {

/// "0.12 USD/h" as price and currency. Same rounding on both sides (base/units.hpp).
struct Price {
    PricePerSecond per_second;
    Currency currency = Currency::snm;
    bool operator==(const Price&) const = default;
};
Result<Price> parse_order_price(std::string_view text);
std::string to_string(const Price& price);
/// A span, or "spot" = 0.
Result<Seconds> parse_duration(std::string_view text);
std::string print_duration(Seconds duration);
/// Up to 32 bytes of text, or 0x and 64 hex digits.
Result<crypto::Hash> parse_tag(std::string_view text);
/// The text if it is one, else hex; empty if it is zero.
std::string print_tag(const crypto::Hash& tag);
/// "1.25 USD"
Result<Rate> parse_rate_bound(std::string_view text);

/// What an ask plan and a bid have in common. Value type.
struct OrderTerms {
    Price price;
    Seconds duration;  ///< 0 = spot
    NetFlags netflags;
    Address counterparty, blacklist;
    Identity identity = Identity::anonymous;
    crypto::Hash tag;
    Seconds expiry{7 * 86'400};  ///< how long the order stays on the market
    Rate rate_min, rate_max;
    bool operator==(const OrderTerms&) const = default;
};
/// Declares their keys; the documentation differs by side.
void order_terms_fields(YamlReader& reader, OrderTerms& terms, Side side);
/// The keys of a share of a machine: cores, ram, storage, net_down, net_up, gpus (by index). For what is sold
/// and for limits.
void resources_fields(YamlReader& reader, Resources& resources);

/// The order that these terms make.
Order make_order(Side side, const OrderTerms& terms, const Benchmarks& benchmarks, const Address& author,
                 UnixTime now, OrderNonce nonce);

/// A bid's file. Value type.
struct BidFile {
    OrderTerms terms;
    Benchmarks needs;  ///< wanted resources in benchmarks, or the benchmarks by code; the larger of both
    bool operator==(const BidFile&) const = default;
};
void bid_fields(YamlReader& reader, BidFile& bid);
/// Errors: invalid, with file, line and key; not_found, denied, too_large.
Result<BidFile> read_bid_file(const std::filesystem::path& path);
/// What `sonm init bid` writes.
std::string bid_template();

}  // namespace sonm::model
