#include "sonm/worker/decide.hpp"

namespace sonm::worker {
namespace {

constexpr UnixTime now(1'000'000);

Resources cores(std::uint64_t count) {
    Resources out;
    out.cpu_millicores = count * 1000;
    out.ram_bytes = count * GiB;
    out.storage_bytes = count * GiB;
    return out;
}

Order order(model::Side side, std::uint64_t nonce) {
    Order out;
    out.side = side;
    out.author.bytes[0] = side == model::Side::ask ? 1 : 2;
    out.price = model::PricePerSecond(100);
    out.expiry = now + Seconds(10'000);
    out.nonce = model::OrderNonce(nonce);
    return out;
}

Listing listing(std::string plan, ListingState state, std::uint32_t generation = 1) {
    Order ask = order(model::Side::ask, std::hash<std::string>()(plan) + generation);
    return Listing{PlanId(plan), generation, model::order_id(ask), ask, cores(1), state};
}

PlanView plan(std::string id, std::optional<ListingState> state = std::nullopt) {
    PlanView out;
    out.id = PlanId(id);
    out.resources = cores(1);
    if (state) out.listing = listing(id, *state);
    return out;
}

DealView deal(std::uint64_t id, std::string plan_id) {
    DealView out;
    out.deal.id = DealId(id);
    out.deal.ask = listing(plan_id, ListingState::matched).id;
    out.deal.start = now;
    out.state.status = model::DealStatus::open;
    out.state.settled_until = now;
    out.plan = PlanId(plan_id);
    out.holds = cores(1);
    out.ends = now + Seconds(1'000);
    return out;
}

Picture picture() {
    Picture out;
    out.live = true;
    out.head_block = 100;
    out.capacity = cores(4);
    return out;
}

std::vector<std::string> keys(const Picture& picture, UnixTime at = now) {
    std::vector<std::string> out;
    for (const Action& action : decide(picture, at, Policy())) {
        std::string key = key_of(action);
        // Ids of orders say nothing to a reader.
        if (auto* settle = std::get_if<SettleDeal>(&action))
            key = fmt::format("settle:{}:{}", settle->deal.id, settle->settled_until);
        if (auto* close = std::get_if<CloseDeal>(&action)) key = fmt::format("close:{}", close->deal.id);
        out.push_back(key.starts_with("open:") ? "open" : key.starts_with("cancel:") ? "cancel" : key);
    }
    return out;
}
using Keys = std::vector<std::string>;

TEST(WorkerDecide, new_plan__its_first_ask_is_placed) {
    Picture p = picture();
    p.plans = {plan("a")};
    EXPECT_EQ(keys(p), Keys{"place:a:1"});
}

TEST(WorkerDecide, history_not_read_yet__nothing_is_decided) {
    Picture p = picture();
    p.live = false;
    p.plans = {plan("a")};
    p.endpoint_wanted = "127.0.0.1:1";
    EXPECT_EQ(keys(p), Keys{});
}

TEST(WorkerDecide, plans_beyond_the_machine__only_what_fits_is_listed) {
    Picture p = picture();
    p.capacity = cores(2);
    p.plans = {plan("a"), plan("b"), plan("c")};
    EXPECT_EQ(keys(p), (Keys{"place:a:1", "place:b:1"}));
}

TEST(WorkerDecide, deal_and_open_ask_hold_the_machine__nothing_more_is_listed) {
    Picture p = picture();
    p.capacity = cores(2);
    p.plans = {plan("a", ListingState::matched), plan("b", ListingState::open), plan("c")};
    p.deals = {deal(1, "a")};
    EXPECT_EQ(keys(p), Keys{});
}

TEST(WorkerDecide, deal_comes_back_by_a_reorganisation_while_its_plan_is_listed_again__the_ask_is_withdrawn) {
    Picture p = picture();
    p.capacity = cores(1);
    p.plans = {plan("a")};
    p.plans[0].listing = listing("a", ListingState::open, 2);
    p.deals = {deal(1, "a")};
    EXPECT_EQ(keys(p), Keys{"cancel"});
}

TEST(WorkerDecide, ask_only_intended_after_a_crash__is_placed_again_under_the_same_key) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::intended)};
    EXPECT_EQ(keys(p), Keys{"place:a:1"});
}

TEST(WorkerDecide, action_under_way_or_waiting__is_not_repeated) {
    Picture p = picture();
    p.plans = {plan("a"), plan("b")};
    p.under_way = {"place:a:1"};
    p.waiting = {"place:b:1"};
    EXPECT_EQ(keys(p), Keys{});
}

TEST(WorkerDecide, bid_matches_an_open_ask__deal_is_opened) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::open)};
    p.matches = {Match{PlanId("a"), order(model::Side::bid, 1)}};
    auto actions = decide(p, now, Policy());
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(std::get<OpenDeal>(actions[0]).bid.nonce.value, U256(1));
    EXPECT_EQ(std::get<OpenDeal>(actions[0]).ask, p.plans[0].listing->order);
}

TEST(WorkerDecide, one_bid_matches_two_asks__one_deal_is_opened) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::open), plan("b", ListingState::open)};
    Order bid = order(model::Side::bid, 1);
    p.matches = {Match{PlanId("a"), bid}, Match{PlanId("b"), bid}};
    EXPECT_EQ(keys(p), Keys{"open"});
}

TEST(WorkerDecide, best_bid_was_lost_to_somebody_else__next_best_is_taken) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::open)};
    Order first = order(model::Side::bid, 1), second = order(model::Side::bid, 2);
    p.matches = {Match{PlanId("a"), first}, Match{PlanId("a"), second}};
    p.waiting = {key_of(decide(p, now, Policy())[0])};
    auto actions = decide(p, now, Policy());
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(std::get<OpenDeal>(actions[0]).bid.nonce.value, U256(2));
    p.under_way = {key_of(actions[0])};
    EXPECT_EQ(keys(p), Keys{});
}

TEST(WorkerDecide, expired_bid__is_left_alone) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::open)};
    p.matches = {Match{PlanId("a"), order(model::Side::bid, 1)}};
    p.matches[0].bid.expiry = now;
    EXPECT_EQ(keys(p), Keys{});
}

TEST(WorkerDecide, engine_is_down__nothing_is_sold_and_asks_are_withdrawn_after_a_while) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::open), plan("b")};
    p.matches = {Match{PlanId("a"), order(model::Side::bid, 1)}};
    p.engine_down_since = now;
    EXPECT_EQ(keys(p), Keys{});
    EXPECT_EQ(keys(p, now + Policy().engine_wait), Keys{"cancel"});
}

TEST(WorkerDecide, draining__asks_are_withdrawn_and_deals_go_on) {
    Picture p = picture();
    p.draining = true;
    p.plans = {plan("a", ListingState::open), plan("b", ListingState::matched), plan("c")};
    p.deals = {deal(1, "b")};
    p.deals[0].tasks_alive = 1;
    EXPECT_EQ(keys(p), Keys{"cancel"});
}

TEST(WorkerDecide, plan_rewritten__old_ask_is_withdrawn_then_the_new_one_placed) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::open)};
    p.plans[0].outdated = true;
    EXPECT_EQ(keys(p), Keys{"cancel"});
    p.plans[0].listing->state = ListingState::gone;
    EXPECT_EQ(keys(p), Keys{"place:a:2"});
}

TEST(WorkerDecide, plan_removed__ask_withdrawn_then_plan_forgotten) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::open)};
    p.plans[0].removing = true;
    EXPECT_EQ(keys(p), Keys{"cancel"});
    p.plans[0].listing->state = ListingState::gone;
    EXPECT_EQ(keys(p), Keys{"forget:a"});
}

TEST(WorkerDecide, plan_removed_before_its_ask_is_confirmed__ask_is_settled_first) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::intended)};
    p.plans[0].removing = true;
    EXPECT_EQ(keys(p), Keys{"place:a:1"});
}

TEST(WorkerDecide, plan_removed_during_its_deal__waits_or_ends_a_spot_deal_if_told_so) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::matched)};
    p.plans[0].removing = true;
    p.deals = {deal(1, "a")};
    EXPECT_EQ(keys(p), Keys{});
    p.plans[0].end_spot = true;
    EXPECT_EQ(keys(p), Keys{"close:1"});
    p.deals[0].deal.end = now + Seconds(50);
    EXPECT_EQ(keys(p), Keys{});
}

TEST(WorkerDecide, settle_period_passed__deal_is_settled_once) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::matched)};
    p.deals = {deal(1, "a")};
    p.deals[0].ends = now + Seconds(1'000'000);
    EXPECT_EQ(keys(p, UnixTime(now.value + Policy().settle_period.value - 1)), Keys{});
    EXPECT_EQ(keys(p, now + Policy().settle_period), Keys{"settle:1:1000000"});
}

TEST(WorkerDecide, deal_ended__tasks_are_stopped_and_it_is_settled_which_closes_it) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::matched)};
    p.deals = {deal(1, "a")};
    p.deals[0].tasks_alive = 1;
    EXPECT_EQ(keys(p, p.deals[0].ends), Keys{"stop:1"});
    EXPECT_EQ(keys(p, p.deals[0].ends + Seconds(2)), (Keys{"stop:1", "settle:1:1000000"}));
}

TEST(WorkerDecide, deal_closed_by_the_consumer__tasks_stopped_then_released_then_the_plan_is_sold_again) {
    Picture p = picture();
    p.capacity = cores(1);
    p.plans = {plan("a", ListingState::matched)};
    p.deals = {deal(1, "a")};
    p.deals[0].state.status = model::DealStatus::closed;
    p.deals[0].tasks_alive = 2;
    EXPECT_EQ(keys(p), Keys{"stop:1"});
    p.deals[0].tasks_alive = 0;
    EXPECT_EQ(keys(p), Keys{"release:1"});
    p.deals.clear();
    EXPECT_EQ(keys(p), Keys{"place:a:2"});
}

TEST(WorkerDecide, ask_expired__is_placed_anew) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::gone)};
    EXPECT_EQ(keys(p), Keys{"place:a:2"});
}

TEST(WorkerDecide, deal_vanished_by_a_reorganisation__its_tasks_run_on_until_that_is_confirmed) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::open)};
    p.deals = {deal(1, "a")};
    p.deals[0].tasks_alive = 1;
    p.deals[0].missing_since = now;
    p.deals[0].missing_head = 100;
    p.matches = {Match{PlanId("a"), order(model::Side::bid, 1)}};
    p.head_block = 101;
    EXPECT_EQ(keys(p, now + Policy().missing_wait), Keys{}) << "too few blocks";
    p.head_block = 103;
    EXPECT_EQ(keys(p, UnixTime(now.value + Policy().missing_wait.value - 1)), Keys{}) << "too early";
    EXPECT_EQ(keys(p, now + Policy().missing_wait), Keys{"stop:1"});
    p.deals[0].tasks_alive = 0;
    EXPECT_EQ(keys(p, now + Policy().missing_wait), Keys{"release:1"});
}

TEST(WorkerDecide, ask_and_bid_of_a_vanished_deal_are_open_again__that_deal_is_opened_again_and_no_other) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::open)};
    Order same = order(model::Side::bid, 1), other = order(model::Side::bid, 2);
    p.deals = {deal(1, "a")};
    p.deals[0].deal.bid = model::order_id(same);
    p.deals[0].missing_since = now;
    p.matches = {Match{PlanId("a"), other}, Match{PlanId("a"), same}};
    auto actions = decide(p, now, Policy());
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(std::get<OpenDeal>(actions[0]).bid, same);
}

TEST(WorkerDecide, ask_of_a_vanished_deal_is_in_another_deal__the_first_is_lost_at_once) {
    Picture p = picture();
    p.plans = {plan("a", ListingState::matched)};
    p.deals = {deal(1, "a"), deal(2, "a")};
    p.deals[0].tasks_alive = 1;
    p.deals[0].missing_since = now;
    p.deals[0].missing_head = 100;
    EXPECT_EQ(keys(p), Keys{"stop:1"});
}

TEST(WorkerDecide, vanished_deal__is_neither_settled_nor_closed) {
    Picture p = picture();
    p.deals = {deal(1, "a")};
    p.deals[0].plan.reset();
    p.deals[0].missing_since = now;
    p.deals[0].missing_head = p.head_block;
    EXPECT_EQ(keys(p, now + Policy().settle_period), Keys{});
}

TEST(WorkerDecide, chain_silent_since_the_start__tasks_of_an_ended_deal_run_on_for_a_while) {
    Picture p = picture();
    p.live = false;
    p.deals = {deal(1, "a")};
    p.deals[0].tasks_alive = 1;
    EXPECT_EQ(keys(p, p.deals[0].ends + Seconds(100)), Keys{});
    EXPECT_EQ(keys(p, p.deals[0].ends + Policy().blind_wait), Keys{"stop:1"});
}

TEST(WorkerDecide, asks_and_spot_deals_that_the_journal_does_not_know__are_ended) {
    Picture p = picture();
    p.strangers = {order(model::Side::ask, 77)};
    p.deals = {deal(1, "a")};
    p.deals[0].plan.reset();
    EXPECT_EQ(keys(p), (Keys{"close:1", "cancel"}));
}

TEST(WorkerDecide, endpoint_differs_from_the_published_one__is_published) {
    Picture p = picture();
    p.endpoint_wanted = "10.0.0.1:77";
    EXPECT_EQ(keys(p), Keys{"endpoint:0:10.0.0.1:77"});
    p.endpoint_known = "10.0.0.1:77";
    EXPECT_EQ(keys(p), Keys{});
}

}  // namespace
}  // namespace sonm::worker
