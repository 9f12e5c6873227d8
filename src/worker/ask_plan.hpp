#pragma once

#include "sonm/model/order_file.hpp"
#include "sonm/worker/picture.hpp"

namespace sonm::worker {

/// What an operator wants to sell: a share of the machine at a price. One plan is one ask on the market at a
/// time.
struct AskPlan {
    std::string name;  ///< empty: the worker gives one
    model::OrderTerms terms;
    Resources resources;
    bool operator==(const AskPlan&) const = default;
};

/// The keys of a plan, for a file of its own or an item of worker.yaml.
void ask_plan_fields(YamlReader& reader, AskPlan& plan);
/// One plan from its file's text. Errors: invalid, with `file`, line, and what is wrong.
Result<AskPlan> parse_ask_plan(std::string_view text, std::string_view file);
/// The documented template of a plan's file.
std::string ask_plan_template();

/// Refuses plans that no deal could come from: nothing to sell, parts that a task cannot be given. Errors:
/// invalid.
Result<void> validate(const AskPlan& plan);

/// What this machine can do as a whole.
struct Machine {
    Resources whole;             ///< all that it has
    model::Benchmarks measured;  ///< of all that it has
    std::string text;            ///< for people
};

/// The plan's ask on the market, from `author`.
Order make_ask(const AskPlan& plan, const Machine& machine, const Address& author, UnixTime now, U256 nonce);

}  // namespace sonm::worker
