#include "sonm/worker/config.hpp"

#include "sonm/base/fs.hpp"

#include <fstream>

namespace sonm::worker {
namespace {

std::string problem(std::string_view text) {
    auto config = parse_config(text, "worker.yaml", "/etc/sonm");
    return config ? std::string() : config.error().message();
}

TEST(WorkerConfig, everything_said__is_read_and_paths_start_at_the_files_folder) {
    auto config = parse_config(R"(
name: attic
key: "0x7099"
network: network.json
state: /var/lib/sonm
listen: 0.0.0.0:15010
advertise: example.org
resources: {cores: 1.5, ram: 2 GiB, storage: 10 GiB}
settle_period: 30 min
limits: {upload: 1 GiB, tasks: 3, keep: 2 d}
ask_plans:
  - name: small
    price: 0.12 USD/h
    duration: 4 h
    netflags: [outbound]
    resources: {cores: 1, ram: 1 GiB, storage: 2 GiB}
  - price: 1 SNM/h
    duration: spot
    resources: {cores: 0.5, ram: 1 GiB, storage: 2 GiB}
)",
                               "worker.yaml", "/etc/sonm");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->network, "/etc/sonm/network.json");
    EXPECT_EQ(config->state, "/var/lib/sonm");
    EXPECT_EQ(config->resources->cpu_millicores, 1500u);
    EXPECT_EQ(config->settle_period, Seconds(1800));
    EXPECT_EQ(config->limits.tasks_max, 3u);
    ASSERT_EQ(config->ask_plans.size(), 2u);
    EXPECT_EQ(config->ask_plans[0].name, "small");
    EXPECT_EQ(config->ask_plans[0].terms.price.currency, model::Currency::usd);
    EXPECT_EQ(config->ask_plans[0].terms.duration, Seconds(4 * 3600));
    EXPECT_TRUE(config->ask_plans[0].terms.netflags.covers(model::netflag_outbound));
    EXPECT_EQ(config->ask_plans[1].name, "config-2");
}

TEST(WorkerConfig, unknown_key__names_file_line_and_the_nearest_known_one) {
    std::string text = problem("state: s\nlissten: 127.0.0.1:0\n");
    EXPECT_NE(text.find("worker.yaml:2"), std::string::npos) << text;
    EXPECT_NE(text.find("listen"), std::string::npos) << text;
}

TEST(WorkerConfig, wrong_units_and_prices__are_refused) {
    std::string plan =
        "state: s\nask_plans:\n  - {{price: {}, duration: spot, resources: {{cores: 1, ram: {}, storage: 1 "
        "GiB}}}}\n";
    EXPECT_NE(problem(fmt::format(fmt::runtime(plan), "1 SNM", "1 GiB")), "");
    EXPECT_NE(problem(fmt::format(fmt::runtime(plan), "0 SNM/h", "1 GiB")), "");
    EXPECT_NE(problem(fmt::format(fmt::runtime(plan), "-1 SNM/h", "1 GiB")), "");
    EXPECT_NE(problem(fmt::format(fmt::runtime(plan), "1 SNM/h", "1 Gbit/s")), "");
    EXPECT_NE(problem(fmt::format(fmt::runtime(plan), "1 SNM/h", "1 MiB")), "")
        << "no container starts with that little";
    EXPECT_EQ(problem(fmt::format(fmt::runtime(plan), "1 SNM/h", "1 GiB")), "");
}

TEST(WorkerConfig, two_plans_of_one_name__are_refused) {
    std::string item =
        "  - {name: a, price: 1 SNM/h, duration: spot, resources: {cores: 1, ram: 1 GiB, storage: 1 GiB}}\n";
    EXPECT_NE(problem("state: s\nask_plans:\n" + item + item).find("\"a\""), std::string::npos);
}

TEST(WorkerConfig, graphics_card_in_a_plan__is_refused_until_tasks_can_be_given_one) {
    std::string text = problem(
        "state: s\nask_plans:\n  - {price: 1 SNM/h, resources: {cores: 1, ram: 1 GiB, storage: 1 GiB, gpus: "
        "[0]}}\n");
    EXPECT_NE(text.find("graphics"), std::string::npos) << text;
}

TEST(WorkerConfig, plan_in_a_file_of_its_own__is_named_after_the_file) {
    TempDir folder;
    std::ofstream(folder / "big.yaml")
        << "price: 1 SNM/h\nresources: {cores: 1, ram: 1 GiB, storage: 1 GiB}\n";
    std::ofstream(folder / "worker.yaml") << "state: s\nask_plan_files: [big.yaml]\n";
    auto config = read_config(folder / "worker.yaml");
    ASSERT_TRUE(config) << config.error().message();
    ASSERT_EQ(config->ask_plans.size(), 1u);
    EXPECT_EQ(config->ask_plans[0].name, "big");
}

TEST(WorkerConfig, templates__name_every_key) {
    for (const char* key : {"ask_plans", "settle_period", "upload", "advertise", "expiry", "rate_min"}) {
        EXPECT_NE(config_template().find(key), std::string::npos) << key;
    }
    EXPECT_NE(ask_plan_template().find("price"), std::string::npos);
}

}  // namespace
}  // namespace sonm::worker
