#pragma once

#include <asio.hpp>

#include <chrono>
#include <latch>
#include <vector>

namespace sonm::hardware::detail {

/// Slices that a measurement is cut into; the best one counts, so that what disturbs it for a moment does
/// not.
inline constexpr int slices = 5;

/// One thread: works slice by slice, returns the rate of each.
template <class Kernel>
std::vector<double> rates_of(Kernel kernel, std::latch& ready, std::chrono::nanoseconds slice) {
    using Clock = std::chrono::steady_clock;
    kernel();  // pages and caches
    ready.arrive_and_wait();
    std::vector<double> rates;
    for (int i = 0; i < slices; ++i) {
        double done = 0;
        Clock::time_point begin = Clock::now(), now = begin;
        do {
            done += kernel();
            now = Clock::now();
        } while (now - begin < slice);
        rates.push_back(done / std::chrono::duration<double>(now - begin).count());
    }
    return rates;
}

/// How much all `threads` together do per second, each with a kernel of its own made by `make`. Blocks for
/// `span`.
template <class Make>
double best_rate(std::size_t threads, std::chrono::nanoseconds span, Make make) {
    std::vector<std::vector<double>> rates(threads);
    std::latch ready(static_cast<std::ptrdiff_t>(threads));
    asio::thread_pool crew(threads);
    for (std::vector<double>& mine : rates) {
        asio::post(crew, [&mine, &ready, &make, span] { mine = rates_of(make(), ready, span / slices); });
    }
    crew.join();
    double best = 0;
    for (int slice = 0; slice < slices; ++slice) {
        double sum = 0;
        for (const std::vector<double>& mine : rates) sum += mine[static_cast<std::size_t>(slice)];
        best = std::max(best, sum);
    }
    return best;
}

}  // namespace sonm::hardware::detail
