#include "sonm/cli/describe.hpp"

#include "sonm/base/units.hpp"

namespace sonm::cli {
namespace {

using model::Benchmark;
using nlohmann::json;

std::string time_text(UnixTime time) { return time.value == 0 ? "-" : to_utc(time); }

}  // namespace

std::string short_id(const model::OrderId& id) { return "0x" + to_hex(id.value.bytes).substr(0, 10); }

std::string price_text(model::PricePerSecond price, model::Currency currency) {
    return print_price(price.value, currency == model::Currency::snm ? "SNM" : "USD");
}

std::string span_text(Seconds duration) { return duration.value == 0 ? "spot" : print_span(duration); }

std::string machine_text(const model::Benchmarks& b) {
    std::string out = print_cores(b[Benchmark::cpu_cores] * 10);
    if (b[Benchmark::ram_size]) out += fmt::format(", {} RAM", print_bytes(b[Benchmark::ram_size] * MiB));
    if (b[Benchmark::storage_size]) out += fmt::format(", {} disk", print_bytes(b[Benchmark::storage_size] * MiB));
    if (b[Benchmark::gpu_count]) out += fmt::format(", {} GPU", b[Benchmark::gpu_count]);
    return out;
}

json order_json(const OrderEntry& e) {
    json benchmarks = json::object();
    for (std::size_t i = 0; i < model::benchmark_count; ++i)
        if (e.order.benchmarks.values[i]) benchmarks[std::string(model::to_string(Benchmark(i)))] = e.order.benchmarks.values[i];
    json out{{"id", crypto::to_string(e.id.value)}, {"side", model::to_string(e.order.side)}, {"state", to_string(e.state)},
             {"author", crypto::to_string(e.order.author)}, {"price_per_second", to_decimal(e.order.price.value)},
             {"currency", model::to_string(e.order.currency)}, {"duration", e.order.duration.value}, {"netflags", model::to_string(e.order.netflags)},
             {"identity", model::to_string(e.order.identity)}, {"expiry", e.order.expiry.value}, {"escrow", to_decimal(e.escrow.value)},
             {"benchmarks", benchmarks}};
    if (!e.order.counterparty.is_zero()) out["counterparty"] = crypto::to_string(e.order.counterparty);
    if (!e.order.blacklist.is_zero()) out["blacklist"] = crypto::to_string(e.order.blacklist);
    if (e.deal) out["deal"] = e.deal->value;
    return out;
}

Seconds used(const DealEntry& entry, UnixTime now) {
    UnixTime until = entry.state.status == model::DealStatus::closed ? entry.state.settled_until : now;
    return until - entry.deal.start;
}

json deal_json(const DealEntry& e, UnixTime now) {
    return {{"id", e.deal.id.value}, {"ask", crypto::to_string(e.deal.ask.value)}, {"bid", crypto::to_string(e.deal.bid.value)},
            {"supplier", crypto::to_string(e.deal.supplier)}, {"master", crypto::to_string(e.deal.master)},
            {"consumer", crypto::to_string(e.deal.consumer)}, {"price_per_second", to_decimal(e.deal.price.value)},
            {"currency", model::to_string(e.deal.currency)}, {"start", e.deal.start.value}, {"end", e.deal.end.value},
            {"status", model::to_string(e.state.status)}, {"over", e.over}, {"escrow", to_decimal(e.state.escrow.value)},
            {"paid", to_decimal(e.state.paid.value)}, {"settled_until", e.state.settled_until.value}, {"seconds", used(e, now).value}};
}

json task_json(const model::TaskStatus& s) {
    json usage{{"cpu_ms", s.usage.cpu_ms}, {"memory_peak_bytes", s.usage.memory_peak_bytes}, {"net_rx_bytes", s.usage.net_rx_bytes},
               {"net_tx_bytes", s.usage.net_tx_bytes}, {"block_read_bytes", s.usage.block_read_bytes},
               {"block_write_bytes", s.usage.block_write_bytes}, {"wall_ms", s.usage.wall_ms}};
    return {{"id", s.id.value}, {"deal", s.deal.value}, {"state", model::to_string(s.state)}, {"reason", s.reason}, {"exit_code", s.exit_code},
            {"out_of_memory", s.out_of_memory}, {"accepted_at", s.accepted_at.value}, {"started_at", s.started_at.value},
            {"ended_at", s.ended_at.value}, {"output_bytes", s.output_bytes}, {"usage", usage}};
}

std::string order_text(const OrderEntry& e) {
    std::string out = fmt::format("{} {}\n", model::to_string(e.order.side), e.id);
    auto line = [&](std::string_view name, std::string_view value) { out += fmt::format("  {:<13} {}\n", name, value); };
    line("state", e.deal ? fmt::format("{}, deal {}", to_string(e.state), e.deal->value) : std::string(to_string(e.state)));
    line("author", crypto::to_string(e.order.author));
    line("price", price_text(e.order.price, e.order.currency));
    line("duration", span_text(e.order.duration));
    line(e.order.side == model::Side::ask ? "offers" : "wants", machine_text(e.order.benchmarks));
    line("network", model::to_string(e.order.netflags));
    line("identity", fmt::format("at least {}", model::to_string(e.order.identity)));
    if (!e.order.counterparty.is_zero()) line("only for", crypto::to_string(e.order.counterparty));
    if (!e.order.blacklist.is_zero()) line("blacklist", crypto::to_string(e.order.blacklist));
    line("expires", to_utc(e.order.expiry));
    if (e.order.side == model::Side::bid) line("escrow", print_tokens(e.escrow));
    for (std::size_t i = 0; i < model::benchmark_count; ++i)
        if (e.order.benchmarks.values[i])
            line(model::to_string(Benchmark(i)), fmt::format("{} {}", e.order.benchmarks.values[i], model::unit_of(Benchmark(i))));
    return out;
}

std::string deal_text(const DealEntry& e, UnixTime now) {
    std::string out = fmt::format("deal {}\n", e.deal.id);
    auto line = [&](std::string_view name, std::string_view value) { out += fmt::format("  {:<13} {}\n", name, value); };
    line("status", e.over && e.state.status == model::DealStatus::open ? "over, to be closed" : model::to_string(e.state.status));
    line("supplier", crypto::to_string(e.deal.supplier));
    line("master", crypto::to_string(e.deal.master));
    line("consumer", crypto::to_string(e.deal.consumer));
    line("price", price_text(e.deal.price, e.deal.currency));
    line("start", to_utc(e.deal.start));
    line("end", e.deal.end.value == 0 ? "spot" : to_utc(e.deal.end));
    line("used", print_span(used(e, now)));
    line("escrow", print_tokens(e.state.escrow));
    line("paid", print_tokens(e.state.paid));
    line("ask", crypto::to_string(e.deal.ask.value));
    line("bid", crypto::to_string(e.deal.bid.value));
    return out;
}

std::string task_text(const model::TaskStatus& s) {
    std::string out = fmt::format("task {}/{}\n", s.deal, s.id);
    auto line = [&](std::string_view name, std::string_view value) { out += fmt::format("  {:<13} {}\n", name, value); };
    line("state", model::to_string(s.state));
    if (!s.reason.empty()) line("reason", s.reason);
    if (s.state == model::TaskState::finished) line("exit code", std::to_string(s.exit_code));
    if (s.out_of_memory) line("memory", "it ran out of memory");
    if (s.state == model::TaskState::preparing && s.progress_total) line("progress", fmt::format("{} of {} bytes", s.progress_done, s.progress_total));
    line("accepted", time_text(s.accepted_at));
    line("started", time_text(s.started_at));
    line("ended", time_text(s.ended_at));
    line("cpu", fmt::format("{}.{:03} s", s.usage.cpu_ms / 1000, s.usage.cpu_ms % 1000));
    line("memory peak", print_bytes(s.usage.memory_peak_bytes));
    line("outputs", print_bytes(s.output_bytes));
    return out;
}

}  // namespace sonm::cli
