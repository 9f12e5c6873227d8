#!/usr/bin/env python3
"""What a task may do wrong or in bad faith: a clear reason, an end, the rest of the money back, a worker that stays well."""
import os
import sys
import tarfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import FAILED, OK, SLOWNESS, System, SystemTest, main, need_engine, wait  # noqa: E402

system = None
LOG_MAX = 1 << 20
LIMITS = "limits: {log: 1 MiB, processes: 64, image: 64 MiB}\n"


def setUpModule():
    global system
    need_engine()
    system = System()
    unittest.addModuleCleanup(system.down)
    system.up(workers=0)
    system.start_worker(1, more=LIMITS)
    system.wait_for_asks(1)
    system.keep_books()


def resident(pid):
    """What a process keeps in memory, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


class TaskFaults(SystemTest):
    def tearDown(self):
        """Whatever the task did: nothing of it is left, every token is where it belongs, the worker sells on."""
        self.assertEqual(system.children.dead().get("worker-1"), None, system.log("worker-1")[-2000:])
        wait(lambda: not system.containers(), "the container to be gone", 30, lambda: system.log("worker-1"))
        self.assertEqual(system.deals(every=False), [])
        self.check_conserved(system)

    def fails(self, answer, *texts, state="failed"):
        self.check(answer, FAILED, *texts)
        said = answer.json()
        self.assertEqual((said["outcome"], said["task_state"]), ("task failed", state))
        return said

    # ---- cannot be run

    def test_command_missing__says_which(self):
        self.fails(system.run("no-such-program", "x"), "no-such-program")

    def test_image_that_nobody_has__says_which(self):
        self.fails(system.run("true", image="localhost:1/none/such:1"), "none/such")

    def test_image_archive_cut_off__says_that_it_is_damaged(self):
        cut = system.folder / "cut.tar"
        whole = system.image.read_bytes()
        cut.write_bytes(whole[:len(whole) * 2 // 3])
        self.damaged(cut, "archive|truncated|image")

    def test_image_archive_with_other_bytes__says_that_it_is_damaged(self):
        bent = system.folder / "bent.tar"
        whole = bytearray(system.image.read_bytes())
        whole[len(whole) // 2] ^= 0xff
        bent.write_bytes(whole)
        self.damaged(bent, "image|digest|layer")

    def damaged(self, archive, text):
        """Either the buyer's own program sees it, and nothing is sent, or the worker refuses it."""
        answer = system.run("true", image=archive)
        self.assertNotEqual(answer.code, OK)
        self.assertRegex(answer.err, text)
        if answer.code == FAILED and '"outcome"' in answer.out:
            self.assertEqual(answer.json()["outcome"], "task failed")

    def test_image_bomb__larger_unpacked_than_the_worker_allows__is_refused(self):
        bomb = system.folder / "bomb.tar"
        huge = system.folder / "huge"
        with open(huge, "wb") as file:
            file.truncate(200 << 20)
        self.addCleanup(huge.unlink)
        layer = system.folder / "layer.tar"
        os.system(f"cd {system.folder} && tar --sparse -cf layer.tar huge")
        with tarfile.open(system.image) as good, tarfile.open(bomb, "w") as out:
            for entry in good:
                if entry.name.endswith("layer.tar"):
                    out.add(layer, entry.name)
                else:
                    out.addfile(entry, good.extractfile(entry) if entry.isfile() else None)
        self.damaged(bomb, "image|larger|limit")

    # ---- outputs

    def output(self, script, *texts, name="out.txt"):
        local = system.folder / "taken.txt"
        local.unlink(missing_ok=True)
        said = self.fails(system.run("sh", "-c", script, options=("--out", f"{name}:{local}")), *texts)
        self.assertFalse(local.exists())
        return said

    def test_output_missing__is_named(self):
        self.output("true", "out.txt")

    def test_output_is_a_link_out_of_the_work_folder__is_refused(self):
        self.output("ln -s /etc/passwd out.txt", "out.txt.*link|link.*out.txt")

    def test_output_lies_behind_a_link_out_of_the_work_folder__is_refused(self):
        self.output("ln -s /etc out", "out", name="out/passwd")

    def test_output_too_large__is_refused_with_the_limit(self):
        self.output("head -c 70000000 /dev/zero > out.txt", "out.txt|output", "64 ?MiB|67108864|limit")

    # ---- behave badly

    def test_forks_without_end__ends_at_its_limit_of_processes(self):
        answer = system.run("sh", "-c", "bomb() { bomb & bomb & wait; }; bomb; echo survived", options=("--time-limit", "5 s"))
        self.assertIn(answer.code, (OK, FAILED))
        self.assertIn("can't fork", answer.err)
        self.check(system.run("true"), OK)

    def test_eats_memory__is_ended_and_told_so(self):
        answer = system.run("sh", "-c", "head -c 400000000 /dev/zero | tail > /dev/null; exit $?")
        self.check(answer, FAILED, "memory")
        self.assertNotEqual(answer.json()["exit_code"], 0)

    def test_fills_the_disk__meets_the_quota_of_its_deal(self):
        if os.geteuid():
            self.skipTest("only root can bound a work folder")
        # The deal has what the ask sells: 256 MiB.
        answer = system.run("sh", "-c", "dd if=/dev/zero of=big bs=1M count=500; [ $(stat -c %s big) -lt 270000000 ]", timeout=90)
        self.check(answer, OK, "No space left on device|Disk quota exceeded")

    def test_ignores_sigterm__is_killed_after_the_grace(self):
        began = time.monotonic()
        answer = system.run("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done", options=("--time-limit", "2 s"))
        self.fails(answer, "time limit of 2 s", state="stopped")
        self.assertLess(time.monotonic() - began, 45)

    def test_prints_without_end__the_log_is_bounded_and_the_worker_stays_small(self):
        worker = system.children.running["worker-1"].pid
        before = resident(worker)
        answer = system.run("sh", "-c", "yes 0123456789012345678901234567890123456789012345678901234567890123", options=("--time-limit", "4 s"), timeout=120)
        self.fails(answer, "time limit", state="stopped")
        # A program built with sanitizers keeps up to 256 MiB that it has given back.
        self.assertLess(resident(worker) - before, 64 if SLOWNESS == 1 else 64 + 256)
        kept = sum(file.stat().st_size for file in (system.folder / "worker-1/state/tasks").rglob("*") if file.is_file() and "log" in str(file))
        self.assertLess(kept, 2 * LOG_MAX)

    def test_runs_longer_than_its_limit__is_stopped_and_what_it_left_is_fetched(self):
        local = system.folder / "partly.txt"
        answer = system.run("sh", "-c", "echo half > out.txt; sleep 60", options=("--time-limit", "2 s", "--out", f"out.txt:{local}"))
        self.fails(answer, "time limit of 2 s", state="stopped")
        self.assertEqual(local.read_text(), "half\n")


if __name__ == "__main__":
    main()
