#include "sonm/model/order_file.hpp"

#include "sonm/base/units.hpp"
#include "sonm/model/errc.hpp"

namespace sonm::model {
namespace {

constexpr std::string_view some_account = "'0x5FbDB2315678afecb367f032d93F642f64180aa3'";

/// What the documentation of one key says on each side.
struct Wording {
    std::string_view ask, bid;
    std::string_view of(Side side) const { return side == Side::ask ? ask : bid; }
};
constexpr Wording price_says{
    "What you get for all of it, for as long as a deal runs: SNM or USD, per h, d, min or s.",
    "The most that you pay for all of it, for as long as the deal runs: SNM or USD, per h, d, min or s."};
constexpr Wording duration_says{
    "The longest deal, or spot: a deal that either side may end at any time.",
    "How long you need it, or spot: a deal that either side may end at any time."};
constexpr Wording netflags_says{
    "What the machine offers: outbound (internet), incoming (a public port), overlay (a network across\n"
    "workers), persistent (a volume that outlives the task), gpu_isolated (the card for itself).",
    "What you need: outbound (internet), incoming (a public port), overlay (a network across workers),\n"
    "persistent (a volume that outlives the task), gpu_isolated (the card for itself)."};
constexpr Wording counterparty_says{"Only this consumer, or this master of consumers.",
                                    "Only this worker, or this master of workers."};
constexpr Wording identity_says{
    "How well the consumer must be known: anonymous, registered, identified, professional.",
    "How well the supplier must be known: anonymous, registered, identified, professional."};

/// What a bid wants of a machine, in the units of benchmarks, rounded up.
struct Wanted {
    Resources resources;
    std::uint64_t gpus = 0, gpu_mem_bytes = 0;
};

void wanted_fields(YamlReader& reader, Wanted& wanted) {
    reader.optional({"cores", "Processor cores, also parts of one.", "2"}, wanted.resources.cpu_millicores,
                    parse_cores);
    reader.optional({"ram", "Memory.", "2 GiB"}, wanted.resources.ram_bytes, parse_bytes);
    reader.optional({"storage", "Disk for the work folder and the image.", "4 GiB"},
                    wanted.resources.storage_bytes, parse_bytes);
    reader.optional({"net_down", "Download rate.", "25 Mbit/s"}, wanted.resources.net_down_bps,
                    parse_bit_rate);
    reader.optional({"net_up", "Upload rate.", "10 Mbit/s"}, wanted.resources.net_up_bps, parse_bit_rate);
    reader.optional({"gpus", "How many graphics cards.", "1"}, wanted.gpus, parse_int<std::uint64_t>);
    reader.optional({"gpu_mem", "Memory of each card.", "8 GiB"}, wanted.gpu_mem_bytes, parse_bytes);
}

}  // namespace

Result<Price> parse_order_price(std::string_view text) {
    SONM_TRY(WrittenPrice written, parse_price(text));
    SONM_TRY(Currency currency, parse_currency(written.currency));
    if (written.per_second > amount_max)
        return fail(Errc::overflow, "'{}' is over 2^96 - 1 x 10^-18 a second", text);
    return Price{PricePerSecond(written.per_second), currency};
}

std::string to_string(const Price& price) {
    return print_price(price.per_second.value, to_string(price.currency));
}

Result<Seconds> parse_duration(std::string_view text) {
    if (text == "spot") return Seconds(0);
    SONM_TRY(Seconds span, parse_span(text));
    if (span.value == 0)
        return fail(Errc::invalid, "'{}' is no duration: write a span like '2 h', or spot", text);
    if (span.value > ~std::uint32_t(0)) return fail(Errc::overflow, "'{}' is longer than 136 years", text);
    return span;
}

std::string print_duration(Seconds duration) { return duration.value == 0 ? "spot" : print_span(duration); }

Result<crypto::Hash> parse_tag(std::string_view text) {
    if (text.starts_with("0x") && text.size() == 66) return crypto::parse_hash(text);
    crypto::Hash tag;
    if (text.size() > tag.bytes.size()) {
        return fail(Errc::invalid, "'{}' has {} bytes, a tag has at most 32 (or is 0x and 64 hex digits)",
                    text.substr(0, 80), text.size());
    }
    std::copy(text.begin(), text.end(), tag.bytes.begin());
    return tag;
}

std::string print_tag(const crypto::Hash& tag) {
    auto end = std::find(tag.bytes.begin(), tag.bytes.end(), 0);
    bool is_text =
        std::all_of(tag.bytes.begin(), end, [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; }) &&
        std::all_of(end, tag.bytes.end(), [](std::uint8_t byte) { return byte == 0; });
    return is_text ? std::string(tag.bytes.begin(), end) : crypto::to_string(tag);
}

Result<Rate> parse_rate_bound(std::string_view text) {
    return parse_rate(text).map([](U256 rate) { return Rate(rate); });
}

void order_terms_fields(YamlReader& reader, OrderTerms& terms, Side side) {
    reader.required({"price", price_says.of(side), "0.12 USD/h"}, terms.price, parse_order_price);
    reader.optional({"duration", duration_says.of(side), "2 h"}, terms.duration, parse_duration);
    std::vector<NetFlags> flags;
    reader.list({"netflags", netflags_says.of(side), "[outbound]"}, flags, parse_netflag);
    for (NetFlags flag : flags) terms.netflags.bits |= flag.bits;
    reader.optional({"identity", identity_says.of(side), "anonymous"}, terms.identity, parse_identity);
    reader.optional({"counterparty", counterparty_says.of(side), some_account}, terms.counterparty,
                    crypto::parse_address);
    reader.optional({"blacklist", "One more account whose blacklist is respected.", some_account},
                    terms.blacklist, crypto::parse_address);
    reader.optional({"tag", "Free for you: up to 32 bytes of text, or 0x and 64 hex digits.", "render"},
                    terms.tag, parse_tag);
    reader.optional({"expiry", "How long the order stays on the market, at most 90 d.", "7 d"}, terms.expiry,
                    parse_span);
    reader.optional(
        {"rate_min", "Prices in USD only: no deal while an SNM is worth less than this.", "0.5 USD"},
        terms.rate_min, parse_rate_bound);
    reader.optional(
        {"rate_max", "Prices in USD only: no deal while an SNM is worth more than this.", "2 USD"},
        terms.rate_max, parse_rate_bound);
    if (terms.rate_max.value != 0 && terms.rate_min > terms.rate_max)
        reader.problem("rate_min", "is over rate_max: no deal could open");
    bool bounded = terms.rate_min.value != 0 || terms.rate_max.value != 0;
    if (bounded && terms.price.currency == Currency::snm && reader.has("price")) {
        reader.problem(reader.has("rate_min") ? "rate_min" : "rate_max", "means nothing for a price in SNM");
    }
    if (terms.expiry.value == 0 || terms.expiry > order_lifetime_max) {
        reader.problem("expiry", fmt::format("must be between 1 s and {}", print_span(order_lifetime_max)));
    }
}

void resources_fields(YamlReader& reader, Resources& resources) {
    reader.required({"cores", "Processor cores, also parts of one.", "1.5"}, resources.cpu_millicores,
                    parse_cores);
    reader.required({"ram", "Memory.", "2 GiB"}, resources.ram_bytes, parse_bytes);
    reader.optional({"storage", "Disk for work folders, images and inputs.", "4 GiB"},
                    resources.storage_bytes, parse_bytes);
    reader.optional({"net_down", "Download rate.", "25 Mbit/s"}, resources.net_down_bps, parse_bit_rate);
    reader.optional({"net_up", "Upload rate.", "10 Mbit/s"}, resources.net_up_bps, parse_bit_rate);
    reader.list({"gpus", "Graphics cards, by index.", "[0]"}, resources.gpus, parse_int<std::uint32_t>);
    std::sort(resources.gpus.begin(), resources.gpus.end());
    if (std::adjacent_find(resources.gpus.begin(), resources.gpus.end()) != resources.gpus.end()) {
        reader.problem("gpus", "names a card twice");
    }
}

Order make_order(Side side, const OrderTerms& terms, const Benchmarks& benchmarks, const Address& author,
                 UnixTime now, OrderNonce nonce) {
    Order order;
    order.side = side;
    order.author = author;
    order.counterparty = terms.counterparty;
    order.price = terms.price.per_second;
    order.currency = terms.price.currency;
    order.duration = terms.duration;
    order.netflags = terms.netflags;
    order.identity = terms.identity;
    order.blacklist = terms.blacklist;
    order.tag = terms.tag;
    order.rate_min = terms.rate_min;
    order.rate_max = terms.rate_max;
    order.expiry = now + terms.expiry;
    order.nonce = nonce;
    order.benchmarks = benchmarks;
    return order;
}

void bid_fields(YamlReader& reader, BidFile& bid) {
    order_terms_fields(reader, bid.terms, Side::bid);
    Wanted wanted;
    reader.child({"resources", "What you need of the machine. Leave out what does not matter."}, false,
                 [&](YamlReader& child) { wanted_fields(child, wanted); });
    bid.needs = benchmarks_for(wanted.resources);
    bid.needs[Benchmark::gpu_count] = wanted.gpus;
    bid.needs[Benchmark::gpu_mem] = wanted.gpu_mem_bytes / MiB + (wanted.gpu_mem_bytes % MiB != 0);
    auto read_benchmark = [&](std::string_view code, std::string_view text) -> Result<void> {
        SONM_TRY(Benchmark benchmark, parse_benchmark(code));
        SONM_TRY(std::uint64_t value, parse_int<std::uint64_t>(text));
        bid.needs[benchmark] = std::max(bid.needs[benchmark], value);
        return {};
    };
    reader.entries({"benchmarks", "Least results of benchmarks, by code, beside the above.",
                    "{cpu-multi: 1000, storage-rw: 100}"},
                   read_benchmark);
}

Result<BidFile> read_bid_file(const std::filesystem::path& path) {
    BidFile bid;
    SONM_CHECK(read_yaml_file(path, [&](YamlReader& reader) { bid_fields(reader, bid); }));
    return bid;
}

std::string bid_template() {
    BidFile none;
    return "# A bid: what you want to rent and what you pay at most. Place it: sonm bid create bid.yaml "
           "--wait\n" +
           describe_yaml([&](YamlReader& reader) { bid_fields(reader, none); });
}

}  // namespace sonm::model
