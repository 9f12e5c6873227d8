#include "sonm/services/receipt.hpp"

namespace sonm::services {
namespace {

model::TaskSpec spec() {
    model::TaskSpec out;
    out.image.reference = "sonm/povray:latest";
    out.command = {"povray", "scene.pov"};
    out.inputs = {{"b.txt", crypto::Hash{{2}}, 5}, {"a.txt", crypto::Hash{{1}}, 4}};
    out.limits.emplace();
    out.limits->gpus = {1, 2};
    out.environment = {{"A", "1"}};
    return out;
}

SignedReceipt signed_by(const crypto::PrivateKey& key) {
    SignedReceipt out;
    out.receipt.deal = DealId(7);
    out.receipt.task = TaskId("t");
    out.receipt.worker = key.address();
    out.receipt.spec = spec_hash(spec());
    out.receipt.inputs = inputs_root(spec().inputs);
    out.signature = key.sign(model::receipt_digest(out.receipt, 31337));
    return out;
}

TEST(Receipt, signed_by_the_worker_for_this_spec__is_accepted) {
    auto key = crypto::PrivateKey::generate();
    EXPECT_TRUE(check(signed_by(key), DealId(7), TaskId("t"), key.address(), spec(), 31337));
}

TEST(Receipt, another_signer_chain_task_or_spec__is_refused) {
    auto key = crypto::PrivateKey::generate(), other = crypto::PrivateKey::generate();
    auto good = signed_by(key);
    EXPECT_FALSE(check(good, DealId(7), TaskId("t"), other.address(), spec(), 31337));
    EXPECT_FALSE(check(good, DealId(7), TaskId("t"), key.address(), spec(), 1));
    EXPECT_FALSE(check(good, DealId(8), TaskId("t"), key.address(), spec(), 31337));
    auto changed = spec();
    changed.command.push_back("-x");
    EXPECT_FALSE(check(good, DealId(7), TaskId("t"), key.address(), changed, 31337));
    good.receipt.exit_code = 1;
    EXPECT_FALSE(check(good, DealId(7), TaskId("t"), key.address(), spec(), 31337));
}

TEST(Receipt, registry_password__is_not_part_of_the_spec_hash) {
    auto with = spec();
    with.image.registry_password = "secret";
    EXPECT_EQ(spec_hash(with), spec_hash(spec()));
}

TEST(Receipt, order_of_inputs__does_not_matter) {
    auto turned = spec();
    std::swap(turned.inputs[0], turned.inputs[1]);
    EXPECT_EQ(inputs_root(turned.inputs), inputs_root(spec().inputs));
}

TEST(Pack, every_noun__comes_back_as_it_went) {
    Bytes packed;
    rpc::Writer out(packed);
    model::Order order;
    order.benchmarks[model::Benchmark::ram_size] = 4096;
    order.rate_max = model::Rate(5);
    rpc::pack(out, order);
    rpc::pack(out, spec());
    rpc::Reader in(packed);
    auto order_again = rpc::unpack<model::Order>(in);
    ASSERT_TRUE(order_again) << order_again.error().message();
    EXPECT_EQ(*order_again, order);
    auto spec_again = rpc::unpack<model::TaskSpec>(in);
    ASSERT_TRUE(spec_again) << spec_again.error().message();
    EXPECT_EQ(*spec_again, spec());
}

}  // namespace
}  // namespace sonm::services
