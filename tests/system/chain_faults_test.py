#!/usr/bin/env python3
"""The chain is away for a while, or comes back with an older state, under an open deal."""
import os
import re
import shutil
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import OK, OUT_OF_REACH, System, SystemTest, main, need_engine, start_time, wait  # noqa: E402

SCRIPT = "echo begun >> marks.txt; i=1; while [ $i -le %d ]; do echo tick $i; sleep 1; i=$((i+1)); done; echo ended >> marks.txt"
system = None


def setUpModule():
    global system
    need_engine()
    system = System()
    unittest.addModuleCleanup(system.down)
    system.up()


def anvil():
    return int((system.home / "devnet" / "anvil.pid").read_text().split()[0])


def port():
    return int(system.chain["rpc_url"].rsplit(":", 1)[1])


def again():
    """The chain as it was left, with nobody given new money."""
    system.start_chain(port(), fund="1 SNM")


def state_file():
    return system.home / "devnet" / "state.json"


class ChainFaults(SystemTest):
    def begin(self, name, seconds):
        self.marks = system.folder / f"{name}.txt"
        self.run_id = system.start_run(name, "sh", "-c", SCRIPT % seconds, options=("--out", f"marks.txt:{self.marks}"))
        system.said(name, "^tick 1$")

    def finish(self, name, *, seconds=120):
        self.assertEqual(system.ended(name, seconds), OK, system.log(name) + system.log("worker-1")[-3000:])
        self.assertEqual(self.marks.read_text(), "begun\nended\n")
        self.assertEqual(system.deals(every=False), [])
        self.check_conserved(system)

    def test_1_stopped_and_started_under_an_open_deal__the_task_goes_on_and_the_money_is_right(self):
        self.begin("away", 6)
        self.check(system.sonm("devnet", "down"), OK)
        answer = system.sonm("balance", timeout=90)
        self.check(answer, OUT_OF_REACH, "127.0.0.1:%d" % port())
        system.said("away", r"^tick 6$")
        again()
        self.finish("away")

    def test_2_stands_still_for_a_while__everybody_waits(self):
        self.begin("still", 3)
        os.kill(anvil(), signal.SIGSTOP)
        try:
            time.sleep(6)
        finally:
            os.kill(anvil(), signal.SIGCONT)
        self.finish("still")

    def test_3_comes_back_with_an_older_state__the_deal_is_undone_and_nobody_loses_money(self):
        # What the chain knew before the deal was opened.
        self.check(system.sonm("devnet", "down"), OK)
        older = system.folder / "older.json"
        shutil.copyfile(state_file(), older)
        again()
        before = {key: system.balance(key) for key in ("dev:1", "dev:3")}
        self.begin("undone", 40)
        os.kill(anvil(), signal.SIGKILL)
        wait(lambda: start_time(anvil()) is None, "the chain to be gone")
        shutil.copyfile(older, state_file())
        again()
        # The bid was signed once and is sent again, or the run ends and says why; in both cases it can be taken back.
        wait(lambda: re.search("deal|rewound|older", system.log("worker-1")), "the worker to see it")
        system.said("worker-1", "no longer on the chain|reading all of the market again|restored from an older state", 60)
        self.check(system.sonm("run", "cancel", self.run_id, timeout=120), OK)
        system.ended("undone", 120)
        wait(lambda: not system.containers(), "the task to be stopped", 150, lambda: system.log("worker-1"))
        self.assertEqual(system.deals(every=False), [])
        self.check_conserved(system)
        spent = before["dev:3"] - system.balance("dev:3")
        self.assertEqual(spent, system.balance("dev:1") - before["dev:1"])
        system.wait_for_asks(1)
        self.check(system.run("true"), OK)


if __name__ == "__main__":
    main()
