"""The whole system on this machine, for tests: a private chain, workers, the `sonm` program, the container engine.

A test file makes one `System` for all of its cases and ends with `main()`. SONM_BINARY names the program, DOCKER_HOST the
engine (./test sets both). Exit code 77: nothing could be tested here; the reason is printed.
"""
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]

from demo_parts.children import Children, end, start_time  # noqa: E402,F401
from demo_parts.money import Books, total  # noqa: E402,F401
from tools_engine_test import call  # noqa: E402

SONM = Path(os.environ.get("SONM_BINARY", ROOT / "build" / "dev" / "bin" / "sonm"))
# A worker's measurements hold for a machine and a folder: the same one is used again if nobody is in it.
USUAL_FOLDER = SONM.resolve().parent.parent / "system-test"
MEASURED = SONM.resolve().parent.parent / "system-test-benchmarks.json"
SOCKET_FOLDER_MAX = 60
BUYER = "dev:3"
STRANGER = "dev:4"
SLOWNESS = int(os.environ.get("SONM_SLOWNESS", 1))  # of a program built with sanitizers
PATIENCE = 60 * SLOWNESS
OK, FAILED, USAGE, NOT_FOUND, TOO_LATE, NO_DEAL, NOT_ALLOWED, OUT_OF_REACH, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 7, 130

WORKER_YAML = """\
name: worker-{number}
state: {state}
engine: {engine}
log_level: debug
resources: {{cores: 1, ram: 512 MiB, storage: 512 MiB}}
ask_plans:
  - name: half
    price: {price}
    duration: 1 h
    resources: {{cores: {cores}, ram: {ram}, storage: {storage}}}
{more}"""
WANTED = ("--cores", "0.5", "--ram", "128 MiB", "--storage", "128 MiB", "--for", "10min", "--max-price", "3.6 SNM/h")


class Answer:
    """What a program said, and how it ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.all = out + err

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out[-3000:]}\n--- stderr\n{self.err[-3000:]}"


class System:
    def __init__(self, engine=None):
        self.folder, self.lock = folder_for_test()
        self.home = self.folder / "home"
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self.children = Children(self.folder / "processes.json", self.logs)
        self.engine = engine or os.environ.get("DOCKER_HOST", "")
        self.image = self.folder / "busybox.tar"
        self.books = None
        self.chain = {}
        self.began = int(time.time())

    # ---- starting and ending

    def up(self, workers=1):
        """A chain, and workers that have an ask in the book."""
        made = subprocess.run([sys.executable, ROOT / "tools/image", "busybox", self.image], capture_output=True, text=True)
        if made.returncode:
            raise unittest.SkipTest(made.stderr.strip())
        self.start_chain()
        for number in range(1, workers + 1):
            self.start_worker(number)
        if workers:
            self.wait_for_asks(workers)
        self.keep_books()
        return self

    def start_chain(self, port=0, fund="100000 SNM"):
        answer = self.sonm("devnet", "up", "--port", str(port), "--fund", fund)
        if answer.code == NOT_FOUND and "anvil" in answer.all:
            raise unittest.SkipTest(answer.err.strip())
        assert answer.code == OK, answer
        self.chain = answer.json()

    def keep_books(self):
        """Begins to count: `conserved` compares with now."""
        names = {"supplier 1": "dev:1", "supplier 2": "dev:2", "buyer": BUYER, "stranger": STRANGER}
        self.books = Books(lambda *words, key: self.must(*words, key=key), names)

    def conserved(self):
        """Whether each account changed by exactly what its deals say, all of which are closed. Empty text: yes."""
        report = Report()
        return "" if self.books.close(report) else "\n".join(report.lines)

    def down(self):
        self.children.stop_all()
        self.remove_containers()
        if self.home.exists():
            self.sonm("devnet", "down", "--purge")
        unmount_below(self.folder)
        if not os.environ.get("SONM_TEST_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.lock:
            self.lock.close()

    def remove_containers(self):
        """A worker that is stopped leaves its containers to its successor; here there is none."""
        if not (self.engine and self.chain):
            return
        try:
            for container in self.containers():
                self.engine_call("DELETE", f"/containers/{container['Id']}?force=1")
        except OSError:
            pass  # the engine is gone, and with it what it ran

    # ---- the program

    def command(self, *words, key=BUYER, json_wanted=True):
        return [str(SONM), "--home", str(self.home), "--yes", "--key", key, *(["--json"] if json_wanted else []), *map(str, words)]

    def sonm(self, *words, key=BUYER, json_wanted=True, timeout=60, env=None, stdin=None):
        """A command to its end."""
        done = subprocess.run(self.command(*words, key=key, json_wanted=json_wanted), capture_output=True, timeout=timeout * SLOWNESS,
                              stdin=subprocess.DEVNULL if stdin is None else None, input=stdin, env={**os.environ, **(env or {})}, cwd=self.folder)
        return Answer(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def must(self, *words, **options):
        """A command that has to succeed: its JSON."""
        answer = self.sonm(*words, **options)
        assert answer.code == OK, f"{' '.join(map(str, words))}: {answer}"
        return answer.json() if answer.out.strip() else None

    def run_words(self, *command, image=None, options=(), wanted=WANTED):
        return ("run", "--image", str(image or self.image), *map(str, options), *wanted, "--", *command)

    def run(self, *command, image=None, options=(), key=BUYER, json_wanted=True, timeout=120, wanted=WANTED):
        return self.sonm(*self.run_words(*command, image=image, options=options, wanted=wanted), key=key, json_wanted=json_wanted, timeout=timeout)

    # ---- things that go on by themselves

    def start_worker(self, number, state=None, plan=("0.36 SNM/h", "0.5", "256 MiB", "256 MiB"), more="", engine=None):
        folder = self.folder / f"worker-{number}"
        state = Path(state) if state else folder / "state"
        state.mkdir(parents=True, exist_ok=True)
        if MEASURED.exists() and not (state / "benchmarks.json").exists():
            shutil.copyfile(MEASURED, state / "benchmarks.json")
        config = folder / "worker.yaml"
        folder.mkdir(exist_ok=True)
        price, cores, ram, storage = plan
        config.write_text(WORKER_YAML.format(number=number, state=state, engine=engine or self.engine, price=price, cores=cores, ram=ram, storage=storage,
                                             more=more))
        return self.children.start(f"worker-{number}", self.command("worker", "--config", config, key=f"dev:{number}", json_wanted=False))

    def kill_worker(self, number=1):
        self.children.kill(f"worker-{number}")

    def restart_worker(self, number=1):
        self.children.restart(f"worker-{number}")

    def log(self, name):
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def wait_for_asks(self, count):
        wait(lambda: len(self.must("order", "ls", "--side", "ask")) == count, f"{count} asks in the book", 120,
             lambda: self.log("worker-1") if (self.logs / "worker-1.log").exists() else "")
        # Kept whatever the cause of the tests' end: the next test file is seconds quicker.
        measured = self.folder / "worker-1" / "state" / "benchmarks.json"
        if measured.exists() and not MEASURED.exists():
            shutil.copyfile(measured, MEASURED)

    def start_run(self, name, *command, **options):
        """A `sonm run` in the background; its id once it has told it."""
        self.children.start(name, self.command(*self.run_words(*command, **options)))
        return self.said(name, r"^run (\w+)$")[1]

    def said(self, name, pattern, seconds=PATIENCE):
        """Waits until a background program has printed the pattern."""
        return wait(lambda: re.search(pattern, self.log(name), re.MULTILINE), f"{name} to say {pattern!r}", seconds, lambda: self.log(name))

    def ended(self, name, seconds=PATIENCE):
        """Waits for the end of a background program: its exit code."""
        child = self.children.running[name]
        wait(lambda: child.poll() is not None, f"{name} to end", seconds, lambda: self.log(name))
        return child.returncode

    # ---- what is true outside

    def balance(self, key=BUYER):
        return total(self.must("balance", key=key))

    def deals(self, key=BUYER, every=True):
        return self.must("deal", "ls", *(["--all"] if every else []), key=key)

    def engine_call(self, method, url, body=None):
        return call(self.engine.removeprefix("unix://"), method, url, body)

    def containers(self, task=None):
        """Living and dead containers that our workers made since we began, or those of one task."""
        label = f"sonm.task={task}" if task else "sonm.worker"
        found = json.loads(self.engine_call("GET", f"/containers/json?all=1&filters={json_query({'label': [label]})}"))
        return [one for one in found if one["Created"] >= self.began and any(one["Labels"].get("sonm.worker", "").lower() == known.lower() for known in self.suppliers())]

    def suppliers(self):
        return [one["account"] for one in self.chain["accounts"] if one["key"] in ("dev:1", "dev:2")]

    def started(self, task, since):
        """How many containers of this task the engine has ever started."""
        query = json_query({"label": [f"sonm.task={task}"], "event": ["start"]})
        events = self.engine_call("GET", f"/events?since={int(since)}&until={int(time.time()) + 1}&filters={query}")
        return len(events.splitlines())


def folder_for_test():
    """An empty folder with a path short enough for sockets, and the lock on it if it is the usual one."""
    if SONM.exists() and len(str(USUAL_FOLDER)) <= SOCKET_FOLDER_MAX:
        lock = open(USUAL_FOLDER.with_suffix(".lock"), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unmount_below(USUAL_FOLDER)
            shutil.rmtree(USUAL_FOLDER, ignore_errors=True)
            USUAL_FOLDER.mkdir(exist_ok=True)
            return USUAL_FOLDER, lock
        except OSError:
            lock.close()
    return Path(tempfile.mkdtemp(prefix="sonm-system-")), None


def unmount_below(folder):
    """Work folders of tasks that were alive when their worker was stopped for good."""
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        place = line.split()[4]
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "-l", place], capture_output=True)


class Report:
    """Keeps what a demo would draw."""

    def __init__(self):
        self.lines = []

    def step(self, text):
        self.lines.append(text)

    def table(self, header, rows):
        self.lines += [" | ".join(map(str, row)) for row in [header, *rows]]


class SystemTest(unittest.TestCase):
    """Cases that share `system`, made by the file's setUpModule."""
    maxDiff = None

    def check(self, answer, code, *texts):
        """Exit code and parts of the message, in any order."""
        self.assertEqual(answer.code, code, str(answer))
        for text in texts:
            self.assertRegex(answer.all, text)
        self.assertNotIn("exception", answer.all.lower())

    def check_conserved(self, system):
        self.assertEqual(system.conserved(), "")


def wait(condition, what, seconds=PATIENCE, explain=lambda: ""):
    """Until condition() is true: its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}\n{explain()[-4000:]}")
        time.sleep(0.1)
    return value


def json_query(value):
    from urllib.parse import quote
    return quote(json.dumps(value))


def need_binary():
    if not SONM.exists():
        raise unittest.SkipTest(f"{SONM} is not built")


def need_engine():
    """Raises SkipTest if there is nothing to run containers with."""
    need_binary()
    if not os.environ.get("DOCKER_HOST"):
        raise unittest.SkipTest("DOCKER_HOST is not set: `tools/engine ensure --state DIR` prints one")


def interrupt(*_):
    # The only exception that unittest lets through to the clean-up.
    raise KeyboardInterrupt


def main():
    """Runs the file's cases. Ends with 77 if none could be run, and says why."""
    # Also when ctest or a person ends us, what we started ends with us.
    signal.signal(signal.SIGTERM, interrupt)
    try:
        result = unittest.main(exit=False, verbosity=2).result
    except KeyboardInterrupt:
        unittest.doModuleCleanups()
        sys.exit(INTERRUPTED)
    for case, reason in result.skipped:
        print(f"skipped: {case}: {reason}")
    if result.skipped and result.testsRun == len([case for case, _ in result.skipped if not str(case).startswith("setUp")]):
        print(f"SKIPPED: {result.skipped[0][1]}")
        sys.exit(77)
    sys.exit(not result.wasSuccessful())
