#pragma once

#include "sonm/notifications/store.hpp"
#include "sonm/web/client.hpp"

/// What a delivery to a webhook looks like. Pure.
namespace sonm::notifications {

/// A secret as people write it, "whsec_" and base64 of 24 to 64 bytes. Source: Standard Webhooks
/// specification, "Signature scheme". Errors: invalid.
Result<Bytes> parse_secret(std::string_view text);
std::string print_secret(BytesView secret);

/// "v1," and base64 of HMAC-SHA256 over "id.timestamp.body".
std::string sign(BytesView secret, std::string_view id, UnixTime time, BytesView body);

/// The POST of one attempt.
web::Request delivery_request(const Delivery& delivery, UnixTime now);

/// How long to wait after `attempts` failed ones: 2 s, doubled each time, at most an hour, less up to a
/// quarter by `chance` (0 to 255) so that many do not come back at once.
Seconds pause_after(std::uint64_t attempts, std::uint8_t chance);

}  // namespace sonm::notifications
