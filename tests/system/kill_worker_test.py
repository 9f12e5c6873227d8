#!/usr/bin/env python3
"""kill -9 of a worker at any moment of a task: the container goes on, nothing is done twice, the money is right."""
import re
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import OK, System, SystemTest, main, need_engine, wait  # noqa: E402

# Leaves one line for each time that it was begun, and enough to pack for a kill to hit the packing.
SCRIPT = "echo begun >> marks.txt; echo tick 1; sleep 4; echo tick 2; head -c 30000000 /dev/urandom > big.bin; echo ended >> marks.txt"
system = None


def setUpModule():
    global system
    need_engine()
    system = System()
    unittest.addModuleCleanup(system.down)
    system.up()


class KillWorker(SystemTest):
    def begin(self, name):
        self.began = time.time()
        self.marks = system.folder / f"{name}.txt"
        (system.folder / "filler.bin").write_bytes(bytes(range(256)) * 100_000)
        self.run_id = system.start_run(name, "sh", "-c", SCRIPT, options=(
            "--in", system.folder / "filler.bin", "--out", f"marks.txt:{self.marks}", "--out", f"big.bin:{system.folder}/{name}.bin"))
        self.task = system.must("run", "show", self.run_id)["task"]

    def finish(self, name):
        """The run ends as if nothing had happened."""
        self.assertEqual(system.ended(name, 90), OK, system.log(name))
        self.assertEqual(self.marks.read_text(), "begun\nended\n")
        self.assertEqual((system.folder / f"{name}.bin").stat().st_size, 30_000_000)
        self.assertEqual(system.started(self.task, self.began), 1)
        said = re.findall(r"^tick \d$", system.log(name), re.MULTILINE)
        self.assertEqual(said, ["tick 1", "tick 2"])
        wait(lambda: not system.containers(), "the container to be cleared away", 20, lambda: system.log("worker-1"))
        self.check_conserved(system)
        wait(lambda: len(system.must("order", "ls", "--side", "ask")) == 1, "the plan to be sold again", 30, lambda: system.log("worker-1"))

    def case(self, name, pattern):
        self.begin(name)
        system.said(name, pattern)
        system.kill_worker()
        time.sleep(0.5)
        system.restart_worker()
        self.finish(name)

    def test_killed_while_files_are_sent__they_are_sent_again_and_the_task_runs_once(self):
        self.case("upload", r"^  deal \d+ with")

    def test_killed_while_it_prepares__the_task_runs_once(self):
        self.case("preparing", r"^  task (accepted|preparing|running)|worker prepares")

    def test_killed_while_the_container_runs__it_goes_on_and_is_found_again(self):
        self.begin("running")
        system.said("running", r"^tick 1$")
        system.kill_worker()
        container = system.containers(self.task)
        self.assertEqual([one["State"] for one in container], ["running"])
        time.sleep(1)
        system.restart_worker()
        self.finish("running")

    def test_killed_until_after_the_container_ended__its_result_is_packed_by_the_next(self):
        self.begin("ended")
        system.said("ended", r"^tick 1$")
        system.kill_worker()
        wait(lambda: system.containers(self.task)[0]["State"] == "exited", "the container to end by itself", 30)
        system.restart_worker()
        self.finish("ended")

    def test_killed_while_outputs_are_packed__they_are_packed_again(self):
        self.case("collecting", r"^  task collecting|^tick 2$")

    def test_killed_again_while_it_recovers__the_task_ends_once(self):
        self.begin("twice")
        system.said("twice", r"^tick 1$")
        for pause in (0.05, 0.3, 0.8):
            system.kill_worker()
            system.restart_worker()
            time.sleep(pause)
        self.finish("twice")


if __name__ == "__main__":
    main()
