#!/usr/bin/env python3
"""Whom a deal serves, until when, and why a bid finds nobody. Two workers."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import FAILED, NO_DEAL, NOT_ALLOWED, NOT_FOUND, OK, STRANGER, System, SystemTest, main, need_engine, wait  # noqa: E402

BID = "price: {price}\nduration: 10 min\nresources: {{cores: {cores}, ram: 128 MiB, storage: 128 MiB}}\n"
system = None


def setUpModule():
    global system
    need_engine()
    system = System()
    unittest.addModuleCleanup(system.down)
    system.up(workers=0)
    system.start_worker(1)
    system.start_worker(2, plan=("0.72 SNM/h", "0.5", "256 MiB", "256 MiB"))
    system.wait_for_asks(2)
    system.keep_books()


class Market(SystemTest):
    def bid(self, *more, price="3.6 SNM/h", cores="0.5"):
        file = system.folder / "bid.yaml"
        file.write_text(BID.format(price=price, cores=cores))
        return system.sonm("bid", "create", file, *more)

    def explained(self, *texts, **bid):
        """Nobody takes the bid, and the reasons name every ask; the money comes back when it is taken back."""
        before = system.balance()
        self.check(self.bid("--wait", "--wait-max", "3 s", **bid), NO_DEAL, "explain")
        order = system.must("order", "ls", "--side", "bid", "--mine")[0]["id"]
        shown = system.must("order", "show", order, "--explain")
        text = "\n".join(shown["explanation"])
        for expected in texts:
            self.assertRegex(text, expected)
        self.check(system.sonm("order", "cancel", order), OK)
        self.check(system.sonm("order", "cancel", order), FAILED, "cancelled already")
        self.assertEqual(system.balance(), before)

    def test_bid__too_cheap__explain_names_the_price_that_would_be_enough(self):
        self.explained("price", r"0\.36 SNM/h", price="0.18 SNM/h")

    def test_bid__more_cores_than_anybody_sells__explain_names_the_cores(self):
        self.explained("core", cores="64")

    def test_two_asks__the_cheaper_one_is_taken_first(self):
        deals = []
        for _ in range(2):
            answer = self.bid("--wait")
            self.check(answer, OK)
            deals.append(answer.json())
        self.assertEqual({deal["supplier"].lower() for deal in deals}, {one.lower() for one in system.suppliers()})
        for deal in deals:
            self.check(system.sonm("deal", "close", deal["id"]), OK)
        self.check_conserved(system)
        system.wait_for_asks(2)

    def test_deal_of_somebody_else__no_task_no_listing_no_close(self):
        answer = self.bid("--wait")
        self.check(answer, OK)
        deal = str(answer.json()["id"])
        self.check(system.sonm("task", "start", deal, "--image", system.image, "--", "true", key=STRANGER), NOT_ALLOWED, "consumer|deal")
        self.check(system.sonm("task", "ls", deal, key=STRANGER), NOT_ALLOWED, "consumer|deal")
        closing = system.sonm("deal", "close", deal, key=STRANGER)
        self.assertIn(closing.code, (FAILED, NOT_ALLOWED), str(closing))
        self.assertEqual([str(one["id"]) for one in system.deals(every=False)], [deal])
        # Its own consumer is served all the same.
        name = system.sonm("task", "start", deal, "--image", system.image, "--", "sh", "-c", "echo mine", json_wanted=False)
        self.check(name, OK)
        self.assertEqual(system.sonm("task", "logs", name.out.strip(), "-f", json_wanted=False).out, "mine\n")
        self.check(system.sonm("task", "logs", name.out.strip(), key=STRANGER), NOT_ALLOWED)
        self.check(system.sonm("deal", "close", deal), OK)
        self.check_conserved(system)

    def test_deal_that_ended__takes_no_task_and_says_that_it_is_closed(self):
        answer = self.bid("--wait")
        self.check(answer, OK)
        deal = str(answer.json()["id"])
        slow = system.sonm("task", "start", deal, "--image", system.image, "--", "sh", "-c", "trap 'exit 0' TERM; sleep 100 & wait", json_wanted=False)
        self.check(slow, OK)
        wait(lambda: system.containers(), "the task to run", 30)
        self.check(system.sonm("deal", "close", deal), OK)
        wait(lambda: not system.containers(), "the task to be stopped with its deal", 60, lambda: system.log("worker-1"))
        late = system.sonm("task", "start", deal, "--image", system.image, "--", "true")
        self.check(late, NOT_FOUND, f"no open deal {deal}|deal {deal} is closed")
        again = system.sonm("deal", "close", deal)
        self.check(again, FAILED, "closed")
        self.check_conserved(system)


if __name__ == "__main__":
    main()
