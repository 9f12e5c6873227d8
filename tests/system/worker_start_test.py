#!/usr/bin/env python3
"""What can be wrong with a worker's configuration, port or disk: it says what, and sells nothing that it cannot serve."""
import os
import re
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import OK, System, SystemTest, main, need_engine  # noqa: E402

system = None


def setUpModule():
    global system
    need_engine()
    system = System()
    unittest.addModuleCleanup(system.down)
    system.up(workers=0)


class WorkerStart(SystemTest):
    def refused(self, number, *texts, **options):
        """The daemon ends at once and says why."""
        name = f"worker-{number}"
        system.start_worker(number, **options)
        self.assertNotEqual(system.ended(name, 30), OK)
        for text in texts:
            self.assertRegex(system.log(name), text)
        self.assertEqual(system.must("order", "ls"), [])

    def test_1_configuration__unknown_key__names_file_line_and_the_nearest_key(self):
        self.refused(1, r"worker\.yaml:11: advertize: .*did you mean 'advertise'", more="advertize: here\n")

    def test_1_configuration__wrong_price__names_file_and_line(self):
        self.refused(1, r"worker\.yaml:8: .*price: .*is 0", plan=("0 SNM/h", "0.5", "256 MiB", "256 MiB"))
        self.refused(1, r"worker\.yaml:8: .*price: .*negative", plan=("-1 SNM/h", "0.5", "256 MiB", "256 MiB"))

    def test_1_configuration__a_plan_larger_than_what_is_sold__is_refused(self):
        self.refused(1, "half", plan=("1 SNM/h", "0.5", "4 GiB", "256 MiB"))

    def test_1_port_taken__says_which(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.refused(1, rf"127\.0\.0\.1:{port}: Address already in use", more=f"listen: 127.0.0.1:{port}\n")

    def test_2_second_daemon_on_the_same_folder__is_refused_and_the_first_goes_on(self):
        system.start_worker(1)
        system.wait_for_asks(1)
        config = system.folder / "worker-1" / "worker.yaml"
        second = system.sonm("worker", "--config", config, key="dev:1", json_wanted=False)
        self.assertNotEqual(second.code, OK)
        self.assertRegex(second.err, r"admin\.sock|in use|already")
        self.check(system.run("true"), OK)
        self.check_conserved(system)
        system.children.stop("worker-1")

    @unittest.skipIf(os.geteuid(), "only root can mount a small disk")
    def test_3_disk_full__the_buyer_is_told_and_gets_the_money_back(self):
        state = system.folder / "small"
        state.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "none", state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", state])
        system.start_worker(2, state=state)
        self.addCleanup(system.children.stop, "worker-2")
        system.said("worker-2", "ask plan half is on the market")
        # All that is left now: enough for a journal, not for what a consumer sends.
        subprocess.run(["mount", "-o", "remount,size=6m", state], check=True)
        account = next(one["account"] for one in system.chain["accounts"] if one["key"] == "dev:2")
        (system.folder / "filler.bin").write_bytes(b"x" * 20_000_000)
        run = system.start_run("full", "true", options=("--in", system.folder / "filler.bin", "--counterparty", account))
        system.said("full", "(?i)space|disk|full", 60)
        child = system.children.running["full"]
        if child.poll() is None:
            self.check(system.sonm("run", "cancel", run), OK)
            system.ended("full")
        self.assertIsNone(system.children.dead().get("worker-2"), system.log("worker-2"))
        self.assertFalse(re.search(r"\bcritical\b", system.log("worker-2")))
        self.check_conserved(system)


if __name__ == "__main__":
    main()
