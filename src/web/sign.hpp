#pragma once

#include "sonm/base/strong.hpp"
#include "sonm/web/client.hpp"

/// Signatures that other servers ask for, and check.
namespace sonm::web {

/// HMAC-SHA256 (RFC 2104).
FixedBytes<32> hmac_sha256(BytesView key, BytesView text);

/// Base64 with padding (RFC 4648, 4).
std::string to_base64(BytesView bytes);
/// Errors: invalid.
Result<Bytes> parse_base64(std::string_view text);

struct AwsAccount {
    std::string key_id, secret;
    std::string region = "us-east-1";
    std::string service = "s3";
};

/// Signs `request` for servers of the S3 family: AWS Signature Version 4; adds the headers host (unless
/// given), x-amz-date, x-amz-content-sha256 and authorization. The path of the URL must be percent-encoded as
/// by url_encode(path, "/"), its query as url_encode(name)=url_encode(value). `body_sha256`: lower-case hex,
/// for a body that comes in pieces; empty = of Request::body. Source: Amazon S3 API reference, "Signature
/// Calculations for the Authorization Header". Errors: invalid (URL).
Result<void> sign_aws4(Request& request, const AwsAccount& account, UnixTime now,
                       std::string_view body_sha256 = {});

/// Instead of a digest, for bodies that are not known before.
inline constexpr std::string_view unsigned_body = "UNSIGNED-PAYLOAD";

}  // namespace sonm::web
