#include "sonm/cli/describe.hpp"

#include "sonm/base/units.hpp"
#include "sonm/model/json.hpp"
#include "sonm/model/order_file.hpp"

namespace sonm::cli {
namespace {

using model::Benchmark;
using json = nlohmann::ordered_json;

std::string time_text(UnixTime time) { return time.value == 0 ? "-" : to_utc(time); }

}  // namespace

std::string short_id(const model::OrderId& id) { return "0x" + to_hex(id.value.bytes).substr(0, 10); }

std::string price_text(model::PricePerSecond price, model::Currency currency) {
    return model::to_string(model::Price{price, currency});
}

std::string span_text(Seconds duration) { return model::print_duration(duration); }

std::string machine_text(const model::Benchmarks& b) {
    std::string out = print_cores(b[Benchmark::cpu_cores] * 10);
    if (b[Benchmark::ram_size]) out += fmt::format(", {} RAM", print_bytes(b[Benchmark::ram_size] * MiB));
    if (b[Benchmark::storage_size])
        out += fmt::format(", {} disk", print_bytes(b[Benchmark::storage_size] * MiB));
    if (b[Benchmark::gpu_count]) out += fmt::format(", {} GPU", b[Benchmark::gpu_count]);
    return out;
}

json order_json(const OrderEntry& e) {
    json out = model::to_json(e.order);
    out["state"] = to_string(e.state);
    out["escrow"] = to_decimal(e.escrow.value);
    out["deal"] = e.deal ? json(e.deal->value) : json(nullptr);
    return out;
}

Seconds used(const DealEntry& entry, UnixTime now) {
    UnixTime until = entry.state.status == model::DealStatus::closed ? entry.state.settled_until : now;
    return until - entry.deal.start;
}

json deal_json(const DealEntry& e, UnixTime now) {
    json out = model::to_json(e.deal, e.state);
    out["over"] = e.over;
    if (e.settled_before.value != 0) out["paid_before"] = to_decimal(e.settled_before.value);
    out["seconds"] = used(e, now).value;
    return out;
}

json task_json(const model::TaskStatus& status) { return model::to_json(status); }

std::string order_text(const OrderEntry& e) {
    std::string out = fmt::format("{} {}\n", model::to_string(e.order.side), e.id);
    auto line = [&](std::string_view name, std::string_view value) {
        out += fmt::format("  {:<13} {}\n", name, value);
    };
    line("state", e.deal ? fmt::format("{}, deal {}", to_string(e.state), e.deal->value)
                         : std::string(to_string(e.state)));
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
            line(model::to_string(Benchmark(i)),
                 fmt::format("{} {}", e.order.benchmarks.values[i], model::unit_of(Benchmark(i))));
    return out;
}

std::string deal_text(const DealEntry& e, UnixTime now) {
    std::string out = fmt::format("deal {}\n", e.deal.id);
    auto line = [&](std::string_view name, std::string_view value) {
        out += fmt::format("  {:<13} {}\n", name, value);
    };
    line("status", e.over && e.state.status == model::DealStatus::open ? "over, to be closed"
                                                                       : model::to_string(e.state.status));
    line("supplier", crypto::to_string(e.deal.supplier));
    line("master", crypto::to_string(e.deal.master));
    line("consumer", crypto::to_string(e.deal.consumer));
    line("price", price_text(e.deal.price, e.deal.currency));
    line("start", to_utc(e.deal.start));
    line("end", e.deal.end.value == 0 ? "spot" : to_utc(e.deal.end));
    line("used", print_span(used(e, now)));
    line("escrow", print_tokens(e.state.escrow));
    line("paid", print_tokens(e.state.paid));
    if (e.settled_before.value != 0)
        line("paid before", fmt::format("{} under earlier terms", print_tokens(e.settled_before)));
    line("ask", crypto::to_string(e.deal.ask.value));
    line("bid", crypto::to_string(e.deal.bid.value));
    return out;
}

std::string task_text(const model::TaskStatus& s) {
    std::string out = fmt::format("task {}/{}\n", s.deal, s.id);
    auto line = [&](std::string_view name, std::string_view value) {
        out += fmt::format("  {:<13} {}\n", name, value);
    };
    line("state", model::to_string(s.state));
    if (!s.reason.empty()) line("reason", s.reason);
    if (s.state == model::TaskState::finished) line("exit code", std::to_string(s.exit_code));
    if (s.out_of_memory) line("memory", "it ran out of memory");
    if (s.state == model::TaskState::preparing && s.progress_total)
        line("progress", fmt::format("{} of {} bytes", s.progress_done, s.progress_total));
    line("accepted", time_text(s.accepted_at));
    line("started", time_text(s.started_at));
    line("ended", time_text(s.ended_at));
    line("cpu", fmt::format("{}.{:03} s", s.usage.cpu_ms / 1000, s.usage.cpu_ms % 1000));
    line("memory peak", print_bytes(s.usage.memory_peak_bytes));
    line("outputs", print_bytes(s.output_bytes));
    return out;
}

}  // namespace sonm::cli
