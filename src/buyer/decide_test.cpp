#include "sonm/buyer/decide.hpp"

#include <gtest/gtest.h>

using namespace sonm;
using namespace sonm::buyer;
using Bid = Known::Bid;

namespace {

Known with_deal(DealStatus status = DealStatus::open) {
    Known known;
    known.bid = Bid::matched;
    known.deal = status;
    return known;
}

TEST(BuyerDecide, NothingYetPlacesTheBid) { EXPECT_EQ(decide(Known()), Step::place_bid); }

TEST(BuyerDecide, CancelledBeforeTheBidHasNothingToUndo) {
    Known known;
    known.cancel_asked = true;
    EXPECT_EQ(decide(known), Step::done);
    EXPECT_EQ(outcome(known, 0), Outcome::cancelled);
}

TEST(BuyerDecide, CancelledWhileTheBidIsOnItsWaySeesItArriveFirst) {
    Known known;
    known.cancel_asked = known.bid_sent = true;
    EXPECT_EQ(decide(known), Step::place_bid);
    known.bid = Bid::open;
    EXPECT_EQ(decide(known), Step::cancel_bid);
}

TEST(BuyerDecide, OpenBidWaitsAndIsTakenBackWhenCancelled) {
    Known known;
    known.bid = Bid::open;
    EXPECT_EQ(decide(known), Step::wait_for_deal);
    known.cancel_asked = true;
    EXPECT_EQ(decide(known), Step::cancel_bid);
}

TEST(BuyerDecide, ExpiredBidIsCancelledSoThatItsMoneyReturns) {
    Known known;
    known.bid = Bid::expired;
    EXPECT_EQ(decide(known), Step::cancel_bid);
}

TEST(BuyerDecide, DealWithoutTaskConnectsThenStarts) {
    Known known = with_deal();
    EXPECT_EQ(decide(known), Step::connect);
    known.worker_reachable = true;
    EXPECT_EQ(decide(known), Step::start_task);
}

TEST(BuyerDecide, EndedTaskIsFetchedBeforeTheDealIsClosed) {
    Known known = with_deal();
    known.worker_reachable = true;
    known.task = TaskState::finished;
    EXPECT_EQ(decide(known), Step::save_result);
    known.result_saved = true;
    EXPECT_EQ(decide(known), Step::close_deal);
    known.deal = DealStatus::closed;
    EXPECT_EQ(decide(known), Step::done);
    EXPECT_EQ(outcome(known, 0), Outcome::succeeded);
    EXPECT_EQ(outcome(known, 3), Outcome::task_failed);
}

TEST(BuyerDecide, ResultIsFetchedAlsoAfterTheDealEnded) {
    Known known = with_deal(DealStatus::closed);
    known.worker_reachable = true;
    known.task = TaskState::finished;
    EXPECT_EQ(decide(known), Step::save_result);
}

TEST(BuyerDecide, DealThatEndedUnderTheTaskIsClosedAndSaysSo) {
    Known known = with_deal();
    known.deal_over = true;
    known.task = TaskState::running;
    EXPECT_EQ(decide(known), Step::close_deal);
    known.deal = DealStatus::closed;
    EXPECT_EQ(decide(known), Step::done);
    EXPECT_EQ(outcome(known, 0), Outcome::deal_ended);
}

TEST(BuyerDecide, CancelWhileRunningStopsThenFetchesThenCloses) {
    Known known = with_deal();
    known.worker_reachable = true;
    known.task = TaskState::running;
    known.cancel_asked = true;
    EXPECT_EQ(decide(known), Step::stop_task);
    known.task = TaskState::stopped;
    EXPECT_EQ(decide(known), Step::save_result);
    known.result_saved = true;
    EXPECT_EQ(decide(known), Step::close_deal);
}

TEST(BuyerDecide, CancelWithUnreachableWorkerStillReturnsTheMoneyWhenNoTaskWasSeen) {
    Known known = with_deal();
    known.cancel_asked = true;
    EXPECT_EQ(decide(known), Step::close_deal);
}

TEST(BuyerDecide, CancelWithUnreachableWorkerClosesUnderTheRunningTask) {
    Known known = with_deal();
    known.task = TaskState::running;
    known.cancel_asked = true;
    EXPECT_EQ(decide(known), Step::close_deal);
}

TEST(BuyerDecide, WorkerThatStaysAwayCostsOnlyTheTimeUntilWeGiveUp) {
    Known known = with_deal();
    known.worker_lost = true;
    EXPECT_EQ(decide(known), Step::close_deal);
    known.deal = DealStatus::closed;
    EXPECT_EQ(decide(known), Step::done);
    EXPECT_EQ(outcome(known, 0), Outcome::worker_lost);
}

// Whatever is known, every step makes progress towards done: no state is a dead end and money is never left
// in a deal.
TEST(BuyerDecide, DoneOnlyWhenNoMoneyIsLeftBehind) {
    for (int bid = 0; bid <= 4; ++bid)
        for (int deal = -1; deal <= 2; ++deal)
            for (int task = -1; task <= 6; ++task)
                for (int bits = 0; bits < 32; ++bits) {
                    Known known;
                    known.bid = Bid(bid);
                    if (deal >= 0) known.deal = DealStatus(deal);
                    if (task >= 0) known.task = TaskState(task);
                    known.deal_over = bits & 1;
                    known.worker_reachable = bits & 2;
                    known.result_saved = bits & 4;
                    known.cancel_asked = bits & 8;
                    known.worker_lost = bits & 16;
                    if (decide(known) != Step::done) continue;
                    bool money_free = known.bid == Bid::absent || known.bid == Bid::cancelled ||
                                      known.deal == DealStatus::closed;
                    EXPECT_TRUE(money_free) << bid << " " << deal << " " << task << " " << bits;
                }
}

}  // namespace
