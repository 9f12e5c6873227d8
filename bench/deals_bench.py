#!/usr/bin/env python3
"""Deals opened, settled and closed per second on a development chain, beside plain token transfers. Prints the table for docs/performance.md.

    cmake --preset dev -DSONM_BENCH=ON && cmake --build build/dev --target deals_bench
    bench/deals_bench.py [--build build/dev] [--pairs 8] [--rounds 20]
"""
import argparse
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANVIL = ROOT / "contracts/node_modules/.bin/anvil"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build/dev")
    parser.add_argument("--pairs", type=int, default=8, help="suppliers and consumers that trade at once")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # It mines a block for each transaction as it comes.
    anvil = subprocess.Popen([ANVIL, "--port", str(port), "--silent"], stdin=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        subprocess.run([options.build / "bench/deals_bench", f"http://127.0.0.1:{port}", str(options.pairs), str(options.rounds)], check=True)
    finally:
        anvil.terminate()
        anvil.wait(10)


if __name__ == "__main__":
    main()
