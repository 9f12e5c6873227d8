#!/usr/bin/env python3
"""kill -9 and Ctrl-C of `sonm run` at any moment: it can be resumed, or cancelled with the money back."""
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import FAILED, INTERRUPTED, NOT_FOUND, OK, WANTED, System, SystemTest, main, need_engine, wait  # noqa: E402

SCRIPT = "echo begun >> marks.txt; echo tick; sleep 3; echo ended >> marks.txt"
NOBODY_SELLS = (*WANTED[:-1], "0.0036 SNM/h")
system = None


def setUpModule():
    global system
    need_engine()
    system = System()
    unittest.addModuleCleanup(system.down)
    system.up()


class KillBuyer(SystemTest):
    def begin(self, name, script=SCRIPT, **options):
        self.began = time.time()
        self.name = name
        self.marks = system.folder / f"{name}.txt"
        self.run_id = system.start_run(name, "sh", "-c", script, options=("--out", f"marks.txt:{self.marks}"), **options)

    def resumed(self):
        answer = system.sonm("run", "resume", self.run_id)
        self.check(answer, OK)
        self.assertEqual(answer.json()["outcome"], "succeeded")
        self.assertEqual(self.marks.read_text(), "begun\nended\n")
        self.assertEqual(system.started(answer.json()["task"], self.began), 1)
        self.once(answer.json()["bid"])

    def once(self, bid):
        """One bid, at most one deal, every token where it belongs."""
        self.assertLessEqual(len([deal for deal in system.deals() if deal["bid"] == bid]), 1)
        self.assertEqual([deal["id"] for deal in system.deals(every=False)], [])
        self.assertEqual([order for order in system.must("order", "ls", "--side", "bid", "--mine")], [])
        self.check_conserved(system)

    def kill_at(self, name, pattern):
        self.begin(name)
        system.said(name, pattern)
        system.children.kill(name)
        self.resumed()

    def test_killed_before_its_bid_is_placed__resume_places_it_once(self):
        self.kill_at("first", r"^run \w+$")

    def test_killed_while_its_bid_is_placed__resume_goes_on(self):
        self.kill_at("placing", r"^· placing")

    def test_killed_as_the_deal_opens__resume_sends_the_task(self):
        self.kill_at("deal", r"^  deal \d+ with")

    def test_killed_while_the_task_runs__resume_brings_the_result(self):
        self.kill_at("running", r"^tick$")

    def test_killed_after_the_task_ended__resume_fetches_and_closes(self):
        self.kill_at("fetching", r"^· (fetching|closing)|task finished")

    def test_cancelled_after_a_kill__the_task_is_stopped_and_the_rest_of_the_money_is_back(self):
        self.begin("cancelled")
        system.said("cancelled", r"^tick$")
        system.children.kill("cancelled")
        self.check(system.sonm("run", "cancel", self.run_id), OK, "cancelled")
        shown = system.must("run", "show", self.run_id)
        self.assertEqual(shown["outcome"], "cancelled")
        wait(lambda: not system.containers(), "the container to be gone", 20)
        self.once(shown["bid"])

    def test_cancelled_before_anybody_took_the_bid__all_the_money_is_back(self):
        before = system.balance()
        self.begin("unwanted", wanted=NOBODY_SELLS)
        system.said("unwanted", "waiting for")
        frozen = before - system.balance()
        self.assertEqual(frozen, 600 * 10**12)
        system.children.kill("unwanted")
        self.check(system.sonm("run", "cancel", self.run_id), OK)
        self.assertEqual(system.balance(), before)
        self.once(system.must("run", "show", self.run_id)["bid"])

    def test_cancelled_by_another_process_while_it_goes_on__the_run_itself_takes_it_back(self):
        self.begin("told", script="trap 'exit 1' TERM; echo tick; sleep 60 & wait")
        system.said("told", r"^tick$")
        self.check(system.sonm("run", "cancel", self.run_id), OK)
        self.assertEqual(system.ended("told"), FAILED)
        self.assertIn("cancelled", system.log("told"))
        self.once(system.must("run", "show", self.run_id)["bid"])

    def test_interrupted_by_ctrl_c__says_how_to_go_on_and_exits_with_130(self):
        self.begin("interrupted")
        system.said("interrupted", r"^tick$")
        system.children.running["interrupted"].send_signal(signal.SIGINT)
        self.assertEqual(system.ended("interrupted", 10), INTERRUPTED)
        self.assertIn(f"sonm run resume {self.run_id}", system.log("interrupted"))
        self.assertIn(f"sonm run cancel {self.run_id}", system.log("interrupted"))
        self.resumed()
        self.check(system.sonm("run", "resume", self.run_id), OK)

    def test_resumed_while_it_goes_on__is_refused_and_disturbs_nothing(self):
        self.begin("busy")
        system.said("busy", r"^tick$")
        self.check(system.sonm("run", "resume", self.run_id), FAILED, "another process|busy|is (being )?work")
        self.assertEqual(system.ended("busy"), OK, system.log("busy"))
        self.once(system.must("run", "show", self.run_id)["bid"])

    def test_unknown_run__is_not_found(self):
        self.check(system.sonm("run", "resume", "ffffffff"), NOT_FOUND, "ffffffff")


if __name__ == "__main__":
    main()
