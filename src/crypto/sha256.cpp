#include "sonm/crypto/sha256.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace sonm::crypto {
namespace {

/// OpenSSL clears up when the program ends. It begins before any thread that might use it, so that it ends
/// after them: what it keeps for a thread is freed by the thread's end.
[[maybe_unused]] const int begun = OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr);

}  // namespace

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() { start(); }
    ~State() { EVP_MD_CTX_free(context); }
    void start() { SONM_ASSERT(EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(BytesView piece) {
    SONM_ASSERT(EVP_DigestUpdate(state_->context, piece.data(), piece.size()) == 1);
}

Hash Sha256::finish() {
    Hash out;
    unsigned length = 0;
    SONM_ASSERT(EVP_DigestFinal_ex(state_->context, out.bytes.data(), &length) == 1 &&
                length == out.bytes.size());
    state_->start();
    return out;
}

Hash sha256(BytesView data) {
    Sha256 hash;
    hash.update(data);
    return hash.finish();
}

}  // namespace sonm::crypto
