#include "sonm/apphost/statistics.hpp"

#include <cmath>

namespace sonm::apphost {
namespace {

constexpr std::chrono::seconds tick_span{5};
constexpr std::array<double, 3> minutes{1, 5, 15};
constexpr std::size_t line_bytes_max = 4 * KiB;

double seconds(std::chrono::nanoseconds span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

void Meter::mark(Time now) {
    tick(now);
    ++count_;
    ++fresh_;
}

void Meter::tick(Time now) {
    if (now - ticked_ < tick_span) return;
    auto ticks = (now - ticked_) / tick_span;
    double rate = static_cast<double>(fresh_) / seconds(tick_span);
    for (std::size_t i = 0; i < minutes.size(); ++i) {
        double keep = std::exp(-seconds(tick_span) / (60 * minutes[i]));
        rates_[i] = ticked_ == began_ ? rate : rates_[i] * keep + rate * (1 - keep);
        rates_[i] *= std::pow(keep, static_cast<double>(ticks - 1));
    }
    fresh_ = 0;
    ticked_ += ticks * tick_span;
}

std::array<double, 3> Meter::rates(Time now) const {
    Meter current = *this;
    current.tick(now);
    return current.rates_;
}

double Meter::mean(Time now) const {
    double span = seconds(now - began_);
    return span > 0 ? static_cast<double>(count_) / span : 0;
}

void Timings::add(std::chrono::nanoseconds span) {
    window_[count_++ % window_.size()] = static_cast<float>(seconds(span) * 1000);
}

double Timings::mean_ms() const {
    double sum = 0;
    for (std::size_t i = 0; i < size(); ++i) sum += window_[i];
    return size() == 0 ? 0 : sum / static_cast<double>(size());
}

double Timings::quantile_ms(double share) const {
    if (size() == 0) return 0;
    auto sorted = window_;
    auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(size() - 1));
    std::nth_element(sorted.begin(), nth, sorted.begin() + static_cast<std::ptrdiff_t>(size()));
    return *nth;
}

void OutputTail::add(BytesView piece) {
    for (std::uint8_t byte : piece) {
        if (byte == '\n' || open_.size() >= line_bytes_max) end_line();
        if (byte != '\n') open_ += static_cast<char>(byte);
    }
}

void OutputTail::end_line() {
    lines_.push_back(std::exchange(open_, {}));
    while (lines_.size() > lines_max_) lines_.pop_front();
}

std::vector<std::string> OutputTail::lines() const {
    std::vector<std::string> out(lines_.begin(), lines_.end());
    if (!open_.empty() && lines_max_ > 0) out.push_back(open_);
    return out;
}

}  // namespace sonm::apphost
