#!/usr/bin/env python3
"""Deal -> first log line, beside the container engine alone, and the memory of an idle worker. Prints tables for docs/performance.md.

    cmake --preset dev -DSONM_BENCH=ON && cmake --build build/dev --target sonm task_bench engine_bench
    bench/task_bench.py [--build build/dev] [--runs 5]
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools"))

from demo_parts.children import Children  # noqa: E402

WORKER = """\
name: bench
state: {state}
resources: {{cores: 1, ram: 1 GiB, storage: 2 GiB}}
ask_plans:
  - {{name: core, price: 0.5 SNM/h, duration: 1 h, resources: {{cores: 1, ram: 1 GiB, storage: 2 GiB}}}}
"""


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise SystemExit(f"process {pid} is gone")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build/dev")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    sonm = options.build / "bin/sonm"
    with tempfile.TemporaryDirectory(prefix="sonm-bench-") as folder:
        home = Path(folder)
        state = home / "engine"
        answer = subprocess.run([ROOT / "tools/engine", "ensure", "--state", state], check=True, capture_output=True, text=True).stdout
        os.environ["DOCKER_HOST"] = answer.strip().removeprefix("DOCKER_HOST=")
        image = home / "busybox.tar"
        subprocess.run([ROOT / "tools/image", "busybox", image], check=True, capture_output=True)
        children = Children(home / "processes.json", home)
        command = [str(sonm), "--home", str(home), "--yes"]
        try:
            subprocess.run([*command, "devnet", "up", "--port", "0"], check=True, capture_output=True)
            config = home / "worker.yaml"
            config.write_text(WORKER.format(state=home / "worker"))
            worker = children.start("worker", [*command, "--key", "dev:1", "worker", "--config", str(config)])
            while "is on the market" not in (home / "worker.log").read_text():
                if worker.poll() is not None:
                    raise SystemExit((home / "worker.log").read_text())
                time.sleep(0.2)
            time.sleep(5)
            idle = resident_kib(worker.pid)
            print("Engine alone:\n", flush=True)
            subprocess.run([options.build / "bench/engine_bench", image, "10"], check=True)
            print("\nThrough SONM:\n", flush=True)
            subprocess.run([options.build / "bench/task_bench", home / "network.json", "dev:3", image, str(options.runs)], check=True)
            print(f"\nResident memory of the worker: idle {idle / 1024:.1f} MiB, after the tasks {resident_kib(worker.pid) / 1024:.1f} MiB")
        finally:
            children.stop_all()
            subprocess.run([*command, "devnet", "down"], capture_output=True)
            subprocess.run([ROOT / "tools/engine", "stop", "--state", state], capture_output=True)


if __name__ == "__main__":
    main()
