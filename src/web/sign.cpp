#include "sonm/web/sign.hpp"

#include "sonm/base/errc.hpp"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <ctime>

namespace sonm::web {
namespace {

FixedBytes<32> sha256(std::string_view text) {
    FixedBytes<32> out;
    unsigned size = 0;
    SONM_ASSERT(EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_sha256(), nullptr) == 1);
    return out;
}

struct UrlParts {
    std::string host, path, query;
};

Result<UrlParts> split_url(const std::string& url) {
    std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
    CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
    if (code != CURLUE_OK) return fail(Errc::invalid, "{}: {}", url.substr(0, 100), curl_url_strerror(code));
    auto part = [&](CURLUPart which) {
        char* text = nullptr;
        std::string out;
        if (curl_url_get(parsed.get(), which, &text, 0) == CURLUE_OK) out = text;
        curl_free(text);
        return out;
    };
    std::string port = part(CURLUPART_PORT);
    UrlParts parts{part(CURLUPART_HOST), part(CURLUPART_PATH), part(CURLUPART_QUERY)};
    bool usual = port.empty() || port == (part(CURLUPART_SCHEME) == "https" ? "443" : "80");
    if (!usual) parts.host += ":" + port;
    return parts;
}

/// Sorted, and every name with `=`.
std::string canonical_query(const std::string& query) {
    std::vector<std::string> pairs;
    for (std::size_t at = 0; at < query.size();) {
        std::size_t end = std::min(query.find('&', at), query.size());
        std::string pair = query.substr(at, end - at);
        if (!pair.empty()) pairs.push_back(pair.find('=') == pair.npos ? pair + "=" : pair);
        at = end + 1;
    }
    auto by_name = [](const std::string& a, const std::string& b) {
        std::size_t x = a.find('='), y = b.find('=');
        int names = a.compare(0, x, b, 0, y);
        return names != 0 ? names < 0 : a.substr(x) < b.substr(y);
    };
    std::sort(pairs.begin(), pairs.end(), by_name);
    return fmt::format("{}", fmt::join(pairs, "&"));
}

std::string stamp(UnixTime now) {
    std::time_t seconds = static_cast<std::time_t>(now.value);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
    return text;
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

}  // namespace

FixedBytes<32> hmac_sha256(BytesView key, BytesView text) {
    FixedBytes<32> out;
    unsigned size = 0;
    // A null key would mean "the one before" to OpenSSL.
    static const std::uint8_t nothing = 0;
    const void* key_bytes = key.empty() ? &nothing : key.data();
    SONM_ASSERT(HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), text.data(), text.size(),
                     out.data(), &size) != nullptr);
    return out;
}

std::string to_base64(BytesView bytes) {
    std::string out((bytes.size() + 2) / 3 * 4, '\0');
    // OpenSSL ends it with a NUL, for which a string has room.
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                    static_cast<int>(bytes.size()));
    return out;
}

Result<Bytes> parse_base64(std::string_view text) {
    auto wrong = [] { return fail(Errc::invalid, "not base64 with padding"); };
    auto known = [](unsigned char c) { return (c < 0x80 && std::isalnum(c)) || c == '+' || c == '/'; };
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    if (text.size() % 4 != 0 || !std::all_of(text.begin(), text.end() - padding, known)) return wrong();
    Bytes out(text.size() / 4 * 3);
    int size = EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size()));
    if (size < 0) return wrong();
    out.resize(out.size() - padding);
    return out;
}

Result<void> sign_aws4(Request& request, const AwsAccount& account, UnixTime now,
                       std::string_view body_sha256) {
    SONM_TRY(UrlParts url, split_url(request.url));
    std::string digest = body_sha256.empty() ? to_hex(sha256(request.body)) : std::string(body_sha256);
    std::string time = stamp(now), day = time.substr(0, 8);
    std::map<std::string, std::string> headers;
    for (const Header& header : request.headers) headers[lower(header.name)] = header.value;
    if (!headers.contains("host")) {
        headers["host"] = url.host;
        request.headers.push_back(Header{"host", url.host});
    }
    for (auto [name, value] : {std::pair("x-amz-content-sha256", digest), std::pair("x-amz-date", time)}) {
        headers[name] = value;
        request.headers.push_back(Header{name, value});
    }
    std::string names, lines;
    for (const auto& [name, value] : headers) {
        names += (names.empty() ? "" : ";") + name;
        lines += name + ":" + value + "\n";
    }
    std::string canonical =
        fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, url.path.empty() ? "/" : url.path,
                    canonical_query(url.query), lines, names, digest);
    std::string scope = fmt::format("{}/{}/{}/aws4_request", day, account.region, account.service);
    std::string text = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, to_hex(sha256(canonical)));
    FixedBytes<32> key = hmac_sha256(as_bytes("AWS4" + account.secret), as_bytes(day));
    for (std::string_view step : {std::string_view(account.region), std::string_view(account.service),
                                  std::string_view("aws4_request")})
        key = hmac_sha256(key, as_bytes(step));
    request.headers.push_back(
        Header{"authorization",
               fmt::format("AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}", account.key_id,
                           scope, names, to_hex(hmac_sha256(key, as_bytes(text))))});
    return Result<void>();
}

}  // namespace sonm::web
