#include "sonm/node/config.hpp"

#include <gtest/gtest.h>

namespace sonm::node {
namespace {

class Quiet final : public services::PlatformService {
public:
    const rpc::ServiceBase& handlers() const override { return none_; }

private:
    rpc::Service<rpc::LocatorProtocol> none_;
};

/// A type with one argument that it needs and one that it does not.
Types shop_types() {
    Types types;
    auto make = [](services::Environment,
                   YamlReader& args) -> Result<std::unique_ptr<services::PlatformService>> {
        std::string path, mode;
        args.required({"path", "Where it is.", "/srv/shop"}, path, yaml_text);
        args.optional({"mode", "How it is.", "fast"}, mode, yaml_text);
        if (path == "/full") return fail(Errc::no_space, "{} is full", path);
        return std::make_unique<Quiet>();
    };
    types.add("shop", "Sells things.", make);
    auto plain = [](services::Environment,
                    YamlReader&) -> Result<std::unique_ptr<services::PlatformService>> {
        return std::make_unique<Quiet>();
    };
    types.add("time", "Tells the time.", plain);
    return types;
}

struct Read {
    Result<NodeConfig> config;
    std::vector<std::string> made;
};

Read read(std::string_view text, const Types& types = shop_types()) {
    Read out;
    auto make = [&](const NodeConfig&, const ServiceEntry& entry, const ServiceType& type,
                    YamlReader& args) -> Result<void> {
        services::Environment environment;
        environment.name = entry.name;
        SONM_TRY(auto made, type.make(std::move(environment), args));
        out.made.push_back(fmt::format("{}:{}:{}", entry.name, entry.type, entry.listen));
        return {};
    };
    out.config = parse_config(text, "node.yaml", "/etc/sonm", types, make);
    return out;
}
std::string error_of(std::string_view text) {
    auto out = read(text);
    return out.config ? "no error" : out.config.error().context;
}

TEST(node_config, whole_file__is_read_with_units_and_paths_from_its_folder) {
    auto out = read(R"(
name: attic
state: var
listen: ['127.0.0.1:10053', 'unix:/run/sonm.sock']
ports: 10100-10199
advertise: 203.0.113.7:10053
key: '0x70'
limits: {connections: 15000, message: 1 MiB, idle: 1 h}
http: {listen: 'off', calls: nobody}
drain: 2 s
services:
  - {name: a, type: shop, args: {path: /x}}
  - {name: b, type: time, listen: '127.0.0.1:9'}
)");
    ASSERT_TRUE(out.config) << out.config.error().message();
    EXPECT_EQ(out.config->state, "/etc/sonm/var");
    EXPECT_EQ(out.config->listen.size(), 2u);
    EXPECT_EQ(out.config->ports, (PortRange{10100, 10199, false}));
    EXPECT_EQ(out.config->limits.connections_max, 15'000u);
    EXPECT_EQ(out.config->limits.idle.value, 3'600u);
    EXPECT_EQ(out.config->http.listen, "");
    EXPECT_EQ(out.config->drain_max, Millis(2'000));
    EXPECT_EQ(out.made, (std::vector<std::string>{"a:shop:", "b:time:127.0.0.1:9"}));
}

TEST(node_config, problems_of_the_file_and_of_a_services_arguments__are_told_with_their_lines) {
    EXPECT_EQ(error_of("state: s\nservices:\n  - name: a\n    type: shop\n    args: {path: /x, mod: fast}\n"),
              "node.yaml:5: services[0].args.mod: is no known key; did you mean 'mode'?");
    EXPECT_EQ(error_of("state: s\nservices:\n  - {name: a, type: shpo}\n"),
              "node.yaml:3: services[0].type: 'shpo' is no known type; did you mean 'shop'?");
    EXPECT_EQ(error_of("state: s\nservices:\n  - {name: a, type: shop}\n"),
              "node.yaml:3: services[0].name: args:1: path: is missing: write it like 'path: /srv/shop'");
    EXPECT_EQ(error_of("state: s\nservices:\n  - {name: a, type: time}\n  - {name: a, type: time}\n"),
              "node.yaml:4: services[1].name: two services are called 'a'");
    EXPECT_EQ(error_of("state: s\nidentity_required: true\n"),
              "node.yaml:2: identity_required: needs a key to answer proofs with");
    EXPECT_EQ(
        error_of("state: s\nservices:\n  - {name: ../x, type: time}\n"),
        "node.yaml:3: services[0].name: '../x': a name has 1 to 64 letters, digits and _-. (not first)");
}

TEST(node_config, a_failure_that_no_key_explains__is_passed_on) {
    auto out = read("state: s\nservices:\n  - {name: a, type: shop, args: {path: /full}}\n");
    ASSERT_FALSE(out.config);
    EXPECT_TRUE(out.config.error().is(Errc::no_space)) << out.config.error().message();
}

TEST(node_config, ranges_of_ports__are_read_or_refused) {
    EXPECT_EQ(parse_port_range("0").value(), (PortRange{0, 0, false}));
    EXPECT_EQ(parse_port_range("7").value(), (PortRange{7, 7, false}));
    EXPECT_TRUE(parse_port_range("none")->none);
    for (const char* wrong : {"", "9-8", "0-9", "70000", "1-", "a", "-5"})
        EXPECT_FALSE(parse_port_range(wrong)) << wrong;
}

TEST(node_config, template__is_a_good_file_with_every_type_in_it) {
    std::string text = config_template(shop_types());
    auto out = read(text);
    ASSERT_TRUE(out.config) << out.config.error().context << "\n" << text;
    EXPECT_EQ(out.made, (std::vector<std::string>{"time:time:"}));
    EXPECT_NE(
        text.find(
            "  #- name: shop\n  #  type: shop\n    #args:\n      # Where it is.\n      #path: /srv/shop\n"),
        std::string::npos)
        << text;
}

}  // namespace
}  // namespace sonm::node
