"""`sonm node` as a process, and a client that knows nothing but sockets and MessagePack."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
from support import SONM, need_binary, wait  # noqa: E402,F401

# Debian's msgpack serves whatever python3 runs this: it has a form without compiled parts.
sys.path.append("/usr/lib/python3/dist-packages")
try:
    import msgpack
except ImportError:
    msgpack = None

PATIENCE = 30 * int(os.environ.get("SONM_SLOWNESS", 1))  # of a program built with sanitizers
HEAD = """\
name: tested
state: {state}
listen: ['127.0.0.1:0', 'unix:{folder}/public']
http: {{listen: '127.0.0.1:0'}}
drain: 3 s
"""
STORAGE = "services:\n  - {name: storage, type: storage}\n"


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def need_node():
    need_binary()
    if msgpack is None:
        raise unittest.SkipTest("python3-msgpack is not installed")


def end(process):
    """Asks it to end, and makes it if it does not."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Node:
    """One node in a folder of its own. The folder's path is short: sockets lie in it."""

    def __init__(self, services=STORAGE, head=HEAD, folder=None):
        self.folder = folder or Path(tempfile.mkdtemp(prefix="sonm-node-"))
        self.state, self.config, self.log_file = self.folder / "state", self.folder / "node.yaml", self.folder / "log"
        self.write(services, head)
        self.process = None

    def write(self, services=STORAGE, head=HEAD):
        self.config.write_text(head.format(folder=self.folder, state=self.state) + services)

    def command(self, *words):
        return [str(SONM), "--home", str(self.folder / "home"), *map(str, words)]

    def sonm(self, *words):
        """A command to its end: (exit code, all that it said)."""
        done = subprocess.run(self.command(*words), capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def launch(self, env=None):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.command("node", "--config", self.config), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **(env or {})}, start_new_session=True)
        return self

    def start(self, env=None):
        begun = len(self.log())
        self.launch(env)
        wait(lambda: "metrics and health on" in self.log()[begun:] or self.process.poll() is not None, "the node to serve", PATIENCE, self.log)
        assert self.process.poll() is None, self.log()
        self.info = self.status()
        return self

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def said(self, pattern):
        return wait(lambda: re.search(pattern, self.log()), f"the node to say {pattern!r}", PATIENCE, self.log)

    def status(self):
        code, text = self.sonm("--json", "node", "status", "--socket", self.state / "node.sock")
        assert code == 0, text
        return json.loads(text)

    def ended(self):
        """Waits for the end by itself: the exit code."""
        return self.process.wait(PATIENCE)

    def signal(self, number):
        self.process.send_signal(number)
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            end(self.process)

    def clean(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- what it serves

    def port(self, name="storage"):
        one = next(one for one in self.info["services"] if one["name"] == name)
        return int(one["endpoints"][0].rpartition(":")[2])

    def locator_port(self):
        return int(self.info["locator"][0].rpartition(":")[2])

    def http(self, path, body=None, headers=None):
        """(status, headers, text)"""
        data = None if body is None else body.encode()
        request = urllib.request.Request(f"http://{self.info['http']}{path}", data=data, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, dict(refused.headers), refused.read().decode()

    def metric(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.http("/metrics")[2], re.MULTILINE)
        return float(found[1]) if found else None


class Refused(RuntimeError):
    """What came in place of a value; `number` is (category, code) of an error."""

    def __init__(self, answer):
        super().__init__(f"answered {answer}")
        error = answer[2] if answer[1] == 1 and len(answer[2]) > 1 else [None]
        self.number = tuple(error[0]) if isinstance(error[0], list) else None


class Client:
    """Frames [channel, type, arguments] over a socket, as clients in any language send them; with `headers` those of four elements.
    `port` may be the path of a unix socket, too."""

    def __init__(self, port, headers=None):
        if isinstance(port, int):
            self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(str(port))
        self.unpacker = msgpack.Unpacker(strict_map_key=False, raw=True)
        self.channel = 0
        self.headers = headers
        self.kept = []

    def say(self, channel, kind, *arguments):
        """A message on a channel that is open."""
        frame = [channel, kind, list(arguments)] + ([] if self.headers is None else [self.headers])
        self.socket.sendall(msgpack.packb(frame, use_bin_type=False))

    def send(self, number, *arguments):
        """Opens the next channel, and gives its number."""
        self.channel += 1
        self.say(self.channel, number, *arguments)
        return self.channel

    def receive(self):
        """The next frame, or None when the node has closed."""
        while True:
            for frame in self.unpacker:
                return frame
            try:
                got = self.socket.recv(65536)
            except OSError:
                got = b""
            if not got:
                return None
            self.unpacker.feed(got)

    def hear(self, channel):
        """The next (type, arguments) on a channel; those of others are kept for whoever asks for them."""
        while True:
            frame = next((one for one in self.kept if one[0] == channel), None)
            if frame is not None:
                self.kept.remove(frame)
                return frame[1], frame[2]
            frame = self.receive()
            if frame is None:
                raise ConnectionError("the node has closed")
            self.kept.append(frame)

    def call(self, number, *arguments):
        """The value's arguments of a unary call; raises on an error."""
        channel = self.send(number, *arguments)
        kind, answer = self.hear(channel)
        if kind != 0:
            raise Refused([channel, kind, answer])
        return answer

    def close(self):
        self.socket.close()


def sends_ready(node):
    """Starts it as a service manager would: what it says to NOTIFY_SOCKET."""
    path = node.folder / "manager"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(PATIENCE)
        node.start({"NOTIFY_SOCKET": str(path)})
        return manager.recv(4096).decode()


__all__ = ["Client", "HEAD", "Node", "PATIENCE", "Refused", "STORAGE", "free_ports", "need_node", "os", "re", "sends_ready", "signal", "socket", "time", "wait"]
