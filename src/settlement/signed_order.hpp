#pragma once

#include "sonm/crypto/key.hpp"
#include "sonm/settlement/desk.hpp"
#include "sonm/settlement/typed_data.hpp"

namespace sonm::settlement {

/// An order with its author's word for it, on one market of one chain; it meets the chain only when it is
/// matched, and is good for one deal. Value type.
struct SignedOrder {
    Verifier market;
    model::Order order;
    Bytes signature;  ///< 65 bytes r, s, v of a key, or whatever the author's wallet contract takes
    bool operator==(const SignedOrder&) const = default;
};

/// `order.author` is the signer's account, or a wallet contract that takes its signature (ERC-1271).
SignedOrder sign_order(const Network& network, model::Order order, const crypto::Signer& signer);

/// Whose key made the signature; nothing if it is none of a key over this order.
std::optional<Address> signer_of(const SignedOrder& order);

/// Errors: invalid: it is for another chain or market, has a nonce that cannot be used, or is not an order
/// that a market takes; denied: it has expired.
Result<void> check_place_and_time(const SignedOrder& order, const Network& network, UnixTime now);

/// Whether the market would take it now: place, time, nonce, and that its author signed it, by key or by its
/// wallet contract. Errors: those of check_place_and_time; denied (not the author's signature), conflict (its
/// nonce is used up), those of Desk::ask.
Async<void> check_signed(Desk& desk, SignedOrder order, UnixTime now);

/// As JSON in the form of `eth_signTypedData_v4`, so that any wallet can sign it, with the signature beside
/// it.
std::string to_text(const SignedOrder& order);
inline constexpr std::size_t signed_order_bytes_max = 64 * KiB;
inline constexpr std::size_t order_signature_bytes_max = 8 * KiB;
/// Reads what a stranger wrote. Errors: invalid, naming the member.
Result<SignedOrder> parse_signed_order(std::string_view text);
/// Errors: those of read_text and parse_signed_order, with the file's name.
Result<SignedOrder> read_signed_order(const std::filesystem::path& path);

}  // namespace sonm::settlement
