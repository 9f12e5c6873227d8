#pragma once

#include "sonm/crypto/types.hpp"

#include <memory>

namespace sonm::crypto {

/// SHA-256 over pieces: names content (image archives, inputs, outputs). Source: FIPS 180-4, by OpenSSL.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    void update(BytesView piece);
    /// The digest of everything so far; the object is fresh again afterwards.
    Hash finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

Hash sha256(BytesView data);

}  // namespace sonm::crypto
