#include "sonm/base/fs.hpp"
#include "sonm/model/json.hpp"
#include "sonm/model/order_file.hpp"
#include "sonm/model/task_file.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <regex>

namespace sonm::model {
namespace {

Result<BidFile> bid(std::string_view text) {
    BidFile file;
    SONM_CHECK(read_yaml(text, "bid.yaml", [&](YamlReader& r) { bid_fields(r, file); }));
    return file;
}
Result<TaskFile> task(std::string_view text) {
    TaskFile file;
    SONM_CHECK(read_yaml(text, "task.yaml", [&](YamlReader& r) { task_fields(r, file); }));
    return file;
}
std::string error_of(const auto& result) { return result ? "no error" : result.error().context; }

/// The template with its optional keys switched on.
std::string uncommented(const std::string& text) {
    static const std::regex key(R"((^|\n)(\s*)#(- |[a-z]))");
    std::string out = text;
    for (std::string before; before != out;) {
        before = out;
        out = std::regex_replace(out, key, "$1$2$3");
    }
    return out;
}

TEST(bid_file, human_units_become_benchmarks_rounded_up) {
    auto file = bid(
        "price: 0.12 USD/h\nduration: 90 min\nnetflags: [outbound]\n"
        "resources: {cores: 1.5, ram: 2 GiB, storage: 1 GB, net_down: 25 Mbit/s, gpus: 1, gpu_mem: 8 GiB}\n"
        "benchmarks: {cpu-multi: 500}\ncounterparty: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'\ntag: "
        "render\n");
    ASSERT_TRUE(file) << file.error().context;
    EXPECT_EQ(file->terms.price.per_second, PricePerSecond(U256(33'333'333'333'333ULL)));
    EXPECT_EQ(file->terms.price.currency, Currency::usd);
    EXPECT_EQ(file->terms.duration, Seconds(5400));
    EXPECT_EQ(file->terms.netflags, netflag_outbound);
    EXPECT_EQ(file->needs[Benchmark::cpu_cores], 150u);
    EXPECT_EQ(file->needs[Benchmark::ram_size], 2048u);
    EXPECT_EQ(file->needs[Benchmark::storage_size], 954u);
    EXPECT_EQ(file->needs[Benchmark::net_down], 25'000u);
    EXPECT_EQ(file->needs[Benchmark::gpu_count], 1u);
    EXPECT_EQ(file->needs[Benchmark::gpu_mem], 8192u);
    EXPECT_EQ(file->needs[Benchmark::cpu_multi], 500u);
    Order order = make_order(Side::bid, file->terms, file->needs, file->terms.counterparty, UnixTime(1000),
                             OrderNonce(U256(3)));
    EXPECT_TRUE(validate(order));
    EXPECT_EQ(order.expiry, UnixTime(1000 + 7 * 86'400));
}

TEST(bid_file, price_of_zero_negative_or_overflowing_is_refused_with_file_and_line) {
    EXPECT_THAT(error_of(bid("duration: spot\nprice: 0 SNM/h\n")),
                testing::StartsWith("bid.yaml:2: price: '0 SNM/h' is no price, it is 0"));
    EXPECT_THAT(error_of(bid("price: -1 SNM/h\n")), testing::HasSubstr("it is negative"));
    EXPECT_THAT(error_of(bid("price: 99999999999999999999 SNM/s\n")), testing::HasSubstr("over 2^96 - 1"));
    EXPECT_THAT(error_of(bid("tag: x\n")),
                testing::HasSubstr("price: is missing: write it like 'price: 0.12 USD/h'"));
}

TEST(bid_file, words_that_mean_nothing_are_refused) {
    EXPECT_THAT(error_of(bid("price: 1 SNM/h\nprise: 2\n")),
                testing::HasSubstr("bid.yaml:2: prise: is no known key; did you mean 'price'?"));
    EXPECT_THAT(error_of(bid("price: 1 SNM/h\nnetflags: [outbond]\n")),
                testing::HasSubstr("'outbond' is no network flag"));
    EXPECT_THAT(error_of(bid("price: 1 SNM/h\nbenchmarks: {cpu: 1}\n")),
                testing::HasSubstr("benchmarks.cpu: 'cpu' is no benchmark"));
    EXPECT_THAT(error_of(bid("price: 1 SNM/h\nduration: 0 s\n")), testing::HasSubstr("or spot"));
    EXPECT_THAT(error_of(bid("price: 1 SNM/h\nrate_min: 1 USD\n")),
                testing::HasSubstr("means nothing for a price in SNM"));
    EXPECT_THAT(error_of(bid("price: 1 SNM/h\nexpiry: 91 d\n")),
                testing::HasSubstr("bid.yaml:2: expiry: must be between 1 s and 90 d"));
    EXPECT_THAT(error_of(bid("price: 1 USD/h\nrate_min: 2 USD\nrate_max: 1 USD\n")),
                testing::HasSubstr("no deal could open"));
    EXPECT_THAT(error_of(bid("price: 1 USD/h\ntag: " + std::string(33, 'x'))),
                testing::HasSubstr("a tag has at most 32"));
    EXPECT_THAT(error_of(bid("price: 1 USD/h\ncounterparty: '0x70997970c51812dc3A010C7d01b50e0d17dc79C8'\n")),
                testing::HasSubstr("counterparty"));
}

TEST(bid_file, template_reads_as_it_is_and_with_everything_switched_on) {
    EXPECT_EQ(error_of(bid(bid_template())), "no error");
    std::string all = uncommented(bid_template());
    auto file = bid(all);
    EXPECT_EQ(error_of(file), "no error") << all;
    EXPECT_EQ(file->needs[Benchmark::cpu_multi], 1000u);
}

TEST(task_file, compose_names_are_read) {
    auto file = task(
        "image: sonm/povray:latest\ncommand: [povray, scene.pov]\nenvironment: {LANG: C}\n"
        "inputs:\n  - source: scenes/scene.pov\n  - {source: a.inc, path: include/a.inc, mode: '0600'}\n"
        "outputs:\n  - path: picture.png\n    to: out/p.png\nstop_grace_period: 5 s\ntime_limit: 1 h\n"
        "limits: {cores: 0.5, ram: 512 MiB}\noutput_max: 1 MiB\n");
    ASSERT_TRUE(file) << file.error().context;
    EXPECT_EQ(file->spec.command, (std::vector<std::string>{"povray", "scene.pov"}));
    EXPECT_EQ(file->inputs[0].path, "scene.pov");
    EXPECT_EQ(file->inputs[1].mode, 0600u);
    EXPECT_EQ(file->spec.outputs, std::vector<std::string>{"picture.png"});
    EXPECT_EQ(file->spec.stop_grace, Seconds(5));
    EXPECT_EQ(file->spec.limits->ram_bytes, 512 * MiB);
    EXPECT_EQ(file->spec.output_bytes_max, MiB);
}

TEST(task_file, paths_start_at_the_files_own_folder) {
    TempDir folder;
    ASSERT_TRUE(write_atomically(
        folder / "task.yaml",
        as_bytes("image: x\nimage_archive: ../x.tar\ninputs: [{source: in/a}]\noutputs: [{path: b}]\n")));
    auto file = read_task_file(folder / "task.yaml");
    ASSERT_TRUE(file) << file.error().context;
    EXPECT_EQ(file->image_archive, folder.path().parent_path() / "x.tar");
    EXPECT_EQ(file->inputs[0].source, folder / "in/a");
    EXPECT_EQ(file->inputs[0].path, "a");
    EXPECT_EQ(file->outputs[0].to, folder / "b");
}

TEST(task_file, escaping_paths_and_root_are_refused_before_anything_is_sent) {
    EXPECT_THAT(error_of(task("image: x\noutputs: [{path: ../../etc}]\n")),
                testing::HasSubstr("outputs: '../../etc' leaves the work folder"));
    EXPECT_THAT(error_of(task("image: x\ninputs: [{source: a, path: /b}]\n")),
                testing::HasSubstr("must be relative"));
    EXPECT_THAT(error_of(task("image: x\nuser: root\n")), testing::HasSubstr("never run as root"));
    EXPECT_THAT(error_of(task("image: x\ninputs: [{source: a, mode: '999'}]\n")),
                testing::HasSubstr("no file mode"));
}

TEST(task_file, template_reads_as_it_is_and_with_everything_switched_on) {
    EXPECT_EQ(error_of(task(task_template())), "no error");
    std::string all = uncommented(task_template());
    EXPECT_EQ(error_of(task(all)), "no error") << all;
}

TEST(tags, text_and_hex_are_printed_as_they_were_written) {
    EXPECT_EQ(print_tag(parse_tag("render").value()), "render");
    EXPECT_EQ(print_tag({}), "");
    std::string hex = "0x00ff000000000000000000000000000000000000000000000000000000000001";
    EXPECT_EQ(print_tag(parse_tag(hex).value()), hex);
    EXPECT_EQ(print_tag(parse_tag(std::string(32, 'x')).value()), std::string(32, 'x'));
}

TEST(variables, are_name_and_value) {
    EXPECT_EQ(parse_variable("A=b=c").value(), (std::pair<std::string, std::string>("A", "b=c")));
    EXPECT_FALSE(parse_variable("A"));
    EXPECT_FALSE(parse_variable("=b"));
}

TEST(json, order_has_exact_and_readable_money) {
    Order order;
    order.price = PricePerSecond(U256(33'333'333'333'333ULL));
    order.currency = Currency::usd;
    order.netflags = netflag_outbound;
    order.benchmarks[Benchmark::cpu_cores] = 100;
    auto json = to_json(order);
    EXPECT_EQ(json["price"], "0.12 USD/h");
    EXPECT_EQ(json["price_per_second"], "33333333333333");
    EXPECT_EQ(json["counterparty"], nullptr);
    EXPECT_EQ(json["netflags"], nlohmann::json::array({"outbound"}));
    EXPECT_EQ(json["benchmarks"]["cpu-cores"], 100);
    EXPECT_EQ(json["benchmarks"].size(), 1u);
}

TEST(json, deal_and_task_have_their_states_in_words) {
    Deal deal;
    deal.id = DealId(7);
    deal.price = PricePerSecond(U256(2));
    auto json = to_json(deal, DealState{DealStatus::open, Tokens(U256(10)), Tokens{}, UnixTime(5)});
    EXPECT_EQ(json["status"], "open");
    EXPECT_EQ(json["escrow"], "10");
    EXPECT_EQ(json["end"], nullptr);
    TaskStatus status;
    status.state = TaskState::running;
    EXPECT_EQ(to_json(status)["exit_code"], nullptr);
    status.state = TaskState::finished;
    EXPECT_EQ(to_json(status)["exit_code"], 0);
}

}  // namespace
}  // namespace sonm::model
