#!/usr/bin/env python3
"""The container engine is down at a worker's start, or is killed in the middle of a task. Uses a private engine of its own."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import OK, ROOT, System, SystemTest, main, need_binary, wait  # noqa: E402

SCRIPT = "echo begun >> marks.txt; i=1; while [ $i -le 8 ]; do echo tick $i; sleep 1; i=$((i+1)); done; echo ended >> marks.txt"
system = engine = None


class PrivateEngine:
    """tools/engine, so that it can be killed without harm to anybody else."""

    def __init__(self):
        self.state = tempfile.mkdtemp(prefix="sonm-engine-system-")

    def tool(self, verb):
        return subprocess.run([sys.executable, ROOT / "tools/engine", verb, "--state", self.state], capture_output=True, text=True)

    def start(self):
        done = self.tool("start")
        if done.returncode == 3:
            raise unittest.SkipTest(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().removeprefix("DOCKER_HOST=")

    def kill(self, address):
        pid = int((Path(address.removeprefix("unix://")).parent / "dockerd.pid").read_text())
        os.kill(pid, signal.SIGKILL)

    def stop(self):
        self.tool("stop")
        subprocess.run(["rm", "-rf", self.state])


def setUpModule():
    global system, engine
    need_binary()
    engine = PrivateEngine()
    unittest.addModuleCleanup(engine.stop)
    address = engine.start()
    system = System(engine=address)
    unittest.addModuleCleanup(system.down)
    engine.kill(address)
    system.up(workers=0)


class EngineFaults(SystemTest):
    def test_1_down_at_the_start__the_worker_says_so_and_sells_when_it_is_there(self):
        system.start_worker(1)
        system.said("worker-1", "the container engine does not answer: .*Nothing is sold until it does")
        system.said("worker-1", "the market has been read")
        time.sleep(2)
        self.assertEqual(system.must("order", "ls", "--side", "ask"), [])
        self.assertEqual(engine.start(), system.engine)
        system.wait_for_asks(1)
        self.check(system.run("true"), OK)
        self.check_conserved(system)

    def test_2_killed_while_a_task_runs__the_container_goes_on_and_the_result_is_right(self):
        marks = system.folder / "marks.txt"
        system.start_run("run", "sh", "-c", SCRIPT, options=("--out", f"marks.txt:{marks}"))
        system.said("run", "^tick 2$")
        engine.kill(system.engine)
        system.said("worker-1", "the container engine does not answer")
        time.sleep(1)
        self.assertEqual(engine.start(), system.engine)
        self.assertEqual(system.ended("run", 90), OK, system.log("run"))
        self.assertEqual(marks.read_text(), "begun\nended\n")
        self.assertEqual(re.findall(r"^tick (\d)$", system.log("run"), re.MULTILINE), list("12345678"))
        wait(lambda: not system.containers(), "the container to be cleared away", 30)
        self.check_conserved(system)

    def test_3_killed_while_the_task_ends__the_end_is_found_and_the_result_is_right(self):
        marks = system.folder / "late.txt"
        system.start_run("late", "sh", "-c", SCRIPT, options=("--out", f"marks.txt:{marks}"))
        system.said("late", "^tick 7$")
        engine.kill(system.engine)
        time.sleep(4)
        self.assertEqual(engine.start(), system.engine)
        self.assertEqual(system.ended("late", 90), OK, system.log("late"))
        self.assertEqual(marks.read_text(), "begun\nended\n")
        self.check_conserved(system)

    def test_4_killed_together_with_the_worker__both_come_back_and_the_task_ends_once(self):
        marks = system.folder / "both.txt"
        system.start_run("both", "sh", "-c", SCRIPT, options=("--out", f"marks.txt:{marks}"))
        system.said("both", "^tick 2$")
        engine.kill(system.engine)
        system.kill_worker()
        system.restart_worker()
        time.sleep(1)
        self.assertEqual(engine.start(), system.engine)
        self.assertEqual(system.ended("both", 90), OK, system.log("both"))
        self.assertEqual(marks.read_text(), "begun\nended\n")
        self.check_conserved(system)


if __name__ == "__main__":
    main()
