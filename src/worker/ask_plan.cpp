#include "sonm/worker/ask_plan.hpp"

#include "sonm/base/units.hpp"
#include "sonm/market/billing.hpp"

namespace sonm::worker {

void ask_plan_fields(YamlReader& reader, AskPlan& plan) {
    reader.optional({"name", "What you call it; must not be used twice on one worker.", "small"}, plan.name,
                    yaml_text);
    model::order_terms_fields(reader, plan.terms, model::Side::ask);
    reader.child(
        {"resources", "What is sold: a share of this machine. Tasks cannot be given graphics cards yet."},
        true, [&](YamlReader& child) { model::resources_fields(child, plan.resources); });
    if (reader.describing()) return;
    if (auto fine = validate(plan); !fine) reader.problem("resources", fine.error().context);
}

Result<void> validate(const AskPlan& plan) {
    if (plan.resources.cpu_millicores == 0) return fail(Errc::invalid, "a plan sells some part of a core");
    if (plan.resources.ram_bytes < 16 * MiB)
        return fail(Errc::invalid, "a plan sells at least 16 MiB of ram: no container starts with less");
    if (plan.resources.storage_bytes < 16 * MiB) {
        return fail(Errc::invalid,
                    "a plan sells at least 16 MiB of storage: images and inputs have to lie somewhere");
    }
    if (!plan.resources.gpus.empty())
        return fail(Errc::invalid, "graphics cards cannot be given to tasks yet: leave `gpus` out");
    if (plan.terms.expiry.value == 0 || plan.terms.expiry > market::order_lifetime_max) {
        return fail(Errc::invalid, "an ask lives between 1 s and {}", print_span(market::order_lifetime_max));
    }
    if (std::ranges::any_of(
            plan.name,
            [](unsigned char c) { return !(std::isalnum(c) || c == '-' || c == '_' || c == '.'); }) ||
        plan.name.size() > 64) {
        return fail(Errc::invalid, "a plan's name has at most 64 letters, digits, \"-\", \"_\" and \".\"");
    }
    return Result<void>();
}

Result<AskPlan> parse_ask_plan(std::string_view text, std::string_view file) {
    AskPlan plan;
    SONM_CHECK(read_yaml(text, file, [&](YamlReader& reader) { ask_plan_fields(reader, plan); }));
    return plan;
}

std::string ask_plan_template() {
    AskPlan plan;
    return describe_yaml([&](YamlReader& reader) { ask_plan_fields(reader, plan); });
}

Order make_ask(const AskPlan& plan, const Machine& machine, const Address& author, UnixTime now, U256 nonce) {
    model::Benchmarks share = model::share_of(machine.measured, machine.whole, plan.resources);
    return model::make_order(model::Side::ask, plan.terms, share, author, now, model::OrderNonce(nonce));
}

}  // namespace sonm::worker
