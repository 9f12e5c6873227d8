#include "sonm/time/estimate.hpp"

#include <algorithm>

namespace sonm::time {
namespace {

/// Times further away than this are nonsense (and sums of a few of them do not overflow).
constexpr std::int64_t time_max = std::int64_t(1) << 60;

bool sane(std::int64_t time) { return time > -time_max && time < time_max; }

}  // namespace

Agreement agree(std::span<const Interval> intervals) {
    struct Edge {
        std::int64_t at;
        bool end;
    };
    std::vector<Edge> edges;
    for (const Interval& interval : intervals) {
        edges.push_back({interval.low, false});
        edges.push_back({interval.high, true});
    }
    // Beginnings first: intervals that touch have a point in common.
    auto before = [](const Edge& a, const Edge& b) { return a.at != b.at ? a.at < b.at : a.end < b.end; };
    std::sort(edges.begin(), edges.end(), before);
    Agreement best;
    std::size_t open = 0;
    for (std::size_t i = 0; i < edges.size(); ++i) {
        if (edges[i].end) {
            --open;
            continue;
        }
        ++open;
        if (edges[i + 1].end) {  // a maximum: the part ends with the next edge
            Interval part{edges[i].at, edges[i + 1].at};
            bool narrower = part.high - part.low < best.common.high - best.common.low;
            if (open > best.count || (open == best.count && narrower)) best = {part, open};
        }
    }
    return best;
}

bool Filter::add(const Exchange& exchange, std::int64_t now) {
    if (!sane(exchange.asked) || !sane(exchange.came) || !sane(exchange.went) || !sane(exchange.got))
        return false;
    std::int64_t away = exchange.got - exchange.asked, there = exchange.went - exchange.came;
    if (away < 0 || there < 0 || there > away) return false;
    std::int64_t offset = (exchange.came - exchange.asked) / 2 + (exchange.went - exchange.got) / 2;
    // The answer may have been all of the way on one side; one more for what division cut off.
    samples_.push_back({offset, (away - there) / 2 + 2, now});
    if (samples_.size() > kept) samples_.pop_front();
    return true;
}

std::optional<Interval> Filter::offset(std::int64_t now) const {
    std::optional<Interval> best;
    for (const Sample& sample : samples_) {
        std::int64_t age = std::max<std::int64_t>(0, now - sample.at);
        if (age > age_max) continue;
        std::int64_t error = sample.error + age * drift_ppm / 1'000'000;
        Interval interval{sample.offset - error, sample.offset + error};
        if (!best || interval.high - interval.low < best->high - best->low) best = interval;
    }
    return best;
}

std::optional<std::int64_t> Filter::age(std::int64_t now) const {
    if (samples_.empty()) return std::nullopt;
    return std::max<std::int64_t>(0, now - samples_.back().at);
}

Estimate estimate(std::span<const Interval> sources) {
    Estimate out;
    Agreement best = agree(sources);
    out.agreed = best.count >= 2 && best.count * 2 > sources.size();
    for (const Interval& source : sources)
        out.agrees.push_back(out.agreed && source.low <= best.common.low && source.high >= best.common.high);
    if (out.agreed) {
        out.error = (best.common.high - best.common.low + 1) / 2;
        out.offset = best.common.low + (best.common.high - best.common.low) / 2;
        return out;
    }
    for (const Interval& source : sources) out.error = std::max({out.error, -source.low, source.high});
    return out;
}

MonotoneReading::Reading MonotoneReading::read(std::int64_t time, std::int64_t error) {
    std::int64_t ahead = last_ > time ? last_ - time : 0;
    last_ = std::max(last_, time);
    return {last_, error + ahead};
}

}  // namespace sonm::time
