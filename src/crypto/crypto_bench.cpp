// What signing, recovering and hashing cost: every message between nodes and every transaction pays some of
// it.

#include "sonm/crypto/eip712.hpp"
#include "sonm/crypto/keccak.hpp"
#include "sonm/crypto/keystore_file.hpp"
#include "sonm/crypto/sha256.hpp"
#include "sonm/crypto/transaction.hpp"

#include <benchmark/benchmark.h>

namespace sonm::crypto {
namespace {

void keccak_bytes(benchmark::State& state) {
    Bytes data(static_cast<std::size_t>(state.range(0)), 0x5a);
    for (auto _ : state) benchmark::DoNotOptimize(keccak256(data));
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(keccak_bytes)->Arg(64)->Arg(1024)->Arg(1 << 20);

void sha256_bytes(benchmark::State& state) {
    Bytes data(static_cast<std::size_t>(state.range(0)), 0x5a);
    for (auto _ : state) benchmark::DoNotOptimize(sha256(data));
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sha256_bytes)->Arg(64)->Arg(1 << 20);

void sign_digest(benchmark::State& state) {
    PrivateKey key = PrivateKey::generate();
    for (auto _ : state) benchmark::DoNotOptimize(key.sign(Hash{}));
}
BENCHMARK(sign_digest);

void recover_signer(benchmark::State& state) {
    Signature signature = PrivateKey::generate().sign(Hash{});
    for (auto _ : state) benchmark::DoNotOptimize(recover(Hash{}, signature));
}
BENCHMARK(recover_signer);

void sign_transaction(benchmark::State& state) {
    PrivateKey key = PrivateKey::generate();
    Transaction txn;
    txn.to = key.address();
    txn.data.resize(800);  // an order with its benchmarks
    for (auto _ : state) benchmark::DoNotOptimize(sign(txn, key));
}
BENCHMARK(sign_transaction);

void hash_typed_struct(benchmark::State& state) {
    const U256 numbers[16] = {};
    for (auto _ : state) {
        TypedStruct order("Order");
        order.address("author", Address())
            .numbers("uint64[16]", "benchmarks", numbers)
            .bytes32("tag", Hash());
        benchmark::DoNotOptimize(order.hash());
    }
}
BENCHMARK(hash_typed_struct);

void unlock_keystore(benchmark::State& state) {
    PrivateKey key = PrivateKey::generate();
    KeystoreFile file = parse_keystore_file(seal_key(key, "passphrase").value()).value();
    for (auto _ : state) benchmark::DoNotOptimize(unseal_key(file, "passphrase").has_value());
}
BENCHMARK(unlock_keystore)->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
}  // namespace sonm::crypto
