#include "sonm/base/fs.hpp"
#include "sonm/base/units.hpp"
#include "sonm/jabber/jabber.hpp"

namespace sonm::jabber {
namespace {

Result<Tls> parse_tls(std::string_view text) {
    if (text == "required") return Tls::required;
    if (text == "optional") return Tls::optional;
    if (text == "none") return Tls::none;
    return fail(Errc::invalid, "'{}' is none of required, optional, none", text);
}

Result<std::string> parse_address(std::string_view text) {
    std::size_t at = text.find('@');
    if (at == text.npos || at == 0 || at + 1 == text.size() || !is_xml_text(text))
        return fail(Errc::invalid, "'{}' is no address: write it like bot@example.org", text);
    return std::string(text);
}

/// The first line. A file, because configurations are shown to people.
Result<std::string> read_password(std::string_view path) {
    constexpr std::size_t password_bytes_max = 4'096;
    SONM_TRY(std::string text, read_text(std::string(path), password_bytes_max));
    return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

Result<std::unique_ptr<services::PlatformService>> make(services::Environment environment, YamlReader& args) {
    Config config;
    Account& account = config.account;
    std::uint64_t body_max = config.body_bytes_max;
    args.required({"account", "Address of the account.", "bot@example.org"}, account.address, parse_address);
    args.required(
        {"password_file", "File with the account's password in its first line.", "/etc/sonm/jabber.password"},
        account.password, read_password);
    args.optional({"host", "Server, if it is not the address's domain (SRV records are not asked).",
                   "xmpp.example.org"},
                  account.host, yaml_text);
    args.optional({"port", "Its port.", "5222"}, account.port, parse_int<std::uint16_t>);
    args.optional({"tls", "required, optional, or none (for a server on this machine).", "required"},
                  account.tls, parse_tls);
    args.optional(
        {"ca_file", "PEM file of certificate authorities instead of the system's.", "/etc/sonm/ca.pem"},
        account.ca_file, yaml_text);
    args.optional({"body_max", "Longest text that is sent.", "64 KiB"}, body_max, parse_bytes);
    args.optional({"backlog_max", "Messages kept while nobody listens.", "64"}, config.backlog_max,
                  parse_int<std::size_t>);
    args.optional({"queue_max", "Messages that a listener may be behind.", "256"}, config.queue_max,
                  parse_int<std::size_t>);
    if (body_max > 1 * MiB) args.problem("body_max", "must be at most 1 MiB");
    config.body_bytes_max = body_max;
    if (args.describing()) return nullptr;
    return std::make_unique<Jabber>(environment.executor, std::move(config), *environment.clock);
}

}  // namespace sonm::jabber
