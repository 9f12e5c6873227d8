#pragma once

#include "sonm/base/bytes.hpp"

#include <vector>

/// The benchmarks' inner loops. An object is one thread's share of the work; each call does a piece of it,
/// some tens of microseconds to a few milliseconds, and returns how much that was, in the unit of the
/// benchmark.
namespace sonm::hardware::detail {

/// cpu-single, cpu-multi: what ordinary programs do, in equal parts: sorting, searching, hashing, small
/// matrices. Returns the number of such rounds, always 1. The score is rounds per second: it compares
/// processors and means nothing else.
class MixedWork {
public:
    MixedWork();
    double operator()();

private:
    std::uint64_t next();
    std::uint64_t random_ = 88172645463325252ULL;
    std::vector<std::uint32_t> numbers_;
    std::vector<double> left_, right_, product_;
};

/// ram-bandwidth: a[i] = b[i] + s × c[i] over arrays larger than the caches. Returns MB read and written
/// (10^6 bytes). Source: J. McCalpin, STREAM, "triad".
class Triad {
public:
    /// The three arrays take `bytes` together.
    explicit Triad(std::size_t bytes);
    double operator()();

private:
    std::vector<double> a_, b_, c_;
    std::size_t at_ = 0;
};

/// cpu-fp64: chains of multiply-and-add in double precision, as wide as the processor has them. Returns
/// MFLOP.
class MultiplyAdd {
public:
    double operator()();
};

/// cpu-sha256. Returns MB.
class Digest {
public:
    Digest();
    double operator()();

private:
    Bytes data_;
};

}  // namespace sonm::hardware::detail
