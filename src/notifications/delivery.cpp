#include "sonm/notifications/delivery.hpp"

#include "sonm/web/sign.hpp"

namespace sonm::notifications {
namespace {

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t secret_bytes_min = 24, secret_bytes_max = 64;

}  // namespace

Result<Bytes> parse_secret(std::string_view text) {
    std::string_view encoded = text;
    if (encoded.starts_with(secret_prefix)) encoded.remove_prefix(secret_prefix.size());
    auto bytes = encoded.size() > 128 ? Result<Bytes>() : web::parse_base64(encoded);
    if (!bytes || bytes->size() < secret_bytes_min || bytes->size() > secret_bytes_max)
        return fail(Errc::invalid, "a secret is whsec_ and base64 of {} to {} bytes", secret_bytes_min,
                    secret_bytes_max);
    return bytes;
}

std::string print_secret(BytesView secret) { return std::string(secret_prefix) + web::to_base64(secret); }

std::string sign(BytesView secret, std::string_view id, UnixTime time, BytesView body) {
    Bytes text = to_bytes(fmt::format("{}.{}.", id, time.value));
    append(text, body);
    return "v1," + web::to_base64(web::hmac_sha256(secret, text));
}

web::Request delivery_request(const Delivery& delivery, UnixTime now) {
    const Notification& notification = delivery.notification;
    std::string id = fmt::format("msg_{}", notification.sequence);
    web::Request request;
    request.method = "POST";
    request.url = delivery.url;
    request.headers = {{"content-type", notification.type},
                       {"webhook-id", id},
                       {"webhook-timestamp", std::to_string(now.value)},
                       {"webhook-signature", sign(delivery.secret, id, now, notification.body)},
                       {"sonm-topic", notification.topic},
                       {"sonm-sequence", std::to_string(notification.sequence)},
                       {"sonm-attempt", std::to_string(delivery.attempts + 1)}};
    request.body = std::string(as_text(notification.body));
    return request;
}

Seconds pause_after(std::uint64_t attempts, std::uint8_t chance) {
    constexpr std::uint64_t pause_max = 3'600;
    std::uint64_t pause =
        attempts >= 12 ? pause_max : std::min<std::uint64_t>(pause_max, 2ull << (attempts - 1));
    return Seconds(std::max<std::uint64_t>(1, pause - pause / 4 * chance / 255));
}

}  // namespace sonm::notifications
