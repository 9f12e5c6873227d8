#!/usr/bin/env python3
"""The main job on one machine: a private chain, two workers, a buyer who has a picture rendered. ./demo calls this.

Everything is done through the `sonm` program and the container engine, as a person would do it by hand; this script only
starts, waits, draws and adds up. See ./demo --help.
"""
import argparse
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from demo_parts.children import Children  # noqa: E402
from demo_parts.money import Books  # noqa: E402
from demo_parts.show import Failure, Show  # noqa: E402
from demo_parts.watch import RunLog  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
OUT = Path(os.environ.get("SONM_DEMO_OUT", ROOT / "demo-out")).absolute()
HOME = OUT / "home"
SONM = Path(os.environ.get("SONM", ROOT / "build" / "dev" / "bin" / "sonm"))
SCENE = ROOT / "examples" / "render" / "scene.pov"
STITCH = ROOT / "examples" / "render" / "stitch.py"
IMAGE = ROOT / "build" / "images" / "povray.tar"
ENGINE_STATE = OUT / "engine"
SUPPLIERS = ("dev:1", "dev:2")
BUYER = "dev:3"
TASK_SECONDS_MAX = 600
WORKER_SECONDS_MAX = 180

WORKER_YAML = """\
# One of the demo's two suppliers: one core and a gigabyte of this machine.
name: supplier-{number}
state: state
listen: 127.0.0.1:0
resources:
  cores: 1
  ram: 1 GiB
  storage: 2 GiB
ask_plans:
  - name: core
    price: {price}
    duration: 1 h
    resources:
      cores: 1
      ram: 1 GiB
      storage: 2 GiB
"""


def run(command, **options):
    """Runs a program to its end. Failure, with the end of what it said, if it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise Failure(f"`{' '.join(map(str, command))}` failed with exit code {done.returncode}:\n{(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


class Demo:
    def __init__(self, options):
        self.options = options
        self.show = Show()
        self.children = Children(OUT / "processes.json", OUT / "logs")
        # A kill needs something that lasts.
        self.width, self.height, middle = (960, 720, 375) if options.kill else (640, 480, 250)
        # Two tiles that take about as long as each other: the upper rows are mostly sky.
        self.tiles = ((1, middle), (middle + 1, self.height))

    def sonm(self, *words, key=None):
        """A command of `sonm`; its JSON answer."""
        return json.loads(run(self.command(*words, key=key)) or "null")

    def command(self, *words, key=None):
        return [str(SONM), "--home", str(HOME), "--json", "--yes", *(["--key", key] if key else []), *map(str, words)]

    def render_command(self, out, rows=None, threads=1):
        part = [f"+SR{rows[0]}", f"+ER{rows[1]}"] if rows else []
        return ["povray", f"+I{SCENE.name}", f"+O{out}", f"+W{self.width}", f"+H{self.height}", *part,
                "+A0.1", "+AM2", "-J", "-D", f"+WT{threads}"]

    def task_command(self, out, rows):
        """POV-Ray rewrites one line to show how far it is; an engine passes on whole lines only, so that they are made whole."""
        return ["sh", "-c", f"set -o pipefail; {' '.join(self.render_command(out, rows))} 2>&1 | tr '\\r' '\\n'"]

    # ---- the steps

    def main(self):
        self.clean_up()
        self.prepare()
        self.start_chain()
        books = Books(self.sonm, {"supplier 1": SUPPLIERS[0], "supplier 2": SUPPLIERS[1], "buyer": BUYER})
        self.start_workers()
        self.render()
        equal = self.stitch()
        conserved = books.close(self.show)
        return 0 if equal and conserved else 1

    def prepare(self):
        self.show.step("container engine")
        answer = subprocess.run([ROOT / "tools/engine", "ensure", "--state", ENGINE_STATE], stdout=subprocess.PIPE, text=True)
        if answer.returncode:
            raise Failure("no container engine (the reason is above)", exit_code=answer.returncode)
        os.environ["DOCKER_HOST"] = answer.stdout.strip().removeprefix("DOCKER_HOST=")
        self.show.step("image with POV-Ray, from Debian packages")
        image_id = run([ROOT / "tools/image", "povray", IMAGE]).strip()
        self.show.detail(f"{IMAGE.relative_to(ROOT)}, {IMAGE.stat().st_size >> 20} MiB, {image_id[:19]}")

    def start_chain(self):
        self.show.step("private chain with the contracts")
        chain = self.sonm("devnet", "up", "--port", "0")
        self.show.detail(f"{chain['rpc_url']}, market {chain['market']}")

    def start_workers(self):
        self.show.step("two suppliers: a worker each, with its own key and its own share of this machine")
        for number, key in enumerate(SUPPLIERS, 1):
            folder = HOME / f"worker-{number}"
            folder.mkdir(parents=True, exist_ok=True)
            self.keep_measurements(number, folder / "state", back=True)
            config = folder / "worker.yaml"
            config.write_text(WORKER_YAML.format(number=number, price=f"0.0{number} USD/h"))
            self.children.start(f"worker-{number}", self.command("worker", "--config", config, key=key))
        self.wait("asks on the market", WORKER_SECONDS_MAX, lambda: (len(self.sonm("order", "ls", "--side", "ask", key=BUYER)), len(SUPPLIERS)))

    @staticmethod
    def keep_measurements(number, state, back):
        """What a worker measured about this machine stays true: it outlives the demo's clean-up, so that the next is quicker."""
        kept, used = OUT / "cache" / f"benchmarks-{number}.json", state / "benchmarks.json"
        source, target = (kept, used) if back else (used, kept)
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)

    def render(self):
        self.show.step("the buyer puts 1 SNM into the market and hands in examples/render: a tile for each worker")
        self.sonm("deposit", "1 SNM", key=BUYER)
        for number, rows in enumerate(self.tiles, 1):
            name = f"tile-{number}"
            out = OUT / f"{name}.png"
            out.unlink(missing_ok=True)
            self.children.start(f"run-{number}", self.command(
                "run", "--image", IMAGE, "--in", SCENE, "--out", f"{name}.png:{out}", "--cores", 1, "--ram", "512 MiB",
                "--storage", "1 GiB", "--for", "10min", "--max-price", "0.05 USD/h", "--", *self.task_command(f"{name}.png", rows), key=BUYER))
        # Meanwhile the same picture in one piece, to compare with.
        whole = self.render_command(OUT / "whole.png", threads=os.cpu_count())
        self.children.start("whole", whole[:1] + [f"+I{SCENE}"] + whole[2:])
        logs = {f"run-{number}": RunLog(self.children.logs / f"run-{number}.log", self.width * (last - first + 1))
                for number, (first, last) in enumerate(self.tiles, 1)}
        to_kill = list(enumerate(self.options.kill, 1))

        def progress():
            for number, log in enumerate(logs.values(), 1):
                for line in log.read():
                    self.show.detail(f"tile {number}: {line}")
            done, pixels = sum(log.done for log in logs.values()), self.width * self.height
            if to_kill and done > pixels * to_kill[0][0] / (len(self.options.kill) + 2):
                self.kill(to_kill.pop(0)[1])
            ended = self.children.dead()
            for name, code in ended.items():
                if code:
                    raise Failure(f"{name} ended with exit code {code}; see {self.children.logs / name}.log")
            # A pixel is kept back until everybody has ended.
            return (pixels if {*logs, "whole"} <= set(ended) else min(done, pixels - 1)), pixels

        self.wait("pixels rendered", TASK_SECONDS_MAX, progress)

    def first_run(self):
        """What the buyer's journal says about the run of the first tile; nothing before it is in there."""
        said = re.search(r"^run (\w+)$", (self.children.logs / "run-1.log").read_text(), re.MULTILINE)
        return self.sonm("run", "show", said[1], key=BUYER) if said else {}

    def kill(self, who):
        self.show.step(f"kill -9: {who}")
        if who == "engine":
            socket = Path(os.environ["DOCKER_HOST"].removeprefix("unix://"))
            if not (socket.parent / "dockerd.pid").exists():
                raise Failure("the engine was not started by this demo and is not killed: unset DOCKER_HOST, stop the system's engine")
            os.kill(int((socket.parent / "dockerd.pid").read_text()), signal.SIGKILL)
            run([ROOT / "tools/engine", "start", "--state", ENGINE_STATE])
        elif who == "worker":
            self.children.kill("worker-1")
            self.children.restart("worker-1")
        else:
            self.children.kill("run-1")
            self.children.start("run-1", self.command("run", "resume", self.first_run()["run"], key=BUYER))

    def stitch(self):
        self.show.step("stitch, and compare with the picture in one piece")
        parts = [f"{OUT}/tile-{number}.png@{first}-{last}" for number, (first, last) in enumerate(self.tiles, 1)]
        run([STITCH, "join", OUT / "picture.png", *parts])
        compared = subprocess.run([STITCH, "compare", OUT / "picture.png", OUT / "whole.png"], capture_output=True, text=True)
        self.show.detail(f"{OUT / 'picture.png'}: {(compared.stdout + compared.stderr).strip()}")
        return compared.returncode == 0

    def wait(self, what, seconds, progress):
        """Until progress() returns (n, n); draws a bar."""
        deadline = time.monotonic() + seconds
        while True:
            done, total = progress()
            self.show.bar(done / total, f"{what}: {done} of {total}")
            if done >= total:
                self.show.clear()
                self.show.quarter = None
                return
            if time.monotonic() > deadline:
                raise Failure(f"{what}: only {done} of {total} after {seconds} s; logs are in {OUT / 'logs'}")
            time.sleep(0.2)

    def clean_up(self):
        """Ends what this demo, or an earlier one, has started. The chain goes too: each demo begins with a new one."""
        self.children.stop_all()
        self.children.stop_leftovers()
        if SONM.exists() and HOME.exists():
            subprocess.run(self.command("devnet", "down", "--purge"), capture_output=True)
            for number in range(1, len(SUPPLIERS) + 1):
                self.keep_measurements(number, HOME / f"worker-{number}" / "state", back=False)
        # Tasks outlive their worker by design: here they end with the demo.
        subprocess.run([ROOT / "tools/engine", "free", HOME])
        subprocess.run([ROOT / "tools/engine", "stop", "--state", ENGINE_STATE])
        shutil.rmtree(HOME, ignore_errors=True)
        for left in OUT.glob("*.pov-state"):
            left.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--kill", default="", type=lambda text: text.split(",") if text else [])
    options = parser.parse_args()
    if unknown := set(options.kill) - {"worker", "buyer", "engine"}:
        parser.error(f"--kill knows worker, buyer and engine, not {', '.join(unknown)}")
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda *_: sys.exit(130))
    (OUT / "logs").mkdir(parents=True, exist_ok=True)
    lock = open(OUT / ".lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"demo: another one works in {OUT}: wait for it, or use another checkout")
    demo = Demo(options)
    code = 1
    try:
        code = 0 if options.stop else demo.main()
    except (Failure, OSError) as failure:
        demo.show.step(f"FAILED: {failure}")
        code = getattr(failure, "exit_code", 1)
    except KeyboardInterrupt:
        demo.show.step("interrupted")
        code = 130
    finally:
        # An impatient second Ctrl-C must not leave half of it behind.
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, signal.SIG_IGN)
        if options.keep and code == 0:
            demo.show.step("left running: ./demo --stop ends it")
        else:
            demo.clean_up()
    return code


if __name__ == "__main__":
    sys.exit(main())
