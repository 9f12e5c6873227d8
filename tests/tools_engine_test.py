#!/usr/bin/env python3
"""A private engine by tools/engine: a container survives the engine's kill -9, and `stop` leaves nothing behind.

Exit code 77 (skipped): no private engine can be had here.
"""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def tool(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True)


def call(path, method, url, body=None, kind="application/json"):
    connection = http.client.HTTPConnection("localhost", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(path)
    connection.request(method, url, body, {"Content-Type": kind})
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    assert reply.status < 300, f"{method} {url}: {reply.status} {text}"
    return text


def check(what, good):
    print(("ok    " if good else "FAILED ") + what, flush=True)
    if not good:
        check.failed += 1


check.failed = 0


def life(state):
    started = tool(ROOT / "tools/engine", "start", "--state", state)
    if started.returncode == 3:
        print(f"SKIPPED: {started.stderr.strip()}")
        return 77
    check(f"starts ({started.stderr.strip()})", started.returncode == 0)
    path = started.stdout.strip().removeprefix("DOCKER_HOST=unix://")
    check("its socket path fits", 0 < len(path) < 108)

    image = Path(state) / "busybox.tar"
    made = tool(ROOT / "tools/image", "busybox", image)
    check("the image is made", made.returncode == 0)
    call(path, "POST", "/images/load", image.read_bytes(), "application/x-tar")
    image_id = json.loads(call(path, "GET", "/images/sonm/busybox:latest/json"))["Id"]
    check("the engine knows the image under the id that was printed", image_id == made.stdout.strip())

    spec = {"Image": image_id, "Cmd": ["sh", "-c", "while true; do echo tick; sleep 0.1; done"]}
    container = json.loads(call(path, "POST", "/containers/create", json.dumps(spec)))["Id"]
    call(path, "POST", f"/containers/{container}/start")
    before = json.loads(call(path, "GET", f"/containers/{container}/json"))["State"]["Pid"]
    uid = int((Path("/proc") / str(before) / "status").read_text().split("Uid:")[1].split()[0])
    check(f"a container's user is nobody on the host (uid {uid})", uid >= 100_000)

    os.kill(int((Path(path).parent / "dockerd.pid").read_text()), signal.SIGKILL)
    time.sleep(0.3)
    again = tool(ROOT / "tools/engine", "start", "--state", state)
    check(f"starts again after kill -9 ({again.stderr.strip()})", again.returncode == 0)
    after = json.loads(call(path, "GET", f"/containers/{container}/json"))["State"]
    check("the container went on meanwhile", after["Running"] and after["Pid"] == before)

    # The engine dies once more: stop has to end an orphaned container too.
    os.kill(int((Path(path).parent / "dockerd.pid").read_text()), signal.SIGKILL)
    return path, before


def main():
    with tempfile.TemporaryDirectory(prefix="sonm-engine-test-") as state:
        try:
            result = life(state)
        finally:
            stopped = tool(ROOT / "tools/engine", "stop", "--state", state)
        if result == 77:
            return 77
        path, pid = result
        check(f"stops ({stopped.stderr.strip()})", stopped.returncode == 0)
        process = Path(f"/proc/{pid}/stat")
        check("no container is left", not process.exists() or process.read_text().rpartition(")")[2].split()[0] in "ZX")
        check("no socket is left", not os.path.exists(path))
        name = Path(path).parent.name
        check("no data is left", not (Path("/var/lib/sonm-engine") / name).exists())
        check("no mount is left", name not in Path("/proc/self/mountinfo").read_text())
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
