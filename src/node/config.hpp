#pragma once

#include "sonm/base/stream.hpp"
#include "sonm/locator/options.hpp"
#include "sonm/node/types.hpp"

namespace sonm::node {

/// Ports from `first` to `last`; 0 means any free one; `none`: services are reached by name on the node's
/// ports only.
struct PortRange {
    std::uint16_t first = 0, last = 0;
    bool none = false;
    bool operator==(const PortRange&) const = default;
};
/// "10100-10199", "10100", "0", "none". Errors: invalid.
Result<PortRange> parse_port_range(std::string_view text);

/// Who may call services as JSON over HTTP.
enum class CallsFrom : std::uint8_t { nobody, this_machine, anybody };

struct HttpConfig {
    std::string listen = "127.0.0.1:0";  ///< empty: none
    CallsFrom calls = CallsFrom::this_machine;
    std::vector<std::string> hosts;  ///< names under which a client may call, beside addresses and localhost
    std::uint64_t body_bytes_max = 8 * MiB;
};

struct NodeLimits {
    std::uint32_t connections_max = 4'096;       ///< of all ports together
    std::uint32_t channels_max = 1'024;          ///< open calls and streams of one connection, per side
    std::uint64_t frame_bytes_max = 16 * MiB;    ///< one message
    std::uint64_t inbound_bytes_max = 64 * MiB;  ///< of one connection: received and not yet worked on
    std::uint64_t outbound_bytes_max =
        1 * MiB;        ///< of one connection: written and not yet read by the client
    Seconds idle{600};  ///< a connection without any call
};

/// node.yaml, without its services.
struct NodeConfig {
    NodeConfig() { locator.announce = true; }  // so that people can ask a node what it serves
    std::string name = "node";
    std::filesystem::path state;
    std::vector<std::string> listen;  ///< "host:port" or "unix:/path"
    std::string service_host;         ///< empty: the host of the first TCP address in `listen`
    PortRange ports;
    std::vector<HostPort> advertise;
    std::string key;  ///< as `sonm --key`; empty: no identity
    std::filesystem::path keys, passphrase_file, network;
    bool identity_required = false;
    NodeLimits limits;
    locator::Options locator;
    HttpConfig http;
    Millis start_max{60'000};  ///< for one service
    Millis drain_max{10'000};
    std::string log_level = "info";
};

/// One item of `services`, before its arguments are read.
struct ServiceEntry {
    std::string name;
    std::string type;
    std::string listen;  ///< "host:port"; empty: from the range
};

/// Makes the service of an entry whose type is known. `args` has no keys if the file has none. Problems of
/// keys go to the reader; a failure that no key explains is returned.
using MakeService =
    std::function<Result<void>(const NodeConfig&, const ServiceEntry&, const ServiceType&, YamlReader& args)>;

/// Reads a configuration; relative paths are relative to `folder`. `make` is called for each service, in the
/// file's order, after all other keys were read. Errors: invalid (file, line, key, what), and the first of
/// `make`.
Result<NodeConfig> parse_config(std::string_view text, std::string_view name,
                                const std::filesystem::path& folder, const Types& types,
                                const MakeService& make);
/// A documented node.yaml with every key, and every type of service with its arguments.
std::string config_template(const Types& types);

/// The unix socket on which a node answers its operator.
std::filesystem::path admin_socket(const NodeConfig& config);

}  // namespace sonm::node
