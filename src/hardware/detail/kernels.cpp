#include "sonm/hardware/detail/kernels.hpp"

#include "sonm/crypto/sha256.hpp"

namespace sonm::hardware::detail {
namespace {

constexpr double mega = 1e6;
constexpr std::size_t numbers = 1024;
constexpr std::size_t order = 24;                  // of the small matrices
constexpr std::size_t triad_elements = 32 * 1024;  // of each array, per call
constexpr std::size_t digest_bytes = 64 * KiB;

/// The compiler must take `value` for used, and so compute it.
template <class T>
void keep(const T& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

constexpr int chains = 10;         // latency × throughput of multiply-add of present processors, rounded up
constexpr int chain_steps = 4096;  // per call

/// Vectors of `bytes` bytes; the caller has the instructions for them.
template <int Bytes>
[[gnu::always_inline]] inline double multiply_add() {
    typedef double Vector __attribute__((vector_size(Bytes)));
    Vector x[chains], factor, more;
    for (std::size_t lane = 0; lane < Bytes / sizeof(double); ++lane) {
        factor[lane] = 0.999999;
        more[lane] = 0.000001;
        for (int chain = 0; chain < chains; ++chain) x[chain][lane] = 1.0 + chain;
    }
    for (int step = 0; step < chain_steps; ++step) {
#pragma clang loop unroll(full)
        for (int chain = 0; chain < chains; ++chain) x[chain] = x[chain] * factor + more;
    }
    keep(x);
    return 2.0 * chains * chain_steps * (Bytes / sizeof(double)) / mega;
}

double multiply_add_plain() { return multiply_add<16>(); }
#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) double multiply_add_avx2() { return multiply_add<32>(); }
__attribute__((target("avx512f,fma"))) double multiply_add_avx512() { return multiply_add<64>(); }
#endif

using Function = double (*)();
Function widest() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return multiply_add_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return multiply_add_avx2;
#endif
    return multiply_add_plain;
}

}  // namespace

MixedWork::MixedWork()
    : numbers_(numbers), left_(order * order, 1.5), right_(order * order, 0.25), product_(order * order) {}

/// xorshift64: G. Marsaglia, "Xorshift RNGs", 2003.
std::uint64_t MixedWork::next() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    return random_ ^= random_ << 17;
}

double MixedWork::operator()() {
    for (std::uint32_t& number : numbers_) number = static_cast<std::uint32_t>(next());
    std::sort(numbers_.begin(), numbers_.end());
    std::uint64_t digest = 14695981039346656037ULL;  // FNV-1a
    for (std::size_t i = 0; i < numbers; ++i) {
        auto found = std::lower_bound(numbers_.begin(), numbers_.end(), static_cast<std::uint32_t>(next()));
        digest = (digest ^ static_cast<std::uint64_t>(found - numbers_.begin())) * 1099511628211ULL;
    }
    for (std::size_t row = 0; row < order; ++row) {
        for (std::size_t column = 0; column < order; ++column) {
            double sum = 0;
            for (std::size_t k = 0; k < order; ++k)
                sum += left_[row * order + k] * right_[k * order + column];
            product_[row * order + column] = sum;
        }
    }
    keep(digest);
    keep(product_);
    return 1;
}

Triad::Triad(std::size_t bytes)
    : a_(std::max(bytes / 3 / sizeof(double), triad_elements)), b_(a_.size(), 1.0), c_(a_.size(), 2.0) {}

double Triad::operator()() {
    if (at_ + triad_elements > a_.size()) at_ = 0;
    double *a = a_.data() + at_, *b = b_.data() + at_, *c = c_.data() + at_;
    for (std::size_t i = 0; i < triad_elements; ++i) a[i] = b[i] + 3.0 * c[i];
    keep(a_);
    at_ += triad_elements;
    return 3.0 * sizeof(double) * triad_elements / mega;
}

double MultiplyAdd::operator()() {
    static const Function function = widest();
    return function();
}

Digest::Digest() : data_(digest_bytes, 0x5a) {}

double Digest::operator()() {
    crypto::Hash digest = crypto::sha256(data_);
    keep(digest);
    return static_cast<double>(data_.size()) / mega;
}

}  // namespace sonm::hardware::detail
