#include "sonm/model/task.hpp"

#include "sonm/model/errc.hpp"

#include <gtest/gtest.h>

namespace sonm::model {
namespace {

TaskSpec good() {
    TaskSpec spec;
    spec.image.reference = "sonm/povray:latest";
    spec.command = {"povray", "scene.pov"};
    spec.environment["LANG"] = "C";
    spec.inputs.push_back(InputFile{"scene.pov", crypto::Hash{}, 10, 0644});
    spec.outputs = {"picture.png"};
    return spec;
}

std::string refusal(std::function<void(TaskSpec&)> change) {
    TaskSpec spec = good();
    change(spec);
    auto result = validate(spec);
    if (result) return "accepted";
    EXPECT_TRUE(result.error().is(ModelErrc::bad_task));
    return result.error().context;
}

TEST(task, good_spec_is_accepted) {
    EXPECT_TRUE(validate(good()));
    EXPECT_EQ(refusal([](TaskSpec& s) { s.outputs = {"."}; }), "accepted");
    EXPECT_EQ(refusal([](TaskSpec& s) { s.user = "1000:1000"; }), "accepted");
}

TEST(task, paths_that_leave_the_work_folder_are_refused) {
    EXPECT_EQ(refusal([](TaskSpec& s) { s.outputs = {"../x"}; }), "outputs: '../x' leaves the work folder");
    EXPECT_EQ(refusal([](TaskSpec& s) { s.outputs = {"a/../../x"}; }),
              "outputs: 'a/../../x' leaves the work folder");
    EXPECT_EQ(refusal([](TaskSpec& s) { s.outputs = {"/etc/passwd"}; }),
              "outputs: '/etc/passwd' must be relative to the work folder");
    EXPECT_THAT(refusal([](TaskSpec& s) { s.outputs = {"a//b"}; }), testing::HasSubstr("empty or '.' part"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.outputs = {"a/"}; }), testing::HasSubstr("empty or '.' part"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.outputs = {""}; }), testing::HasSubstr("is empty"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.inputs[0].path = ".."; }),
                testing::HasSubstr("leaves the work folder"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.inputs[0].path = std::string("a\0b", 3); }),
                testing::HasSubstr("zero byte"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.working_dir = "/"; }), testing::HasSubstr("working_dir"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.working_dir = "/a/../.."; }), testing::HasSubstr("working_dir"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.working_dir = "work"; }), testing::HasSubstr("absolute"));
}

TEST(task, input_given_twice_or_as_file_and_folder_is_refused) {
    EXPECT_THAT(refusal([](TaskSpec& s) { s.inputs.push_back(s.inputs[0]); }),
                testing::HasSubstr("given twice"));
    EXPECT_THAT(refusal([](TaskSpec& s) {
                    s.inputs.push_back(InputFile{"scene.pov/x", {}, 1, 0644});
                }),
                testing::HasSubstr("a file and a folder"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.inputs[0].mode = 04755; }), testing::HasSubstr("mode 4755"));
}

TEST(task, nobody_runs_as_root) {
    for (std::string user : {"root", "0", "00", "0:0", "root:1000"}) {
        EXPECT_THAT(refusal([&](TaskSpec& s) { s.user = user; }), testing::HasSubstr("never run as root"))
            << user;
    }
    for (std::string user :
         {"+0", "-0", ":0", ":", "0x0 ", "a b", "toor", "nobody", "1000:wheel", "1000:", "99999999999"}) {
        EXPECT_THAT(refusal([&](TaskSpec& s) { s.user = user; }), testing::HasSubstr("is no user")) << user;
    }
}

TEST(task, too_many_or_too_long_values_are_refused_by_field) {
    EXPECT_THAT(refusal([](TaskSpec& s) { s.image.reference.clear(); }),
                testing::HasSubstr("image: is missing"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.image.reference = "a b"; }), testing::HasSubstr("no image name"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.image.reference = "--privileged"; }),
                testing::HasSubstr("no image name"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.command.assign(1000, "x"); }),
                testing::HasSubstr("command: has 1000 entries"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.command = {std::string(1 << 20, 'x')}; }),
                testing::HasSubstr("command: has 1048576 bytes"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.command.assign(30, std::string(30'000, 'x')); }),
                testing::HasSubstr("brings the task over"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.environment["a=b"] = ""; }),
                testing::HasSubstr("no name of a variable"));
    EXPECT_THAT(refusal([](TaskSpec& s) { s.stop_grace = Seconds(100'000); }),
                testing::HasSubstr("stop_grace"));
}

TEST(task, spec_hash_changes_with_every_part_and_never_with_credentials) {
    std::set<crypto::Hash> seen{spec_hash(good())};
    auto differs = [&](std::function<void(TaskSpec&)> change) {
        TaskSpec spec = good();
        change(spec);
        return seen.insert(spec_hash(spec)).second;
    };
    EXPECT_TRUE(differs([](TaskSpec& s) { s.command = {"povrayscene.pov"}; }));
    EXPECT_TRUE(differs([](TaskSpec& s) { s.command = {"povrays", "cene.pov"}; }));
    EXPECT_TRUE(differs([](TaskSpec& s) { std::swap(s.command, s.entrypoint); }));
    EXPECT_TRUE(differs([](TaskSpec& s) { s.inputs[0].blob.bytes[0] = 1; }));
    EXPECT_TRUE(differs([](TaskSpec& s) { s.limits.emplace(); }));
    EXPECT_TRUE(differs([](TaskSpec& s) { s.time_limit = Seconds(1); }));
    EXPECT_TRUE(differs([](TaskSpec& s) { s.image.blob.emplace(); }));
    EXPECT_FALSE(differs([](TaskSpec& s) { s.image.registry_password = "secret"; }));
}

TEST(task, order_of_inputs_does_not_change_their_root) {
    InputFile a{"a", {}, 1, 0644}, b{"b", {}, 2, 0644};
    EXPECT_EQ(inputs_root({a, b}), inputs_root({b, a}));
    EXPECT_NE(inputs_root({a, b}), inputs_root({a}));
    EXPECT_TRUE(inputs_root({}).is_zero());
}

TEST(task, ids_are_32_hex_digits) {
    TaskId id = make_task_id();
    EXPECT_EQ(parse_task_id(id.value).value(), id);
    EXPECT_NE(make_task_id(), id);
    EXPECT_FALSE(parse_task_id("x"));
    EXPECT_FALSE(parse_task_id(std::string(32, 'A')));
    EXPECT_FALSE(parse_task_id("../../../../../../../../etc/passwd"));
}

TEST(receipt, digest_is_what_other_tools_compute) {
    auto small = [](std::uint8_t value) {
        crypto::Hash hash;
        hash.bytes[31] = value;
        return hash;
    };
    Receipt receipt;
    receipt.deal = DealId(9);
    receipt.task = TaskId("00112233445566778899aabbccddeeff");
    receipt.worker = crypto::parse_address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266").value();
    receipt.spec = small(1);
    receipt.image = small(2);
    receipt.inputs = small(3);
    receipt.outputs = small(4);
    receipt.exit_code = -1;
    receipt.usage = Usage{1, 2, 3, 4, 5, 6, 7};
    receipt.started_at = UnixTime(100);
    receipt.ended_at = UnixTime(200);
    // Computed with Foundry's `cast keccak` and `cast abi-encode`.
    EXPECT_EQ(crypto::to_string(receipt_digest(receipt, 31337)),
              "0xc77ad3ce5ecd53dc558161a5e51a81d3806521fbc534924287c0db6b139113ee");
}

}  // namespace
}  // namespace sonm::model
